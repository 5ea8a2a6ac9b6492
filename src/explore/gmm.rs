//! A mixture of Gaussians with full covariances, by EM.
//!
//! ```text
//! p(y) = sum_k w_k N(y | m_k, S_k)            y [d], w [K], m [K, d], S [K, d, d]
//! E:  r_ik = w_k N(y_i | m_k, S_k) / p(y_i)
//! M:  n_k = sum_i r_ik,  w_k = n_k / n,  m_k = sum_i r_ik y_i / n_k
//!     S_k = (sum_i r_ik (y_i - m_k)(y_i - m_k)' + v V) / (n_k + v) + e I
//! ```
//! V is the diagonal of the covariance of all points, and v how many rows it counts for: 0 is the plain mixture. A component
//! of few points in many dimensions would else lie down on them, where its likelihood has no bound; with v it becomes the
//! Gaussian of all points the fewer of its own it has (the prior of C. Fraley and A. Raftery, 2007). The start is k-means
//! from k-means++ (D. Arthur and S. Vassilvitskii, 2007). Work is cut by sizes and never by threads.

use std::f64::consts::PI;
use std::ops::ControlFlow;

use nalgebra::{Cholesky, DMatrix, DVector, DVectorView};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::kmeans::kmeans;
use crate::error::{Error, Result};
use crate::runtime::{normal_pair, uniform};

/// Points that a task takes at once, and pieces of a sum over all.
const CHUNK: usize = 256;
const GROUPS: usize = 8;

/// What is asked of a mixture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GmmSettings {
    /// K.
    pub components: usize,
    /// v, in rows.
    pub prior_rows: f64,
    /// e, a variance.
    pub ridge: f64,
    /// Steps end when the mean log-likelihood of a point rises by less than this.
    pub tolerance: f64,
    pub most_steps: usize,
    /// Of the start.
    pub seed: u64,
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Gmm {
    /// w, their sum is 1.
    pub weights: Vec<f64>,
    /// m.
    pub means: Vec<DVector<f64>>,
    /// Lower triangular L with S = L L'.
    pub factors: Vec<DMatrix<f64>>,
}

impl Gmm {
    /// A mixture for `points` `[d, n]`, a point a column, and the mean log-likelihood of a point before each step. `watch`
    /// hears it with the number of the step.
    ///
    /// # Errors
    /// Fewer points than components, or none; a covariance that is not positive; [`Error::Stopped`].
    pub fn fit(
        points: &DMatrix<f64>,
        settings: &GmmSettings,
        watch: &mut dyn FnMut(usize, f64) -> ControlFlow<()>,
    ) -> Result<(Self, Vec<f64>)> {
        let k = settings.components;
        if k == 0 || points.ncols() < k {
            let problem = format!("{k} components for {} points", points.ncols());
            return Err(Error::input(
                "mixture",
                problem,
                "give at least a point for each component",
            ));
        }
        let of = kmeans(points, k, settings.seed);
        Self::of_groups(points, &of, settings)?.improve(points, settings, watch)
    }

