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

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Config, Layers};
use crate::data::source::{Kind as SetKind, SetSpec};
use crate::data::{Entry, Id, Photos, Row, Skipped};
use crate::error::{Error, Result};
use crate::report::Kind;
use crate::store::{CHECKPOINT, Checkpoint, TENSORS, state, write_atomically};

const MODEL: &str = "model";

/// Names inside the folder of a run.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
}

/// Who was trained on and who was held out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The folder of the photos, or what else they lie in, absolute.
    pub folder: PathBuf,
    /// What kind of set that is, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SetKind>,
    /// Only the first so many of it were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<usize>,
    pub photos: Vec<Entry>,
    pub skipped: Vec<Skipped>,
    /// Photos with a row that are no longer there to learn from: the model has seen them all the same.
    #[serde(default)]
    pub former: BTreeSet<Id>,
}

impl Manifest {
    /// `photos` as they are now, in a run that stands at `state`, all of it committed.
    fn of(photos: &Photos, state: &Checkpoint) -> Result<Self> {
        let folder = absolute(photos)?;
        let SetSpec { kind, take, .. } = *photos.set();
        let (photos, skipped) = (photos.entries().to_vec(), photos.skipped().to_vec());
        let former = BTreeSet::new();
        let mut manifest = Self { folder, kind, take, photos, skipped, former };
        let there = manifest.learned();
        for key in state.keys()? {
            let id = Row::named(&key?.to_string()).id;
            if !there.contains(&id) {
                manifest.former.insert(id);
            }
        }
        Ok(manifest)
    }

    /// The set that the photos are of.
    pub fn set(&self) -> SetSpec {
        SetSpec { kind: self.kind, path: self.folder.clone(), take: self.take }
    }

    /// Every photo that the model was trained on, wherever it is now.
    pub fn learned(&self) -> BTreeSet<Id> {
        let there = self.photos.iter().filter(|photo| !photo.held_out).map(|photo| &photo.id);
        there.chain(&self.former).cloned().collect()
    }
}

fn absolute(photos: &Photos) -> Result<PathBuf> {
    // A pattern of shards is no file of that name.
    let root = photos.root();
    fs::canonicalize(root).or_else(|_| std::path::absolute(root)).map_err(Error::read(root))
}

impl Run {
    /// The run in `folder`, which need not exist.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of its [`Checkpoint`].
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

    /// Writes who is trained on from here, and who was by the rows of `state`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_manifest(&self, photos: &Photos, state: &Checkpoint) -> Result<()> {
        self.save_manifest(&Manifest::of(photos, state)?)
    }

    /// Notes where the photos lie now. Who was trained on stays: nobody is trained on from here.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn follow(&self, photos: &Photos, state: &Checkpoint) -> Result<()> {
        let folder = absolute(photos)?;
        match self.manifest() {
            Ok(manifest) if manifest.folder == folder => Ok(()),
            Ok(manifest) => {
                let SetSpec { kind, take, .. } = *photos.set();
                self.save_manifest(&Manifest { folder, kind, take, ..manifest })
            }
            Err(_) => self.write_manifest(photos, state),
        }
    }

    fn save_manifest(&self, manifest: &Manifest) -> Result<()> {
        let path = self.manifest_path();
        let json =
            serde_json::to_vec_pretty(manifest).map_err(|e| Error::write(&path)(e.into()))?;
        write_atomically(path, &json)
    }

    /// # Errors
    /// A run without a manifest, or a damaged one.
    pub fn manifest(&self) -> Result<Manifest> {
        let path = self.manifest_path();
        if !path.exists() {
            return Err(self.is_no_run());
        }
        let bytes = fs::read(&path).map_err(Error::read(&path))?;
        serde_json::from_slice(&bytes).map_err(|e| {
            Error::model(&path, format!("it is damaged ({e})"), "resume the run to write it anew")
        })
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
