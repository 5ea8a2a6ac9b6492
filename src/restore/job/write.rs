//! The files of one mended picture. The raw image comes first and the result last, each whole or not at all.

use std::path::{Path, PathBuf};

use ::image::DynamicImage;

use super::prepare::Damaged;
use super::{Job, Mended, below};
use crate::error::{Error, Result};
use crate::image::{Picture, Sheet, save_png};
use crate::restore::{Restored, Task, paste};

/// The longest side of a picture in a strip, in pixels.
const STRIP_SIDE: usize = 512;

/// How strongly a residual is shown: mid-grey is none, and an eighth of the range is already black or white.
const RESIDUAL_GAIN: f32 = 4.0;

/// Writes the files of `damaged` and says what was done; `seconds` is left to the caller.
pub(super) fn results(damaged: &Damaged, restored: &Restored, job: &Job) -> Result<Mended> {
    let Damaged { input, photo, picture, known, .. } = damaged;
    let result = match known {
        Some(known) => paste(&photo.original, known, &restored.image)?,
        None => enlarged(picture, &restored.image, job.task)?.to_rgb8().into(),
    };
    save_png(input.raw(), restored.image.to_rgb8())?;
    let shown = restored.residual.data().iter().map(|v| 0.5 + RESIDUAL_GAIN * v).collect();
    let shown = Picture::new(restored.residual.height(), restored.residual.width(), shown)?;
    save_png(input.residual(), shown.to_rgb8())?;
    save_png(input.strip(), strip(damaged, restored, &result)?)?;
    save_png(input.result(), result)?;

    let squares = restored.residual.data().iter().map(|&v| f64::from(v) * f64::from(v));
    let mean = squares.sum::<f64>() / restored.residual.data().len() as f64;
    let at = |path: PathBuf| below(&path, &job.out);
    Ok(Mended {
        input: input.path.clone(),
        task: job.task.name().to_string(),
        model: job.model.0.clone(),
        model_hash: job.model.1.clone(),
        fingerprint: damaged.fingerprint.clone(),
        width: picture.width(),
        height: picture.height(),
        missing_pixels: known.iter().flatten().filter(|known| !**known).count(),
        max_steps: job.fit.steps,
        lr: job.fit.lr,
        steps: restored.steps,
        stop: restored.stop,
        energy: restored.energy,
        residual_rms: mean.sqrt() as f32,
        seconds: 0.0,
        model_size: restored.image.width(),
        raw: at(input.raw()),
        residual: at(input.residual()),
        strip: at(input.strip()),
    })
}

/// The raw image at the size that the user expects: the input's, or for a small picture as much larger as the
/// model makes its longest side.
fn enlarged(picture: &Picture, raw: &Picture, task: Task) -> Result<Picture> {
    let (height, width) = (picture.height(), picture.width());
    if task != Task::Superres {
        return raw.resized(height, width);
    }
    let longest = height.max(width);
    let scaled = |side: usize| (side * raw.width()).div_ceil(longest).max(1);
    raw.resized(scaled(height), scaled(width))
}

/// A picture of one colour is no restoration: something went wrong that the numbers did not show.
pub(super) fn check(image: &Picture, path: &Path) -> Result<()> {
    let first = image.data()[0];
    if image.data().iter().all(|&v| (v - first).abs() < 1e-4) {
        let problem = "the model makes an even grey of it";
        return Err(Error::picture(path, problem, "train the model longer, or lower its rates"));
    }
    Ok(())
}

/// input | raw | result; the hole of the input is grey, as nothing in it was used.
fn strip(damaged: &Damaged, restored: &Restored, result: &DynamicImage) -> Result<DynamicImage> {
    let mut input = damaged.picture.clone();
    if let Some(known) = &damaged.known {
        input = input.painted(|at| !known[at], [0.5; 3]);
    }
    let input = shown(&input)?;
    let raw = shown(&restored.image)?;
    let result = shown(&Picture::from_rgb8(&result.to_rgb8())?)?;
    let last = if damaged.known.is_some() { "pasted" } else { "result" };
    let largest = [&input, &raw, &result].map(|p| p.width().max(p.height()));
    let scale = (256 / largest.into_iter().max().unwrap_or(256)).max(1);
    let sheet = Sheet::new(&["input", "raw", last]).row(None, &[&input, &raw, &result]);
    Ok(sheet.scale(scale).render()?.into())
}

/// `picture` no larger than a strip shows it.
fn shown(picture: &Picture) -> Result<Picture> {
    let longest = picture.height().max(picture.width());
    if longest <= STRIP_SIDE {
        return Ok(picture.clone());
    }
    let scaled = |side: usize| (side * STRIP_SIDE / longest).max(1);
    picture.resized(scaled(picture.height()), scaled(picture.width()))
}
