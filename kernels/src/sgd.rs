//! Plain SGD in place, without momentum and weight decay.
//!
//! ```text
//! w <- w - rate * g                                 sgd
//! w <- clamp(w - rate * g, -half_box, half_box)     sgd_clamp, the first `clamped` numbers of a row
//! ```
//! The product is rounded before the difference, so that every instruction set gives the same bytes. A step is bound
//! by memory, and a fused multiply-add would gain nothing.
//!
//! # Shapes
//! - `sgd`: weights and gradient of any one length
//! - `sgd_clamp`: rows and gradient `[B, row_len]`

use crate::lanes::{Kernel, Lanes, Level};
use crate::parts::{Shared, for_each, piece};

/// Numbers of a task, 128 KiB: long beside the start of a task, short beside the weights of a network.
const PIECE: usize = 1 << 15;

/// `w <- w - rate * g`.
///
/// # Panics
/// Slices of different lengths.
pub fn sgd(level: Level, weights: &mut [f32], gradient: &[f32], rate: f32) {
    sgd_clamp(level, weights, weights.len(), gradient, rate, 0, 0.0);
}

/// `w <- w - rate * g` for rows `[B, row_len]`, then the first `clamped` numbers of each row are brought into
/// `[-half_box, half_box]`. What is not a number stays so: a step that went wrong must show.
///
/// # Panics
/// Slices of different lengths or of no whole number of rows, `clamped` above `row_len`, a negative box.
pub fn sgd_clamp(
    level: Level,
    rows: &mut [f32],
    row_len: usize,
    gradient: &[f32],
    rate: f32,
    clamped: usize,
    half_box: f32,
) {
    let count = rows.len() / row_len.max(1);
    assert_eq!(rows.len(), count * row_len, "weights are rows of {row_len}");
    assert_eq!(gradient.len(), rows.len(), "a gradient has as many numbers as its weights");
    assert!(clamped <= row_len, "{clamped} clamped numbers in a row of {row_len}");
    assert!(half_box >= 0.0, "a box of half width {half_box}");

    let pieces = row_len.div_ceil(PIECE);
    let shared = Shared::new(rows);
    for_each(count * pieces, |task| {
        let start = task / pieces * row_len;
        let within = piece(row_len, PIECE, task % pieces);
        let boxed = clamped.clamp(within.start, within.end);
        for (part, half_box) in [(within.start..boxed, Some(half_box)), (boxed..within.end, None)] {
            let range = start + part.start..start + part.end;
            // SAFETY: tasks have different rows or different pieces of one.
            let weights = unsafe { shared.part(range.clone()) };
            level.run(Step { weights, gradient: &gradient[range], rate, half_box });
        }
    });
}

/// The step of one range; both slices of one length.
struct Step<'a> {
    weights: &'a mut [f32],
    gradient: &'a [f32],
    rate: f32,
    half_box: Option<f32>,
}

impl Kernel for Step<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let count = self.weights.len().min(self.gradient.len());
        let (weights, gradient) = (self.weights.as_mut_ptr(), self.gradient.as_ptr());
        // SAFETY: the instruction set is there; at `at` there are `count - at` numbers in both slices, and no more
        // are touched.
        unsafe {
            let rate = L::splat(self.rate);
            let half_box = self.half_box.map(|half| (L::splat(-half), L::splat(half)));
            for at in (0..count).step_by(L::N) {
                let n = count - at;
                let step = L::mul(rate, L::load_part(gradient.add(at), n));
                let mut w = L::sub(L::load_part(weights.add(at), n), step);
                if let Some((low, high)) = half_box {
                    // In this order of operands what is not a number passes both.
                    w = L::min(high, L::max(low, w));
                }
                L::store_part(weights.add(at), w, n);
            }
        }
    }
}
