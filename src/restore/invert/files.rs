//! What feature inversion writes: a strip and a result for each photo, the record, a sheet of all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Inversion, Waiting};
use crate::data::Id;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{Sheet, load_bytes, read_bytes, save_png};
use crate::restore::job::Input;
use crate::restore::{Restored, Stop};
use crate::store::write_atomically;
use crate::vgg16::Vgg16;

/// What is known of the photos that were inverted into a folder.
const RECORD: &str = "features.json";

/// Originals and what became of them, at most [`ROWS`] of them.
pub(super) const SHEET: &str = "features.sheet.png";
const ROWS: usize = 24;

/// Photos by the path of their result below the folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The version of this program that wrote last.
    lacuna: String,
    pub images: BTreeMap<PathBuf, Inverted>,
}

/// One photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Inverted {
    input: PathBuf,
    layer: String,
    model: PathBuf,
    model_hash: String,
    /// How pictures are prepared for the weights of VGG16, and a hash of them.
    vgg16: String,
    vgg16_hash: String,
    /// Of all that the result depends on: the same again needs no work.
    pub fingerprint: String,
    /// The content of the result as it was written.
    pub written: Id,
    max_steps: usize,
    lr: f64,
    steps: usize,
    stop: Stop,
    /// Squared error of the features, as a share of their mean square.
    energy: f32,
    /// Share of the batch's time.
    seconds: f64,
}

/// Writes the strip, then the result, and says what was done.
pub(super) fn write(
    one: &Waiting,
    restored: &Restored,
    seconds: f64,
    job: &Inversion,
    (vgg16, vgg16_hash): (&Vgg16, &str),
) -> Result<Inverted> {
    let strip = Sheet::new(&["original", "inverted"]).row(None, &[&one.original, &restored.image]);
    save_png(one.input.strip(), strip.scale(scale(restored.image.width())).render()?)?;
    let result = one.input.result();
    save_png(&result, restored.image.to_rgb8())?;
    let written = fs::read(&result).map_err(Error::read(&result))?;
    Ok(Inverted {
        input: one.input.path.clone(),
        layer: job.layer.to_string(),
        model: job.model.0.clone(),
        model_hash: job.model.1.clone(),
        vgg16: vgg16.input().to_string(),
        vgg16_hash: vgg16_hash.to_string(),
        fingerprint: one.fingerprint.clone(),
        written: Id::of(&written),
        max_steps: job.fit.steps,
        lr: job.fit.lr,
        steps: restored.steps,
        stop: restored.stop,
        energy: restored.energy,
        seconds,
    })
}

/// How much a picture of `side` pixels is enlarged to be looked at.
fn scale(side: usize) -> usize {
    (256 / side.max(1)).max(1)
}

/// Originals beside what became of them, of this job and the ones before it.
pub(super) fn sheet(
    inputs: &[Input],
    job: &Inversion,
    side: usize,
    watch: &mut dyn Observer,
) -> Result<()> {
    let picture = |path: &Path| load_bytes(&read_bytes(path)?, path)?.picture();
    let mut sheet = Sheet::new(&["original", &format!("inverted, {}", job.layer)]);
    let done = inputs.iter().filter(|input| input.result().is_file() && input.strip().is_file());
    let mut rows = 0;
    for input in done.take(ROWS) {
        let pair = picture(&input.path).and_then(|original| {
            Ok((original.into_resized(side, side)?, picture(&input.result())?))
        });
        // One that is gone by now has been told of, or is nobody's loss here.
        let Ok((original, inverted)) = pair else { continue };
        sheet = sheet.row(None, &[&original, &inverted]);
        rows += 1;
    }
    if rows == 0 {
        return Ok(());
    }
    let path = job.out.join(SHEET);
    save_png(&path, sheet.scale((128 / side.max(1)).max(1)).render()?)?;
    let _ = watch.on(Event::Preview { path });
    Ok(())
}

impl Record {
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = fs::read(&path).map_err(Error::read(&path))?;
        serde_json::from_slice(&bytes).map_err(|e| {
            let remedy = "move it away, or choose another --out";
            Error::input(format!("`{}`", path.display()), format!("it is damaged ({e})"), remedy)
        })
    }

    pub fn save(&mut self, folder: &Path) -> Result<()> {
        self.lacuna = env!("CARGO_PKG_VERSION").to_string();
        let path = folder.join(RECORD);
        let json = serde_json::to_vec_pretty(self).map_err(|e| Error::write(&path)(e.into()))?;
        write_atomically(path, &json)
    }
}
