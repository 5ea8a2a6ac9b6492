//! Structural similarity (Wang, Bovik, Sheikh, Simoncelli, 2004).
//!
//! ```text
//! ssim = mean of l cs,   l  = (2 mx my + C1) / (mx^2 + my^2 + C1)
//!                        cs = (2 sxy + C2) / (sx^2 + sy^2 + C2),     C1 = 0.01^2, C2 = 0.03^2 for values of range 1
//! ```
//! mx, sx^2, sxy: mean, variance, covariance under a Gaussian window of 11 x 11 pixels, sigma 1.5, as weights. Only where
//! the window lies in the picture: no border is made up. The mean is over those places and the three channels.

use std::sync::LazyLock;

use super::{About, Better, How, Over, same_size};
use crate::error::{Error, Result};
use crate::image::Picture;

pub(super) const ABOUT: About = About {
    name: "ssim",
    title: "SSIM",
    unit: "",
    better: Better::Higher,
    over: Over::Whole,
    least_side: WINDOW,
    how: How::Alone(|pair| ssim(pair.restored, pair.truth)),
};

/// Pixels a side.
pub(super) const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// See the module: 1 where the pictures are equal, less elsewhere.
///
/// # Errors
/// Sizes that differ, or a side below 11.
pub fn ssim(restored: &Picture, truth: &Picture) -> Result<f64> {
    same_size(restored, truth)?;
    check_side(restored, "SSIM", WINDOW)?;
    let plane = restored.height() * restored.width();
    let channels = restored.data().chunks_exact(plane).zip(truth.data().chunks_exact(plane));
    let means = channels.map(|(x, y)| {
        let [x, y] = [x, y].map(|plane| Plane::of(plane, restored.height(), restored.width()));
        Means::of(&x, &y).ssim
    });
    Ok(means.sum::<f64>() / 3.0)
}

/// # Errors
/// A picture with a side below `least`.
pub(super) fn check_side(picture: &Picture, what: &str, least: usize) -> Result<()> {
    if picture.height().min(picture.width()) >= least {
        return Ok(());
    }
    Err(Error::input(
        format!("{what} of {} x {} pixels", picture.width(), picture.height()),
        format!("it is not defined below {least} x {least}"),
        "compare larger pictures, or leave it out",
    ))
}

/// One channel in f64.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub height: usize,
    pub width: usize,
    pub data: Vec<f64>,
}

impl Plane {
    pub fn of(data: &[f32], height: usize, width: usize) -> Self {
        Self { height, width, data: data.iter().map(|&v| f64::from(v)).collect() }
    }

    /// The mean of every two by two, a last odd row or column left out.
    pub fn halved(&self) -> Self {
        let (height, width) = (self.height / 2, self.width / 2);
        let mean = |at: usize| {
            let first = at / width * 2 * self.width + at % width * 2;
            let below = first + self.width;
            let [a, b, c, d] = [first, first + 1, below, below + 1].map(|at| self.data[at]);
            (a + b + c + d) / 4.0
        };
        Self { height, width, data: (0..height * width).map(mean).collect() }
    }

    /// The product with another of the same size.
    fn times(&self, other: &Self) -> Self {
        let data = self.data.iter().zip(&other.data).map(|(a, b)| a * b).collect();
        Self { data, ..*self }
    }

    /// The mean under the window at every place where it lies in the plane.
    fn smoothed(&self) -> Vec<f64> {
        static WEIGHTS: LazyLock<[f64; WINDOW]> = LazyLock::new(|| {
            let reach = (WINDOW / 2) as f64;
            let weights: [f64; WINDOW] =
                std::array::from_fn(|i| (-0.5 * ((i as f64 - reach) / SIGMA).powi(2)).exp());
            let sum: f64 = weights.iter().sum();
            weights.map(|weight| weight / sum)
        });
        let (rows, columns) = (self.height - WINDOW + 1, self.width - WINDOW + 1);
        let mut out = vec![0.0; rows * columns];
        let mut down = vec![0.0; self.width];
        for (row, out) in out.chunks_exact_mut(columns).enumerate() {
            down.fill(0.0);
            for (i, weight) in WEIGHTS.iter().enumerate() {
                let from = &self.data[(row + i) * self.width..][..self.width];
                down.iter_mut().zip(from).for_each(|(sum, v)| *sum += weight * v);
            }
            for (i, weight) in WEIGHTS.iter().enumerate() {
                out.iter_mut().zip(&down[i..]).for_each(|(sum, v)| *sum += weight * v);
            }
        }
        out
    }
}

/// Means over the places of the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Means {
    pub ssim: f64,
    /// Of cs, contrast and structure, alone.
    pub contrast: f64,
}

impl Means {
    /// Of two planes of one size, whose sides are those of the window at least.
    pub fn of(x: &Plane, y: &Plane) -> Self {
        let maps = [x.clone(), y.clone(), x.times(x), y.times(y), x.times(y)];
        let [mx, my, xx, yy, xy] = maps.map(|map| map.smoothed());
        let (mut ssim, mut contrast) = (0.0, 0.0);
        for at in 0..mx.len() {
            let (mx, my) = (mx[at], my[at]);
            // Rounding may leave less than nothing of the variance of a flat part.
            let variances = (xx[at] - mx * mx).max(0.0) + (yy[at] - my * my).max(0.0);
            let cs = (2.0 * (xy[at] - mx * my) + C2) / (variances + C2);
            contrast += cs;
            ssim += cs * (2.0 * mx * my + C1) / (mx * mx + my * my + C1);
        }
        let count = mx.len() as f64;
        Self { ssim: ssim / count, contrast: contrast / count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_pictures_differ_by_their_brightness_alone() {
        let [a, b] = [0.2, 0.6].map(|v| Picture::constant(12, 13, [v; 3]).unwrap());
        assert!((ssim(&a, &a).unwrap() - 1.0).abs() < 1e-12);
        let expected = (2.0 * 0.2 * 0.6 + C1) / (0.2 * 0.2 + 0.6 * 0.6 + C1);
        assert!((ssim(&a, &b).unwrap() - expected).abs() < 1e-6);
    }

    #[test]
    fn a_side_below_the_window_is_an_error_that_says_so() {
        let small = Picture::constant(10, 40, [0.5; 3]).unwrap();
        let message = ssim(&small, &small).unwrap_err().to_string();
        assert!(message.contains("40 x 10") && message.contains("11 x 11"), "{message}");
    }

    #[test]
    fn halving_takes_means_and_leaves_an_odd_row_out() {
        let plane = Plane::of(&[1.0, 3.0, 9.0, 5.0, 7.0, 9.0, 9.0, 9.0, 9.0], 3, 3);
        let half = plane.halved();
        assert_eq!((half.height, half.width, half.data), (1, 1, vec![4.0]));
    }
}
