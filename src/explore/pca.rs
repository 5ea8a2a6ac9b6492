//! The principal components of rows that need not fit into memory: randomised subspace iteration, a pass over the rows at
//! a time.
//!
//! ```text
//! X [n, P] less its mean m [P];   C = X' X / (n - 1) [P, P], which is never formed
//! Q <- orthonormal columns of a Gaussian [P, l],  l = k + k/8 + 16
//! pass: Y = C Q = sum over chunks X_c' (X_c Q) / (n - 1);   T = Q' Y = W diag(variances) W'
//!       the first k of the variances have settled?  components = Q W [P, k]    else Q <- orthonormal columns of Y
//! y = (x - m) components [k]        x ~ m + components y
//! ```
//! After N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness" (2011), algorithms 4.4 and 5.3.
//! Rows and components are f32, all sums over components are f64. Memory: three times `[P, l]`, twice a chunk. Work is cut
//! by sizes and never by threads: the same rows give the same bits.

use std::ops::ControlFlow;

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::runtime::{normal_pair, stream};

/// Rows of a chunk at most, and its numbers: 32 MB.
const CHUNK: usize = 256;
const CHUNK_NUMBERS: usize = 8 << 20;
/// Columns that a task multiplies by.
const BLOCK: usize = 64;
/// Pieces of a sum over P, and numbers of each column that are in f64 at once.
const GROUPS: usize = 8;
const PIECE: usize = 1024;
/// Directions this much shorter than the longest, squared, are rounding of f32.
const NOTHING: f64 = 1e-12;

/// Rows that can be gone through again and again, in one order.
pub trait Rows {
    /// Numbers of a row, P.
    fn width(&self) -> usize;

    /// Hands on every row.
    ///
    /// # Errors
    /// Those of `take`, and of reading.
    fn each(&self, take: &mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()>;
}

/// How many components, and how well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PcaSettings {
    /// At most; no more than there are rows less one, or numbers of a row.
    pub components: usize,
    /// The variances have settled when their sum grew by less than this share of itself in a pass.
    pub tolerance: f64,
    /// Passes at most, beside one for the mean.
    pub most_passes: usize,
    /// Of the Gaussian start.
    pub seed: u64,
}

impl PcaSettings {
    /// So many components: the sum of their variances to a thousandth, in 3 to 8 passes over latents.
    pub fn new(components: usize, seed: u64) -> Self {
        Self { components, tolerance: 1e-3, most_passes: 8, seed }
    }
}

/// Where a fit is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pass {
    /// From 1 on, of so many at most; 0 is the one for the mean.
    pub pass: usize,
    pub passes: usize,
    /// Rows of this pass so far.
    pub rows: usize,
    /// Share of the variance that the components have, as of the last pass.
    pub explained: f64,
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// m, `[P]`.
    pub mean: Vec<f32>,
    /// `[P, k]`, orthonormal columns, the longest first.
    pub components: DMatrix<f32>,
    /// Variance along each, `[k]`, of n - 1.
    pub variances: Vec<f64>,
    /// Variance of all numbers together.
    pub total: f64,
    /// n.
    pub rows: usize,
    /// Passes that it took, beside the one for the mean.
    pub passes: usize,
}

/// Rows in the coordinates of components.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinates {
    /// `[k, n]`, a row a column.
    pub points: DMatrix<f64>,
    /// Squared distance of all rows to the mean.
    pub total: f64,
}

impl Coordinates {
    /// Share of `total` that lies along the components; 1 where there is nothing to explain.
    pub fn explained(&self) -> f64 {
        if self.total > 0.0 { self.points.norm_squared() / self.total } else { 1.0 }
    }
}

impl Pca {
    /// The first components of `rows`.
    ///
    /// # Errors
    /// Fewer than two rows, no components; [`Error::Stopped`] where `watch`, which hears of every chunk, asks for it; those
    /// of reading.
    pub fn fit(
        rows: &dyn Rows,
        settings: &PcaSettings,
        watch: &mut dyn FnMut(Pass) -> ControlFlow<()>,
    ) -> Result<Self> {
        let (width, passes) = (rows.width(), settings.most_passes.max(2));
        let mut told = Pass { pass: 0, passes, rows: 0, explained: 0.0 };
        let Moments { mean, total, count } = moments(rows, &mut told, watch)?;
        let components = settings.components.min(count.saturating_sub(1)).min(width);
        if components == 0 {
            let problem =
                format!("{} components of {count} rows of {width} numbers", settings.components);
            let remedy = "ask for at least one component, and give at least two rows";
            return Err(Error::input("principal components", problem, remedy));
        }
        let block = (components + components / 8 + 16).min(count - 1).min(width);
        let mut basis = orthonormal(gaussian(width, block, settings.seed));
        loop {
            told = Pass { pass: told.pass + 1, rows: 0, ..told };
            let mut image = product(rows, &mean, &basis, &mut told, watch)?;
            image *= (1.0 / (count - 1) as f64) as f32;
            let (variances, rotation) = falling(gram(&basis, &image));
            let kept = components.min(variances.len());
            let variances: Vec<f64> = variances[..kept].iter().map(|v| v.max(0.0)).collect();
            let sum = variances.iter().sum::<f64>();
            let explained = if total > 0.0 { sum / total } else { 1.0 };
            let grown = explained - told.explained;
            told.explained = explained;
            let settled = told.pass > 1 && grown <= settings.tolerance * explained;
            if settled || told.pass == passes {
                let rotation = rotation.columns(0, kept).map(|x| x as f32);
                let components = times(&basis, &rotation);
                let passes = told.pass;
                return Ok(Self { mean, components, variances, total, rows: count, passes });
            }
            basis = orthonormal(image);
        }
    }

