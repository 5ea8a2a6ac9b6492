//! A hole filled by eigenfaces: the principal components of other pictures, fitted to the known pixels.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::mean::mean_photo;
use super::subspace::largest_eigenpairs;
use super::{check_hole, check_size, filled};
use crate::error::{Error, Result};
use crate::image::Picture;

/// Values of a picture taken at once: the centred pictures in f64 never stand in memory whole.
const CHUNK: usize = 2048;
/// Rows of the Gram matrix a task takes.
const BLOCK: usize = 128;
/// The noise is at least this share of the mean variance of a value; with n-1 components it would be zero.
const LEAST_NOISE: f64 = 1e-4;

/// Mean and principal components of training pictures, all values of a picture in one vector.
///
/// ```text
/// x = m + U w + noise      column j of U: component j times the standard deviation along it, so w ~ N(0, 1)
/// w^ = argmin |(m + U w - y) known|^2 + s^2 |w|^2          s^2 = variance left out / (3 H W - k)
/// ```
/// After M. Turk and A. Pentland, "Eigenfaces for Recognition" (1991). The ridge s^2 is no setting: it is the noise of
/// probabilistic PCA (M. Tipping and C. Bishop, 1999), small, and what keeps 50 components from being fitted freely to
/// the few known pixels of a 95 % mask.
///
/// PCA goes through the n x n products of the centred pictures: n = 3000 pictures of 128 x 128 take 20 s on two
/// cores, of 64 x 64 5 s; a filling takes some hundredths.
#[derive(Debug, Clone)]
pub struct Eigenfaces {
    mean: Picture,
    /// U, `[3 H W, k]`
    axes: DMatrix<f32>,
    /// s^2
    noise: f64,
}

impl Eigenfaces {
    /// The first `components` principal components of `pictures`, or one fewer than there are pictures.
    ///
    /// Errors: [`Error::Input`] if there are fewer than two pictures, they differ in size, or `components` is zero.
    pub fn fit(pictures: &[Picture], components: usize) -> Result<Self> {
        let mean = mean_photo(pictures)?;
        let (n, dims) = (pictures.len(), mean.data().len());
        let k = components.min(n - 1);
        if k == 0 {
            return Err(Error::input(
                "eigenfaces",
                format!("{components} components of {n} pictures"),
                "ask for at least one component and give at least two pictures",
            ));
        }
        let gram = gram(pictures, &mean);
        let (values, vectors) = largest_eigenpairs(&gram, k);

        // Gram = n x covariance on the span of the pictures, so X v / sqrt(n) has the length of the deviation along it.
        let scaled = vectors / (n as f64).sqrt();
        let mut axes = DMatrix::<f32>::zeros(dims, k);
        for start in (0..dims).step_by(CHUNK) {
            let part = centred(pictures, &mean, start) * &scaled;
            axes.rows_mut(start, part.nrows()).copy_from(&part.map(|v| v as f32));
        }
        let total = gram.trace() / n as f64;
        let kept = values.iter().sum::<f64>() / n as f64;
        let left_out = (total - kept).max(0.0) / (dims.saturating_sub(k).max(1)) as f64;
        // The last term counts only where all pictures are equal.
        let noise = left_out.max(LEAST_NOISE * total / dims as f64) + 1e-12;
        Ok(Self { mean, axes, noise })
    }

    /// How many components there are.
    pub fn components(&self) -> usize {
        self.axes.ncols()
    }

    /// Fills `hole` with the fit of the components to the known pixels, clamped to `[0,1]`.
    ///
    /// Errors: [`Error::Input`] if the picture or its hole has another size than the training pictures, or the hole is
    /// all of it.
    pub fn fill(&self, picture: &Picture, hole: &[bool]) -> Result<Picture> {
        check_size("picture to fill", picture, self.mean.height(), self.mean.width())?;
        check_hole(picture.height(), picture.width(), hole)?;
        let (pixels, k) = (hole.len(), self.components());
        let known: Vec<usize> = (0..3 * pixels).filter(|i| !hole[i % pixels]).collect();

        let mut normal = DMatrix::from_diagonal_element(k, k, self.noise);
        let mut right = DVector::zeros(k);
        for rows in known.chunks(CHUNK) {
            let u = DMatrix::from_fn(rows.len(), k, |r, j| f64::from(self.axes[(rows[r], j)]));
            let off = |&i: &usize| f64::from(picture.data()[i]) - f64::from(self.mean.data()[i]);
            let y = DVector::from_iterator(rows.len(), rows.iter().map(off));
            let transposed = u.transpose();
            normal.gemm(1.0, &transposed, &u, 1.0);
            right.gemv(1.0, &transposed, &y, 1.0);
        }
        let Some(factor) = normal.cholesky() else {
            return Err(Error::input(
                "eigenfaces",
                "the components cannot be fitted to the known pixels",
                "give training pictures whose values are in [0,1]",
            ));
        };
        let w = factor.solve(&right).map(|v| v as f32);
        filled(picture, hole, |c, i| {
            let at = c * pixels + i;
            let fit: f32 = self.axes.row(at).iter().zip(&w).map(|(u, w)| u * w).sum();
            (self.mean.data()[at] + fit).clamp(0.0, 1.0)
        })
    }
}

