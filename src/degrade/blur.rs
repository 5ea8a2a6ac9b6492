//! The image was blurred by a Gaussian.
//!
//! ```text
//! A(x)[c] = R x[c] C'        R[i, clamp(i + d)] += e(d) / sum e,   e(d) = exp(-d^2 / (2 sigma^2)),   |d| <= 4 sigma
//! ```
//! Separable, so one matrix for the rows and one for the columns, as in a resampling; weight beyond an edge goes to the
//! edge pixel. Beyond 4 sigma lie 6e-5 of the weight, less than a quarter of an 8-bit level.

use burn::tensor::{Device, Tensor};

use super::Degradation;
use crate::error::{Error, Result};
use crate::nn::{Resample, Weights};

/// Where the kernel is cut off, in sigmas.
const REACH: f64 = 4.0;

/// See the module.
#[derive(Debug, Clone)]
pub struct Blur {
    smooth: Resample,
}

impl Blur {
    /// A blur of `sigma` pixels for images of `size` = `[H, W]`.
    ///
    /// # Errors
    /// An empty image, or a sigma that is not above 0 and at most the longer side.
    pub fn new(sigma: f64, size: [usize; 2], device: &Device) -> Result<Self> {
        let longest = size[0].max(size[1]);
        if size.contains(&0) || !(sigma > 0.0 && sigma <= longest as f64) {
            return Err(Error::input(
                format!("blur of sigma {sigma}"),
                format!("it does not fit {} x {} pixels", size[1], size[0]),
                "give a sigma above 0, in pixels, and no longer than the image",
            ));
        }
        let (rows, columns) = (gaussian(size[0], sigma), gaussian(size[1], sigma));
        Ok(Self { smooth: Resample::new(&rows, &columns, &device.clone().inner()) })
    }
}

impl Degradation for Blur {
    fn apply(&self, image: Tensor<4>) -> Tensor<4> {
        self.smooth.forward(image)
    }

    fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
        evidence
    }

    fn adjoint(&self, evidence: Tensor<4>) -> Option<Tensor<4>> {
        Some(self.smooth.adjoint(evidence))
    }
}

/// The blur of one axis, `[side, side]`.
fn gaussian(side: usize, sigma: f64) -> Weights {
    let reach = (REACH * sigma).floor() as i64;
    let taps = || (-reach..=reach).map(|d| (d, (-0.5 * (d as f64 / sigma).powi(2)).exp()));
    let sum: f64 = taps().map(|(_, weight)| weight).sum();
    let mut numbers = Vec::with_capacity(side * side);
    for i in 0..side as i64 {
        let mut row = vec![0.0f64; side];
        for (d, weight) in taps() {
            row[(i + d).clamp(0, side as i64 - 1) as usize] += weight / sum;
        }
        numbers.extend(row.into_iter().map(|weight| weight as f32));
    }
    Weights { to: side, from: side, numbers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_sums_to_one_and_the_middle_is_symmetric() {
        for (side, sigma) in [(9, 0.7), (7, 3.0), (1, 1.0), (16, 0.1)] {
            let weights = gaussian(side, sigma);
            for row in weights.numbers.chunks(side) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{side}, {sigma}");
            }
            let middle = &weights.numbers[side / 2 * side..][..side];
            assert!(side % 2 == 0 || middle.iter().eq(middle.iter().rev()), "{side}, {sigma}");
        }
    }

    #[test]
    fn a_pixel_far_from_the_edges_spreads_by_its_sigma() {
        let (side, sigma) = (65, 2.5);
        let row = gaussian(side, sigma).numbers[32 * side..][..side].to_vec();
        let variance: f64 =
            row.iter().enumerate().map(|(j, &w)| f64::from(w) * (j as f64 - 32.0).powi(2)).sum();
        assert!((variance.sqrt() - sigma).abs() < 0.01, "{}", variance.sqrt());
    }

    #[test]
    fn a_sigma_of_nothing_or_beyond_the_image_is_an_error() {
        for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY, 8.5] {
            let message = Blur::new(sigma, [8, 6], &Device::flex()).unwrap_err().to_string();
            assert!(message.contains(&sigma.to_string()) && message.contains("6 x 8"), "{message}");
        }
        assert!(Blur::new(1.0, [0, 6], &Device::flex()).is_err());
    }
}