    /// Share of the variance of its own rows that the components have.
    pub fn explained(&self) -> f64 {
        if self.total > 0.0 { self.variances.iter().sum::<f64>() / self.total } else { 1.0 }
    }

    /// `rows` in the coordinates of the components: y.
    ///
    /// # Errors
    /// Those of reading, and of `tick`, which hears of every chunk how many rows there are by now.
    pub fn coordinates(
        &self,
        rows: &dyn Rows,
        tick: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Coordinates> {
        let (width, k) = self.components.shape();
        let (mut numbers, mut total) = (Vec::new(), 0.0);
        chunks(rows, &self.mean, &mut |x| {
            total += x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
            let (across, n) = (x.transpose(), x.ncols());
            let mut y = DMatrix::<f32>::zeros(n, k);
            let columns = self.components.as_slice().par_chunks(width * BLOCK);
            y.as_mut_slice().par_chunks_mut(n * BLOCK).zip(columns).for_each(|(y, columns)| {
                let of = DMatrixView::from_slice(columns, width, columns.len() / width);
                let mut y = DMatrixViewMut::from_slice(y, n, of.ncols());
                y.gemm(1.0, &across, &of, 0.0);
            });
            numbers.extend(y.transpose().iter().map(|y| f64::from(*y)));
            tick(numbers.len() / k)
        })?;
        Ok(Coordinates { points: DMatrix::from_vec(k, numbers.len() / k, numbers), total })
    }

    /// x of the coordinates `y`, `[k]` -> `[P]`.
    pub fn row(&self, y: &[f64]) -> Vec<f32> {
        let mut row: Vec<f64> = self.mean.iter().map(|m| f64::from(*m)).collect();
        for (column, y) in self.components.column_iter().zip(y) {
            row.iter_mut().zip(column.iter()).for_each(|(x, c)| *x += y * f64::from(*c));
        }
        row.into_iter().map(|x| x as f32).collect()
    }
}

struct Moments {
    mean: Vec<f32>,
    total: f64,
    count: usize,
}

/// Mean and variance by one pass; the squares are of the distance to the first row, so that nothing cancels.
fn moments(
    rows: &dyn Rows,
    told: &mut Pass,
    watch: &mut dyn FnMut(Pass) -> ControlFlow<()>,
) -> Result<Moments> {
    let (mut first, mut sums, mut squares) = (Vec::new(), vec![0f64; rows.width()], 0f64);
    rows.each(&mut |row| {
        if first.is_empty() {
            first = row.to_vec();
        }
        for ((sum, x), first) in sums.iter_mut().zip(row).zip(&first) {
            let off = f64::from(*x) - f64::from(*first);
            *sum += off;
            squares += off * off;
        }
        told.rows += 1;
        let look = told.rows.is_multiple_of(CHUNK);
        if look && watch(*told).is_break() { Err(stopped()) } else { Ok(()) }
    })?;
    let (count, n) = (told.rows, told.rows.max(1) as f64);
    let means: Vec<f64> = sums.iter().map(|sum| sum / n).collect();
    let between = n * means.iter().map(|mean| mean * mean).sum::<f64>();
    let total = (squares - between).max(0.0) / (count.max(2) - 1) as f64;
    let mean = first.iter().zip(means).map(|(first, mean)| (f64::from(*first) + mean) as f32);
    Ok(Moments { mean: mean.collect(), total, count })
}

fn stopped() -> Error {
    Error::stopped("finding principal components: nothing of them is kept")
}

/// Hands on `rows` less `mean` in chunks `[P, n]`, a row a column.
fn chunks(
    rows: &dyn Rows,
    mean: &[f32],
    take: &mut dyn FnMut(DMatrixView<f32>) -> Result<()>,
) -> Result<()> {
    let width = rows.width();
    let most = (CHUNK_NUMBERS / width.max(1)).clamp(16, CHUNK);
    let mut numbers: Vec<f32> = Vec::with_capacity(most * width);
    let mut flush = |numbers: &mut Vec<f32>| {
        let taken = take(DMatrixView::from_slice(numbers, width, numbers.len() / width));
        numbers.clear();
        taken
    };
    rows.each(&mut |row| {
        numbers.extend(row.iter().zip(mean).map(|(x, mean)| x - mean));
        if numbers.len() == most * width { flush(&mut numbers) } else { Ok(()) }
    })?;
    if numbers.is_empty() { Ok(()) } else { flush(&mut numbers) }
}

/// `X' X basis`, `[P, l]`, by one pass.
fn product(
    rows: &dyn Rows,
    mean: &[f32],
    basis: &DMatrix<f32>,
    told: &mut Pass,
    watch: &mut dyn FnMut(Pass) -> ControlFlow<()>,
) -> Result<DMatrix<f32>> {
    let (width, block) = basis.shape();
    let mut out = DMatrix::<f32>::zeros(width, block);
    chunks(rows, mean, &mut |x| {
        let across = x.transpose();
        let columns = basis.as_slice().par_chunks(width * BLOCK);
        out.as_mut_slice().par_chunks_mut(width * BLOCK).zip(columns).for_each(|(out, columns)| {
            let columns = DMatrixView::from_slice(columns, width, columns.len() / width);
            let along = &across * columns;
            let mut out = DMatrixViewMut::from_slice(out, width, along.ncols());
            out.gemm(1.0, &x, &along, 1.0);
        });
        told.rows += x.ncols();
        if watch(*told).is_break() { Err(stopped()) } else { Ok(()) }
    })?;
    Ok(out)
}

fn gaussian(rows: usize, columns: usize, seed: u64) -> DMatrix<f32> {
    let mut rng = stream(seed, "principal components");
    let pairs = (0..(rows * columns).div_ceil(2)).flat_map(|_| normal_pair(&mut rng));
    DMatrix::from_iterator(rows, columns, pairs.take(rows * columns))
}

/// `a' b`, `[l, l]` in f64, of `[P, l]` each.
fn gram(a: &DMatrix<f32>, b: &DMatrix<f32>) -> DMatrix<f64> {
    let (width, l) = a.shape();
    let each = width.div_ceil(GROUPS).max(1);
    let part = |group: usize| {
        let mut sum = DMatrix::<f64>::zeros(l, l);
        let (from, to) = (group * each, ((group + 1) * each).min(width));
        for start in (from..to).step_by(PIECE) {
            let rows = PIECE.min(to - start);
            let left = a.rows(start, rows).map(f64::from).transpose();
            let right = b.rows(start, rows).map(f64::from);
            sum.gemm(1.0, &left, &right, 1.0);
        }
        sum
    };
    let parts: Vec<DMatrix<f64>> = (0..width.div_ceil(each)).into_par_iter().map(part).collect();
    parts.into_iter().fold(DMatrix::zeros(l, l), |sum, part| sum + part)
}

/// Eigenvalues of the symmetric `matrix`, falling, and their vectors as columns.
fn falling(matrix: DMatrix<f64>) -> (Vec<f64>, DMatrix<f64>) {
    let matrix = (&matrix + matrix.transpose()) * 0.5;
    let eigen = matrix.symmetric_eigen();
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let values = order.iter().map(|&at| eigen.eigenvalues[at]).collect();
    (values, eigen.eigenvectors.select_columns(&order))
}

/// Orthonormal columns that span those of `matrix`, fewer where some say nothing: by the eigenvectors of its Gram matrix,
/// twice, since the first time rounds by the ratio of its lengths (A. Stathopoulos and K. Wu, 2002).
fn orthonormal(mut matrix: DMatrix<f32>) -> DMatrix<f32> {
    for _ in 0..2 {
        let (values, vectors) = falling(gram(&matrix, &matrix));
        let least = NOTHING * values.first().copied().unwrap_or(0.0);
        let kept = values.iter().take_while(|value| **value > least).count().max(1);
        let mut scaled = vectors.columns(0, kept).map(|x| x as f32);
        for (mut column, value) in scaled.column_iter_mut().zip(&values) {
            // Of rows that are all equal there is no direction: the zeros stay zeros.
            column *= if *value > 0.0 { value.sqrt().recip() as f32 } else { 0.0 };
        }
        matrix = times(&matrix, &scaled);
    }
    matrix
}

/// `a b`, `[P, l] [l, m]`.
fn times(a: &DMatrix<f32>, b: &DMatrix<f32>) -> DMatrix<f32> {
    let (width, m) = (a.nrows(), b.ncols());
    let mut out = DMatrix::<f32>::zeros(width, m);
    out.as_mut_slice().par_chunks_mut(width * BLOCK).enumerate().for_each(|(at, out)| {
        let columns = b.columns(at * BLOCK, out.len() / width);
        DMatrixViewMut::from_slice(out, width, columns.ncols()).gemm(1.0, a, &columns, 0.0);
    });
    out
}

#[cfg(test)]
mod tests;
