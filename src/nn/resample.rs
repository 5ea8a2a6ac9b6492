//! A linear resampling of a picture: one matrix for its rows, one for its columns.
//!
//! ```text
//! y[c] = R x[c] C'        R [H', H], C [W', W]
//! ```
//! Both matrices are small and dense; the product is differentiable as it stands, its adjoint is the
//! product with the transposed matrices, and its sums run in a fixed order.

use burn::tensor::{Device, Tensor, TensorData};

use super::cpu;

/// See the module.
#[derive(Debug, Clone)]
pub struct Resample {
    rows: Tensor<2>,
    columns: Tensor<2>,
}

impl Resample {
    /// `rows` `[H', H]` and `columns` `[W', W]`, row-major, as made by [`lanczos`] or [`align_corners_x2`].
    pub fn new(rows: &Weights, columns: &Weights, device: &Device) -> Self {
        Self { rows: rows.tensor(device), columns: columns.tensor(device) }
    }

    /// `[B, C, H, W]` -> `[B, C, H', W']`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        product(x, self.rows.clone(), self.columns.clone())
    }

    /// The adjoint, `[B, C, H', W']` -> `[B, C, H, W]`.
    pub fn adjoint(&self, y: Tensor<4>) -> Tensor<4> {
        product(y, self.rows.clone().transpose(), self.columns.clone().transpose())
    }
}

/// `rows x columns'` in every channel.
fn product(x: Tensor<4>, rows: Tensor<2>, columns: Tensor<2>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let [out_height, out_width] = [rows.dims()[0], columns.dims()[0]];
    let planes = batch * channels;
    // Every plane is its own small product, so that a plane's result never depends on its company.
    let x = x.reshape([planes, height, width]);
    let columns = columns.transpose().unsqueeze::<3>().expand([planes, width, out_width]);
    let rows = rows.unsqueeze::<3>().expand([planes, out_height, height]);
    rows.matmul(x.matmul(columns)).reshape([batch, channels, out_height, out_width])
}

/// Bilinear doubling with aligned corners, `[B, C, H, W]` -> `[B, C, 2H, 2W]`.
pub fn bilinear_x2(x: Tensor<4>) -> Tensor<4> {
    let device = x.device();
    if cpu::is_here(&device) {
        return cpu::bilinear(x);
    }
    let [_, _, height, width] = x.dims();
    Resample::new(&align_corners_x2(height), &align_corners_x2(width), &device).forward(x)
}

/// The matrix of a one-dimensional resampling, `[to, from]`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    pub to: usize,
    pub from: usize,
    pub numbers: Vec<f32>,
}

impl Weights {
    fn tensor(&self, device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(self.numbers.clone(), [self.to, self.from]), device)
    }
}

/// Bilinear doubling with aligned corners: output `i` reads at `i (n-1)/(2n-1)`.
pub fn align_corners_x2(from: usize) -> Weights {
    let to = 2 * from;
    let mut numbers = vec![0.0; to * from];
    for i in 0..to {
        let at = i as f64 * (from - 1) as f64 / (to - 1) as f64;
        let left = (at.floor() as usize).min(from - 1);
        let right = (left + 1).min(from - 1);
        let fraction = at - left as f64;
        numbers[i * from + left] += (1.0 - fraction) as f32;
        numbers[i * from + right] += fraction as f32;
    }
    Weights { to, from, numbers }
}

/// Lanczos-3, antialiased, pixel centres aligned, edges replicated (SPEC 3): shrinking stretches
/// the kernel by the factor, and weight that falls outside goes to the edge pixel.
pub fn lanczos(from: usize, to: usize) -> Weights {
    const LOBES: f64 = 3.0;
    let factor = from as f64 / to as f64;
    let stretch = factor.max(1.0);
    let mut numbers = vec![0.0; to * from];
    for i in 0..to {
        let centre = (i as f64 + 0.5) * factor;
        let first = (centre - LOBES * stretch).floor() as i64;
        let last = (centre + LOBES * stretch).ceil() as i64;
        let taps: Vec<(i64, f64)> = (first..=last)
            .map(|j| (j, lanczos3((j as f64 + 0.5 - centre) / stretch)))
            .filter(|&(_, weight)| weight != 0.0)
            .collect();
        let sum: f64 = taps.iter().map(|&(_, weight)| weight).sum();
        let mut row = vec![0.0f64; from];
        for (j, weight) in taps {
            row[j.clamp(0, from as i64 - 1) as usize] += weight / sum;
        }
        for (j, weight) in row.into_iter().enumerate() {
            numbers[i * from + j] = weight as f32;
        }
    }
    Weights { to, from, numbers }
}

/// sinc(x) sinc(x/3) inside +-3, else 0.
fn lanczos3(x: f64) -> f64 {
    let sinc = |x: f64| {
        if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) }
    };
    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_sums_to_one() {
        for weights in [lanczos(64, 8), lanczos(8, 64), lanczos(10, 7), align_corners_x2(5)] {
            for row in weights.numbers.chunks(weights.from) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn aligned_corners_keep_the_corners() {
        let weights = align_corners_x2(4);
        assert_eq!(weights.numbers[0], 1.0);
        assert_eq!(weights.numbers[weights.numbers.len() - 1], 1.0);
        assert_eq!(align_corners_x2(1).numbers, [1.0, 1.0]);
    }

    #[test]
    fn the_same_size_is_the_identity() {
        let weights = lanczos(6, 6);
        for i in 0..6 {
            for j in 0..6 {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((weights.numbers[i * 6 + j] - expected).abs() < 1e-6);
            }
        }
    }
}
