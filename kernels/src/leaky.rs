//! The leaky ReLU and the plain one: for a number, for a vector, and their gradients from the output.
//!
//! ```text
//! y = max(v, SLOPE v);      dx = dy where y > 0, else SLOPE dy      SLOPE = 0 for the plain one
//! ```
//! For a slope between 0 and 1 the output has the sign of what went in, so the backward pass needs nothing else.

use crate::lanes::{Kernel, Lanes, Level};
use crate::parts::{Shared, for_each, piece};

/// Slope below zero, of the leaky one.
pub const SLOPE: f32 = 0.2;

/// Numbers of a task.
const PART: usize = 1 << 14;

/// y of one number.
pub(crate) fn leaky(v: f32) -> f32 {
    v.max(SLOPE * v)
}

/// y of a vector.
///
/// # Safety
/// The instruction set of `L` is there.
#[inline(always)]
pub(crate) unsafe fn leaky_lanes<L: Lanes>(v: L::V) -> L::V {
    // SAFETY: by the caller's promise.
    unsafe { L::max(v, L::mul(v, L::splat(SLOPE))) }
}

/// The plain ReLU of one number; of none that is none.
pub(crate) fn relu(v: f32) -> f32 {
    if v < 0.0 { 0.0 } else { v }
}

/// The same of a vector.
///
/// # Safety
/// The instruction set of `L` is there.
#[inline(always)]
pub(crate) unsafe fn relu_lanes<L: Lanes>(v: L::V) -> L::V {
    // SAFETY: by the caller's promise. In this order what is no number stays none.
    unsafe { L::max(L::splat(0.0), v) }
}

/// dx of a vector, by what has the sign of the output.
///
/// # Safety
/// The instruction set of `L` is there.
#[inline(always)]
pub(crate) unsafe fn leaky_gradient<L: Lanes>(sign: L::V, dy: L::V) -> L::V {
    // SAFETY: by the caller's promise.
    unsafe { L::where_positive(sign, dy, L::mul(dy, L::splat(SLOPE))) }
}

/// What a gradient is multiplied by, by what has the sign of the output.
pub(crate) fn slope_of(sign: f32) -> f32 {
    if sign > 0.0 { 1.0 } else { SLOPE }
}

/// `dx` from the output `y` and its gradient.
///
/// # Panics
/// Slices of different lengths.
pub fn leaky_backward(level: Level, y: &[f32], dy: &[f32], dx: &mut [f32]) {
    backward(level, SLOPE, y, dy, dx);
}

/// The same of the plain ReLU.
///
/// # Panics
/// Slices of different lengths.
pub fn relu_backward(level: Level, y: &[f32], dy: &[f32], dx: &mut [f32]) {
    backward(level, 0.0, y, dy, dx);
}

fn backward(level: Level, slope: f32, y: &[f32], dy: &[f32], dx: &mut [f32]) {
    assert!(y.len() == dy.len() && dy.len() == dx.len(), "three maps of one size");
    let length = y.len();
    let dx = Shared::new(dx);
    for_each(length.div_ceil(PART), |at| {
        let range = piece(length, PART, at);
        // SAFETY: parts do not overlap.
        let dx = unsafe { dx.part(range.clone()) };
        level.run(Backward { slope, y: &y[range.clone()], dy: &dy[range], dx });
    });
}

struct Backward<'a> {
    slope: f32,
    y: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { slope, y, dy, dx } = self;
        assert!(y.len() == dy.len() && dy.len() == dx.len());
        let whole = y.len() / L::N * L::N;
        for at in (0..whole).step_by(L::N) {
            // SAFETY: `at + N` is inside of all three.
            unsafe {
                let (y, dy) = (L::load(y.as_ptr().add(at)), L::load(dy.as_ptr().add(at)));
                let below = L::mul(dy, L::splat(slope));
                L::store(dx.as_mut_ptr().add(at), L::where_positive(y, dy, below));
            }
        }
        for at in whole..y.len() {
            dx[at] = if y[at] > 0.0 { dy[at] } else { slope * dy[at] };
        }
    }
}
