//! Batch norm with an affine map, then leaky ReLU.
//!
//! ```text
//! xhat = (x - mean) / sqrt(var + eps)         mean and biased variance of each channel, over all pixels
//! pre  = gamma xhat + beta = x scale + shift
//! y    = pre > 0 ? pre : 0.2 pre
//!
//! dpre = dy (pre > 0 ? 1 : 0.2)
//! dbeta = sum(dpre)      dgamma = sum(dpre xhat)
//! dx   = gamma / sqrt(var + eps) (dpre - dbeta / pixels - xhat dgamma / pixels)
//! ```
//!
//! # Shapes
//! - `x`, `y`, `dy`, `dx`: `[pixels, channels]`
//! - `gamma`, `beta`, `dgamma`, `dbeta`, [`Moments`]: `[channels]`
//!
//! Each direction reads its maps twice, once to sum and once to write. Sums are f32 inside a piece of the map and f64
//! from piece to piece.

mod fold;
mod passes;

use crate::Level;
use crate::parts::{Shared, for_each};
use fold::{Affine, Fold};
use passes::{Apply, Input, Statistics, Sums};

/// Mean and biased variance of each channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

/// Writes `y` and returns the moments, which [`norm_act_backward`] needs.
///
/// # Panics
/// An empty map, or lengths that do not fit each other.
pub fn norm_act(
    level: Level,
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f32,
    y: &mut [f32],
) -> Moments {
    let fold = Fold::new(level.lanes(), gamma.len(), x.len());
    fold.check(&[("y", y.len())], &[("beta", beta.len())]);

    let mut partial = vec![0.0; fold.partials()];
    let parts = Shared::new(&mut partial);
    for_each(fold.pieces(), |i| {
        // SAFETY: every task has its own piece.
        let (mean, m2) = unsafe { parts.part(fold.partial(i)) }.split_at_mut(fold.width);
        level.run(Statistics { x: &x[fold.piece(i)], mean, m2 });
    });
    let mut moments = Moments { mean: vec![0.0; gamma.len()], variance: vec![0.0; gamma.len()] };
    fold.moments(x, &partial, &mut moments.mean, &mut moments.variance);

    let Affine { scale, shift, .. } =
        &Affine::new(&fold, gamma, beta, &moments.mean, &moments.variance, epsilon);
    let y = Shared::new(y);
    for_each(fold.pieces(), |i| {
        // SAFETY: as above.
        let y = unsafe { y.part(fold.piece(i)) };
        level.run(Apply { x: &x[fold.piece(i)], scale, shift, y });
    });
    moments
}

/// Writes `dx`, `dgamma` and `dbeta` from `dy` and what [`norm_act`] was given and returned.
///
/// # Panics
/// An empty map, or lengths that do not fit each other.
#[allow(clippy::too_many_arguments)]
pub fn norm_act_backward(
    level: Level,
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    moments: &Moments,
    epsilon: f32,
    dy: &[f32],
    dx: &mut [f32],
    dgamma: &mut [f32],
    dbeta: &mut [f32],
) {
    let Moments { mean, variance } = moments;
    let fold = Fold::new(level.lanes(), gamma.len(), x.len());
    fold.check(
        &[("dy", dy.len()), ("dx", dx.len())],
        &[("beta", beta.len()), ("dgamma", dgamma.len())],
    );
    fold.check(&[], &[("dbeta", dbeta.len()), ("mean", mean.len()), ("variance", variance.len())]);

    let affine = Affine::new(&fold, gamma, beta, mean, variance, epsilon);
    let Affine { scale, shift, mean, .. } = &affine;
    let mut partial = vec![0.0; fold.partials()];
    let parts = Shared::new(&mut partial);
    for_each(fold.pieces(), |i| {
        // SAFETY: every task has its own piece.
        let (first, second) = unsafe { parts.part(fold.partial(i)) }.split_at_mut(fold.width);
        level.run(Sums {
            x: &x[fold.piece(i)],
            dy: &dy[fold.piece(i)],
            scale,
            shift,
            mean,
            first,
            second,
        });
    });

    let (along, constant) = &affine.gradients(&fold, &partial, dgamma, dbeta);
    let dx = Shared::new(dx);
    for_each(fold.pieces(), |i| {
        // SAFETY: as above.
        let dx = unsafe { dx.part(fold.piece(i)) };
        level.run(Input {
            x: &x[fold.piece(i)],
            dy: &dy[fold.piece(i)],
            scale,
            shift,
            along,
            constant,
            dx,
        });
    });
}
