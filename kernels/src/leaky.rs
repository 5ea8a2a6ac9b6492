//! The leaky ReLU by itself: after a bias, and its gradient from the output.
//!
//! ```text
//! y = max(v, slope v), v = x + bias[channel];      dx = dy where y > 0, else slope dy
//! ```
//! For a slope between 0 and 1 the output has the sign of what went in, so the backward pass needs nothing else.

use crate::lanes::{Kernel, Lanes, Level};
use crate::parts::{Shared, for_each, piece};

/// Numbers of a task.
const PART: usize = 1 << 14;

/// `y[row, c] = leaky(y[row, c] + bias[c])` in place.
///
/// # Panics
/// A map that is not whole rows of channels.
pub fn bias_leaky(y: &mut [f32], bias: &[f32], slope: f32) {
    assert!(y.len().is_multiple_of(bias.len()), "a map of whole rows");
    for row in y.chunks_exact_mut(bias.len()) {
        for (number, bias) in row.iter_mut().zip(bias) {
            let v = *number + bias;
            *number = v.max(slope * v);
        }
    }
}

/// `dx` from the output `y` and its gradient.
///
/// # Panics
/// Slices of different lengths.
pub fn leaky_backward(level: Level, y: &[f32], dy: &[f32], slope: f32, dx: &mut [f32]) {
    assert!(y.len() == dy.len() && dy.len() == dx.len(), "three maps of one size");
    let length = y.len();
    let dx = Shared::new(dx);
    for_each(length.div_ceil(PART), |at| {
        let range = piece(length, PART, at);
        // SAFETY: parts do not overlap.
        let dx = unsafe { dx.part(range.clone()) };
        level.run(Backward { y: &y[range.clone()], dy: &dy[range], slope, dx });
    });
}

struct Backward<'a> {
    y: &'a [f32],
    dy: &'a [f32],
    slope: f32,
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        assert!(self.y.len() == self.dy.len() && self.dy.len() == self.dx.len());
        let whole = self.y.len() / L::N * L::N;
        for at in (0..whole).step_by(L::N) {
            // SAFETY: `at + N` is inside of all three.
            unsafe {
                let dy = L::load(self.dy.as_ptr().add(at));
                let scaled = L::mul(dy, L::splat(self.slope));
                let y = L::load(self.y.as_ptr().add(at));
                L::store(self.dx.as_mut_ptr().add(at), L::where_positive(y, dy, scaled));
            }
        }
        for at in whole..self.y.len() {
            self.dx[at] = if self.y[at] > 0.0 { self.dy[at] } else { self.slope * self.dy[at] };
        }
    }
}
