//! The colours are gone: colourisation.
//!
//! ```text
//! A(x)[b,0,i,j] = (R + G + B) / 3
//! ```
//! The plain mean of SPEC 3, not a luma with weights of the eye.

use burn::tensor::Tensor;

use super::Degradation;

/// The mean of the channels, for images of any size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Colour;

impl Degradation for Colour {
    fn apply(&self, image: Tensor<4>) -> Tensor<4> {
        image.mean_dim(1)
    }

    /// Grey in three equal channels.
    fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
        three_times(evidence)
    }

    fn adjoint(&self, evidence: Tensor<4>) -> Option<Tensor<4>> {
        Some(three_times(evidence.div_scalar(3.0)))
    }
}

/// `[B, 1, H, W]` -> `[B, 3, H, W]`
fn three_times(grey: Tensor<4>) -> Tensor<4> {
    let [batch, _, height, width] = grey.dims();
    grey.expand([batch, 3, height, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn grey_is_the_plain_mean_of_the_channels() {
        let image = TensorData::new(vec![0.0f32, 0.3, 0.3, 0.3, 0.9, 0.3], [1, 3, 1, 2]);
        let image = Tensor::from_data(image, &Device::flex());
        let grey = Colour.apply(image.clone()).into_data().try_to_vec::<f32>().unwrap();
        assert!((grey[0] - 0.4).abs() < 1e-6 && (grey[1] - 0.3).abs() < 1e-6);
        let lifted = Colour.lift(Colour.apply(image)).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(lifted, [grey.clone(), grey.clone(), grey].concat());
    }
}
