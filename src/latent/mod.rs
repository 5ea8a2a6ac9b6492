//! Latent spaces: what one row of numbers per image stands for.
//!
//! ```text
//! phi [B, P] --LatentSpace::decode--> z [B, C, h, w] --Generator--> image
//! ```

mod convnet;

use std::fmt::Debug;

use burn::tensor::Tensor;

pub use convnet::{ConvNet, ConvNetConfig};

/// A latent space has no learned weights of its own: what is learned lies in the rows.
pub trait LatentSpace: Debug + Send + Sync {
    /// Numbers per image, P.
    fn row_len(&self) -> usize;

    /// `[C, h, w]` as handed to the generator.
    fn latent_shape(&self) -> [usize; 3];

    /// `[B, P]` -> `[B, C, h, w]`; a row's latent depends on that row alone.
    fn decode(&self, rows: Tensor<2>) -> Tensor<4>;

    /// The nearest rows inside the space's box, ball, or whole space, `[B, P]` -> `[B, P]`.
    fn project(&self, rows: Tensor<2>) -> Tensor<2>;
}
