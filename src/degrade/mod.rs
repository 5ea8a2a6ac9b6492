//! What was done to an image: the differentiable A of the likelihood, and what makes damaged copies.
//!
//! ```text
//! restore:   x^ [B,3,H,W] --Degradation::apply--> A(x^) [B,c,h,w] --energy against y--> a number per image
//!                 ^---------Degradation::lift---------'     (for a person to look at)
//! measure:   Picture --Corruption::corrupt(rng)--> damaged Picture
//! text:      "center:50" --parse--> Hole --known(H, W, seed)--> [bool] --> Mask
//! ```
//!
//! | file | A(x) | adjoint |
//! |---|---|---|
//! | identity.rs | x: evidence of noise and JPEG, whose damage is not modelled | y |
//! | mask.rs | m x, known pixels only | m y |
//! | resample.rs | Lanczos-3 down to any size | transposed matrices |
//! | colour.rs | (R + G + B) / 3 | y / 3 three times |
//! | blur.rs | Gaussian blur | transposed matrices |
//! | features.rs | a map of VGG16, over its size: feature inversion | none: not linear |
//! | compose.rs | A2(A1(x)) | A1'(A2'(y)) |
//! | hole.rs | which pixels are missing, from text | - |
//! | corruption/ | noise, JPEG, shrink, grey, hole: damaged copies | - |
//!
//! To add a degradation: a file with its operator here, a line in the list of `laws.rs`, and the suite is earned.

mod blur;
mod colour;
mod compose;
mod corruption;
mod features;
mod hole;
mod identity;
#[cfg(test)]
mod laws;
mod mask;
mod resample;

use std::fmt::Debug;

use burn::tensor::Tensor;

pub use blur::Blur;
pub use colour::Colour;
pub use compose::Compose;
pub use corruption::{Corruption, Grey, Jpeg, Noise, Punch, Shrink};
pub use features::Features;
pub use hole::{Extent, Hole, Side};
pub use identity::Identity;
pub use mask::Mask;
pub use resample::Lanczos;

/// A measurement of an image. An operator owns all that it needs (mask, kernel, sizes), so no caller asks its name.
///
/// What it owns lies on the plain device, even when it was built for an autodiff one: beside a tracked image it is a
/// constant, and a plain image gives plain evidence. One operator serves both.
///
/// `H` and `W` are those the operator was built for; another size is a mistake of the program and panics inside the
/// tensor operation, as every shape mismatch does. Operators that treat the channels alike (all but [`Colour`]) take
/// any number of them and give back as many, which is what lets them follow `Colour` in a [`Compose`].
pub trait Degradation: Debug + Send + Sync {
    /// `[B, 3, H, W]` -> evidence `[B, c, h, w]`. Differentiable; an image's evidence depends on that image alone.
    fn apply(&self, image: Tensor<4>) -> Tensor<4>;

    /// Evidence as a picture of the image's size, `[B, c, h, w]` -> `[B, 3, H, W]`: what a person looks at. It is a
    /// view, not an inverse.
    fn lift(&self, evidence: Tensor<4>) -> Tensor<4>;

    /// A' of a linear A, `[B, c, h, w]` -> `[B, 3, H, W]` with `<A x, y> = <x, A' y>`; `None` where A is not linear.
    fn adjoint(&self, _evidence: Tensor<4>) -> Option<Tensor<4>> {
        None
    }
}
