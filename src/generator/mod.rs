//! Generators: the one learned net g that turns any image's latent into that image.

mod hourglass;

pub use hourglass::{Hourglass, HourglassConfig};
