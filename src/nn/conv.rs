//! Convolutions without bias, in PyTorch's weight layouts.

use burn::module::{Module, Param};
use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

use super::{Precision, cpu};
use crate::runtime::uniform;

/// A convolution's shape; `init` draws its weights uniform in +-1/sqrt(in/groups * k * k)
/// (SPEC 1.4: PyTorch's bounds).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConvConfig {
    pub channels: [usize; 2],
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
    pub groups: usize,
}

impl ConvConfig {
    /// 4x4, stride 2, padding 1: halves the map.
    pub fn halving(channels: [usize; 2]) -> Self {
        Self { channels, kernel: 4, stride: 2, padding: 1, dilation: 1, groups: 1 }
    }

    /// 3x3, stride 1, padding 1: keeps the map.
    pub fn same(channels: [usize; 2]) -> Self {
        Self { channels, kernel: 3, stride: 1, padding: 1, dilation: 1, groups: 1 }
    }

    /// 3x3, dilation 2, padding 2, in `groups`: keeps the map.
    pub fn dilated(channels: usize, groups: usize) -> Self {
        Self {
            channels: [channels, channels],
            kernel: 3,
            stride: 1,
            padding: 2,
            dilation: 2,
            groups,
        }
    }

    /// The layer with freshly drawn weights `[out, in/groups, k, k]`.
    pub fn init(&self, rng: &mut ChaCha8Rng, device: &Device) -> Conv {
        let [input, output] = self.channels;
        let shape = [output, input / self.groups, self.kernel, self.kernel];
        let fan_in = shape[1] * self.kernel * self.kernel;
        Conv {
            weight: Param::from_tensor(uniform_tensor(shape, fan_in, rng, device)),
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
            groups: self.groups,
        }
    }
}

/// See [`ConvConfig`].
#[derive(Module, Debug)]
pub struct Conv {
    weight: Param<Tensor<4>>,
    stride: usize,
    padding: usize,
    dilation: usize,
    groups: usize,
}

impl Conv {
    /// `[B, in, H, W]` -> `[B, out, H', W']`; `precision` counts on the CPU alone.
    pub fn forward(&self, x: Tensor<4>, precision: Precision) -> Tensor<4> {
        if cpu::is_here(&x.device()) {
            return cpu::convolve(x, self.weight.val(), self.spec(precision));
        }
        let options =
            ConvOptions::new([self.stride; 2], [self.padding; 2], [self.dilation; 2], self.groups);
        conv2d(x, self.weight.val(), None, options)
    }

    /// How it reads its input.
    pub(super) fn spec(&self, precision: Precision) -> cpu::ConvSpec {
        let Self { stride, padding, dilation, groups, .. } = *self;
        cpu::ConvSpec { stride, padding, dilation, groups, transposed: false, precision }
    }

    /// `[out, in / groups, k, k]`
    pub(super) fn weight(&self) -> Tensor<4> {
        self.weight.val()
    }
}

/// A 4x4 transposed convolution, stride 2, padding 1: doubles the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConvTransposeConfig {
    pub channels: [usize; 2],
}

impl ConvTransposeConfig {
    /// The layer with freshly drawn weights `[in, out, 4, 4]`, uniform in +-1/sqrt(out * 16):
    /// PyTorch counts a transposed convolution's fan-in on its second axis.
    pub fn init(&self, rng: &mut ChaCha8Rng, device: &Device) -> ConvTranspose {
        let [input, output] = self.channels;
        let weight = uniform_tensor([input, output, 4, 4], output * 16, rng, device);
        ConvTranspose { weight: Param::from_tensor(weight) }
    }
}

/// See [`ConvTransposeConfig`].
#[derive(Module, Debug)]
pub struct ConvTranspose {
    weight: Param<Tensor<4>>,
}

impl ConvTranspose {
    /// `[B, in, H, W]` -> `[B, out, 2H, 2W]`; `precision` counts on the CPU alone.
    pub fn forward(&self, x: Tensor<4>, precision: Precision) -> Tensor<4> {
        if cpu::is_here(&x.device()) {
            return cpu::convolve(x, self.weight.val(), Self::spec(precision));
        }
        let options = ConvTransposeOptions::new([2, 2], [1, 1], [0, 0], [1, 1], 1);
        conv_transpose2d(x, self.weight.val(), None, options)
    }

    /// How it reads its input.
    pub(super) fn spec(precision: Precision) -> cpu::ConvSpec {
        cpu::ConvSpec { stride: 2, padding: 1, dilation: 1, groups: 1, transposed: true, precision }
    }

    /// `[in, out, 4, 4]`
    pub(super) fn weight(&self) -> Tensor<4> {
        self.weight.val()
    }
}

/// A 3x3 convolution, stride 1, no padding, with weights of its own for every image.
///
/// Nine shifted views and one batched product, in burn's operations: 1.5 to 3 times as fast as its convolution with
/// one group per image.
///
/// # Shapes
/// - x: `[B, in, H, W]`
/// - weight: `[B, out, in, 3, 3]`
/// - result: `[B, out, H-2, W-2]`
pub fn per_image_conv3x3(x: Tensor<4>, weight: Tensor<5>) -> Tensor<4> {
    let [batch, input, height, width] = x.dims();
    let output = weight.dims()[1];
    let (h, w) = (height - 2, width - 2);
    let taps = (0..9)
        .map(|tap| {
            let (i, j) = (tap / 3, tap % 3);
            let view = x.clone().slice([0..batch, 0..input, i..i + h, j..j + w]);
            view.reshape([batch, input, 1, h * w])
        })
        .collect();
    let columns = Tensor::cat(taps, 2).reshape([batch, input * 9, h * w]);
    let weight = weight.reshape([batch, output, input * 9]);
    weight.matmul(columns).reshape([batch, output, h, w])
}

/// Numbers uniform in +-1/sqrt(fan_in), drawn on the host.
fn uniform_tensor<const D: usize>(
    shape: [usize; D],
    fan_in: usize,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Tensor<D> {
    let bound = 1.0 / (fan_in as f32).sqrt();
    let numbers: Vec<f32> =
        (0..shape.iter().product()).map(|_| (2.0 * uniform(rng) - 1.0) * bound).collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}
