//! Who may be measured: only what the model has never seen.

use std::collections::BTreeSet;

use super::Truth;
use crate::data::{Id, Photos};
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
    /// # Errors
    /// A run that holds nothing out; a held-out photo that the manifest says was trained on.
    pub fn of(photos: &Photos, run: &Run) -> Result<Self> {
        let manifest = run.manifest()?;
        let train = manifest.photos.iter().filter(|entry| !entry.held_out);
        let trained: BTreeSet<&Id> = train.map(|entry| &entry.id).collect();
        let mut split = Self { train: Vec::new(), held_out: Vec::new() };
        for entry in photos.entries() {
            let picture = photos.picture(&entry.id)?;
            let name = entry.path.display().to_string();
            match (trained.contains(&entry.id), entry.held_out) {
                (true, true) => {
                    let problem = "it is held out, but the model was trained on it";
                    return Err(Error::picture(entry.path.clone(), problem, "train anew"));
                }
                (true, false) => split.train.push(picture),
                (false, true) => split.held_out.push(Truth { id: entry.id.clone(), name, picture }),
                // Came after the training, on the other side: neither seen nor for measuring.
                (false, false) => {}
            }
        }
        if split.held_out.is_empty() {
            let what = format!("run `{}`", run.folder().display());
            let remedy = "train one with data.hold_out above 0";
            return Err(Error::input(what, "it holds no photo out", remedy));
        }
        Ok(split)
    }
}
