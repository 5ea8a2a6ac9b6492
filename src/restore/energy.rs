//! The energy of a restoration: how far the model's image, once degraded, is from the evidence (SPEC 3).
//!
//! ```text
//! E(A(x) | y) = a LapL1(A(x), y) + b MSE(w A(x), w y)
//! ```
//! Masked pixels are zero on both sides, and the means run over all pixels.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use crate::loss::{LossConfig, laplacian_l1, mse};
use crate::nn::cpu;

/// See the module.
#[derive(Debug, Clone)]
pub struct Energy {
    loss: LossConfig,
    /// w, `[1, 1, h, w]`; 1 everywhere when absent.
    weight: Option<(Tensor<4>, Arc<Vec<f32>>)>,
}

impl Energy {
    /// `loss` with its own weights of LapL1 and MSE.
    pub fn new(loss: LossConfig) -> Self {
        Self { loss, weight: None }
    }

    /// The squared error alone.
    pub fn squared(loss: LossConfig) -> Self {
        Self::new(LossConfig { laplacian: 0.0, mse: 1.0, ..loss })
    }

    /// LapL1 + MSE where the evidence is an image of 16 pixels or more, else MSE: smaller ones have no pyramid.
    pub fn for_side(loss: LossConfig, side: usize) -> Self {
        if side >= 16 { Self::new(loss) } else { Self::squared(loss) }
    }

    /// The squared error weighted by `weight`, `[h, w]` row-major.
    #[must_use]
    pub fn weighted(self, weight: Vec<f32>, size: [usize; 2], device: &Device) -> Self {
        let host = Arc::new(weight.clone());
        let weight = TensorData::new(weight, [1, 1, size[0], size[1]]);
        Self { weight: Some((Tensor::from_data(weight, device), host)), ..self }
    }

    /// E of each image: `predicted` `[B, c, h, w]` against `measured` `[1 or B, c, h, w]`, `[B]`.
    pub fn of(&self, predicted: Tensor<4>, measured: Tensor<4>) -> Tensor<1> {
        let measured = measured.expand(predicted.dims());
        if cpu::is_here(&predicted.device()) {
            let weight = self.weight.as_ref().map(|(_, host)| host.clone());
            return cpu::image_loss(predicted, measured, self.loss, weight);
        }
        let squared = match &self.weight {
            None => mse(predicted.clone(), measured.clone()),
            Some((weight, _)) => {
                mse(predicted.clone() * weight.clone(), measured.clone() * weight.clone())
            }
        };
        let squared = squared.mul_scalar(self.loss.mse);
        if self.loss.laplacian == 0.0 {
            return squared;
        }
        let pyramid = laplacian_l1(predicted, measured, self.loss.pyramid);
        pyramid.mul_scalar(self.loss.laplacian) + squared
    }
}

/// The weights of the published inpainting: `weight` on the known pixels within `pixels` of the hole (a square
/// neighbourhood), 1 elsewhere. `known` `[height, width]`.
pub fn ring(known: &[bool], height: usize, width: usize, pixels: usize, weight: f32) -> Vec<f32> {
    // A square neighbourhood is a row neighbourhood of a column neighbourhood.
    let spread = |near: &[bool], along_rows: bool| -> Vec<bool> {
        let mut out = vec![false; near.len()];
        for y in 0..height {
            for x in 0..width {
                let (at, end) = if along_rows { (x, width) } else { (y, height) };
                out[y * width + x] = (at.saturating_sub(pixels)
                    ..at.saturating_add(pixels).saturating_add(1).min(end))
                    .any(|i| if along_rows { near[y * width + i] } else { near[i * width + x] });
            }
        }
        out
    };
    let missing: Vec<bool> = known.iter().map(|known| !known).collect();
    let near = spread(&spread(&missing, true), false);
    let weights = near.iter().zip(known);
    weights.map(|(&near, &known)| if near && known { weight } else { 1.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_is_the_known_pixels_around_the_hole() {
        let known: Vec<bool> = (0..49).map(|at| at != 24).collect();
        let weights = ring(&known, 7, 7, 2, 5.0);
        for (at, &weight) in weights.iter().enumerate() {
            let (y, x) = ((at / 7) as i32 - 3, (at % 7) as i32 - 3);
            let in_ring = x.abs().max(y.abs()) <= 2 && (x, y) != (0, 0);
            assert_eq!(weight, if in_ring { 5.0 } else { 1.0 });
        }
    }
}
