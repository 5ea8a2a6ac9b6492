//! Peak signal-to-noise ratio.

use super::{About, Better, How, Over, mse};
use crate::error::Result;
use crate::image::Picture;

pub(super) const ABOUT: About = About {
    name: "psnr",
    title: "PSNR",
    unit: "dB",
    better: Better::Higher,
    over: Over::Whole,
    least_side: 1,
    how: How::Alone(|pair| psnr(pair.restored, pair.truth)),
};

/// ```text
/// psnr = 10 log10(1 / mse)   dB, for values of range 1
/// ```
/// Infinite where the pictures are equal. Errors: as [`mse`].
pub fn psnr(restored: &Picture, truth: &Picture) -> Result<f64> {
    Ok(-10.0 * mse(restored, truth)?.log10())
}

#[cfg(test)]
mod tests {
    use super::super::tests::formula;
    use super::*;

    #[test]
    fn the_number_is_that_of_scikit_image() {
        let (a, b) = formula(9, 7);
        // skimage.metrics.peak_signal_noise_ratio(a, b, data_range=1) 0.26.0.
        assert!((psnr(&a, &b).unwrap() - 7.081_166_474_161_249).abs() < 1e-9);
    }

    #[test]
    fn equal_pictures_are_infinitely_good_and_a_tenth_off_is_20_db() {
        let (a, _) = formula(9, 7);
        assert_eq!(psnr(&a, &a).unwrap(), f64::INFINITY);
        let [x, y] = [0.25, 0.35].map(|v| Picture::constant(2, 2, [v; 3]).unwrap());
        assert!((psnr(&x, &y).unwrap() - 20.0).abs() < 1e-5);
    }
}
