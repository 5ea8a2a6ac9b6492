//! What the photo becomes: its own pixels wherever they are known, its depth, its channels, its values.
//!
//! | task | from the model | from the photo |
//! |---|---|---|
//! | inpaint | the hole, but for its seam | every known pixel, bit for bit |
//! | colorize | the colours | the brightness, and alpha |
//! | denoise, jpeg | the picture | what it states beyond the damage, and alpha |
//! | superres | the picture, enlarged | what it states, and alpha, enlarged |
//!
//! A photo without colour stays without, except for colorize.

use ::image::DynamicImage;
use ::image::imageops::FilterType;

use super::prepare::{Damaged, Noise};
use super::{Job, SEAM};
use crate::error::Result;
use crate::image::{Photo, Picture};
use crate::restore::{
    MAX_FEATHER, Restored, Task, away_from_hole, feather as soften, paste, recolour,
    regain_from_jpeg, regain_from_noisy, regain_from_small, repaint,
};

/// What became of a photo.
pub(super) struct Made {
    /// Not checked yet.
    pub mended: DynamicImage,
    /// Width of the seam, in pixels of the photo.
    pub feather: usize,
}

/// The mended photo.
pub(super) fn result(damaged: &Damaged, restored: &Restored, job: &Job) -> Result<Made> {
    let Damaged { photo, known, .. } = damaged;
    let mut image = photo.in_own_values(restored.image.clone());
    if job.task != Task::Colorize && damaged.is_grey {
        image = image.greyed();
    }
    let mut feather = 0;
    let [width, height] = [photo.original.width(), photo.original.height()];
    let at_size = |image: Picture| image.into_resized(height as usize, width as usize);
    let mended = match (job.task, known) {
        (Task::Colorize, _) => recolour(&photo.original, &image)?,
        (_, Some(known)) => {
            feather = job.feather.unwrap_or_else(|| seam(photo, image.width()));
            if feather > 0 {
                let away = margin(photo, image.width());
                let rim = away_from_hole(known, height as usize, width as usize, away);
                image = soften(at_size(image)?, &photo.values()?, &rim, feather)?;
            }
            paste(&photo.original, known, image)?
        }
        (Task::Superres, None) => {
            let [width, height] = enlarged(damaged, restored);
            let large = photo.original.resize_exact(width, height, FilterType::Lanczos3);
            let image = image.into_resized(height as usize, width as usize)?;
            repaint(&large, regain_from_small(image, &photo.values()?)?)?
        }
        (Task::Jpeg, None) => {
            repaint(&photo.original, regain_from_jpeg(at_size(image)?, &photo.values()?)?)?
        }
        (_, None) => {
            let values = photo.values()?;
            let noise = damaged.noise.map_or(0.0, Noise::sigma);
            repaint(&photo.original, regain_from_noisy(at_size(image)?, &values, noise)?)?
        }
    };
    let mended = match &damaged.whole {
        Some((region, whole)) if job.task != Task::Superres => region.put_back(&mended, whole)?,
        _ => mended,
    };
    Ok(Made { mended, feather })
}

/// [`SEAM`] pixels of a model of `side` pixels a side, in pixels of the photo's shorter side.
fn seam(photo: &Photo, side: usize) -> usize {
    (SEAM * shorter(photo)).div_ceil(side.max(1)).min(MAX_FEATHER)
}

/// How far from the hole a known pixel is not trusted: a quarter pixel of the model, and no more than a soft brush leaves. A photo
/// no larger than the model has no room for it.
fn margin(photo: &Photo, side: usize) -> usize {
    const BRUSH: usize = 4;
    (shorter(photo) / (4 * side.max(1))).min(BRUSH)
}

fn shorter(photo: &Photo) -> usize {
    photo.original.width().min(photo.original.height()) as usize
}

/// Width and height of the result: the input's, or for a small picture as much larger as the model makes its longest
/// side.
pub(super) fn size(damaged: &Damaged, restored: &Restored, job: &Job) -> [u32; 2] {
    let part = &damaged.photo.original;
    match (&damaged.whole, job.task) {
        (_, Task::Superres) => enlarged(damaged, restored),
        (Some((_, whole)), _) => [whole.width(), whole.height()],
        (None, _) => [part.width(), part.height()],
    }
}

fn enlarged(damaged: &Damaged, restored: &Restored) -> [u32; 2] {
    let (width, height) = (damaged.photo.original.width(), damaged.photo.original.height());
    let side = restored.image.width() as u32;
    let scaled = |length: u32| (length * side).div_ceil(width.max(height)).max(1);
    [scaled(width), scaled(height)]
}
