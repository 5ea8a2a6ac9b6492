//! What a damaged picture states and the model's image of it lacks.
//!
//! ```text
//! superres   x + U(y - D x)        D: Lanczos down to y, U: Lanczos up; four times
//! denoise    x + sum_k w_k b_k     b_k: octaves of y - x, w_k = max(0, 1 - sigma^2 |b_k|^2 / P_k): a Wiener filter
//! jpeg       the same, sigma from the steps between the codec's blocks (blocks.rs)
//! ```
//! A model of few photos is soft, and its hues drift: y - x is to a large part the photo's own structure, not damage.
//! P_k is the power of the octave around a pixel, the noise part of it is known for white noise of deviation sigma, and
//! the rest is structure: where there is none, the model's image stands. bands.rs does this at the photo's size.

mod bands;
mod blocks;
mod blur;

use crate::error::{Error, Result};
use crate::image::Picture;

use bands::Bands;
use blocks::error_of;

/// The standard deviation of white noise in `picture`, of a range of 1 and at most that: from the finest diagonal
/// differences, whose median smooth structure hardly moves. Places that say nothing of noise are left out: those for which
/// `counts` (row-major) does not hold, clipped ones, and flat ones. 0 where nothing is left.
pub fn noise_of(picture: &Picture, counts: impl Fn(usize) -> bool) -> f64 {
    /// Differences that are looked at, at most.
    const MOST: usize = 1 << 20;
    /// Values that may have been clipped.
    const CLIPPED: [f32; 2] = [0.5 / 255.0, 254.5 / 255.0];
    let (height, width) = (picture.height(), picture.width());
    // Two by two pixels, or two of a single row or column.
    let (down, across) = (height.min(2), width.min(2));
    let (rows, columns) = (height / down, width / across);
    if down * across == 1 {
        return 0.0;
    }
    let blocks = 3 * rows * columns;
    let difference = |block: usize| -> Option<f32> {
        let (row, x) = (block / columns, across * (block % columns));
        let (channel, y) = (row / rows, down * (row % rows));
        let (mut sum, mut low, mut high) = (0.0, f32::INFINITY, f32::NEG_INFINITY);
        for (dy, dx) in (0..down).flat_map(|dy| (0..across).map(move |dx| (dy, dx))) {
            let at = (y + dy) * width + x + dx;
            if !counts(at) {
                return None;
            }
            let value = picture.data()[channel * height * width + at];
            (low, high) = (low.min(value), high.max(value));
            sum += if (dy + dx) % 2 == 0 { value } else { -value };
        }
        let says_something = low > CLIPPED[0] && high < CLIPPED[1] && low < high;
        says_something.then(|| (sum / ((down * across) as f32).sqrt()).abs())
    };
    let step = blocks.div_ceil(MOST).max(1);
    let mut differences: Vec<f32> = (0..blocks).step_by(step).filter_map(difference).collect();
    if differences.is_empty() {
        return 0.0;
    }
    let middle = differences.len() / 2;
    // 0.6745: the median of a normal deviate's absolute value.
    let median = *differences.select_nth_unstable_by(middle, f32::total_cmp).1;
    (f64::from(median) / 0.6745).min(1.0)
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

/// `image` with what the compressed `photo` states beyond the codec's error, which its blocks tell; one size.
///
/// # Errors
/// Sizes that differ.
pub fn regain_from_jpeg(image: Picture, photo: &Picture) -> Result<Picture> {
    /// Of the error, as if it were white: it is less where the codec is finer, in the wide octaves. On 32 faces at
    /// qualities 5 to 60 the result is never worse than the photo, and within 3 % of the best such share.
    const WHITE: f64 = 0.6;
    same_size(&image, photo)?;
    Bands::new(WHITE * error_of(photo)).filtered(image, photo)
}

/// `image` with what the small `photo` states: made as small again it is nearly the photo, which a few rounds of the
/// residual bring about.
///
/// # Errors
/// None for a photo that is no larger than `image`.
pub fn regain_from_small(mut image: Picture, photo: &Picture) -> Result<Picture> {
    const ROUNDS: usize = 4;
    let (height, width) = (image.height(), image.width());
    for _ in 0..ROUNDS {
        let small = image.resized(photo.height(), photo.width())?;
        // A difference lies in -1..1, a picture in 0..1.
        let halves = |(y, x): (&f32, &f32)| 0.5 + 0.5 * (y - x).clamp(-1.0, 1.0);
        let residual = photo.data().iter().zip(small.data()).map(halves).collect();
        let residual =
            Picture::new(photo.height(), photo.width(), residual)?.resized(height, width)?;
        let mut data = image.into_data();
        for (image, residual) in data.iter_mut().zip(residual.data()) {
            *image = (*image + 2.0 * residual - 1.0).clamp(0.0, 1.0);
        }
        image = Picture::new(height, width, data)?;
    }
    Ok(image)
}

pub(super) fn same_size(image: &Picture, photo: &Picture) -> Result<()> {
    if [image.height(), image.width()] == [photo.height(), photo.width()] {
        return Ok(());
    }
    let problem = "it is of another size than the photo";
    Err(Error::input("image of the model", problem, "resize it to the photo"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::degrade::{Corruption, Jpeg, Noise};
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
    fn the_noise_is_found() {
        let (clean, _) = scene();
        for sigma in [0.02f32, 0.1, 0.2] {
            let found = noise_of(&noisy(&clean, sigma, 1), |_| true);
            assert!((found / f64::from(sigma) - 1.0).abs() < 0.06, "{sigma}: {found}");
        }
        for side in [1, 9] {
            let flat = Picture::constant(side, side, [0.3; 3]).unwrap();
            assert_eq!(noise_of(&flat, |_| true), 0.0);
        }
        // A dithered grey is all difference, and no deviation is above the range.
        let dithered = picture(|_, y, x| if (y + x) % 2 == 0 { 0.01 } else { 0.99 });
        assert_eq!(noise_of(&dithered, |_| true), 1.0);
    }

    #[test]
    fn places_that_say_nothing_of_noise_do_not_hide_it() {
        let noise = noisy(&scene().0, 0.1, 6);
        let near = |found: f64| (found / 0.1 - 1.0).abs() < 0.12;
        // Two thirds white and clipped, or black under an alpha channel; one row, one column.
        let value = |c, y, x| noise.get(c, y, x).unwrap();
        let white = picture(|c, y, x| if x < 32 { 1.0 } else { value(c, y, x) });
        assert!(near(noise_of(&white, |_| true)));
        let cut_out = picture(|c, y, x| if x < 32 { 0.4 } else { value(c, y, x) });
        assert!(near(noise_of(&cut_out, |at| at % SIDE >= 32)));
        let line = noise.data()[..SIDE * SIDE].to_vec().repeat(3);
        for (height, width) in [(1, SIDE * SIDE), (SIDE * SIDE, 1)] {
            let thin = Picture::new(height, width, line.clone()).unwrap();
            assert!(near(noise_of(&thin, |_| true)), "{}", noise_of(&thin, |_| true));
        }
    }

    #[test]
    fn a_noisy_photo_and_a_soft_image_are_better_together_than_each_alone() {
        let (clean, soft) = scene();
        for sigma in [0.03f32, 0.1] {
            let photo = noisy(&clean, sigma, 2);
            let both = regain_from_noisy(soft.clone(), &photo, noise_of(&photo, |_| true)).unwrap();
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
    fn a_small_photo_nearly_comes_back_when_the_result_is_made_small() {
        let (clean, soft) = scene();
        for side in [12, 30, 45] {
            let small = clean.resized(side, side).unwrap();
            let result = regain_from_small(soft.clone(), &small).unwrap();
            let again = result.resized(side, side).unwrap();
            let apart = again.data().iter().zip(small.data()).map(|(a, b)| (a - b).abs());
            let worst = apart.fold(0.0, f32::max);
            assert!(worst < 8.0 / 255.0, "{side}: {}", worst * 255.0);
            assert!(mse(&result, &clean) < mse(&soft, &clean));
        }
    }

    #[test]
    fn a_compressed_photo_and_a_soft_image_are_better_together_and_the_hue_is_the_photos() {
        let (clean, soft) = scene();
        let photo = Jpeg::new(10).unwrap().corrupt(&clean, &mut stream(7, "jpeg")).unwrap();
        let result = regain_from_jpeg(soft.clone(), &photo).unwrap();
        let [both, photo_alone, soft_alone] =
            [&result, &photo, &soft].map(|picture| mse(picture, &clean));
        assert!(both < photo_alone && both < soft_alone, "{both} {photo_alone} {soft_alone}");
        for plane in 0..3 {
            let mean =
                |p: &Picture| p.data()[plane * SIDE * SIDE..][..SIDE * SIDE].iter().sum::<f32>();
            assert!((mean(&result) - mean(&photo)).abs() < 0.002 * (SIDE * SIDE) as f32);
        }
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
