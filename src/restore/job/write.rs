//! The files of one mended picture. The raw image comes first and the result last, each whole or not at all.

use std::borrow::Cow;
use std::fs;
use std::path::{PathBuf, absolute};

use ::image::{DynamicImage, GenericImageView};

use super::prepare::{Damaged, Noise};
use super::result::Made;
use super::{Job, Mended, below};
use crate::data::Id;
use crate::error::{Error, Result};
use crate::image::{Photo, Picture, Sheet, save_photo, save_png, within};
use crate::restore::{Restored, Task};

/// The longest side of a picture in a strip, in pixels.
const STRIP_SIDE: u32 = 512;

/// How strongly a residual is shown: mid-grey is none, and an eighth of the range is already black or white.
const RESIDUAL_GAIN: f32 = 4.0;

/// Writes the files of `damaged`, which became `made`, and says what was done; `seconds` is left to the caller.
pub(super) fn results(
    damaged: &Damaged,
    restored: &Restored,
    made: &Made,
    job: &Job,
) -> Result<Mended> {
    let result = &made.mended;
    let Damaged { input, photo, picture, known, whole, .. } = damaged;
    let (width, height) = match whole {
        Some((_, whole)) => (whole.width() as usize, whole.height() as usize),
        None => (picture.width(), picture.height()),
    };
    save_png(input.raw(), restored.image.to_rgb8())?;
    let shown = restored.residual.data().iter().map(|v| 0.5 + RESIDUAL_GAIN * v).collect();
    let shown = Picture::new(restored.residual.height(), restored.residual.width(), shown)?;
    save_png(input.residual(), shown.to_rgb8())?;
    save_png(input.strip(), strip(damaged, restored, result, job)?)?;
    save_photo(input.result(), result, &photo.carried)?;
    let written = fs::read(input.result()).map_err(Error::read(input.result()))?;

    let squares = restored.residual.data().iter().map(|&v| f64::from(v) * f64::from(v));
    let mean = squares.sum::<f64>() / restored.residual.data().len() as f64;
    let at = |path: PathBuf| below(&path, &job.out);
    Ok(Mended {
        input: input.path.clone(),
        task: job.task.name().to_string(),
        model: job.model.0.clone(),
        model_hash: job.model.1.clone(),
        fingerprint: damaged.fingerprint.clone(),
        source: absolute(&input.path).ok(),
        content: Some(damaged.content),
        written: Some(Id::of(&written)),
        width,
        height,
        crop: job.crop.map(|region| region.to_string()),
        feather: made.feather,
        sigma: damaged.noise.map(Noise::sigma),
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
        notes: damaged.notes.clone(),
    })
}

/// input | raw | result, of a region its own part; the hole of the input is grey, as nothing in it was used.
fn strip(
    damaged: &Damaged,
    restored: &Restored,
    result: &DynamicImage,
    job: &Job,
) -> Result<DynamicImage> {
    let photo = &damaged.photo;
    let mut input = shown(&photo.original, photo)?;
    if let Some(known) = &damaged.known {
        let (width, height) = (photo.original.width() as usize, photo.original.height() as usize);
        // Whatever is missing shows, be it thinner than a pixel of the strip.
        let mut missing = vec![false; input.width() * input.height()];
        for at in (0..known.len()).filter(|&at| !known[at]) {
            let (y, x) = (at / width * input.height() / height, at % width * input.width() / width);
            missing[y * input.width() + x] = true;
        }
        input = input.painted(|at| missing[at], [0.5; 3]);
    }
    let raw = &restored.image;
    // The sides of a picture fit.
    let raw = match within((raw.width() as u32, raw.height() as u32), STRIP_SIDE) {
        Some((width, height)) => Cow::Owned(raw.resized(height as usize, width as usize)?),
        None => Cow::Borrowed(raw),
    };
    let part = match &damaged.whole {
        Some((region, _)) if job.task != Task::Superres => Cow::Owned(region.of(result)),
        _ => Cow::Borrowed(result),
    };
    let result = shown(&part, photo)?;
    let largest = [&input, &raw, &result].map(|p| p.width().max(p.height()));
    let scale = (256 / largest.into_iter().max().unwrap_or(256)).max(1);
    let sheet = Sheet::new(&["input", "raw", "result"]).row(None, &[&input, raw.as_ref(), &result]);
    Ok(sheet.scale(scale).render()?.into())
}

/// `image`, which is of the file of `photo`, no larger than a strip shows it: shrunk before it is made numbers of, twelve
/// bytes a pixel.
fn shown(image: &DynamicImage, photo: &Photo) -> Result<Picture> {
    let small = match within(image.dimensions(), STRIP_SIDE) {
        Some((width, height)) => image.thumbnail_exact(width, height),
        None => image.clone(),
    };
    photo.with(small).picture()
}
