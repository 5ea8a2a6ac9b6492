//! A Gaussian over one plane, cut off at three deviations; the edge pixel goes on outside.

use rayon::prelude::*;

/// Weights of a Gaussian, -radius..=radius; their sum is 1.
pub(super) struct Gaussian {
    weights: Vec<f32>,
}

impl Gaussian {
    /// Of deviation `sigma` in pixels; 0 changes nothing.
    pub(super) fn new(sigma: f64) -> Self {
        let radius = (3.0 * sigma).ceil() as i32;
        let weight = |at: i32| match sigma > 0.0 {
            true => (-0.5 * (f64::from(at) / sigma).powi(2)).exp(),
            false => 1.0,
        };
        let weights: Vec<f64> = (-radius..=radius).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Self { weights: weights.iter().map(|weight| (weight / sum) as f32).collect() }
    }

    pub(super) fn radius(&self) -> usize {
        self.weights.len() / 2
    }

    /// The sum of products with `other`, centre on centre.
    pub(super) fn dot(&self, other: &Self) -> f64 {
        let (long, short) = match self.radius() > other.radius() {
            true => (self, other),
            false => (other, self),
        };
        let inside = &long.weights[long.radius() - short.radius()..];
        let products = inside.iter().zip(&short.weights).map(|(a, b)| f64::from(a * b));
        products.sum()
    }
}

/// `plane` (`[height, width]`, row by row), blurred.
pub(super) fn blurred(plane: &[f32], width: usize, gaussian: &Gaussian) -> Vec<f32> {
    let radius = gaussian.radius();
    if radius == 0 {
        return plane.to_vec();
    }
    let height = plane.len() / width;
    let mut across = vec![0.0; plane.len()];
    across.par_chunks_mut(width).zip(plane.par_chunks(width)).for_each_init(
        Vec::new,
        |padded, (to, row)| {
            padded.clear();
            padded.extend(std::iter::repeat_n(row[0], radius));
            padded.extend_from_slice(row);
            padded.extend(std::iter::repeat_n(row[width - 1], radius));
            for (shift, &weight) in gaussian.weights.iter().enumerate() {
                for (to, from) in to.iter_mut().zip(&padded[shift..]) {
                    *to += weight * from;
                }
            }
        },
    );
    let mut down = vec![0.0; plane.len()];
    down.par_chunks_mut(width).enumerate().for_each(|(y, to)| {
        for (shift, &weight) in gaussian.weights.iter().enumerate() {
            let from = (y + shift).saturating_sub(radius).min(height - 1);
            for (to, from) in to.iter_mut().zip(&across[from * width..][..width]) {
                *to += weight * from;
            }
        }
    });
    down
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_spreads_by_its_deviation_and_nothing_is_lost() {
        let mut plane = vec![0.0; 41 * 61];
        plane[20 * 61 + 30] = 1.0;
        let spread = blurred(&plane, 61, &Gaussian::new(2.0));
        let total: f32 = spread.iter().sum();
        let variance: f32 =
            spread.iter().enumerate().map(|(at, v)| v * ((at % 61) as f32 - 30.0).powi(2)).sum();
        // Cut at three deviations, the variance of a Gaussian is 0.973 of itself.
        assert!((total - 1.0).abs() < 1e-5 && (variance / 4.0 - 0.97).abs() < 0.02, "{variance}");
    }

    #[test]
    fn a_constant_stays_one_up_to_the_edges_of_any_plane() {
        for (height, width) in [(1, 1), (1, 7), (9, 1), (5, 6)] {
            let plane = vec![0.7; height * width];
            for value in blurred(&plane, width, &Gaussian::new(4.0)) {
                assert!((value - 0.7).abs() < 1e-5);
            }
            assert_eq!(blurred(&plane, width, &Gaussian::new(0.0)), plane);
        }
    }

    #[test]
    fn dot_is_what_the_sums_say() {
        let (narrow, wide) = (Gaussian::new(1.0), Gaussian::new(2.0));
        let by_hand: f64 = (0..7).map(|i| f64::from(narrow.weights[i] * wide.weights[i + 3])).sum();
        assert_eq!(narrow.dot(&wide), by_hand);
        assert_eq!(wide.dot(&narrow), by_hand);
        assert_eq!(Gaussian::new(0.0).dot(&Gaussian::new(0.0)), 1.0);
    }
}
