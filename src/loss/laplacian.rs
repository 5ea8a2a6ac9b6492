//! LapL1: the L1 distance of two Laplacian pyramids (SPEC 2.2, as published).
//!
//! ```text
//! d = x - y;  for j = 0, 1, 2:  G = K * d (zero padding 2),  L_j = d - G,  d = avgpool2x2(G);   L_3 = d
//! LapL1 = sum_j 4^-j mean|L_j|
//! ```
//! The pyramid is linear, so one is built, of the difference. `K(i,j)` is proportional to
//! `e(i) + e(j)` with `e(d) = exp(-d^2 / 4)`: a sum, not the product that a Gaussian would be.

use burn::tensor::Tensor;
use burn::tensor::TensorData;
use burn::tensor::module::{avg_pool2d, conv2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions};

use serde::{Deserialize, Serialize};

use super::per_image_mean;

const SIDE: usize = 5;
const LEVELS: usize = 3;

/// The smoothing kernel of the pyramid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pyramid {
    /// `e(i) + e(j)`, of the published program.
    #[default]
    Published,
    /// The classical binomial `[1 4 6 4 1] / 16` in rows and columns.
    BurtAdelson,
}

impl From<Pyramid> for lacuna_kernels::Pyramid {
    fn from(pyramid: Pyramid) -> Self {
        match pyramid {
            Pyramid::Published => Self::Published,
            Pyramid::BurtAdelson => Self::BurtAdelson,
        }
    }
}

/// The normalised kernel at row `i` and column `j`, both 0..5.
pub fn kernel_weight(pyramid: Pyramid, i: usize, j: usize) -> f32 {
    lacuna_kernels::kernel_weight(pyramid.into(), i, j)
}

/// LapL1 of each image, `[B, C, H, W]` twice -> `[B]`; H and W at least 8.
pub fn laplacian_l1(x: Tensor<4>, y: Tensor<4>, pyramid: Pyramid) -> Tensor<1> {
    let mut d = x - y;
    let kernel: Vec<f32> =
        (0..SIDE * SIDE).map(|at| kernel_weight(pyramid, at / SIDE, at % SIDE)).collect();
    let kernel = Tensor::<4>::from_data(TensorData::new(kernel, [1, 1, SIDE, SIDE]), &d.device());

    let mut loss = None;
    for level in 0..=LEVELS {
        let (band, next) = if level < LEVELS {
            let smooth = blur(d.clone(), kernel.clone());
            (d - smooth.clone(), halve(smooth))
        } else {
            (d.clone(), d)
        };
        let term = per_image_mean(band.abs()).mul_scalar(0.25f64.powi(level as i32));
        loss = Some(match loss {
            Some(sum) => sum + term,
            None => term,
        });
        d = next;
    }
    loss.expect("a pyramid has at least one level")
}

/// `K * d` in every channel with zero padding.
fn blur(d: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = d.dims();
    let planes = d.reshape([batch * channels, 1, height, width]);
    let options = ConvOptions::new([1, 1], [2, 2], [1, 1], 1);
    conv2d(planes, kernel, None, options).reshape([batch, channels, height, width])
}

/// The mean of every 2x2 block; an odd last row or column is dropped.
fn halve(d: Tensor<4>) -> Tensor<4> {
    avg_pool2d(d, AvgPoolOptions { stride: [2, 2], ..AvgPoolOptions::new([2, 2]) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_kernel_is_the_published_one() {
        // SPEC 2.2: normalised centre 0.060728, corner 0.022341.
        assert!((kernel_weight(Pyramid::Published, 2, 2) - 0.060_728).abs() < 1e-6);
        assert!((kernel_weight(Pyramid::Published, 0, 4) - 0.022_341).abs() < 1e-6);
        for pyramid in [Pyramid::Published, Pyramid::BurtAdelson] {
            let sum: f32 = (0..25).map(|at| kernel_weight(pyramid, at / 5, at % 5)).sum();
            assert!((sum - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn equal_images_cost_nothing_and_an_offset_costs_more_the_larger_it_is() {
        let device = Device::flex();
        let flat = |value: f32| Tensor::<4>::full([2, 3, 16, 16], value, &device);
        let cost = |a, b| {
            laplacian_l1(flat(a), flat(b), Pyramid::Published)
                .to_data()
                .try_to_vec::<f32>()
                .unwrap()
        };
        assert_eq!(cost(0.4, 0.4), [0.0, 0.0]);
        assert!(cost(0.4, 0.5)[0] < cost(0.4, 0.7)[0]);
    }
}
