//! Copies that stay behind: of a whole run, and of its model as it was at the last checkpoints.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::info::parts;
use super::{Run, finish};
use crate::data::Photos;
use crate::error::{Error, Result};
use crate::estimate::{disk_free, enough_disk};
use crate::store::state::{self, StateStore};
use crate::store::{Checkpoint, Lock, copy_to_disk, is_held, make_folder};

impl Run {
    /// The folder of the models of its last checkpoints, one for each, named by its step.
    pub fn snapshots(&self) -> PathBuf {
        self.folder().join("snapshots")
    }

    /// Copies the run as of its last checkpoint into the new folder `copy`, whole or not at all: what it can go on from,
    /// and all that is in it but [`snapshots`](Self::snapshots). The state is written anew, as small as it can be.
    ///
    /// # Errors
    /// A folder that is no run; a process that trains in it, which alone can read the state; `copy` is there already; a
    /// state that is damaged, every byte of which is read; a disk without room for it; [`Error::Write`].
    pub fn snapshot(&self, copy: &Path) -> Result<()> {
        if !self.exists() {
            return Err(self.is_no_run());
        }
        self.refuse_to_replace(copy)?;
        let _lock = self.take_stopped()?;
        let free = disk_free(copy);
        enough_disk(parts(self.folder()).iter().map(|part| part.bytes).sum(), free, copy)?;
        make_folder(copy, |partial| {
            for entry in WalkDir::new(self.folder()).min_depth(1).into_iter().filter_entry(visible)
            {
                let entry = entry.map_err(|e| Error::read(self.folder())(e.into()))?;
                let Ok(name) = entry.path().strip_prefix(self.folder()) else { continue };
                let (from, to) = (entry.path(), partial.join(name));
                if name.starts_with("snapshots") {
                    continue;
                }
                if entry.file_type().is_dir() {
                    fs::create_dir_all(&to).map_err(Error::write(&to))?;
                } else if name == Path::new(state::NAME) {
                    StateStore::open(from)?.copy_to(&to)?;
                } else {
                    copy_to_disk(from, &to)?;
                }
            }
            Ok(())
        })
    }

    pub(super) fn refuse_to_replace(&self, copy: &Path) -> Result<()> {
        if !copy.exists() {
            return Ok(());
        }
        let what = format!("folder `{}`", copy.display());
        let remedy = "name one that is not there yet";
        Err(Error::input(what, "it is there already, and nothing is replaced", remedy))
    }

    /// The right to work in it, if it is not training.
    pub(super) fn take_stopped(&self) -> Result<Lock> {
        if is_held(self.folder()) {
            let what = format!("run `{}`", self.folder().display());
            let problem = "it is training, and only one process can read its state";
            let remedy = "stop it first, by Ctrl-C, which keeps all that is learned; `train --resume` goes on afterwards";
            return Err(Error::input(what, problem, remedy));
        }
        Lock::take(self.folder()).map_err(|error| match error {
            Error::Write { source, .. } => {
                let what = format!("run `{}`", self.folder().display());
                let problem =
                    format!("its state is only read where its folder can be written ({source})");
                Error::input(what, problem, "copy the folder to where it can be written")
            }
            error => error,
        })
    }
}

/// Locks and what a killed process left half written are no part of a run.
fn visible(entry: &walkdir::DirEntry) -> bool {
    !entry.file_name().to_string_lossy().starts_with('.')
}

/// Keeps the model as it stands as `snapshots/STEP`, and of those that are there the last `keep`.
///
/// The running statistics are those of training: to recompute them at every checkpoint would take long.
pub(super) fn keep(state: &Checkpoint, photos: &Photos, run: &Run) -> Result<()> {
    let (folder, most) = (run.snapshots(), state.model.config.train.keep);
    if most == 0 {
        return Ok(());
    }
    let new = folder.join(state.step.to_string());
    if new.exists() {
        fs::remove_dir_all(&new).map_err(Error::write(&new))?;
    }
    let (card, origin) = (finish::card(state, photos), finish::origin(state, photos));
    make_folder(&new, |partial| state.model.save(partial, &card, &origin))?;
    let mut steps = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::read(&folder))?.flatten() {
        steps.extend(entry.file_name().to_string_lossy().parse::<u64>());
    }
    steps.sort_unstable();
    for step in &steps[..steps.len().saturating_sub(most)] {
        let old = folder.join(step.to_string());
        fs::remove_dir_all(&old).map_err(Error::write(&old))?;
    }
    Ok(())
}
