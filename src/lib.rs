//! Learns a prior from one's own photos and mends damaged ones with it: latent convolutional models
//! (Athar, Burnaev, Lempitsky, ICLR 2019).
//!
//! ```text
//! folder --data--> photos --train--> (theta, one row phi per photo) --store--> model
//!
//! phi [B,P] --latent: f_phi(s)--> z [B,C,h,w] --generator: g_theta--> x^ [B,3,S,S] --loss(x^, x)--> one number per image
//!
//! damaged photo --restore: Evidence{y, A, E}--> min over phi of E(A(g(f_phi(s))) | y) --> x^ --> the photo, mended
//! ```
//!
//! | room | what is in it |
//! |---|---|
//! | [`config`] | presets, files, single keys: one checked configuration |
//! | [`error`] | one error: the value and the remedy |
//! | [`estimate`] | memory, disk and time before work starts; a guard against running out |
//! | [`event`] | what happens, for whoever listens; how to stop |
//! | [`runtime`] | device by name, random streams |
//! | [`image`] | files <-> pictures within limits, contact sheets, curves |
//! | [`data`] | photos of a folder, hold-out, order; data sets as they lie on disk, and what is in them twice; portraits that the program draws itself |
//! | [`nn`] | layers: convolutions, batch norm + leaky ReLU, resampling |
//! | [`latent`] | latent spaces: the ConvNet of the paper |
//! | [`generator`] | the hourglass |
//! | [`loss`] | Laplacian pyramid L1, MSE, per image |
//! | [`model`] | latent space + generator + what was drawn once |
//! | [`store`] | files that appear whole or not at all: rows, checkpoints, models |
//! | [`mod@train`] | the loop, and the folder of a run |
//! | [`degrade`] | the differentiable measurement, and what makes damaged copies |
//! | [`restore`] | evidence, energy, the fit of phi, paste-back; files in, files out |
//! | [`vgg16`] | VGG16's features of a picture, weights from a file of the user's |
//! | [`method`] | the systems that can be compared, and what needs no model |
//! | [`metric`] | measures, one number per image |
//! | [`mod@evaluate`] | damage, mend, compare with the truth |
//! | [`explore`] | between two photos; photos that never were |
//! | [`report`] | one self-contained page |

#![deny(unsafe_code)]

pub mod config;
pub mod data;
pub mod degrade;
pub mod error;
pub mod estimate;
pub mod evaluate;
pub mod event;
pub mod explore;
#[doc(hidden)]
pub mod fuzz;
pub mod generator;
mod guarded;
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
pub mod vgg16;

pub use error::{Error, Result};
pub use guarded::is_guarded;
pub use model::{Model, Prior};
