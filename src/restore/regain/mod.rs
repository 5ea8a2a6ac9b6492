//! What a damaged picture states and the model's image of it lacks.
//!
//! ```text
//! superres   x + U(y - D x)        D: Lanczos down to y, U: Lanczos up: a result that, made small again, is y
//! denoise    x + sum_k w_k b_k     b_k: octaves of y - x, w_k = max(0, 1 - sigma^2 |b_k|^2 / P_k): a Wiener filter
//! jpeg       x + G(y - x)          G: Gaussian of 0.7 pixels; the codec's errors are mostly finer than that
//! ```
//! A model of few photos is soft, and its hues drift: y - x is to a large part the photo's own structure, not damage.
//! P_k is the power of the octave around a pixel, the noise part of it is known for white noise of deviation sigma, and
//! the rest is structure: where there is none, the model's image stands. bands.rs does this at the photo's size.

mod bands;
mod blur;

use crate::error::{Error, Result};
use crate::image::Picture;

use bands::Bands;
use blur::{Gaussian, blurred};

/// Deviation of what JPEG keeps well, in pixels of the photo.
const JPEG_PIXELS: f64 = 0.7;

/// The standard deviation of white noise in `picture`, of a range of 1: from the finest diagonal differences, whose
/// median the structure of a picture hardly moves.
pub fn noise_of(picture: &Picture) -> f64 {
    /// Differences that are looked at, at most.
    const MOST: usize = 1 << 20;
    let (height, width) = (picture.height(), picture.width());
    let blocks = 3 * (height / 2) * (width / 2);
    let step = blocks.div_ceil(MOST).max(1);
    let mut differences: Vec<f32> = (0..blocks)
        .step_by(step)
        .map(|block| {
            let (row, column) = (block / (width / 2), 2 * (block % (width / 2)));
            let (channel, y) = (row / (height / 2), 2 * (row % (height / 2)));
            let at = (channel * height + y) * width + column;
            let values = picture.data();
            let diagonal =
                values[at] - values[at + 1] - values[at + width] + values[at + width + 1];
            (diagonal / 2.0).abs()
        })
        .collect();
    if differences.is_empty() {
        return 0.0;
    }
    let middle = differences.len() / 2;
    // 0.6745: the median of a normal deviate's absolute value.
    f64::from(*differences.select_nth_unstable_by(middle, f32::total_cmp).1) / 0.6745
}

/// `image` with what the noisy `photo` states beyond noise of standard deviation `sigma` (of a range of 1); one size.
///
/// # Errors
/// Sizes that differ, a `sigma` that is no number of 0..1.
pub fn regain_from_noisy(image: Picture, photo: &Picture, sigma: f64) -> Result<Picture> {
    if !(0.0..=1.0).contains(&sigma) {
        let problem = format!("{sigma} is out of range");
        return Err(Error::input("standard deviation of the noise", problem, "give 0 to 1"));
    }
    same_size(&image, photo)?;
    Bands::new(sigma).filtered(image, photo)
}

/// `image` with what the compressed `photo` states reliably; one size.
///
/// # Errors
/// Sizes that differ.
pub fn regain_from_jpeg(image: Picture, photo: &Picture) -> Result<Picture> {
    same_size(&image, photo)?;
    let (height, width) = (image.height(), image.width());
    let gaussian = Gaussian::new(JPEG_PIXELS);
    let mut data = image.into_data();
    for (image, photo) in
        data.chunks_exact_mut(height * width).zip(photo.data().chunks_exact(height * width))
    {
        let residual: Vec<f32> = photo.iter().zip(&*image).map(|(y, x)| y - x).collect();
        for (image, residual) in image.iter_mut().zip(blurred(&residual, width, &gaussian)) {
            *image = (*image + residual).clamp(0.0, 1.0);
        }
    }
    Picture::new(height, width, data)
}

/// `image` with what the small `photo` states: made as small again, it is the photo but for what is out of range.
///
/// # Errors
/// None for a photo that is no larger than `image`.
pub fn regain_from_small(image: Picture, photo: &Picture) -> Result<Picture> {
    let (height, width) = (image.height(), image.width());
    let small = image.resized(photo.height(), photo.width())?;
    // A difference lies in -1..1, a picture in 0..1.
    let halves = |(y, x): (&f32, &f32)| 0.5 + 0.5 * (y - x).clamp(-1.0, 1.0);
    let residual = photo.data().iter().zip(small.data()).map(halves).collect();
    let residual = Picture::new(photo.height(), photo.width(), residual)?.resized(height, width)?;
    let mut data = image.into_data();
    for (image, residual) in data.iter_mut().zip(residual.data()) {
        *image = (*image + 2.0 * residual - 1.0).clamp(0.0, 1.0);
    }
    Picture::new(height, width, data)
}

