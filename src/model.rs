//! A model: the latent space with its fixed input and start, and the generator.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::config::Config;
use crate::error::Result;
use crate::generator::Generator;
use crate::latent::{Fixed, LatentSpace};
use crate::nn::FrozenLayers;
use crate::runtime::stream;

/// `phi [B, P] -> image [B, 3, H, W]`, with the configuration it was made from.
#[derive(Debug)]
pub struct Model {
    pub config: Config,
    pub fixed: Fixed,
    pub latent: Box<dyn LatentSpace>,
    pub generator: Generator,
    pub device: Device,
    /// The generator's layers when it does not learn any more.
    layers: Option<FrozenLayers>,
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
        Ok(Self {
            config: config.clone(),
            fixed,
            latent,
            generator,
            device: device.clone(),
            layers: None,
        })
    }

    /// The same with theta held constant, on a device with gradients: what restoration starts from.
    pub fn frozen(mut self) -> Result<Self> {
        self.device = self.device.autodiff();
        self.latent = self.config.latent.init(&self.fixed, &self.device)?;
        self.generator = self.generator.train().no_grad();
        self.layers = self.generator.frozen_layers();
        Ok(self)
    }

    /// Rows on the model's device, `[B, P]`.
    pub fn rows(&self, numbers: Vec<f32>) -> Tensor<2> {
        let length = self.latent.row_len();
        let batch = numbers.len() / length;
        Tensor::from_data(TensorData::new(numbers, [batch, length]), &self.device)
    }

    /// Images of rows, with the running statistics, `[B, P]` -> `[B, 3, H, W]`.
    pub fn render(&self, rows: Tensor<2>) -> Tensor<4> {
        let z = self.latent.decode(rows);
        match &self.layers {
            Some(layers) => self.generator.forward_frozen(z, layers),
            None => self.generator.forward(z),
        }
    }

    /// Side of the images.
    pub fn side(&self) -> usize {
        self.config.size
    }
}
