//! Only some pixels are known: inpainting.
//!
//! ```text
//! A(x)[b,c,i,j] = m[i,j] x[b,c,i,j]        m [1,1,H,W] in [0,1], 1 = known
//! ```
//! A is its own adjoint. A value between 0 and 1 is a pixel known in part, as at the edge of a mask that was scaled.

use burn::tensor::{Device, Tensor, TensorData};

use super::Degradation;
use crate::error::{Error, Result};

/// See the module.
#[derive(Debug, Clone)]
pub struct Mask {
    known: Tensor<4>,
}

impl Mask {
    /// The mask of `known`, `[height, width]` row-major in `[0,1]` with 1 = known.
    ///
    /// # Errors
    /// Another length, a value outside `[0,1]`, or no pixel known at all: nothing could be learned from such evidence.
    /// A mask without a missing pixel is allowed, as a model's size may swallow a small scratch.
    pub fn new(known: Vec<f32>, height: usize, width: usize, device: &Device) -> Result<Self> {
        if height.checked_mul(width) != Some(known.len()) {
            return Err(Error::input(
                "mask",
                format!("it has {} values for {width} x {height} pixels", known.len()),
                "give one value a pixel",
            ));
        }
        if let Some(value) = known.iter().find(|&value| !(0.0..=1.0).contains(value)) {
            return Err(Error::input(
                "mask",
                format!("{value} is no share of a pixel"),
                "give values from 0 (missing) to 1 (known)",
            ));
        }
        if known.iter().all(|&value| value == 0.0) {
            return Err(Error::input(
                "mask",
                format!("no pixel of {width} x {height} is known"),
                "check that 1 or white means known, or invert it",
            ));
        }
        let known = TensorData::new(known, [1, 1, height, width]);
        Ok(Self { known: Tensor::from_data(known, &device.clone().inner()) })
    }

    /// The mask of pixels that are known or not, as [`Hole::known`](super::Hole::known) gives them. Errors: as
    /// [`Mask::new`].
    pub fn of_known(known: &[bool], height: usize, width: usize, device: &Device) -> Result<Self> {
        Self::new(known.iter().map(|&known| f32::from(known)).collect(), height, width, device)
    }

    /// m, `[1, 1, H, W]`, on the plain device.
    pub fn known(&self) -> Tensor<4> {
        self.known.clone()
    }
}

impl Degradation for Mask {
    fn apply(&self, image: Tensor<4>) -> Tensor<4> {
        image * self.known()
    }

    /// Missing pixels are black, whatever the evidence holds there.
    fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
        evidence * self.known()
    }

    fn adjoint(&self, evidence: Tensor<4>) -> Option<Tensor<4>> {
        Some(evidence * self.known())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pixels_stay_and_missing_ones_are_zero_in_every_channel() {
        let device = Device::flex();
        let mask = Mask::of_known(&[true, false], 1, 2, &device).unwrap();
        let image = TensorData::new(vec![0.1f32, 0.2, 0.3, 0.4, 0.5, 0.6], [1, 3, 1, 2]);
        let evidence = mask.apply(Tensor::from_data(image, &device));
        assert_eq!(
            evidence.into_data().try_to_vec::<f32>().unwrap(),
            [0.1, 0.0, 0.3, 0.0, 0.5, 0.0]
        );
    }

    #[test]
    fn a_mask_that_fits_nothing_or_knows_nothing_is_an_error() {
        let message = |known: &[f32]| {
            Mask::new(known.to_vec(), 1, 2, &Device::flex()).unwrap_err().to_string()
        };
        assert!(message(&[1.0]).contains("1 values for 2 x 1"));
        assert!(message(&[1.0, 1.5]).contains("1.5"));
        assert!(message(&[f32::NAN, 1.0]).contains("NaN"));
        assert!(message(&[0.0, 0.0]).contains("invert"));
        assert!(Mask::new(vec![], usize::MAX, 2, &Device::flex()).is_err());
    }
}
