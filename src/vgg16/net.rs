//! The convolutions, packed for pictures of one size.

use burn::tensor::{Device, Tensor, TensorData};

use super::Relu;
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::nn::{ConvRelu, ConvReluConfig, max_pool};

/// VGG16 up to one of its maps. A picture's maps depend on that picture alone.
#[derive(Debug, Clone)]
pub struct Net {
    layers: Vec<(Relu, ConvRelu)>,
    size: [usize; 2],
    /// `[1, 3, 1, 1]` each: `x scale - shift` enters the first layer.
    scale: Tensor<4>,
    shift: Tensor<4>,
}

impl Net {
    pub(super) fn new(
        weights: &Weights,
        size: [usize; 2],
        end: Relu,
        gradients: bool,
        device: &Device,
    ) -> Result<Self> {
        if size[0].min(size[1]) < end.least_side() {
            let least = end.least_side();
            return Err(Error::input(
                format!("picture of {} x {} pixels", size[1], size[0]),
                format!("VGG16 has no {end} of it"),
                format!("take one of {least} x {least} or more, or an earlier layer"),
            ));
        }
        let layers = Relu::all().take_while(|&relu| relu <= end).zip(&weights.layers);
        let layers = layers.map(|(relu, (weight, bias))| {
            let config =
                ConvReluConfig { channels: relu.channels(), size: relu.size(size), gradients };
            (relu, config.init(weight, bias.clone(), device))
        });
        let [scale, shift] = weights.input.scale_and_shift().map(|numbers| {
            Tensor::from_data(TensorData::new(numbers.to_vec(), [1, 3, 1, 1]), device)
        });
        Ok(Self { layers: layers.collect(), size, scale, shift })
    }

    /// `[H, W]` of the pictures.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The last map, `[B, 3, H, W]` in [0, 1] -> `[B, C, h, w]`.
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.pass(pictures, &mut |_, _| {})
    }

    /// Hands each map to `look` as it comes by.
    pub fn pass(&self, pictures: Tensor<4>, look: &mut dyn FnMut(Relu, &Tensor<4>)) -> Tensor<4> {
        let mut x = pictures * self.scale.clone() - self.shift.clone();
        for (relu, layer) in &self.layers {
            if relu.is_pooled() {
                x = max_pool(x);
            }
            x = layer.forward(x);
            look(*relu, &x);
        }
        x
    }
}