    /// The mixture of points that are in one component each: `of` is its number.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn of_groups(points: &DMatrix<f64>, of: &[usize], settings: &GmmSettings) -> Result<Self> {
        let of = |k, i: usize| f64::from(u8::from(of[i] == k));
        Self::of_shares(
            points,
            &DMatrix::from_fn(settings.components, points.ncols(), of),
            settings,
        )
    }

    /// Steps of EM until nothing is gained.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn improve(
        mut self,
        points: &DMatrix<f64>,
        settings: &GmmSettings,
        watch: &mut dyn FnMut(usize, f64) -> ControlFlow<()>,
    ) -> Result<(Self, Vec<f64>)> {
        let mut likelihoods: Vec<f64> = Vec::new();
        for step in 1..=settings.most_steps {
            let (shares, likelihood) = self.shares(points)?;
            if watch(step, likelihood).is_break() {
                return Err(Error::stopped("fitting the mixture: nothing of it is kept"));
            }
            let gained = likelihoods.last().map_or(f64::INFINITY, |before| likelihood - before);
            likelihoods.push(likelihood);
            // What loses by a step is the penalty's gain, and ends it too.
            if gained < settings.tolerance {
                break;
            }
            self = Self::of_shares(points, &shares, settings)?;
        }
        Ok((self, likelihoods))
    }

    /// The mean of ln p over `points` `[d, n]`.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn log_likelihood(&self, points: &DMatrix<f64>) -> Result<f64> {
        Ok(self.shares(points)?.1)
    }

    /// y of a component drawn by the weights, `[d]`.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> DVector<f64> {
        let at = f64::from(uniform(rng));
        let mut below = 0.0;
        let component = self.weights.iter().position(|weight| {
            below += weight;
            at < below
        });
        // The weights may sum up to a little less than 1.
        let k = component.unwrap_or(self.weights.len() - 1);
        let d = self.means[k].len();
        let normal = (0..d.div_ceil(2)).flat_map(|_| normal_pair(rng)).take(d).map(f64::from);
        let normal = DVector::from_iterator(d, normal);
        &self.means[k] + &self.factors[k] * normal
    }

    /// E: `[K, n]`, and the mean log-likelihood of a point.
    fn shares(&self, points: &DMatrix<f64>) -> Result<(DMatrix<f64>, f64)> {
        let (d, n) = points.shape();
        let inverses = self.factors.par_iter().map(|factor| {
            factor.solve_lower_triangular(&DMatrix::identity(d, d)).ok_or_else(not_positive)
        });
        let inverses: Vec<DMatrix<f64>> = inverses.collect::<Result<_>>()?;
        let constants = self.weights.iter().zip(&inverses).map(|(weight, inverse)| {
            let volume: f64 = inverse.diagonal().iter().map(|x| x.ln()).sum();
            weight.ln() + volume - 0.5 * d as f64 * (2.0 * PI).ln()
        });
        let constants: Vec<f64> = constants.collect();
        let k = constants.len();
        let chunk = |start: usize| {
            let some = points.columns(start, CHUNK.min(n - start));
            let mut joint = DMatrix::<f64>::zeros(k, some.ncols());
            for (at, inverse) in inverses.iter().enumerate() {
                let mut off = some.into_owned();
                off.column_iter_mut().for_each(|mut y| y -= &self.means[at]);
                let white = inverse * off;
                for (i, white) in white.column_iter().enumerate() {
                    joint[(at, i)] = constants[at] - 0.5 * white.norm_squared();
                }
            }
            let mut sum = 0.0;
            for mut joint in joint.column_iter_mut() {
                let largest = joint.max();
                let density = largest + joint.iter().map(|x| (x - largest).exp()).sum::<f64>().ln();
                joint.iter_mut().for_each(|x| *x = (*x - density).exp());
                sum += density;
            }
            (joint, sum)
        };
        let starts: Vec<usize> = (0..n).step_by(CHUNK).collect();
        let parts: Vec<(DMatrix<f64>, f64)> = starts.into_par_iter().map(chunk).collect();
        let sum: f64 = parts.iter().map(|(_, sum)| sum).sum();
        let shares: Vec<f64> =
            parts.into_iter().flat_map(|(part, _)| part.data.as_vec().clone()).collect();
        Ok((DMatrix::from_vec(k, n, shares), sum / n as f64))
    }

    /// M.
    fn of_shares(
        points: &DMatrix<f64>,
        shares: &DMatrix<f64>,
        settings: &GmmSettings,
    ) -> Result<Self> {
        let (d, n) = points.shape();
        let counts: Vec<f64> =
            shares.row_iter().map(|row| row.sum() + 10.0 * f64::EPSILON).collect();
        let total: f64 = counts.iter().sum();
        let variances = variances(points);
        let mean = |k: usize| {
            let mut sum = DVector::<f64>::zeros(d);
            for (y, share) in points.column_iter().zip(shares.row(k).iter()) {
                sum.axpy(*share, &y, 1.0);
            }
            sum / counts[k]
        };
        let means: Vec<DVector<f64>> = (0..counts.len()).into_par_iter().map(mean).collect();
        let each = n.div_ceil(GROUPS).max(1);
        let groups = n.div_ceil(each);
        let scatter = |task: usize| {
            let (k, group) = (task / groups, task % groups);
            let (from, to) = (group * each, ((group + 1) * each).min(n));
            let mut sum = DMatrix::<f64>::zeros(d, d);
            for start in (from..to).step_by(CHUNK) {
                let mut off = points.columns(start, CHUNK.min(to - start)).into_owned();
                for (i, mut y) in off.column_iter_mut().enumerate() {
                    y -= &means[k];
                    y *= shares[(k, start + i)].sqrt();
                }
                sum.gemm(1.0, &off, &off.transpose(), 1.0);
            }
            sum
        };
        let tasks = counts.len() * groups;
        let scatters: Vec<DMatrix<f64>> = (0..tasks).into_par_iter().map(scatter).collect();
        let factors = scatters.chunks(groups).zip(&counts).map(|(parts, count)| {
            let mut sum = parts.iter().fold(DMatrix::zeros(d, d), |sum, part| sum + part);
            for (j, variance) in variances.iter().enumerate() {
                sum[(j, j)] += settings.prior_rows * variance;
            }
            sum /= count + settings.prior_rows;
            (0..d).for_each(|j| sum[(j, j)] += settings.ridge);
            Cholesky::new(sum).map(|factor| factor.unpack()).ok_or_else(not_positive)
        });
        let factors = factors.collect::<Result<_>>()?;
        let weights = counts.iter().map(|count| count / total).collect();
        Ok(Self { weights, means, factors })
    }
}

/// Of the points along each axis, `[d]`.
fn variances(points: &DMatrix<f64>) -> Vec<f64> {
    let n = points.ncols() as f64;
    let variances = points.row_iter().map(|row| {
        let mean = row.sum() / n;
        row.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n
    });
    variances.collect()
}

fn not_positive() -> Error {
    let remedy = "give more rows or fewer dimensions, or a larger ridge";
    Error::input("mixture", "the covariance of a component is not positive", remedy)
}

/// Squared distance.
pub(super) fn distance(a: DVectorView<f64>, b: DVectorView<f64>) -> f64 {
    a.iter().zip(b.iter()).map(|(a, b)| (a - b).powi(2)).sum()
}

#[cfg(test)]
mod tests;
