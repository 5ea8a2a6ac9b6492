//! A model: the latent space with its fixed input and start, and the generator.

use burn::tensor::{Device, Tensor, TensorData};

use crate::config::Config;
use crate::error::Result;
use crate::generator::{FrozenGenerator, Generator};
use crate::latent::{Fixed, LatentSpace};
use crate::runtime::stream;

/// `phi [B, P] -> image [B, 3, H, W]`, with the configuration it was made from.
#[derive(Debug)]
pub struct Model {
    pub config: Config,
    pub fixed: Fixed,
    pub latent: Box<dyn LatentSpace>,
    pub generator: Generator,
    pub device: Device,
}

impl Model {
    /// A fresh model, its weights, fixed input and shared start drawn from `config.train.seed`.
    ///
    /// # Errors
    /// A configuration that makes no model.
    pub fn draw(config: &Config, device: &Device) -> Result<Self> {
        Self::with_fixed(config, config.latent.draw(config.train.seed), device)
    }

    /// A model around `fixed`, its weights still to be loaded.
    pub(crate) fn with_fixed(config: &Config, fixed: Fixed, device: &Device) -> Result<Self> {
        config.check()?;
        let latent = config.latent.init(&fixed, device)?;
        let mut rng = stream(config.train.seed, "generator");
        let generator = config.generator.init(config.latent.shape(), &mut rng, device)?;
        Ok(Self { config: config.clone(), fixed, latent, generator, device: device.clone() })
    }

    /// What restoration starts from: theta held constant, on a device with gradients.
    ///
    /// # Errors
    /// A configuration that makes no latent space, or a precision that the device has not.
    pub fn frozen(self) -> Result<Prior> {
        let precision = self.config.restore.precision;
        precision.check(&self.device)?;
        let device = self.device.autodiff();
        let latent = self.config.latent.init(&self.fixed, &device)?;
        let (config, fixed, generator) =
            (self.config, self.fixed, self.generator.frozen(precision));
        Ok(Prior { config, fixed, latent, generator, device })
    }

    /// Rows on the model's device, `[B, P]`.
    pub fn rows(&self, numbers: Vec<f32>) -> Tensor<2> {
        rows(numbers, self.latent.row_len(), &self.device)
    }

    /// Images of rows, with the running statistics, `[B, P]` -> `[B, 3, H, W]`.
    pub fn render(&self, rows: Tensor<2>) -> Tensor<4> {
        self.generator.forward(self.latent.decode(rows))
    }

    /// Side of the images.
    pub fn side(&self) -> usize {
        self.config.size
    }
}

/// A model that only mends: theta is constant, so the generator is kept in the form in which it runs fastest, and in no
/// other.
#[derive(Debug)]
pub struct Prior {
    pub config: Config,
    pub fixed: Fixed,
    pub latent: Box<dyn LatentSpace>,
    pub generator: FrozenGenerator,
    /// With gradients.
    pub device: Device,
}

impl Prior {
    /// Rows on the model's device, `[B, P]`.
    pub fn rows(&self, numbers: Vec<f32>) -> Tensor<2> {
        rows(numbers, self.latent.row_len(), &self.device)
    }

    /// As [`Model::render`].
    pub fn render(&self, rows: Tensor<2>) -> Tensor<4> {
        self.generator.forward(self.latent.decode(rows))
    }
}

fn rows(numbers: Vec<f32>, length: usize, device: &Device) -> Tensor<2> {
    let batch = numbers.len() / length;
    Tensor::from_data(TensorData::new(numbers, [batch, length]), device)
}