/// Values `start ..` of every picture less the mean, a picture a column: `[<= CHUNK, n]`.
fn centred(pictures: &[Picture], mean: &Picture, start: usize) -> DMatrix<f64> {
    let rows = CHUNK.min(mean.data().len() - start);
    DMatrix::from_fn(rows, pictures.len(), |r, j| {
        f64::from(pictures[j].data()[start + r]) - f64::from(mean.data()[start + r])
    })
}

/// `X' X`, `[n,n]`, of the centred pictures: its lower triangle by blocks of rows side by side, each in one order.
fn gram(pictures: &[Picture], mean: &Picture) -> DMatrix<f64> {
    let n = pictures.len();
    let mut blocks: Vec<(usize, DMatrix<f64>)> = (0..n)
        .step_by(BLOCK)
        .map(|first| {
            let rows = BLOCK.min(n - first);
            (first, DMatrix::zeros(rows, first + rows))
        })
        .collect();
    for start in (0..mean.data().len()).step_by(CHUNK) {
        let part = centred(pictures, mean, start);
        let transposed = part.transpose();
        blocks.par_iter_mut().for_each(|(first, block)| {
            let rows = transposed.rows(*first, block.nrows());
            block.gemm(1.0, &rows, &part.columns(0, block.ncols()), 1.0);
        });
    }
    let lower = |i: usize, j: usize| blocks[i / BLOCK].1[(i % BLOCK, j)];
    DMatrix::from_fn(n, n, |i, j| lower(i.max(j), i.min(j)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{blobs, hole};
    use super::*;

    #[test]
    fn pictures_in_the_span_of_the_components_are_mended_exactly() {
        // Three directions, twelve pictures: two components are too few, three are all.
        let side = 10;
        let picture = |a: f32, b: f32, c: f32| {
            let data = (0..3 * side * side).map(|i| {
                let (y, x) = ((i / side % side) as f32, (i % side) as f32);
                0.5 + a * (0.9 * y).sin()
                    + b * (0.7 * x + i as f32 / 100.0).cos()
                    + c * (x * y / 9.0).sin()
            });
            Picture::new(side, side, data.collect()).unwrap()
        };
        let weight = |i: usize, m: usize| ((i * m) % 7) as f32 / 70.0 - 0.05;
        let training: Vec<_> =
            (1..13).map(|i| picture(weight(i, 2), weight(i, 3), weight(i * i, 4))).collect();
        let truth = picture(0.03, -0.04, 0.05);
        let hole = hole(side, side, |y, x| y < 6 && x > 2);
        let error = |k| {
            let filled = Eigenfaces::fit(&training, k).unwrap().fill(&truth, &hole).unwrap();
            crate::metric::mse_where(&filled, &truth, &hole).unwrap()
        };
        assert!(error(3) < 1e-7, "{}", error(3));
        assert!(error(2) > 100.0 * error(3), "{} {}", error(2), error(3));
        assert!(error(50) < 1e-7, "{}", error(50));
    }

    #[test]
    fn there_are_fewer_components_than_pictures() {
        let pictures = blobs(5, 6);
        assert_eq!(Eigenfaces::fit(&pictures, 50).unwrap().components(), 4);
        assert_eq!(Eigenfaces::fit(&pictures, 3).unwrap().components(), 3);
        for (pictures, k) in [(&pictures[..0], 3), (&pictures[..1], 3), (&pictures[..], 0)] {
            assert!(matches!(Eigenfaces::fit(pictures, k), Err(Error::Input { .. })));
        }
    }

    #[test]
    fn equal_pictures_and_almost_nothing_known_still_give_a_picture() {
        let flat = vec![Picture::constant(6, 6, [0.4; 3]).unwrap(); 5];
        let hole = hole(6, 6, |y, x| y + x > 0);
        let filled = Eigenfaces::fit(&flat, 3).unwrap().fill(&flat[0], &hole).unwrap();
        assert!(filled.data().iter().all(|v| (v - 0.4).abs() < 1e-6));
        let pictures = blobs(30, 6);
        let filled = Eigenfaces::fit(&pictures, 20).unwrap().fill(&pictures[0], &hole).unwrap();
        assert!(filled.data().iter().all(|v| (0.0..=1.0).contains(v)));
    }
}
