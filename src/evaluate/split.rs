//! Who may be measured: only what the model has never seen.

use std::collections::BTreeSet;

use super::Truth;
use crate::data::{Entry, Id, Photos};
use crate::error::{Error, Result};
use crate::image::Picture;
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
        let trained = trained(run)?;
        let split = Self { train: seen(photos, &trained)?, held_out: unseen(photos, &trained)? };
        if split.held_out.is_empty() {
            let what = format!("run `{}`", run.folder().display());
            let remedy = "name other photos to measure, or train a run with data.hold_out above 0";
            return Err(Error::input(what, "it holds no photo out", remedy));
        }
        Ok(split)
    }

    /// `others` to be measured, whatever share of the run's own `photos` was held out.
    ///
    /// # Errors
    /// One of `others` that the manifest says was trained on.
    pub fn with(photos: &Photos, others: &Photos, run: &Run) -> Result<Self> {
        let trained = trained(run)?;
        Ok(Self { train: seen(photos, &trained)?, held_out: unseen(others, &trained)? })
    }
}

/// What the manifest of `run` says it was trained on.
fn trained(run: &Run) -> Result<BTreeSet<Id>> {
    let photos = run.manifest()?.photos.into_iter();
    Ok(photos.filter(|entry| !entry.held_out).map(|entry| entry.id).collect())
}

/// A photo that came after the training, on the side of the learned ones, is neither seen nor for measuring.
fn seen(photos: &Photos, trained: &BTreeSet<Id>) -> Result<Vec<Picture>> {
    let seen =
        photos.entries().iter().filter(|entry| !entry.held_out && trained.contains(&entry.id));
    seen.map(|entry| photos.picture(&entry.id)).collect()
}

fn unseen(photos: &Photos, trained: &BTreeSet<Id>) -> Result<Vec<Truth>> {
    let held_out = photos.entries().iter().filter(|entry| entry.held_out);
    let truth = |entry: &Entry| {
        if trained.contains(&entry.id) {
            let (path, problem) = (photos.root().join(&entry.path), "the model was trained on it");
            let remedy = "take it out of what is measured, or train anew without it";
            return Err(Error::picture(path, problem, remedy));
        }
        let (id, name) = (entry.id.clone(), entry.path.display().to_string());
        Ok(Truth { id, name, picture: photos.picture(&entry.id)? })
    };
    held_out.map(truth).collect()
}