fn same_size(image: &Picture, photo: &Picture) -> Result<()> {
    if [image.height(), image.width()] == [photo.height(), photo.width()] {
        return Ok(());
    }
    let problem = "it is of another size than the photo";
    Err(Error::input("image of the model", problem, "resize it to the photo"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::degrade::{Corruption, Noise};
    use crate::runtime::stream;

    const SIDE: usize = 48;

    fn picture(value: impl Fn(usize, usize, usize) -> f32) -> Picture {
        let plane = SIDE * SIDE;
        let at = |at: usize| value(at / plane, at % plane / SIDE, at % SIDE);
        Picture::new(SIDE, SIDE, (0..3 * plane).map(at).collect()).unwrap()
    }

    fn noisy(clean: &Picture, sigma: f32, seed: u64) -> Picture {
        Noise::new(sigma).unwrap().corrupt(clean, &mut stream(seed, "noise")).unwrap()
    }

    /// Structure of several scales, and its soft image with another hue.
    fn scene() -> (Picture, Picture) {
        let wave = |y: usize, x: usize| (y as f32 / 5.0).sin() * (x as f32 / 7.0).cos();
        let clean =
            picture(|c, y, x| 0.5 + 0.2 * wave(y, x) + if x > 20 { 0.1 } else { 0.0 } * c as f32);
        let soft = picture(|c, y, x| 0.53 + 0.1 * wave(y, x) + 0.02 * c as f32);
        (clean, soft)
    }

    fn mse(a: &Picture, b: &Picture) -> f64 {
        let squares = a.data().iter().zip(b.data()).map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>() / a.data().len() as f64
    }

    #[test]
    fn the_noise_is_found_whatever_the_picture() {
        let (clean, _) = scene();
        for sigma in [0.02f32, 0.1, 0.2] {
            let found = noise_of(&noisy(&clean, sigma, 1));
            assert!((found / f64::from(sigma) - 1.0).abs() < 0.06, "{sigma}: {found}");
        }
        assert_eq!(noise_of(&Picture::constant(9, 9, [0.3; 3]).unwrap()), 0.0);
        assert_eq!(noise_of(&Picture::constant(1, 1, [0.3; 3]).unwrap()), 0.0);
    }

    #[test]
    fn a_noisy_photo_and_a_soft_image_are_better_together_than_each_alone() {
        let (clean, soft) = scene();
        for sigma in [0.03f32, 0.1] {
            let photo = noisy(&clean, sigma, 2);
            let both = regain_from_noisy(soft.clone(), &photo, noise_of(&photo)).unwrap();
            let (both, least) = (mse(&both, &clean), mse(&photo, &clean).min(mse(&soft, &clean)));
            assert!(both < 0.6 * least, "{sigma}: {both} {least}");
        }
    }

    #[test]
    fn without_noise_the_photo_stands_and_with_nothing_but_noise_the_image() {
        let (clean, soft) = scene();
        let same = regain_from_noisy(soft.clone(), &clean, 0.0).unwrap();
        assert!(same.data().iter().zip(clean.data()).all(|(a, b)| (a - b).abs() < 1e-6));
        let kept = regain_from_noisy(soft.clone(), &noisy(&soft, 0.1, 3), 0.1).unwrap();
        assert!(mse(&kept, &soft) < 0.04 * 0.01, "{}", mse(&kept, &soft));
    }

    #[test]
    fn a_small_photo_comes_back_when_the_result_is_made_small() {
        let (clean, soft) = scene();
        let small = clean.resized(12, 12).unwrap();
        let result = regain_from_small(soft.clone(), &small).unwrap();
        let off = |image: &Picture| mse(&image.resized(12, 12).unwrap(), &small);
        assert!(off(&result) < 0.02 * off(&soft), "{} {}", off(&result), off(&soft));
        assert!(mse(&result, &clean) < mse(&soft, &clean));
    }

    #[test]
    fn a_compressed_photo_keeps_its_hue_and_loses_its_finest_errors() {
        let (clean, soft) = scene();
        let photo = picture(|c, y, x| {
            clean.get(c, y, x).unwrap() + if (x + y) % 2 == 0 { 0.03 } else { -0.03 }
        });
        let result = regain_from_jpeg(soft, &photo).unwrap();
        assert!(mse(&result, &clean) < 0.2 * mse(&photo, &clean));
    }

    #[test]
    fn sizes_and_deviations_that_do_not_fit_are_errors() {
        let (clean, _) = scene();
        let small = clean.resized(5, 5).unwrap();
        assert!(regain_from_noisy(small.clone(), &clean, 0.1).is_err());
        assert!(regain_from_jpeg(small, &clean).is_err());
        for sigma in [-0.1, 1.5, f64::NAN] {
            assert!(regain_from_noisy(clean.clone(), &clean, sigma).is_err());
        }
    }
}
