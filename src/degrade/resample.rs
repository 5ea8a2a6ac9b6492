//! The image was shrunk: super-resolution.
//!
//! ```text
//! A(x)[c] = R x[c] C'        R [h, H], C [w, W] of the antialiased Lanczos-3 filter (SPEC 3)
//! ```
//! Any smaller size will do, dividing or not: pixel centres are aligned, each axis has a factor of its own, and edges
//! are replicated. The sums run in a fixed order, as [`Resample`] promises.

use burn::tensor::{Device, Tensor};

use super::Degradation;
use crate::error::{Error, Result};
use crate::nn::{Resample, lanczos};

/// See the module.
#[derive(Debug, Clone)]
pub struct Lanczos {
    down: Resample,
    up: Resample,
    small: [usize; 2],
}

impl Lanczos {
    /// From images of `from` = `[H, W]` down to `to` = `[h, w]`.
    ///
    /// # Errors
    /// A side of zero, or one that would grow.
    pub fn new(from: [usize; 2], to: [usize; 2], device: &Device) -> Result<Self> {
        if to.contains(&0) || to[0] > from[0] || to[1] > from[1] {
            return Err(Error::input(
                format!("shrinking to {} x {} pixels", to[1], to[0]),
                format!("an image of {} x {} has no such smaller copy", from[1], from[0]),
                "give sides from 1 to the image's own",
            ));
        }
        let device = device.clone().inner();
        let resample = |from: [usize; 2], to: [usize; 2]| {
            Resample::new(&lanczos(from[0], to[0]), &lanczos(from[1], to[1]), &device)
        };
        Ok(Self { down: resample(from, to), up: resample(to, from), small: to })
    }

    /// By `factor` on both sides, down to [`Lanczos::shrunk`].
    ///
    /// # Errors
    /// As [`Lanczos::shrunk`].
    pub fn by_factor(from: [usize; 2], factor: usize, device: &Device) -> Result<Self> {
        Self::new(from, Self::shrunk(from, factor)?, device)
    }

    /// The size of `[H, W]` shrunk by `factor`: each side divided, rounded half up, and 1 at the least.
    ///
    /// Rounded, not refused: a photo's sides seldom divide by 8. The matrices then use each axis's true factor, so
    /// that no row is cropped or invented.
    ///
    /// # Errors
    /// A factor or a side of zero.
    pub fn shrunk(from: [usize; 2], factor: usize) -> Result<[usize; 2]> {
        if factor == 0 || from.contains(&0) {
            return Err(Error::input(
                format!("shrinking {} x {} pixels by {factor}", from[1], from[0]),
                "nothing would be left",
                "give a factor of 1 or more, as in 8, and an image that is not empty",
            ));
        }
        let half_up =
            |side: usize| side / factor + usize::from(side % factor >= factor.div_ceil(2));
        Ok(from.map(|side| half_up(side).max(1)))
    }

    /// `[h, w]` of the evidence.
    pub fn small(&self) -> [usize; 2] {
        self.small
    }
}

impl Degradation for Lanczos {
    fn apply(&self, image: Tensor<4>) -> Tensor<4> {
        self.down.forward(image)
    }

    /// Enlarged by the same filter: what a viewer without a model would show. Clamped to `[0,1]`, as the filter rings.
    fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
        self.up.forward(evidence).clamp(0.0, 1.0)
    }

    fn adjoint(&self, evidence: Tensor<4>) -> Option<Tensor<4>> {
        Some(self.down.adjoint(evidence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_divided_and_rounded_half_up_but_never_to_nothing() {
        for (from, factor, to) in [
            ([64, 128], 8, [8, 16]),
            ([67, 68], 8, [8, 9]),
            ([7, 8], 3, [2, 3]),
            ([3, 2], 8, [1, 1]),
            ([5, 9], 1, [5, 9]),
            ([5, 9], usize::MAX, [1, 1]),
        ] {
            assert_eq!(Lanczos::shrunk(from, factor).unwrap(), to, "{from:?} by {factor}");
        }
    }

    #[test]
    fn a_constant_stays_constant_up_to_the_edges() {
        let device = Device::flex();
        let shrink = Lanczos::new([13, 9], [5, 4], &device).unwrap();
        let small = shrink.apply(Tensor::full([1, 3, 13, 9], 0.7, &device));
        for image in [small.clone(), shrink.lift(small)] {
            let numbers = image.into_data().try_to_vec::<f32>().unwrap();
            assert!(numbers.iter().all(|v| (v - 0.7).abs() < 1e-5));
        }
    }

    #[test]
    fn sizes_that_grow_or_vanish_are_errors_that_name_them() {
        let device = Device::flex();
        for (from, to) in [([8, 8], [0, 4]), ([8, 8], [4, 9]), ([0, 8], [1, 1])] {
            let message = Lanczos::new(from, to, &device).unwrap_err().to_string();
            assert!(message.contains(&format!("{} x {}", to[1], to[0])), "{message}");
        }
        assert!(Lanczos::by_factor([8, 8], 0, &device).is_err());
        assert!(Lanczos::by_factor([0, 8], 2, &device).is_err());
    }
}
