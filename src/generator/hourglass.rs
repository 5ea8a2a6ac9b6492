//! The hourglass with two skips (SPEC 1.3).
//!
//! ```text
//! z -> down (4x4 /2) x D -> mid (3x3, dilation 2, grouped) x M -> up (4x4 x2) x U -> bilinear x2 -> tail (3x3) -> sigmoid
//!                   |  '---- last down map ----- cat ----> up 0
//!                   '------- the one before ---- cat ----> up 1
//! ```
//! Batch norm and leaky ReLU follow every convolution but the last. The image's side is
//! `latent side x 2^(U - D + 1)`.

mod size;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::nn::{
    Block, Blocks, Conv, ConvConfig, ConvTransposeConfig, FrozenLayers, Precision, Statistics,
    UpBlock, bilinear_x2, concat, sigmoid_image,
};

/// What a configuration may ask for at most, far above any that was trained: more is a mistake, or a trap laid in a
/// file, and none of the sizes that follow from it overflows.
const MOST_LAYERS: usize = 16;
const WIDEST: usize = 1 << 16;

/// The widths of an hourglass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HourglassConfig {
    /// Widths of the halving convolutions; at least two, for the skips.
    pub down: Vec<usize>,
    /// Number of dilated convolutions at the lowest size.
    #[serde(default = "three")]
    pub mid: usize,
    /// Groups of the dilated convolutions; divides the last width of `down`.
    pub mid_groups: usize,
    /// Widths of the doubling convolutions; at least two, for the skips.
    pub up: Vec<usize>,
    /// Widths of the final convolutions; the last is 3, the image's channels.
    pub tail: Vec<usize>,
}

fn three() -> usize {
    3
}

impl HourglassConfig {
    /// Side of the image made from a latent of side `latent_side`.
    ///
    /// # Errors
    /// Widths that make no hourglass, or a latent that cannot be halved that often.
    pub fn image_side(&self, latent_side: usize) -> Result<usize> {
        self.check()?;
        let halved = latent_side >> self.down.len();
        if halved == 0 || halved << self.down.len() != latent_side {
            let problem = format!("{latent_side} cannot be halved {} times", self.down.len());
            return Err(Error::config(
                "latent.side",
                problem,
                "take a multiple, or fewer widths in generator.down",
            ));
        }
        Ok(halved << (self.up.len() + 1))
    }

    fn check(&self) -> Result<()> {
        let widths = [("down", &self.down), ("up", &self.up), ("tail", &self.tail)];
        for (key, list) in widths {
            let least = if key == "tail" { 1 } else { 2 };
            if list.len() < least || list.contains(&0) {
                let problem = format!("{list:?} is too short or holds a zero");
                let remedy = format!("give at least {least} positive widths");
                return Err(Error::config(format!("generator.{key}"), problem, remedy));
            }
            if list.len() > MOST_LAYERS || list.iter().any(|width| *width > WIDEST) {
                let problem = "it has too many widths, or too large ones";
                let remedy = format!("give at most {MOST_LAYERS}, none above {WIDEST}");
                return Err(Error::config(format!("generator.{key}"), problem, remedy));
            }
        }
        if self.mid > MOST_LAYERS {
            let problem = format!("{} are too many", self.mid);
            return Err(Error::config(
                "generator.mid",
                problem,
                format!("take at most {MOST_LAYERS}"),
            ));
        }
        if self.tail.last() != Some(&3) {
            let problem = format!("{:?} does not end in 3", self.tail);
            return Err(Error::config("generator.tail", problem, "an image has three channels"));
        }
        let lowest = self.down[self.down.len() - 1];
        if self.mid_groups == 0 || !lowest.is_multiple_of(self.mid_groups) {
            let problem = format!("{} does not divide the width {lowest}", self.mid_groups);
            return Err(Error::config("generator.mid_groups", problem, "take a divisor"));
        }
        Ok(())
    }

