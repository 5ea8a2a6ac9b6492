//! Learns a prior from one's own photos and mends damaged ones with it: latent convolutional models
//! (Athar, Burnaev, Lempitsky, ICLR 2019).
//!
//! ```text
//! phi [B,P] --latent: f_phi(s)--> z [B,C,h,w] --generator: g_theta--> x^ [B,3,H,W] --loss(x^, x)--> one number per image
//! ```
//!
//! | room | what is in it |
//! |---|---|
//! | [`config`] | presets, files, single keys: one checked configuration |
//! | [`error`] | one error: the value and the remedy |
//! | [`runtime`] | device by name, random streams |
//! | [`image`] | files <-> pictures within limits, contact sheets, curves |
//! | [`degrade`] | the differentiable measurement, and what makes damaged copies |
//! | [`nn`] | layers: convolutions, batch norm + leaky ReLU, resampling |
//! | [`latent`] | latent spaces: the ConvNet of the paper |
//! | [`generator`] | the hourglass |
//! | [`loss`] | Laplacian pyramid L1, MSE, per image |
//! | [`model`] | latent space + generator + what was drawn once |
//! | [`store`] | files that appear whole or not at all |

pub mod config;
pub mod data;
pub mod degrade;
pub mod error;
pub mod event;
pub mod generator;
pub mod image;
pub mod latent;
pub mod loss;
pub mod method;
pub mod metric;
pub mod model;
pub mod nn;
pub mod report;
pub mod restore;
pub mod runtime;
pub mod store;
pub mod train;

pub use error::{Error, Result};
pub use model::Model;
