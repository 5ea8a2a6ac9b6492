//! What the photo becomes: its own pixels wherever they are known, its depth, its channels, its values.
//!
//! | task | from the model | from the photo |
//! |---|---|---|
//! | inpaint | the hole | every known pixel, bit for bit |
//! | colorize | the colours | the brightness, and alpha |
//! | denoise, jpeg | the picture | alpha |
//! | superres | the picture, enlarged | alpha, enlarged |
//!
//! A photo without colour stays without, except for colorize.

use ::image::DynamicImage;
use ::image::imageops::FilterType;

use super::Job;
use super::prepare::Damaged;
use crate::error::Result;
use crate::restore::{Restored, Task, feather, paste, recolour, repaint};

/// The mended photo, not checked yet.
pub(super) fn result(damaged: &Damaged, restored: &Restored, job: &Job) -> Result<DynamicImage> {
    let Damaged { photo, known, .. } = damaged;
    let mut made = photo.in_own_values(restored.image.clone());
    if job.task != Task::Colorize && damaged.is_grey {
        made = made.greyed();
    }
    let mended = match (job.task, known) {
        (Task::Colorize, _) => recolour(&photo.original, &made)?,
        (_, Some(known)) if job.feather > 0 => {
            let (width, height) = (photo.original.width(), photo.original.height());
            let fill = made.resized(height as usize, width as usize)?;
            let fill = feather(fill, &photo.values()?, known, job.feather)?;
            paste(&photo.original, known, &fill)?
        }
        (_, Some(known)) => paste(&photo.original, known, &made)?,
        (Task::Superres, None) => {
            let [width, height] = enlarged(damaged, restored);
            let large = photo.original.resize_exact(width, height, FilterType::Lanczos3);
            repaint(&large, &made)?
        }
        (_, None) => repaint(&photo.original, &made)?,
    };
    match &damaged.whole {
        Some((region, whole)) if job.task != Task::Superres => region.put_back(&mended, whole),
        _ => Ok(mended),
    }
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
