//! Losses, one number per image, so that a result never depends on how images are batched.

mod laplacian;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::nn::cpu;

pub use laplacian::{Pyramid, kernel_weight, laplacian_l1};

/// `laplacian * LapL1 + mse * MSE`, both weights 1 in the paper (SPEC 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossConfig {
    pub laplacian: f64,
    pub mse: f64,
    pub pyramid: Pyramid,
}

impl LossConfig {
    /// The loss of each image `x` against its target `y`, `[B, C, H, W]` twice -> `[B]`. The target is a constant:
    /// it gets no gradient.
    pub fn per_image(&self, x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
        if cpu::is_here(&x.device()) {
            return cpu::image_loss(x, y, *self, None);
        }
        let y = y.detach();
        let squared = mse(x.clone(), y.clone()).mul_scalar(self.mse);
        if self.laplacian == 0.0 {
            return squared;
        }
        laplacian_l1(x, y, self.pyramid).mul_scalar(self.laplacian) + squared
    }
}

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
