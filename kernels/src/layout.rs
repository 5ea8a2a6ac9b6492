//! Maps between channels last and channels first, joined and split along channels, and the sigmoid that ends a
//! network, written channels first on the way.
//!
//! ```text
//! y = 1 / (1 + exp(-x))      dx = dy y (1 - y)
//! ```
//!
//! # Shapes
//! - channels first: `[b, c, h, w]`
//! - channels last: `[b, h, w, c]`, or `[rows, c]` where only the pixels' number matters

mod transpose;

use crate::Level;
use crate::lanes::{Kernel, Lanes};
use crate::parts::{Shared, for_each, piece};
use transpose::{Plain, SigmoidGradient, transpose};

/// Numbers that a task moves, about: 64 KiB.
const TASK: usize = 16384;

/// `x` `[b, c, h, w]` to `y` `[b, h, w, c]`.
///
/// # Panics
/// Lengths that do not fit the shape.
pub fn to_channels_last(level: Level, x: &[f32], [b, c, h, w]: [usize; 4], y: &mut [f32]) {
    check("to_channels_last", b * c * h * w, &[x.len(), y.len()]);
    transpose(level, Plain(x), [b, c, h * w], y, false);
}

/// `x` `[b, h, w, c]` to `y` `[b, c, h, w]`; the shape is that of `x`.
///
/// # Panics
/// Lengths that do not fit the shape.
pub fn to_channels_first(level: Level, x: &[f32], [b, h, w, c]: [usize; 4], y: &mut [f32]) {
    check("to_channels_first", b * c * h * w, &[x.len(), y.len()]);
    transpose(level, Plain(x), [b, h * w, c], y, false);
}

/// The sigmoid of `x` `[b, h, w, c]` to `y` `[b, c, h, w]`; the shape is that of `x`.
///
/// # Panics
/// Lengths that do not fit the shape.
pub fn sigmoid_to_channels_first(level: Level, x: &[f32], [b, h, w, c]: [usize; 4], y: &mut [f32]) {
    check("sigmoid_to_channels_first", b * c * h * w, &[x.len(), y.len()]);
    transpose(level, Plain(x), [b, h * w, c], y, true);
}

/// `dx` `[b, h, w, c]` from the sigmoid `y` and `dy`, both `[b, c, h, w]`; the shape is that of `dx`.
///
/// # Panics
/// Lengths that do not fit the shape.
pub fn sigmoid_backward(
    level: Level,
    y: &[f32],
    dy: &[f32],
    [b, h, w, c]: [usize; 4],
    dx: &mut [f32],
) {
    check("sigmoid_backward", b * c * h * w, &[y.len(), dy.len(), dx.len()]);
    transpose(level, SigmoidGradient { y, dy }, [b, c, h * w], dx, false);
}

/// Each row of `a` followed by that of `b`: `[rows, ca]`, `[rows, cb]` to `[rows, ca + cb]`.
///
/// # Panics
/// Lengths that do not fit.
pub fn concat(level: Level, a: &[f32], ca: usize, b: &[f32], cb: usize, y: &mut [f32]) {
    let rows = rows("concat", [a.len(), ca], [b.len(), cb], y.len());
    let (many, both) = (rows_of_a_task(ca + cb), Shared::new(y));
    for_each(rows.div_ceil(many), |i| {
        let range = piece(rows, many, i);
        // SAFETY: every row belongs to one task.
        let y = unsafe { both.part(range.start * (ca + cb)..range.end * (ca + cb)) };
        let (a, b) = (&a[range.start * ca..range.end * ca], &b[range.start * cb..range.end * cb]);
        level.run(Columns {
            from: a,
            stride: ca,
            at: 0,
            to: &mut *y,
            to_stride: ca + cb,
            to_at: 0,
            width: ca,
        });
        level.run(Columns {
            from: b,
            stride: cb,
            at: 0,
            to: y,
            to_stride: ca + cb,
            to_at: ca,
            width: cb,
        });
    });
}

/// The reverse of [`concat()`].
///
/// # Panics
/// Lengths that do not fit.
pub fn split(level: Level, x: &[f32], a: &mut [f32], ca: usize, b: &mut [f32], cb: usize) {
    let rows = rows("split", [a.len(), ca], [b.len(), cb], x.len());
    let (many, stride) = (rows_of_a_task(ca + cb), ca + cb);
    let (a, b) = (Shared::new(a), Shared::new(b));
    for_each(rows.div_ceil(many), |i| {
        let range = piece(rows, many, i);
        let x = &x[range.start * stride..range.end * stride];
        // SAFETY: every row belongs to one task.
        let (a, b) = unsafe {
            (a.part(range.start * ca..range.end * ca), b.part(range.start * cb..range.end * cb))
        };
        level.run(Columns { from: x, stride, at: 0, to: a, to_stride: ca, to_at: 0, width: ca });
        level.run(Columns { from: x, stride, at: ca, to: b, to_stride: cb, to_at: 0, width: cb });
    });
}

fn check(name: &str, numbers: usize, lengths: &[usize]) {
    assert!(
        lengths.iter().all(|l| *l == numbers),
        "{name}: slices of {lengths:?} numbers for a shape of {numbers}"
    );
}

fn rows(name: &str, [a, ca]: [usize; 2], [b, cb]: [usize; 2], both: usize) -> usize {
    let rows = both.checked_div(ca + cb).unwrap_or(0);
    let fits = a == rows * ca && b == rows * cb && both == a + b;
    assert!(fits, "{name}: {a} numbers in rows of {ca}, {b} in rows of {cb}, {both} in both");
    rows
}

fn rows_of_a_task(width: usize) -> usize {
    (TASK / width.max(1)).max(1)
}

/// `width` columns of rows copied into columns of other rows.
struct Columns<'a> {
    from: &'a [f32],
    stride: usize,
    at: usize,
    to: &'a mut [f32],
    to_stride: usize,
    to_at: usize,
    width: usize,
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { from, stride, at, to, to_stride, to_at, width } = self;
        if width == 0 {
            return;
        }
        for (from, to) in from.chunks_exact(stride).zip(to.chunks_exact_mut(to_stride)) {
            let (from, to) = (&from[at..at + width], &mut to[to_at..to_at + width]);
            if width < L::N {
                from.iter().zip(to).for_each(|(from, to)| *to = *from);
                continue;
            }
            for i in (0..width).step_by(L::N) {
                // The last vector ends where the row does, and writes some numbers a second time.
                let i = i.min(width - L::N);
                // SAFETY: `i + L::N <= width`, the length of both.
                unsafe { L::store(to.as_mut_ptr().add(i), L::load(from.as_ptr().add(i))) };
            }
        }
    }
}
