//! Layers that the models are built of: convolutions, batch norm with leaky ReLU, resampling.
//!
//! ```text
//! conv.rs      Conv (k4 s2, 3x3, dilated, grouped), ConvTranspose (k4 s2), one 3x3 net per image
//! norm.rs      BatchNorm + LeakyReLU(0.2), statistics handed out, never hidden
//! resample.rs  a linear resampling of rows and columns as two small matrices
//! layer.rs     a convolution with its norm: learning, or frozen
//! relu.rs      a convolution with bias and ReLU that does not learn; the largest of four
//! precision.rs what convolutions multiply: f32, or bf16
//! cpu/         the CPU kernels under these layers; elsewhere they are burn's operations
//! profile.rs   where a step's time goes
//! state.rs     a module's tensors by name, and back
//! ```

mod conv;
pub(crate) mod cpu;
mod layer;
mod norm;
mod precision;
#[doc(hidden)]
pub mod profile;
mod relu;
mod resample;
mod state;

pub use conv::{Conv, ConvConfig, ConvTranspose, ConvTransposeConfig, per_image_conv3x3};
pub use layer::{Block, Blocks, FrozenLayers, UpBlock, concat, sigmoid_image};
pub use norm::{BATCH_NORM_EPSILON, LEAKY_SLOPE, NormAct, Statistics, instance_norm_act};
pub use precision::Precision;
pub use relu::{ConvRelu, ConvReluConfig, max_pool};
pub use resample::{Resample, Weights, align_corners_x2, bilinear_x2, lanczos};
pub use state::{State, load_state, state_of};
