//! Who may be measured: only what the model has never seen.

use std::collections::BTreeSet;

use super::Truth;
use crate::data::{Entry, Id, Photos};
use crate::error::{Error, Result};
use crate::image::Picture;
use crate::report::counted;
use crate::train::Run;

/// The photos of a run: what it was trained on, and what it has never seen.
#[derive(Debug)]
pub struct Split {
    pub train: Vec<Picture>,
    pub held_out: Vec<Truth>,
}

impl Split {
    /// The run's own photos, each on its side.
    ///
    /// # Errors
    /// A run that holds nothing out; a held-out photo that the manifest says was trained on.
    pub fn of(photos: &Photos, run: &Run) -> Result<Self> {
        let trained = run.manifest()?.learned();
        let split = Self { train: seen(photos, &trained)?, held_out: unseen(photos, &trained)? };
        if split.held_out.is_empty() {
            let what = format!("run `{}`", run.folder().display());
            let remedy = "name other photos to measure, or train a run with data.hold_out above 0";
            return Err(Error::input(what, "it holds no photo out", remedy));
        }
        Ok(split)
    }

    /// `others` to be measured, whatever share of the run's own `photos` was held out; without those `train` is
    /// empty.
    ///
    /// # Errors
    /// One of `others` that the manifest says was trained on.
    pub fn with(photos: Option<&Photos>, others: &Photos, run: &Run) -> Result<Self> {
        let trained = run.manifest()?.learned();
        let train = photos.map_or(Ok(Vec::new()), |photos| seen(photos, &trained))?;
        Ok(Self { train, held_out: unseen(others, &trained)? })
    }
}

/// A photo that came after the training, on the side of the learned ones, is neither seen nor for measuring.
fn seen(photos: &Photos, trained: &BTreeSet<Id>) -> Result<Vec<Picture>> {
    let seen =
        photos.entries().iter().filter(|entry| !entry.held_out && trained.contains(&entry.id));
    seen.map(|entry| photos.picture(&entry.id)).collect()
}

fn unseen(photos: &Photos, trained: &BTreeSet<Id>) -> Result<Vec<Truth>> {
    let held_out: Vec<&Entry> = photos.entries().iter().filter(|entry| entry.held_out).collect();
    let known: Vec<&Entry> =
        held_out.iter().copied().filter(|entry| trained.contains(&entry.id)).collect();
    if !known.is_empty() {
        return Err(trained_on(photos, &known, held_out.len()));
    }
    let truth = |entry: &Entry| {
        let (id, name) = (entry.id.clone(), entry.path.display().to_string());
        Ok(Truth { id, name, picture: photos.picture(&entry.id)? })
    };
    held_out.into_iter().map(truth).collect()
}

/// Says of how many photos and of which first that they were trained on: whoever moves them away wants to do it once.
fn trained_on(photos: &Photos, known: &[&Entry], all: usize) -> Error {
    const NAMED: usize = 5;
    let names = known.iter().take(NAMED).map(|entry| entry.path.display().to_string());
    let names = names.collect::<Vec<_>>().join(", ");
    let more = if known.len() > NAMED { ", ..." } else { "" };
    let what = format!("folder `{}`", photos.root().display());
    let all = counted(all, "photo");
    let problem = format!("the model was trained on {} of its {all} ({names}{more})", known.len());
    Error::input(what, problem, "take them out of what is measured, or train anew without them")
}
