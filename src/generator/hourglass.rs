//! The hourglass with two skips (SPEC 1.3).
//!
//! ```text
//! z -> down (4x4 /2) x D -> mid (3x3, dilation 2, grouped) x M -> up (4x4 x2) x U -> bilinear x2 -> tail (3x3) -> sigmoid
//!                   |  '---- last down map ----- cat ----> up 0
//!                   '------- the one before ---- cat ----> up 1
//! ```
//! Batch norm and leaky ReLU follow every convolution but the last. The image's side is
//! `latent side x 2^(U - D + 1)`.

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::nn::{
    Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, NormAct, Resample, Statistics,
    align_corners_x2,
};

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
        let conv = |config: ConvConfig, rng: &mut ChaCha8Rng| ConvBlock {
            conv: config.init(rng, device),
            norm: NormAct::new(config.channels[1], device),
        };
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
                    UpBlock {
                        conv: ConvTransposeConfig { channels }.init(rng, device),
                        norm: NormAct::new(output, device),
                    }
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

/// A convolution with its norm.
#[derive(Module, Debug)]
struct ConvBlock {
    conv: Conv,
    norm: NormAct,
}

/// A transposed convolution with its norm.
#[derive(Module, Debug)]
struct UpBlock {
    conv: ConvTranspose,
    norm: NormAct,
}

/// See the module and [`HourglassConfig`].
#[derive(Module, Debug)]
pub struct Hourglass {
    down: Vec<ConvBlock>,
    mid: Vec<ConvBlock>,
    up: Vec<UpBlock>,
    tail: Vec<ConvBlock>,
    last: Conv,
    side: usize,
}

impl Hourglass {
    /// `[B, C, h, w]` -> `[B, 3, H, W]` in (0, 1), with the running statistics.
    pub fn forward(&self, z: Tensor<4>) -> Tensor<4> {
        self.pass(z, &mut |norm, x| norm.forward(x))
    }

    /// The same with each batch's own statistics, which are handed out in the order of the layers.
    pub fn forward_train(&self, z: Tensor<4>) -> (Tensor<4>, Vec<Statistics>) {
        let mut all = Vec::new();
        let image = self.pass(z, &mut |norm, x| {
            let (y, statistics) = norm.forward_train(x);
            all.push(statistics);
            y
        });
        (image, all)
    }

    /// Blends the statistics of [`forward_train`](Self::forward_train) into the running ones.
    pub fn update_running(&mut self, statistics: &[Statistics], momentum: f64) {
        let norms = (self.down.iter_mut().map(|block| &mut block.norm))
            .chain(self.mid.iter_mut().map(|block| &mut block.norm))
            .chain(self.up.iter_mut().map(|block| &mut block.norm))
            .chain(self.tail.iter_mut().map(|block| &mut block.norm));
        for (norm, statistics) in norms.zip(statistics) {
            norm.update_running(statistics, momentum);
        }
    }

    /// Side of the images.
    pub fn image_side(&self) -> usize {
        self.side
    }

    fn pass(
        &self,
        z: Tensor<4>,
        norm: &mut dyn FnMut(&NormAct, Tensor<4>) -> Tensor<4>,
    ) -> Tensor<4> {
        let mut x = z;
        let mut skips = Vec::new();
        for block in &self.down {
            x = norm(&block.norm, block.conv.forward(x));
            skips.push(x.clone());
        }
        for block in &self.mid {
            x = norm(&block.norm, block.conv.forward(x));
        }
        for (i, block) in self.up.iter().enumerate() {
            if i < 2
                && let Some(skip) = skips.pop()
            {
                x = Tensor::cat(vec![x, skip], 1);
            }
            x = norm(&block.norm, block.conv.forward(x));
        }
        let [_, _, height, width] = x.dims();
        let double = [align_corners_x2(height), align_corners_x2(width)];
        x = Resample::new(&double[0], &double[1], &x.device()).forward(x);
        for block in &self.tail {
            x = norm(&block.norm, block.conv.forward(x));
        }
        sigmoid(self.last.forward(x))
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