    /// The net for latents `[latent_channels, latent_side, latent_side]`, its weights drawn from `rng`.
    ///
    /// # Errors
    /// As [`image_side`](Self::image_side).
    pub fn init(
        &self,
        latent_channels: usize,
        latent_side: usize,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Result<Hourglass> {
        let side = self.image_side(latent_side)?;
        let conv = |config: ConvConfig, rng: &mut ChaCha8Rng| Block::init(config, rng, device);
        let chain = |first: usize, widths: &[usize]| -> Vec<[usize; 2]> {
            let inputs = std::iter::once(first).chain(widths.iter().copied());
            inputs.zip(widths.iter().copied()).map(|(input, output)| [input, output]).collect()
        };
        let lowest = self.down[self.down.len() - 1];
        let skips = [lowest, self.down[self.down.len() - 2]];
        let (inner, last) = self.tail.split_at(self.tail.len() - 1);
        let top = self.up[self.up.len() - 1];
        let before_last = inner.last().copied().unwrap_or(top);

        Ok(Hourglass {
            down: chain(latent_channels, &self.down)
                .into_iter()
                .map(|channels| conv(ConvConfig::halving(channels), rng))
                .collect(),
            mid: (0..self.mid)
                .map(|_| conv(ConvConfig::dilated(lowest, self.mid_groups), rng))
                .collect(),
            up: chain(lowest, &self.up)
                .into_iter()
                .enumerate()
                .map(|(i, [input, output])| {
                    let channels = [input + skips.get(i).copied().unwrap_or(0), output];
                    UpBlock::init(ConvTransposeConfig { channels }, rng, device)
                })
                .collect(),
            tail: chain(top, inner)
                .into_iter()
                .map(|channels| conv(ConvConfig::same(channels), rng))
                .collect(),
            last: ConvConfig::same([before_last, last[0]]).init(rng, device),
            side,
        })
    }
}

/// See the module and [`HourglassConfig`].
#[derive(Module, Debug)]
pub struct Hourglass {
    down: Vec<Block>,
    mid: Vec<Block>,
    up: Vec<UpBlock>,
    tail: Vec<Block>,
    last: Conv,
    side: usize,
}

impl Hourglass {
    /// `[B, C, h, w]` -> `[B, 3, H, W]` in (0, 1), with the running statistics.
    pub fn forward(&self, z: Tensor<4>) -> Tensor<4> {
        let layers = self.layers();
        self.shape().pass(z, &mut |at, x| layers[at].forward(x))
    }

    /// The same with each batch's own statistics, which are handed out in the order of the layers.
    pub fn forward_train(
        &self,
        z: Tensor<4>,
        precision: Precision,
    ) -> (Tensor<4>, Vec<Statistics>) {
        let (layers, mut all) = (self.layers(), Vec::new());
        let image = self.shape().pass(z, &mut |at, x| {
            let (y, statistics) = layers[at].forward_train(x, precision);
            all.extend(statistics);
            y
        });
        (image, all)
    }

    /// The net as it stands for those who only look through it; `None` off the CPU.
    pub fn frozen(&self, precision: Precision) -> Option<FrozenHourglass> {
        let device = self.devices().into_iter().next()?;
        let layers = self.layers().into_iter().zip(self.sides());
        let layers = FrozenLayers::of(layers, precision, &device)?;
        Some(FrozenHourglass { layers, shape: self.shape() })
    }

    fn shape(&self) -> Shape {
        let [down, mid, up] = [self.down.len(), self.mid.len(), self.up.len()];
        Shape { down, mid, up, tail: self.tail.len() }
    }

    /// Blends the statistics of [`forward_train`](Self::forward_train) into the running ones.
    pub fn update_running(&mut self, statistics: &[Statistics], momentum: f64) {
        let norms = (self.down.iter_mut().map(Block::norm_mut))
            .chain(self.mid.iter_mut().map(Block::norm_mut))
            .chain(self.up.iter_mut().map(UpBlock::norm_mut))
            .chain(self.tail.iter_mut().map(Block::norm_mut));
        for (norm, statistics) in norms.zip(statistics) {
            norm.update_running(statistics, momentum);
        }
    }

    /// Side of the images.
    pub fn image_side(&self) -> usize {
        self.side
    }

    /// All layers in the order in which an image passes them.
    fn layers(&self) -> Vec<Blocks<'_>> {
        let down = self.down.iter().chain(&self.mid).map(Blocks::Same);
        let up = self.up.iter().map(Blocks::Up);
        down.chain(up)
            .chain(self.tail.iter().map(Blocks::Same))
            .chain(std::iter::once(Blocks::Bare(&self.last)))
            .collect()
    }

