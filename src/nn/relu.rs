//! What VGG16 is made of: 3x3 convolutions with bias and ReLU that do not learn, and the largest of four.

use std::sync::Arc;

use burn::tensor::activation::relu;
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};

use super::Precision;
use super::cpu::{self, ConvSpec, Frozen};

/// A 3x3 convolution, stride 1, padding 1, for maps of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConvReluConfig {
    /// In and out.
    pub channels: [usize; 2],
    /// `[H, W]`
    pub size: [usize; 2],
    /// Whether gradients go back through it; without, it takes half the memory, and only maps without gradients.
    pub gradients: bool,
}

impl ConvReluConfig {
    /// The layer with weights `[out, in, 3, 3]`, row-major, and a bias of `out` numbers.
    pub fn init(&self, weight: &[f32], bias: Vec<f32>, device: &Device) -> ConvRelu {
        let [input, output] = self.channels;
        let dims = [output, input, 3, 3];
        let device = device.clone().inner();
        if cpu::is_here(&device) {
            let spec = ConvSpec {
                stride: 1,
                padding: 1,
                dilation: 1,
                groups: 1,
                transposed: false,
                precision: Precision::F32,
            };
            let layer = Frozen::with_relu(spec, dims, self.size, (weight, bias), self.gradients);
            return ConvRelu(Layer::Here(Arc::new(layer)));
        }
        let weight = Tensor::from_data(TensorData::new(weight.to_vec(), dims), &device);
        let bias = Tensor::from_data(TensorData::new(bias, [output]), &device);
        ConvRelu(Layer::Elsewhere(Box::new((weight, bias))))
    }
}

/// See [`ConvReluConfig`].
#[derive(Debug, Clone)]
pub struct ConvRelu(Layer);

#[derive(Debug, Clone)]
enum Layer {
    Here(Arc<Frozen>),
    Elsewhere(Box<(Tensor<4>, Tensor<1>)>),
}

impl ConvRelu {
    /// `[B, in, H, W]` -> `[B, out, H, W]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.0 {
            Layer::Here(layer) => cpu::frozen(x, layer),
            Layer::Elsewhere(layer) => {
                let (weight, bias) = *layer.clone();
                let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
                relu(conv2d(x, weight, Some(bias), options))
            }
        }
    }
}

/// The largest of every two by two, `[B, C, H, W]` -> `[B, C, H/2, W/2]`, rounded down.
pub fn max_pool(x: Tensor<4>) -> Tensor<4> {
    if cpu::is_here(&x.device()) {
        return cpu::max_pool(x);
    }
    max_pool2d(x, MaxPoolOptions::new([2, 2]))
}
