//! Cholesky factor of a symmetric positive definite matrix whose entries stay near the diagonal.

use crate::error::{Error, Result};

/// ```text
/// A = L L'      row i of L holds columns first[i] ..= i: elimination fills nothing to the left of A's first entry
/// ```
/// n rows of bandwidth b cost n b^2 / 2 multiplications and n b numbers. A sparse solver with nested dissection would
/// take n^1.5, but a whole sparse library for it; this is the smaller price up to holes of a few hundred pixels a side.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    /// Where row i begins in `values`; one more entry than rows.
    start: Vec<usize>,
    /// Row after row, each ending with its diagonal.
    values: Vec<f64>,
}

impl Envelope {
    /// Factors the matrix whose row i is `row(i)`: pairs (column, value) in any order, repeated columns summed, those
    /// to the right of the diagonal ignored. `first[i] <= i` is the smallest column of row i.
    ///
    /// Errors: [`Error::Input`] if the matrix is not positive definite.
    pub(super) fn factor<R>(first: &[usize], row: impl Fn(usize) -> R) -> Result<Self>
    where
        R: IntoIterator<Item = (usize, f64)>,
    {
        let mut start = Vec::with_capacity(first.len() + 1);
        let mut total = 0;
        for (i, first) in first.iter().enumerate() {
            start.push(total);
            total += i - first + 1;
        }
        start.push(total);
        let mut values = vec![0.0; total];

        for i in 0..first.len() {
            let (done, rest) = values.split_at_mut(start[i]);
            let current = &mut rest[..start[i + 1] - start[i]];
            for (j, a) in row(i) {
                if j <= i {
                    current[j - first[i]] += a;
                }
            }
            for j in first[i]..i {
                // The part of row j under which row i has numbers too.
                let from = first[i].max(first[j]);
                let other = &done[start[j] + (from - first[j])..start[j + 1]];
                let (left, diagonal) = other.split_at(other.len() - 1);
                let own = &current[from - first[i]..j - first[i]];
                current[j - first[i]] = (current[j - first[i]] - dot(own, left)) / diagonal[0];
            }
            let last = current.len() - 1;
            let square = current[last] - dot(&current[..last], &current[..last]);
            if !(square > 0.0 && square.is_finite()) {
                return Err(Error::input(
                    "linear system",
                    format!("its pivot {i} is {square}, so it has no single solution"),
                    "give another hole",
                ));
            }
            current[last] = square.sqrt();
        }
        Ok(Self { start, values })
    }

    /// Solves `A x = b` in place.
    pub(super) fn solve(&self, b: &mut [f64]) {
        for i in 0..b.len() {
            let (left, diagonal) = self.row(i);
            let first = i - left.len();
            b[i] = (b[i] - dot(left, &b[first..i])) / diagonal;
        }
        for i in (0..b.len()).rev() {
            let (left, diagonal) = self.row(i);
            let first = i - left.len();
            b[i] /= diagonal;
            let x = b[i];
            for (below, l) in b[first..i].iter_mut().zip(left) {
                *below -= l * x;
            }
        }
    }

    /// Row i left of its diagonal, and the diagonal.
    fn row(&self, i: usize) -> (&[f64], f64) {
        let row = &self.values[self.start[i]..self.start[i + 1]];
        (&row[..row.len() - 1], row[row.len() - 1])
    }
}

/// In eight partial sums, which the compiler turns into vector instructions; one running sum it may not reorder.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0f64; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A' A + 1 of a banded A without pattern, dense: symmetric positive definite with a ragged envelope.
    fn matrix(n: usize) -> Vec<Vec<f64>> {
        let a = |i: usize, j: usize| {
            if i.abs_diff(j) < 1 + (i * 7) % 5 {
                ((i * 31 + j * 17) % 13) as f64 - 6.0
            } else {
                0.0
            }
        };
        let entry = |i, j| (0..n).map(|k| a(k, i) * a(k, j)).sum::<f64>() + f64::from(i == j);
        (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
    }

    #[test]
    fn the_solution_solves_the_system() {
        let a = matrix(40);
        let first: Vec<usize> =
            (0..40).map(|i| (0..=i).find(|&j| a[i][j] != 0.0).unwrap()).collect();
        let factor = Envelope::factor(&first, |i| {
            let nonzero = move |&(_, v): &(usize, f64)| v != 0.0;
            a[i].clone().into_iter().enumerate().filter(nonzero)
        });
        let x: Vec<f64> = (0..40).map(|i| (i % 7) as f64 - 3.0).collect();
        let mut b: Vec<f64> = a.iter().map(|row| dot(row, &x)).collect();
        factor.unwrap().solve(&mut b);
        assert!(x.iter().zip(&b).all(|(x, b)| (x - b).abs() < 1e-9), "{b:?}");
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_is_an_error() {
        for value in [0.0, -1.0, f64::NAN] {
            assert!(Envelope::factor(&[0], |_| [(0, value)]).is_err());
        }
    }
}