    /// The side of the map that enters each layer.
    fn sides(&self) -> Vec<usize> {
        let (down, up) = (self.down.len(), self.up.len());
        let lowest = self.side >> (up + 1);
        let halving = (0..down).map(|at| lowest << (down - at));
        let doubling = (0..up).map(|at| lowest << at);
        halving
            .chain(self.mid.iter().map(|_| lowest))
            .chain(doubling)
            .chain((0..=self.tail.len()).map(|_| self.side))
            .collect()
    }
}

/// An hourglass that does not learn: its norms folded, its weights packed, nothing else kept of them.
#[derive(Debug, Clone)]
pub struct FrozenHourglass {
    layers: FrozenLayers,
    shape: Shape,
}

impl FrozenHourglass {
    /// `[B, C, h, w]` -> `[B, 3, H, W]` in (0, 1), with the running statistics.
    pub fn forward(&self, z: Tensor<4>) -> Tensor<4> {
        self.shape.pass(z, &mut |at, x| self.layers.forward(at, x))
    }
}

/// How many layers of each kind, the last one apart.
#[derive(Debug, Clone, Copy)]
struct Shape {
    down: usize,
    mid: usize,
    up: usize,
    tail: usize,
}

impl Shape {
    /// The way of an image; `layer` takes the place of a layer and what enters it.
    fn pass(self, z: Tensor<4>, layer: &mut dyn FnMut(usize, Tensor<4>) -> Tensor<4>) -> Tensor<4> {
        let Self { down, mid, up, tail } = self;
        let mut x = z;
        let mut skips = Vec::new();
        for at in 0..down + mid + up + tail + 1 {
            if (down + mid..down + mid + 2).contains(&at)
                && let Some(skip) = skips.pop()
            {
                x = concat(x, skip);
            }
            if at == down + mid + up {
                x = bilinear_x2(x);
            }
            x = layer(at, x);
            if at < down {
                skips.push(x.clone());
            }
        }
        sigmoid_image(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::state_of;
    use crate::runtime::stream;

    fn config(down: &[usize], groups: usize, up: &[usize], tail: &[usize]) -> HourglassConfig {
        HourglassConfig {
            down: down.to_vec(),
            mid: 3,
            mid_groups: groups,
            up: up.to_vec(),
            tail: tail.to_vec(),
        }
    }

    #[test]
    fn the_celeba_generator_has_38_696_224_parameters() {
        let config = config(&[256, 512, 1024], 512, &[512, 512, 256, 128], &[64, 32, 3]);
        let net = config.init(64, 32, &mut stream(0, "g"), &Device::flex()).unwrap();
        let state = state_of(&net);
        let learned = state.iter().filter(|(name, _)| !name.contains("running"));
        let count: usize = learned.map(|(_, data)| data.shape().iter().product::<usize>()).sum();
        assert_eq!((count, net.image_side()), (38_696_224, 128));
    }

    #[test]
    fn images_lie_between_0_and_1_and_have_the_stated_side() {
        let config = config(&[6, 8], 4, &[8, 6, 4], &[5, 3]);
        let net = config.init(3, 8, &mut stream(0, "g"), &Device::flex()).unwrap();
        let image = net.forward(Tensor::ones([2, 3, 8, 8], &Device::flex()));
        assert_eq!(image.dims(), [2, 3, 32, 32]);
        assert!(
            image.to_data().try_to_vec::<f32>().unwrap().iter().all(|x| (0.0..=1.0).contains(x))
        );
    }

    #[test]
    fn nonsense_is_an_error_that_names_the_key() {
        let message = |config: HourglassConfig| config.image_side(8).unwrap_err().to_string();
        assert!(message(config(&[8], 1, &[8, 8], &[3])).contains("generator.down"));
        assert!(message(config(&[8, 8], 3, &[8, 8], &[3])).contains("generator.mid_groups"));
        assert!(message(config(&[8, 8], 1, &[8, 8], &[4])).contains("generator.tail"));
        assert!(message(config(&[8; 4], 1, &[8, 8], &[3])).contains("latent.side"));
    }
}
