//! Only VGG16's features of the image are known: feature inversion (SPEC 3).
//!
//! ```text
//! A(x) = F(x) / r        F: a map of VGG16;  r = sqrt(mean F(y)^2) of the target y, so that A(y) has a mean square of 1
//! ```
//! The squares of one layer's features are thousands of times those of another's, and as large as whoever trained the weights
//! left them. Over r, the squared error is a share of what is to be explained, 1 for an image in which VGG16 sees
//! nothing, and one rate serves all layers.

use burn::tensor::{Device, Tensor};

use super::Degradation;
use crate::error::{Error, Result};
use crate::image::numbers_of;
use crate::nn::{Resample, Weights};
use crate::vgg16::{Net, Relu, Vgg16};

/// See the module. Not linear: it has no adjoint.
#[derive(Debug, Clone)]
pub struct Features {
    net: Net,
    /// 1 / r
    scale: f32,
    enlarge: Resample,
}

impl Features {
    /// The map `layer` of images of `size` = `[H, W]`, with r = 1. The weights are packed for that size here: worth
    /// keeping for all targets of it.
    ///
    /// # Errors
    /// A size that is too small to have that map.
    pub fn new(vgg16: &Vgg16, layer: Relu, size: [usize; 2]) -> Result<Self> {
        let net = vgg16.net(size, layer)?;
        let [h, w] = layer.size(size);
        let device: &Device = vgg16.device();
        let enlarge = Resample::new(&nearest(h, size[0]), &nearest(w, size[1]), device);
        Ok(Self { net, scale: 1.0, enlarge })
    }

    /// The same with the r of `target`, `[1, 3, H, W]` in [0, 1].
    ///
    /// # Errors
    /// An image of which VGG16 sees nothing in that layer.
    pub fn towards(&self, target: Tensor<4>) -> Result<Self> {
        let features = numbers_of(self.net.forward(target.inner()));
        let squares: f64 = features.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        let mean = squares / features.len() as f64;
        if !(mean.is_finite() && mean > 0.0) {
            let problem = "VGG16 sees nothing in it at this layer";
            return Err(Error::input("image", problem, "take an earlier layer, or another image"));
        }
        Ok(Self { scale: (1.0 / mean.sqrt()) as f32, ..self.clone() })
    }
}

impl Degradation for Features {
    fn apply(&self, image: Tensor<4>) -> Tensor<4> {
        self.net.forward(image).mul_scalar(self.scale)
    }

    /// How much is seen at each place: the mean of the channels, in squares as large as the layer's pixels.
    fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
        let grey = self.enlarge.forward(evidence.mean_dim(1));
        let [batch, _, height, width] = grey.dims();
        grey.expand([batch, 3, height, width])
    }
}

/// Each of `to` places reads the one of `from` that lies under it.
fn nearest(from: usize, to: usize) -> Weights {
    let mut numbers = vec![0.0; to * from];
    (0..to).for_each(|at| numbers[at * from + at * from / to] = 1.0);
    Weights { to, from, numbers }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Picture, batch_of};
    use crate::vgg16::Input;
    use crate::vgg16::tests::of_formula;

    #[test]
    fn the_target_has_a_mean_square_of_1_and_its_picture_is_that_of_what_is_seen() {
        let device = Device::flex();
        let vgg16 = of_formula(Input::Oxford, &device);
        let ramp = (0..3 * 20 * 18).map(|at| (at % 17) as f32 / 16.0).collect();
        let target = batch_of(&[Picture::new(20, 18, ramp).unwrap()], &device).unwrap();
        for layer in ["relu1_1", "relu3_3", "relu5_1"] {
            let layer: Relu = layer.parse().unwrap();
            let features = Features::new(&vgg16, layer, [20, 18]).unwrap();
            let features = features.towards(target.clone()).unwrap();
            let seen = features.apply(target.clone());
            let [h, w] = layer.size([20, 18]);
            assert_eq!(seen.dims(), [1, layer.width(), h, w]);
            let numbers = numbers_of(seen.clone());
            let mean = numbers.iter().map(|v| v * v).sum::<f32>() / numbers.len() as f32;
            assert!((mean - 1.0).abs() < 1e-4, "{layer}: {mean}");
            assert!(features.adjoint(seen).is_none());
        }
    }

    #[test]
    fn what_is_too_small_or_seen_as_nothing_is_an_error() {
        let device = Device::flex();
        let vgg16 = of_formula(Input::OxfordRgb, &device);
        let small = Features::new(&vgg16, Relu::LAST, [15, 40]).unwrap_err().to_string();
        assert!(small.contains("relu5_3") && small.contains("16 x 16"), "{small}");
        let endless =
            batch_of(&[Picture::constant(4, 4, [f32::MAX; 3]).unwrap()], &device).unwrap();
        let features = Features::new(&vgg16, "relu1_1".parse().unwrap(), [4, 4]).unwrap();
        let message = features.towards(endless).unwrap_err().to_string();
        assert!(message.contains("earlier layer"), "{message}");
    }

    #[test]
    fn the_nearest_place_is_the_one_below() {
        assert_eq!(nearest(2, 5).numbers, [1., 0., 1., 0., 1., 0., 0., 1., 0., 1.]);
    }
}
