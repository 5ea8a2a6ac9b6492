//! A convolution with its norm, and what becomes of it in a net that does not learn.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use super::cpu::{self, Frozen};
use super::{Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, NormAct, Precision, Statistics};
use crate::image::numbers_of;

/// A convolution, batch norm, leaky ReLU.
#[derive(Module, Debug)]
pub struct Block {
    conv: Conv,
    norm: NormAct,
}

impl Block {
    /// The convolution drawn from `rng`, the norm at its start.
    pub fn init(config: ConvConfig, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        Self { conv: config.init(rng, device), norm: NormAct::new(config.channels[1], device) }
    }

    /// Its norm, whose running statistics change.
    pub fn norm_mut(&mut self) -> &mut NormAct {
        &mut self.norm
    }
}

/// A transposed convolution, batch norm, leaky ReLU.
#[derive(Module, Debug)]
pub struct UpBlock {
    conv: ConvTranspose,
    norm: NormAct,
}

impl UpBlock {
    /// As [`Block::init`].
    pub fn init(config: ConvTransposeConfig, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        Self { conv: config.init(rng, device), norm: NormAct::new(config.channels[1], device) }
    }

    /// Its norm, whose running statistics change.
    pub fn norm_mut(&mut self) -> &mut NormAct {
        &mut self.norm
    }
}

/// Any layer of a net.
#[derive(Debug, Clone, Copy)]
pub enum Blocks<'a> {
    Same(&'a Block),
    Up(&'a UpBlock),
    /// A convolution without a norm: the last.
    Bare(&'a Conv),
}

impl Blocks<'_> {
    /// `[B, C, H, W]` with the running statistics.
    pub fn forward(self, x: Tensor<4>) -> Tensor<4> {
        let y = self.convolve(x, Precision::F32);
        match self.norm() {
            Some(norm) => norm.forward(y),
            None => y,
        }
    }

    /// The same with the batch's own statistics, which are handed out.
    pub fn forward_train(
        self,
        x: Tensor<4>,
        precision: Precision,
    ) -> (Tensor<4>, Option<Statistics>) {
        let y = self.convolve(x, precision);
        match self.norm() {
            Some(norm) => {
                let (y, statistics) = norm.forward_train(y);
                (y, Some(statistics))
            }
            None => (y, None),
        }
    }

    fn convolve(self, x: Tensor<4>, precision: Precision) -> Tensor<4> {
        match self {
            Self::Same(block) => block.conv.forward(x, precision),
            Self::Up(block) => block.conv.forward(x, precision),
            Self::Bare(conv) => conv.forward(x, precision),
        }
    }

    fn norm(&self) -> Option<&NormAct> {
        match self {
            Self::Same(block) => Some(&block.norm),
            Self::Up(block) => Some(&block.norm),
            Self::Bare(_) => None,
        }
    }

    /// The layer for maps of `side` x `side` pixels.
    fn freeze(self, side: usize, precision: Precision) -> Frozen {
        let (spec, weight) = match self {
            Self::Same(block) => (block.conv.spec(precision), block.conv.weight()),
            Self::Up(block) => (ConvTranspose::spec(precision), block.conv.weight()),
            Self::Bare(conv) => (conv.spec(precision), conv.weight()),
        };
        let dims = weight.dims();
        let norm = self.norm().map(|norm| norm.numbers());
        Frozen::new(spec, dims, [side; 2], numbers_of(weight.inner()), norm)
    }
}

/// `[B, C, H, W]` and `[B, D, H, W]` -> `[B, C + D, H, W]`
pub fn concat(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    if cpu::is_here(&a.device()) { cpu::concat(a, b) } else { Tensor::cat(vec![a, b], 1) }
}

/// The sigmoid that makes the last map an image.
pub fn sigmoid_image(x: Tensor<4>) -> Tensor<4> {
    if cpu::is_here(&x.device()) { cpu::sigmoid_image(x) } else { sigmoid(x) }
}

/// The layers of a net that does not learn, for the CPU kernels: norms folded into packed weights. They are
/// found again by their place in the order of the layers.
#[derive(Debug, Clone)]
pub struct FrozenLayers(Vec<Arc<Frozen>>);

impl FrozenLayers {
    /// Freezes `layers` as they stand, each with the side of the map that enters it; `None` where the kernels are
    /// not.
    pub fn of<'a>(
        layers: impl Iterator<Item = (Blocks<'a>, usize)>,
        precision: Precision,
        device: &Device,
    ) -> Option<Self> {
        let freeze = |(layer, side): (Blocks<'_>, usize)| Arc::new(layer.freeze(side, precision));
        cpu::is_here(device).then(|| Self(layers.map(freeze).collect()))
    }

    /// Layer `at` of `x`.
    pub fn forward(&self, at: usize, x: Tensor<4>) -> Tensor<4> {
        cpu::frozen(x, &self.0[at])
    }
}
