//! Measures of a restored picture against the true one: one number per image, on the host.
//!
//! ```text
//! restored [3,H,W], truth [3,H,W] --mse, mse_where, psnr--> f64
//! ```
//!
//! | measure | formula | best |
//! |---|---|---|
//! | [`mse`] | mean (x - y)^2 over all values | 0, the lowest |
//! | [`mse_where`] | the same over selected pixels: the hole, or what is known | 0, the lowest |
//! | [`psnr`] | 10 log10(1 / mse), dB | infinite, the highest |
//!
//! Sums are in f64 and in the order of the pixels, so that a number is the same on every machine. Values count as they
//! stand: a restoration that leaves `[0,1]` is not clamped before it is judged.

mod mse;
mod psnr;

pub use mse::{mse, mse_where};
pub use psnr::psnr;

use crate::error::{Error, Result};
use crate::image::Picture;

/// `Ok` if both have one size; only then does any measure mean something.
fn same_size(restored: &Picture, truth: &Picture) -> Result<()> {
    let size = |p: &Picture| format!("{} x {}", p.width(), p.height());
    if (restored.height(), restored.width()) == (truth.height(), truth.width()) {
        return Ok(());
    }
    Err(Error::input(
        "pictures to compare",
        format!("the restored one is {}, the true one {}", size(restored), size(truth)),
        "bring both to one size",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{stream, uniform};

    /// `v = (7 i + 3) mod 11 / 10` over the flat index, and `(5 i + 1) mod 13 / 12`: pictures that numpy makes too.
    pub(super) fn formula(height: usize, width: usize) -> (Picture, Picture) {
        let make = |a: usize, b: usize, m: usize| {
            let value = |i| ((a * i + b) % m) as f32 / (m - 1) as f32;
            Picture::new(height, width, (0..3 * height * width).map(value).collect()).unwrap()
        };
        (make(7, 3, 11), make(5, 1, 13))
    }

    fn noisy(truth: &Picture, sigma: f32) -> Picture {
        let mut rng = stream(1, "metric noise");
        let data = truth.data().iter().map(|v| v + sigma * (uniform(&mut rng) - 0.5)).collect();
        Picture::new(truth.height(), truth.width(), data).unwrap()
    }

    /// The measures as costs, lower is better; a new one earns the laws below by its row here.
    type Cost = fn(&Picture, &Picture) -> Result<f64>;
    const COSTS: [(&str, Cost); 3] = [
        ("mse", mse),
        ("mse_where", |x, y| {
            let half: Vec<bool> = (0..x.height() * x.width()).map(|i| i % 2 == 0).collect();
            mse_where(x, y, &half)
        }),
        ("psnr", |x, y| psnr(x, y).map(|db| -db)),
    ];

    #[test]
    fn a_picture_against_itself_scores_best_and_noise_makes_every_score_worse() {
        let (truth, _) = formula(9, 7);
        for (name, cost) in COSTS {
            let scores: Vec<f64> = [0.0, 0.01, 0.1, 0.5]
                .map(|sigma| cost(&noisy(&truth, sigma), &truth).unwrap())
                .to_vec();
            assert!(scores.is_sorted_by(|a, b| a < b), "{name}: {scores:?}");
        }
    }

    #[test]
    fn the_order_of_the_two_pictures_does_not_matter() {
        let (a, b) = formula(9, 7);
        for (name, cost) in COSTS {
            assert_eq!(cost(&a, &b).unwrap(), cost(&b, &a).unwrap(), "{name}");
        }
    }

    #[test]
    fn pictures_of_two_sizes_are_an_error_that_names_both() {
        let (a, _) = formula(9, 7);
        let (b, _) = formula(7, 9);
        for (name, cost) in COSTS {
            let message = cost(&a, &b).unwrap_err().to_string();
            assert!(message.contains("7 x 9") && message.contains("9 x 7"), "{name}: {message}");
        }
    }
}
