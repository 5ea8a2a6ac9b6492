//! The largest eigenvalues of a symmetric matrix and their vectors, by block power iteration.

use nalgebra::DMatrix;

use crate::runtime::{stream, uniform};

/// Rounds at most. The block is twice what is asked for, so faces converge within about 20.
const MAX_ROUNDS: usize = 100;
/// Converged once no wanted eigenvalue moves by more than this share of the largest.
const TOLERANCE: f64 = 1e-9;

/// The `k` largest eigenvalues of the symmetric positive semidefinite `matrix` `[n,n]`, falling, and their vectors as
/// the columns of `[n,k]`.
///
/// ```text
/// Q <- orthonormal columns of matrix Q,   Q' matrix Q = W diag(values) W',   vectors = Q W
/// ```
/// All n of them take n^3 at memory speed, minutes at 3000; 50 of them take some products with n x 100 numbers.
/// The start is drawn from a fixed seed: the result repeats.
pub(super) fn largest_eigenpairs(matrix: &DMatrix<f64>, k: usize) -> (Vec<f64>, DMatrix<f64>) {
    let n = matrix.nrows();
    let (k, block) = (k.min(n), (2 * k).min(n));
    let mut rng = stream(0, "largest eigenpairs");
    let start = DMatrix::from_fn(n, block, |_, _| f64::from(uniform(&mut rng)) - 0.5);
    let mut basis = start.qr().q();
    let mut before = vec![f64::INFINITY; k];
    let mut round = 0;
    loop {
        round += 1;
        let image = matrix * &basis;
        let ritz = (basis.transpose() * &image).symmetric_eigen();
        let mut order: Vec<usize> = (0..block).collect();
        order.sort_by(|&a, &b| ritz.eigenvalues[b].total_cmp(&ritz.eigenvalues[a]));
        let values: Vec<f64> = order[..k].iter().map(|&j| ritz.eigenvalues[j]).collect();

        let enough = TOLERANCE * values.first().copied().unwrap_or(0.0);
        let still = values.iter().zip(&before).all(|(a, b)| (a - b).abs() <= enough);
        if still || round == MAX_ROUNDS {
            return (values, &basis * ritz.eigenvectors.select_columns(&order[..k]));
        }
        before = values;
        basis = image.qr().q();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pairs_are_eigenpairs_and_the_largest() {
        // B B' with columns of falling length: eigenvalues that fall slowly, as those of pictures do.
        let b = DMatrix::from_fn(60, 60, |i, j| {
            (((i * 37 + j * 61 + i * j) % 101) as f64 - 50.0) * 0.93f64.powi(j as i32)
        });
        let matrix = &b * b.transpose();
        let (values, vectors) = largest_eigenpairs(&matrix, 10);
        let mut all: Vec<f64> =
            matrix.clone().symmetric_eigen().eigenvalues.iter().copied().collect();
        all.sort_by(|a, b| b.total_cmp(a));
        for (j, value) in values.iter().enumerate() {
            assert!((value - all[j]).abs() < 1e-7 * all[0], "{value} {}", all[j]);
            let residual = &matrix * vectors.column(j) - vectors.column(j) * *value;
            assert!(residual.norm() < 1e-3 * all[0], "{}", residual.norm() / all[0]);
        }
        let gram = vectors.transpose() * &vectors;
        assert!((gram - DMatrix::identity(10, 10)).norm() < 1e-9);
    }

    #[test]
    fn as_many_as_there_are_and_a_matrix_of_zeros_end_well() {
        let (values, vectors) = largest_eigenpairs(&DMatrix::identity(3, 3), 9);
        assert_eq!((values.len(), vectors.shape()), (3, (3, 3)));
        let (values, vectors) = largest_eigenpairs(&DMatrix::zeros(4, 4), 2);
        assert!(values.iter().all(|&v| v == 0.0) && vectors.iter().all(|v| v.is_finite()));
    }
}
