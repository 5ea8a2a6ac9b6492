//! The folder of a run, and what a person finds in it.
//!
//! ```text
//! RUN/config.toml             the effective configuration
//!     manifest.json           every photo: id, path, side of the split; every file that was skipped
//!     state.redb              the state to go on from
//!     log.jsonl               step, loss, seconds
//!     loss.png  preview.png   pictures to look at
//!     report.html             a page that shows all of it
//!     snapshots/STEP/         the model at the last checkpoints, where train.keep says so
//!     model/                  the finished model
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{Config, Layers};
use crate::error::{Error, Result};
use crate::report::Kind;
use crate::store::{CHECKPOINT, TENSORS, state, write_atomically};

const MODEL: &str = "model";

/// Names inside the folder of a run.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
}

impl Run {
    /// The run in `folder`, which need not exist.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of its [`Checkpoint`](crate::store::Checkpoint).
    pub fn checkpoint(&self) -> PathBuf {
        self.folder.join(state::NAME)
    }

    /// What versions before that file wrote.
    pub(super) fn old_checkpoint(&self) -> PathBuf {
        self.folder.join(CHECKPOINT)
    }

    pub fn model(&self) -> PathBuf {
        self.folder.join(MODEL)
    }

    /// Whether there is a model, be it of an earlier part of the run.
    pub fn has_model(&self) -> bool {
        self.model().join(TENSORS).is_file()
    }

    pub fn preview(&self) -> PathBuf {
        self.folder.join("preview.png")
    }

    fn config_path(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    pub(super) fn manifest_path(&self) -> PathBuf {
        self.folder.join("manifest.json")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join("log.jsonl")
    }

    pub fn curve(&self) -> PathBuf {
        self.folder.join("loss.png")
    }

    pub fn report(&self) -> PathBuf {
        self.folder.join(Kind::FILE)
    }

    /// Whether there is a run already.
    pub fn exists(&self) -> bool {
        [self.config_path(), self.checkpoint(), self.old_checkpoint()]
            .iter()
            .any(|path| path.exists())
    }

    /// The settings of the run, to lay others over.
    ///
    /// # Errors
    /// A folder without a run, or a damaged configuration.
    pub fn settings(&self) -> Result<Layers> {
        let path = self.config_path();
        let text = fs::read_to_string(&path).map_err(Error::read(&path))?;
        Layers::text(&text, &path.display().to_string())
    }

    /// # Errors
    /// [`Error::Write`].
    pub fn write_config(&self, config: &Config) -> Result<()> {
        write_atomically(self.config_path(), config.to_toml().as_bytes())
    }

    /// What is said of a folder without a manifest; of the model in a run, which run that is.
    pub(super) fn is_no_run(&self) -> Error {
        let around = self.folder.parent().map(|folder| match folder.as_os_str().is_empty() {
            true => Run::at("."),
            false => Run::at(folder),
        });
        let is_model = self.folder.file_name().is_some_and(|name| name == MODEL);
        let around = around.filter(|run| is_model && run.manifest_path().exists());
        match around {
            Some(run) => {
                let remedy = format!("name the run, `{}`", run.folder.display());
                Error::model(&self.folder, "it is the model of a run, not the run", remedy)
            }
            None => {
                let remedy = "name the folder that `lacuna train --out` wrote";
                Error::model(&self.folder, "it is no run, there is no manifest.json in it", remedy)
            }
        }
    }
}
