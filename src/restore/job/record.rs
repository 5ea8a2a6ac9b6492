//! `restore.json`: what was done to each picture of an output folder, and with what.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::Id;
use crate::error::{Error, Result};
use crate::restore::Stop;
use crate::store::write_atomically;

/// All pictures of an output folder by the path of their result below it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this program that wrote last.
    pub lacuna: String,
    pub images: BTreeMap<PathBuf, Mended>,
}

/// One mended picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mended {
    pub input: PathBuf,
    pub task: String,
    /// The model's folder and a hash of its numbers.
    pub model: PathBuf,
    pub model_hash: String,
    /// Of the input, its mask, the model and all settings: the same again needs no work.
    pub fingerprint: String,
    /// The path of the input from the root, and its content; records of 0.1.0 and before may not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Id>,
    /// The content of the result as it was written, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Id>,
    /// Pixels of the input.
    pub width: usize,
    pub height: usize,
    /// The region that was mended, `x,y,w,h`, if it was not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<String>,
    /// Width of the seam inside the hole, in pixels of the input.
    #[serde(default)]
    pub feather: usize,
    /// Standard deviation of the noise, of a range of 1, that was taken away; for denoising.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// Pixels to be filled; 0 but for inpainting.
    pub missing_pixels: usize,
    /// Most steps and rate that were asked for.
    pub max_steps: usize,
    pub lr: f64,
    /// Steps taken, and why no more.
    pub steps: usize,
    pub stop: Stop,
    /// The energy of the result.
    pub energy: f32,
    /// Root of the mean squared residual as a picture of the model's size, 0..1: what `residual` shows.
    pub residual_rms: f32,
    /// Share of the batch's time.
    pub seconds: f64,
    /// Of the raw image: what the model makes.
    pub model_size: usize,
    pub raw: PathBuf,
    pub residual: PathBuf,
    pub strip: PathBuf,
    /// What is unusual in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Record {
    /// The file in the output folder.
    pub const FILE: &str = "restore.json";

    /// The record in `folder`, an empty one where there is none.
    ///
    /// # Errors
    /// A damaged record.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(Self::FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = fs::read(&path).map_err(Error::read(&path))?;
        serde_json::from_slice(&bytes).map_err(|e| {
            let remedy = "delete it (all is mended again), or choose another --out";
            Error::input(format!("`{}`", path.display()), format!("it is damaged ({e})"), remedy)
        })
    }

    /// # Errors
    /// [`Error::Write`].
    pub fn save(&mut self, folder: &Path) -> Result<()> {
        self.lacuna = env!("CARGO_PKG_VERSION").to_string();
        let path = folder.join(Self::FILE);
        let json = serde_json::to_vec_pretty(self).map_err(|e| Error::write(&path)(e.into()))?;
        write_atomically(path, &json)
    }
}
