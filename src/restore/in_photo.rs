//! A restored image put to use where the photo is as large as the model: what job/result.rs does at any size and depth,
//! in plain numbers.

use super::job::SEAM;
use super::recolour::with_mean;
use super::regain::same_size;
use super::{Task, feather, noise_of, regain_from_jpeg, regain_from_noisy, regain_from_small};
use crate::error::Result;
use crate::image::Picture;

/// What [`job::run`](super::job::run) makes of the raw `image` of the model and the damaged `photo`: with a hole (`known` `[H, W]`)
/// the photo and a soft seam; of a grey one its own brightness; else what the photo states beyond its damage.
///
/// # Errors
/// Sizes that differ; a small photo may be smaller.
pub fn in_photo(
    task: Task,
    image: Picture,
    photo: &Picture,
    known: Option<&[bool]>,
) -> Result<Picture> {
    let (height, width) = (image.height(), image.width());
    match (task, known) {
        (_, Some(known)) => {
            let fill = feather(image, photo, known, SEAM)?.into_data();
            let plane = known.len();
            let value = |(at, (fill, photo))| if known[at % plane] { photo } else { fill };
            let data = fill.into_iter().zip(photo.data().iter().copied());
            Picture::new(height, width, data.enumerate().map(value).collect())
        }
        (Task::Superres, None) => regain_from_small(image, photo),
        (Task::Jpeg, None) => regain_from_jpeg(image, photo),
        (Task::Colorize, None) => {
            same_size(&image, photo)?;
            let plane = height * width;
            let mut data = image.into_data();
            for (at, mean) in photo.channel_mean().into_iter().enumerate() {
                let colour = [0, 1, 2].map(|c| data[c * plane + at]);
                for (c, value) in with_mean(f64::from(mean), colour, 1.0).into_iter().enumerate() {
                    data[c * plane + at] = value as f32;
                }
            }
            Picture::new(height, width, data)
        }
        (Task::Denoise | Task::Inpaint, None) => {
            regain_from_noisy(image, photo, noise_of(photo, |_| true))
        }
    }
}
