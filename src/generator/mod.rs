//! Generators: the one learned net g that turns any image's latent into that image.

mod hourglass;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use hourglass::{FrozenHourglass, Hourglass, HourglassConfig};

use crate::error::Result;
use crate::nn::{Precision, State, Statistics, load_state, state_of};

/// Every generator by its kind: config, registry and constructor in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GeneratorConfig {
    /// The paper's hourglass with two skips.
    Hourglass(HourglassConfig),
}

/// The maps that one image leaves in memory on its way through a net, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// Outputs of convolutions, each of which a norm follows.
    pub normed: usize,
    /// Outputs of what has no norm: concatenations, enlargements.
    pub bare: usize,
}

impl GeneratorConfig {
    /// Learned numbers, for latents `[C, h, w]`.
    pub fn parameters(&self, latent: [usize; 3]) -> usize {
        match self {
            Self::Hourglass(config) => config.parameters(latent[0]),
        }
    }

    /// Its tensors by name, as [`Generator::state`], with their shapes, from the widths alone.
    pub fn shapes(&self, latent: [usize; 3]) -> Vec<(String, Vec<usize>)> {
        match self {
            Self::Hourglass(config) => config.shapes(latent[0]),
        }
    }

    /// What one image leaves in memory, for a latent of side `latent_side`.
    pub fn footprint(&self, latent_side: usize) -> Footprint {
        match self {
            Self::Hourglass(config) => config.footprint(latent_side),
        }
    }

    /// Side of the image made from a latent of side `latent_side`.
    ///
    /// # Errors
    /// Widths that make no net, or a latent that does not fit them.
    pub fn image_side(&self, latent_side: usize) -> Result<usize> {
        match self {
            Self::Hourglass(config) => config.image_side(latent_side),
        }
    }

    /// The net for latents `[C, h, w]`, its weights drawn from `rng`.
    ///
    /// # Errors
    /// As [`image_side`](Self::image_side).
    pub fn init(
        &self,
        latent: [usize; 3],
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Result<Generator> {
        match self {
            Self::Hourglass(config) => {
                Ok(Generator::Hourglass(config.init(latent[0], latent[1], rng, device)?))
            }
        }
    }
}

/// A generator of any kind; burn's `Module` cannot be a trait object, so it is an enum.
#[derive(Module, Debug)]
pub enum Generator {
    Hourglass(Hourglass),
}

impl Generator {
    /// `[B, C, h, w]` -> `[B, 3, H, W]` in (0, 1), with the running statistics.
    pub fn forward(&self, z: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Hourglass(net) => net.forward(z),
        }
    }

    /// The same with the batch's own statistics, which are handed out in the order of the layers; `precision` counts on
    /// the CPU alone.
    pub fn forward_train(
        &self,
        z: Tensor<4>,
        precision: Precision,
    ) -> (Tensor<4>, Vec<Statistics>) {
        match self {
            Self::Hourglass(net) => net.forward_train(z, precision),
        }
    }

    /// The same net with theta held constant; `precision` counts on the CPU alone.
    pub fn frozen(self, precision: Precision) -> FrozenGenerator {
        let kernels = match &self {
            Self::Hourglass(net) => net.frozen(precision),
        };
        match kernels {
            Some(net) => FrozenGenerator::Hourglass(net),
            None => FrozenGenerator::Operations(self.train().no_grad()),
        }
    }

    /// All tensors by name, as [`state_of`]: `down.0.conv.weight`, without the kind of the generator.
    pub fn state(&self) -> State {
        match self {
            Self::Hourglass(net) => state_of(net),
        }
    }

    /// The same net with the tensors of `state`.
    ///
    /// # Errors
    /// As [`load_state`].
    pub fn load(self, state: &State) -> Result<Self, String> {
        match self {
            Self::Hourglass(net) => load_state(net, state).map(Self::Hourglass),
        }
    }

    /// Blends `statistics` into the running ones: `running = (1 - momentum) running + momentum statistics`.
    pub fn update_running(&mut self, statistics: &[Statistics], momentum: f64) {
        match self {
            Self::Hourglass(net) => net.update_running(statistics, momentum),
        }
    }
}

/// A generator that does not learn any more.
#[derive(Debug)]
pub enum FrozenGenerator {
    /// An hourglass on the CPU kernels.
    Hourglass(FrozenHourglass),
    /// Any generator by burn's operations.
    Operations(Generator),
}

impl FrozenGenerator {
    /// `[B, C, h, w]` -> `[B, 3, H, W]` in (0, 1), with the running statistics.
    pub fn forward(&self, z: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Hourglass(net) => net.forward(z),
            Self::Operations(net) => net.forward(z),
        }
    }
}
