//! A smaller copy: super-resolution.
//!
//! ```text
//! y = A(x),   A the Lanczos-3 shrinking of resample.rs, from [H, W] to round([H, W] / factor)
//! ```
//! The very operator that a restoration measures with, so the true image explains the copy exactly. Like it, and unlike
//! [`Picture::resized`], it does not clamp: the filter rings beyond `[0,1]` at hard edges, and the evidence keeps that.

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;

use super::Corruption;
use crate::degrade::{Degradation, Lanczos};
use crate::error::{Error, Result};
use crate::image::{Picture, batch_of, pictures_of};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shrink {
    factor: usize,
}

impl Shrink {
    /// By `factor`; sides that it does not divide are rounded, see [`Lanczos::shrunk`].
    ///
    /// # Errors
    /// A factor below 2.
    pub fn new(factor: usize) -> Result<Self> {
        if factor >= 2 {
            return Ok(Self { factor });
        }
        Err(Error::input(
            format!("shrinking by {factor}"),
            "it makes nothing smaller",
            "give a factor of 2 or more, as in 8",
        ))
    }
}

impl Corruption for Shrink {
    fn corrupt(&self, picture: &Picture, _: &mut ChaCha8Rng) -> Result<Picture> {
        let (height, width) = (picture.height(), picture.width());
        // On the CPU whatever the model runs on: a copy should not depend on the device.
        let device = Device::flex();
        let shrink = Lanczos::by_factor([height, width], self.factor, &device)?;
        let image = batch_of(std::slice::from_ref(picture), &device)?;
        Ok(pictures_of(shrink.apply(image))?.remove(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::stream;

    #[test]
    fn sides_that_do_not_divide_are_rounded() {
        let copy = |height, width| {
            let whole = Picture::constant(height, width, [0.2, 0.4, 0.6]).unwrap();
            Shrink::new(8).unwrap().corrupt(&whole, &mut stream(1, "shrink")).unwrap()
        };
        for (from, to) in [((64, 128), (8, 16)), ((61, 67), (8, 8)), ((3, 20), (1, 3))] {
            let copy = copy(from.0, from.1);
            assert_eq!((copy.height(), copy.width()), to);
            let blue = copy.get(2, to.0 - 1, to.1 - 1).unwrap();
            assert!((blue - 0.6).abs() < 1e-5);
        }
    }

    #[test]
    fn a_factor_that_shrinks_nothing_is_an_error() {
        for factor in [0, 1] {
            assert!(Shrink::new(factor).unwrap_err().to_string().contains("as in 8"));
        }
    }
}
