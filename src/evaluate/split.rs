//! Who may be measured: only what the model has never seen.

use super::Truth;
use crate::data::{Entry, IdSet, Photos, is_drawn};
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
        let trained = trained(run, photos)?;
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
        let trained = trained(run, others)?;
        let train = photos.map_or(Ok(Vec::new()), |photos| seen(photos, &trained))?;
        Ok(Self { train, held_out: unseen(others, &trained)? })
    }
}

/// All that the model was trained on.
fn trained(run: &Run, photos: &Photos) -> Result<IdSet> {
    IdSet::of(photos.scratch(), |add| run.read_learned(add).map(|_| ()))
}

/// Learned photos that are compared with at most: of more than that the mean and the eigenfaces change little, and they
/// are all in memory.
const SEEN: usize = 4096;

/// A photo that came after the training, on the side of the learned ones, is neither seen nor for measuring.
fn seen(photos: &Photos, trained: &IdSet) -> Result<Vec<Picture>> {
    let share = SEEN as f64 / photos.learned().max(1) as f64;
    let mut seen = Vec::new();
    for entry in photos.entries()? {
        let entry = entry?;
        // By content: the same ones whatever else there is.
        if !entry.held_out && is_drawn(&entry.id, share) && trained.contains(&entry.id)? {
            seen.push(photos.picture(&entry.id)?);
        }
    }
    Ok(seen)
}

fn unseen(photos: &Photos, trained: &IdSet) -> Result<Vec<Truth>> {
    let (mut held_out, mut known) = (Vec::new(), Vec::new());
    for entry in photos.entries()? {
        let entry = entry?;
        if entry.held_out {
            let side = if trained.contains(&entry.id)? { &mut known } else { &mut held_out };
            side.push(entry);
        }
    }
    if !known.is_empty() {
        return Err(trained_on(photos, &known));
    }
    let truth = |Entry { id, path, .. }: Entry| {
        Ok(Truth { id, name: path.display().to_string(), picture: photos.picture(&id)? })
    };
    held_out.into_iter().map(truth).collect()
}

/// Says of how many photos and of which first that they were trained on: whoever moves them away wants to do it once.
fn trained_on(photos: &Photos, known: &[Entry]) -> Error {
    const NAMED: usize = 5;
    let names = known.iter().take(NAMED).map(|entry| entry.path.display().to_string());
    let names = names.collect::<Vec<_>>().join(", ");
    let more = if known.len() > NAMED { ", ..." } else { "" };
    let what = format!("folder `{}`", photos.root().display());
    let all = counted(photos.held_out(), "photo");
    let problem = format!("the model was trained on {} of its {all} ({names}{more})", known.len());
    Error::input(what, problem, "take them out of what is measured, or train anew without them")
}
