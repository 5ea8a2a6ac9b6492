//! Latent spaces: what one row of numbers per image stands for.
//!
//! ```text
//! phi [B, P] --LatentSpace::decode--> z [B, C, h, w] --Generator--> image
//! ```

mod convnet;

use std::fmt::Debug;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

pub use convnet::{Clamp, ConvNet, ConvNetConfig};

use crate::error::Result;

/// Every latent space by its kind: config, registry and constructor in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LatentConfig {
    /// The paper's: a small ConvNet of its own for every image.
    Convnet(ConvNetConfig),
}

impl LatentConfig {
    /// `[C, h, w]` as handed to the generator.
    pub fn shape(&self) -> [usize; 3] {
        match self {
            Self::Convnet(config) => config.latent_shape(),
        }
    }

    /// Numbers per image, P.
    pub fn row_len(&self) -> usize {
        match self {
            Self::Convnet(config) => config.row_len(),
        }
    }

    /// Numbers that one image's maps leave in memory while it is decoded.
    pub fn footprint(&self) -> usize {
        match self {
            Self::Convnet(config) => config.footprint(),
        }
    }

    /// Numbers in the fixed input s.
    pub fn input_len(&self) -> usize {
        match self {
            Self::Convnet(config) => config.input_len(),
        }
    }

    /// Checks the values that the types cannot.
    ///
    /// # Errors
    /// The first key with a value outside its range.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Convnet(config) => config.check(),
        }
    }

    /// What belongs to the model besides theta, drawn from `seed`: the fixed input and the shared start.
    pub fn draw(&self, seed: u64) -> Fixed {
        match self {
            Self::Convnet(config) => {
                Fixed { s: config.draw_input(seed), start: config.draw_start(seed) }
            }
        }
    }

    /// The space around `fixed`.
    ///
    /// # Errors
    /// As [`check`](Self::check), or a fixed input of another length.
    pub fn init(&self, fixed: &Fixed, device: &Device) -> Result<Box<dyn LatentSpace>> {
        match self {
            Self::Convnet(config) => Ok(Box::new(config.init(fixed.s.clone(), device)?)),
        }
    }
}

/// Numbers drawn once and kept with the model, never re-drawn (SPEC 1.1, 1.4).
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// The fixed input s, row-major.
    pub s: Vec<f32>,
    /// The row every image starts from, `[P]`.
    pub start: Vec<f32>,
}

/// A latent space has no learned weights of its own: what is learned lies in the rows.
pub trait LatentSpace: Debug + Send + Sync {
    /// Numbers per image, P.
    fn row_len(&self) -> usize;

    /// `[C, h, w]` as handed to the generator.
    fn latent_shape(&self) -> [usize; 3];

    /// `[B, P]` -> `[B, C, h, w]`; a row's latent depends on that row alone.
    fn decode(&self, rows: Tensor<2>) -> Tensor<4>;

    /// `project(rows - lr * gradient)`, all without gradients.
    fn step(&self, rows: Tensor<2>, gradient: Tensor<2>, lr: f64) -> Tensor<2> {
        self.project(rows - gradient.mul_scalar(lr))
    }

    /// The nearest rows inside the space's box, ball, or whole space, `[B, P]` -> `[B, P]`.
    fn project(&self, rows: Tensor<2>) -> Tensor<2>;
}
