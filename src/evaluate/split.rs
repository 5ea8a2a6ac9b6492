//! Who may be measured: only what the model has never seen.

use super::Truth;
use crate::data::{Entry, Id, IdSet, Photos, is_drawn};
use crate::error::{Error, Result};
use crate::image::Picture;
use crate::train::Run;

/// The photos of a run: what it was trained on, and what it has never seen, all of it in memory.
#[derive(Debug)]
pub struct Split {
    pub train: Vec<Picture>,
    /// The first of those that were held out.
    pub held_out: Vec<Truth>,
}

impl Split {
    /// The run's own photos, each on its side; of those that were held out `most` at most.
    ///
    /// # Errors
    /// A run that holds nothing out.
    pub fn of(photos: &Photos, run: &Run, most: usize) -> Result<Self> {
        let trained = IdSet::of(photos.scratch(), |add| run.read_learned(add).map(|_| ()))?;
        let mut held_out = Vec::new();
        for entry in photos.entries()? {
            let entry = entry?;
            if held_out.len() < most && entry.held_out && !trained.contains(&entry.id)? {
                held_out.push(truth(photos, &entry.id, &entry.path.display().to_string())?);
            }
        }
        if held_out.is_empty() {
            return Err(holds_nothing_out(run));
        }
        let train = seen(photos, &trained)?;
        let pictures = train.iter().map(|id| photos.picture(id)).collect::<Result<_>>()?;
        Ok(Self { train: pictures, held_out })
    }
}

/// What is said of a run that has no photos to be measured on.
pub(super) fn holds_nothing_out(run: &Run) -> Error {
    let what = format!("run `{}`", run.folder().display());
    let remedy = "name other photos to measure, or train a run with data.hold_out above 0";
    Error::input(what, "it holds no photo out", remedy)
}

/// The photo `id` at the model's size.
pub(super) fn truth(photos: &Photos, id: &Id, name: &str) -> Result<Truth> {
    Ok(Truth { id: *id, name: name.to_string(), picture: photos.picture(id)? })
}

/// Learned photos that are compared with at most: of more than that the mean and the eigenfaces change little, and they
/// are all in memory.
const SEEN: usize = 4096;

/// Which learned photos the naive ways look at. A photo that came after the training, on the side of the learned ones, is
/// neither seen nor for measuring.
pub(super) fn seen(photos: &Photos, trained: &IdSet) -> Result<Vec<Id>> {
    let share = SEEN as f64 / photos.learned().max(1) as f64;
    let mut seen = Vec::new();
    for entry in photos.entries()? {
        let Entry { id, held_out, .. } = entry?;
        // By content: the same ones whatever else there is.
        if !held_out && is_drawn(&id, share) && trained.contains(&id)? {
            seen.push(id);
        }
    }
    Ok(seen)
}
