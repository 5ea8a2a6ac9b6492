//! A result is looked at before it counts as one: what went wrong where the numbers did not show it is a failure, not a
//! picture.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use ::image::DynamicImage;

use super::prepare::Damaged;
use super::result::size;
use super::{Input, Job};
use crate::error::{Error, Result};
use crate::image::Picture;
use crate::restore::{Restored, Task};

/// The values that a model may make; a little beyond the picture's own range is cut, more is no picture.
const RANGE: RangeInclusive<f32> = -0.1..=1.1;

/// Differences below this (of a range of 1) are none.
const FLAT: f32 = 1e-4;

/// A hole of fewer pixels may be of one colour by chance.
const FEW: usize = 16;

/// How far a hole of one colour may be from the known pixels that touch it, on average (of a range of 1).
const ABRUPT: f32 = 0.15;

/// Whether the image of the model is a picture at all.
///
/// # Errors
/// Values out of range, one colour for a photo that has more.
pub(super) fn check_raw(damaged: &Damaged, restored: &Restored) -> Result<()> {
    let image = &restored.image;
    if let Some(value) = image.data().iter().find(|v| !RANGE.contains(*v)) {
        let problem = format!("the model makes a value of {value} of it, out of [0, 1]");
        return Err(fault(&damaged.input, problem));
    }
    if is_flat(image, |_| true) && !is_flat(&damaged.picture, |at| damaged.counts(at)) {
        return Err(fault(&damaged.input, "the model makes an even grey of it".into()));
    }
    Ok(())
}

/// Whether `result` is what `job` was to make of `damaged`.
///
/// # Errors
/// Another size or kind of pixels, one colour for a photo that has more, a known pixel that changed, a hole that was not
/// filled.
pub(super) fn check_result(
    damaged: &Damaged,
    restored: &Restored,
    result: &DynamicImage,
    job: &Job,
) -> Result<()> {
    let input = &damaged.input;
    let (found, wanted) = ([result.width(), result.height()], size(damaged, restored, job));
    if found != wanted {
        let problem = format!("the result would be {found:?} pixels instead of {wanted:?}");
        return Err(fault(input, problem));
    }
    let photo = &damaged.photo.original;
    if job.task != Task::Colorize && result.color() != photo.color() {
        let problem =
            format!("the result would be of {:?}, not {:?}", result.color(), photo.color());
        return Err(fault(input, problem));
    }
    // The region alone: around it is the photo.
    let part = match &damaged.whole {
        Some((region, _)) if job.task != Task::Superres => Cow::Owned(region.of(result)),
        _ => Cow::Borrowed(result),
    };
    match &damaged.known {
        None if is_one_colour(&part, |_| true) && !is_one_colour(photo, |_| true) => {
            Err(fault(input, "the result would be of one colour".into()))
        }
        None => Ok(()),
        Some(known) => check_hole(damaged, &part, known),
    }
}

fn check_hole(damaged: &Damaged, mended: &DynamicImage, known: &[bool]) -> Result<()> {
    let input = &damaged.input;
    let pairs = pixels(mended).zip(pixels(&damaged.photo.original));
    if let Some(at) = pairs.zip(known).position(|((new, old), &known)| known && new != old) {
        let (x, y) = (at % mended.width() as usize, at / mended.width() as usize);
        return Err(fault(input, format!("the known pixel {x},{y} would change")));
    }
    let mended_photo = || damaged.photo.with(mended.clone());
    if mended.color().has_alpha() {
        let alpha = mended_photo().alpha().unwrap_or_default();
        if alpha.iter().zip(known).any(|(&alpha, &known)| !known && alpha < 1.0) {
            return Err(fault(input, "part of the hole would stay transparent".into()));
        }
    }
    let missing = known.iter().filter(|&&known| !known).count();
    if missing >= FEW
        && is_one_colour(mended, |at| !known[at])
        && step_at_rim(&mended_photo().values()?, known) > ABRUPT
    {
        let problem = "the hole would be of one colour that nothing around it has";
        return Err(fault(input, problem.into()));
    }
    Ok(())
}

fn pixels(image: &DynamicImage) -> std::slice::ChunksExact<'_, u8> {
    image.as_bytes().chunks_exact(usize::from(image.color().bytes_per_pixel()))
}

/// Whether all pixels for which `counts` holds are the same, bit for bit.
fn is_one_colour(image: &DynamicImage, counts: impl Fn(usize) -> bool) -> bool {
    let mut those = pixels(image).enumerate().filter(|(at, _)| counts(*at)).map(|(_, pixel)| pixel);
    let first = those.next();
    those.all(|pixel| Some(pixel) == first)
}

/// Mean difference between pixels of the hole and the known ones that touch them.
fn step_at_rim(values: &Picture, known: &[bool]) -> f32 {
    let (height, width) = (values.height(), values.width());
    let right = |at: usize| (at % width + 1 < width).then_some((at, at + 1));
    let below = |at: usize| (at / width + 1 < height).then_some((at, at + width));
    let pairs = (0..height * width).flat_map(|at| [right(at), below(at)]).flatten();
    let (mut sum, mut count) = (0.0f64, 0usize);
    for (a, b) in pairs.filter(|&(a, b)| known[a] != known[b]) {
        for plane in values.data().chunks_exact(height * width) {
            sum += f64::from((plane[a] - plane[b]).abs());
            count += 1;
        }
    }
    (sum / count.max(1) as f64) as f32
}

/// Whether all pixels for which `counts` holds are of one colour, to within [`FLAT`].
fn is_flat(picture: &Picture, counts: impl Fn(usize) -> bool) -> bool {
    let plane = picture.height() * picture.width();
    picture.data().chunks_exact(plane).all(|plane| {
        let values = plane.iter().enumerate().filter(|(at, _)| counts(*at)).map(|(_, &v)| v);
        let (low, high) =
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        high - low < FLAT
    })
}

fn fault(input: &Input, problem: String) -> Error {
    let remedy = "nothing was written; train the model longer, or lower the rates (--lr)";
    Error::picture(&input.path, problem, remedy)
}
