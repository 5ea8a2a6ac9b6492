//! Losses, one number per image, so that a result never depends on how images are batched.

mod laplacian;

use burn::tensor::Tensor;

pub use laplacian::{kernel_weight, laplacian_l1};

/// Mean squared error over channels and pixels, `[B, C, H, W]` twice -> `[B]`.
pub fn mse(x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
    let difference = x - y;
    per_image_mean(difference.clone() * difference)
}

/// The mean of each image's numbers, `[B, C, H, W]` -> `[B]`. Images are short enough rows that the sums
/// of an image run in one fixed order.
pub(crate) fn per_image_mean(x: Tensor<4>) -> Tensor<1> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels * height * width]).mean_dim(1).reshape([batch])
}
