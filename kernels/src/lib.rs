//! CPU kernels for the networks of lacuna, in f32; convolutions also of operands in bf16.
//!
//! ```text
//! lanes.rs      vectors and instruction sets: portable, AVX2, AVX-512, AVX512-BF16, chosen at run time
//! bf16.rs       numbers rounded to bf16, two in the place of one
//! parts.rs      work split among threads without a result that depends on their number
//! pool.rs       buffers used again
//! plan.rs       a convolution as lists of pixels: stride, border, dilation, phases
//! pack.rs       weights in the order of the register tile
//! tile.rs       that tile
//! gather.rs     its loop: forward passes and input gradients
//! panels.rs     a map's channels in blocks
//! pixels.rs     two pixels in the place of one, for weight gradients in bf16
//! weight.rs     weight gradients
//! winograd.rs   3x3 convolutions with fewer multiplications
//! conv.rs       convolutions by these
//! grouped.rs    convolutions in many small groups
//! norm.rs       batch norm and leaky ReLU, forward and backward
//! leaky.rs      the leaky ReLU and the plain one by themselves
//! max_pool.rs   half the height and width, the largest of four
//! latent.rs     the latent ConvNet, a whole net for each image
//! bilinear.rs   twice the height and width, align_corners, and its adjoint
//! layout.rs     channels last and first, joined and split; the sigmoid on the way out
//! laplacian.rs  the loss of images and its gradient: a Laplacian pyramid and a squared error
//! pyramid.rs    a level of that pyramid, forwards and backwards
//! sgd.rs        the step of plain SGD, with a box for rows of weights
//! peak.rs       what the processor can do at most
//! ```
//! Maps are channels-last, `[B, H, W, C]` row-major, images channels-first, `[B, C, H, W]`; every function takes
//! plain slices and a [`Level`].
//! Results are the same bytes for any number of threads: a number is computed by one thread, its terms in a fixed
//! order, or from partial sums whose number follows from the shape alone.

mod bf16;
mod bilinear;
mod conv;
mod gather;
mod grouped;
mod lanes;
mod laplacian;
mod latent;
mod layout;
mod leaky;
mod max_pool;
mod norm;
mod pack;
mod panels;
mod parts;
mod peak;
mod pixels;
mod plan;
mod pool;
mod pyramid;
mod sgd;
mod tile;
mod weight;
mod winograd;

pub use bf16::{Precision, bf16};
pub use bilinear::{bilinear_x2, bilinear_x2_backward};
pub use conv::convolve;
pub use gather::Epilogue;
pub use lanes::Level;
pub use laplacian::{
    LossShape, LossWeights, Pyramid, kernel_weight, loss, loss_and_gradient, scale_images,
};
pub use latent::{LatentNet, LatentTape, latent_backward, latent_forward, latent_forward_recorded};
pub use layout::{
    concat, sigmoid_backward, sigmoid_to_channels_first, split, to_channels_first, to_channels_last,
};
pub use leaky::{SLOPE, leaky_backward, relu_backward};
pub use max_pool::{max_pool, max_pool_backward};
pub use norm::{Moments, norm_act, norm_act_backward};
pub use pack::{Packed, WeightStrides};
pub use peak::fma_peak;
pub use plan::{ConvShape, Pass};
pub use pool::{give, poison, release, take};
pub use sgd::{sgd, sgd_clamp};
pub use weight::conv_weight_gradient;
