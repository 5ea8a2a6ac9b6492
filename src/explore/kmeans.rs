//! The start of a mixture: k-means from k-means++.
//!
//! ```text
//! c_1 any point;  c_j a point drawn by its squared distance to the nearest of c_1 .. c_j-1
//! repeat: of_i = nearest centre;  c_j = mean of its points
//! ```

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::gmm::distance;
use crate::runtime::{stream, uniform};

/// Rounds at most: EM goes on from here, so they need not settle.
const ROUNDS: usize = 30;

/// The number of each point's group, `[n]`, of `points` `[d, n]`: k groups, none of them empty where there are k different
/// points.
pub(super) fn kmeans(points: &DMatrix<f64>, k: usize, seed: u64) -> Vec<usize> {
    let mut rng = stream(seed, "k-means");
    let n = points.ncols();
    let first = ((f64::from(uniform(&mut rng)) * n as f64) as usize).min(n - 1);
    let mut centres: Vec<DVector<f64>> = vec![points.column(first).into_owned()];
    while centres.len() < k {
        let far: Vec<f64> = nearest(points, &centres).into_iter().map(|(_, far)| far).collect();
        let mut left = f64::from(uniform(&mut rng)) * far.iter().sum::<f64>();
        let drawn = far.iter().position(|far| {
            left -= far;
            left < 0.0
        });
        centres.push(points.column(drawn.unwrap_or(n - 1)).into_owned());
    }
    let mut of: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS {
        let now: Vec<usize> = nearest(points, &centres).into_iter().map(|(at, _)| at).collect();
        if now == of {
            break;
        }
        of = now;
        for (at, centre) in centres.iter_mut().enumerate() {
            let own: Vec<usize> = (0..n).filter(|&i| of[i] == at).collect();
            // One that has lost all its points stays where it is.
            if !own.is_empty() {
                let sum =
                    own.iter().fold(DVector::zeros(centre.len()), |sum, &i| sum + points.column(i));
                *centre = sum / own.len() as f64;
            }
        }
    }
    of
}

/// The nearest centre of each point, and its squared distance.
fn nearest(points: &DMatrix<f64>, centres: &[DVector<f64>]) -> Vec<(usize, f64)> {
    let of = |i: usize| {
        let far = centres.iter().map(|centre| distance(points.column(i), centre.column(0)));
        far.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
    };
    (0..points.ncols()).into_par_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_groups_are_found_whatever_the_seed() {
        let centre = |i: usize| [[0.0, 0.0], [50.0, 0.0], [0.0, 50.0]][i % 3];
        let points =
            DMatrix::from_fn(2, 90, |d, i| centre(i)[d] + ((i * 7 + d * 3) % 11) as f64 / 10.0);
        for seed in 0..5 {
            let of = kmeans(&points, 3, seed);
            assert!((0..90).all(|i| of[i] == of[i % 3]), "{seed}");
            assert!(of[0] != of[1] && of[1] != of[2] && of[0] != of[2]);
        }
    }

    #[test]
    fn points_that_are_all_one_are_no_panic() {
        assert_eq!(kmeans(&DMatrix::repeat(2, 4, 1.0), 3, 0).len(), 4);
    }
}
