//! Pairs of pixels for the weight gradient in bf16, which sums over pixels.
//!
//! ```text
//! dW[tap] = sum over output pixels n, n' = n + 1 in pairs of   x[source(n)] dy[n]' + x[source(n')] dy[n']'
//! dy'[j] = pair(dy[2j], dy[2j + 1])      one for every two columns of the output
//! x'[c]  = pair(x[c - s], x[c])          one for every column, and s more: source(n') is s columns after source(n)
//! ```
//! s is the stride; what is outside of a row is zero. So whatever the tap, the two pixels that it reads for a pair of
//! output pixels lie in one place of x', and the weight gradient of f32 does the rest, with maps that are as large
//! (x') or half as large (dy') and a plan over pairs.

use crate::bf16::pair;
use crate::lanes::{Kernel, Lanes, Level};
use crate::parts::{Shared, for_each};
use crate::plan::{ConvShape, Phase, Plan};
use crate::pool::Scratch;

/// Which pairs of the output meet which of the input.
pub(crate) fn plan(shape: &ConvShape) -> Plan {
    let ConvShape { stride, padding, dilation, kernel, height, width, .. } = *shape;
    let [out_height, out_width] = shape.out();
    let [pairs, from_width] = [out_width.div_ceil(2), width + stride];
    let taps: Vec<usize> = (0..shape.taps()).collect();
    let mut source = Vec::with_capacity(taps.len() * out_height * pairs);
    for tap in &taps {
        let (i, j) = (tap / kernel, tap % kernel);
        for y in 0..out_height {
            let row = (y * stride + i * dilation).checked_sub(padding).filter(|&row| row < height);
            source.extend((0..pairs).map(|pair| {
                // The column of the second pixel; the first is a stride before it.
                let column = ((2 * pair + 1) * stride + j * dilation).checked_sub(padding);
                let column = column.filter(|&column| column < from_width);
                row.zip(column).map_or(-1, |(row, column)| (row * from_width + column) as i32)
            }));
        }
    }
    let to_pixels = out_height * pairs;
    let phases = vec![Phase { taps, targets: (0..to_pixels as u32).collect(), source }];
    Plan { from_pixels: height * from_width, to_pixels, phases }
}

/// x' of `x` `[B, H, W, in]`: `[B, H, W + s, in]`.
pub(crate) fn inputs(level: Level, shape: &ConvShape, x: &[f32]) -> Scratch {
    let ConvShape { width, stride, .. } = *shape;
    let columns = (0..width + stride)
        .map(|c| [c.checked_sub(stride), Some(c).filter(|&c| c < width)])
        .collect();
    paired(level, x, [width, shape.input], columns)
}

/// dy' of `dy` `[B, H', W', out]`: `[B, H', W' / 2, out]`, rounded up.
pub(crate) fn gradients(level: Level, shape: &ConvShape, dy: &[f32]) -> Scratch {
    let width = shape.out()[1];
    let columns = (0..width.div_ceil(2))
        .map(|j| [Some(2 * j), Some(2 * j + 1).filter(|&c| c < width)])
        .collect();
    paired(level, dy, [width, shape.output], columns)
}

/// The pairs of `columns` of every row of a map `[.., width, channels]`.
fn paired(
    level: Level,
    map: &[f32],
    [width, channels]: [usize; 2],
    columns: Vec<[Option<usize>; 2]>,
) -> Scratch {
    let [from, to] = [width * channels, columns.len() * channels];
    let rows = map.len() / from;
    let zeros = &vec![0.0; channels];
    let mut all = Scratch::new(rows * to);
    let shared = Shared::new(&mut all);
    for_each(rows, |row| {
        let from = &map[row * from..][..from];
        // SAFETY: rows do not overlap.
        let to = unsafe { shared.part(row * to..(row + 1) * to) };
        level.run(Row { from, channels, columns: &columns, zeros, to });
    });
    all
}

struct Row<'a> {
    from: &'a [f32],
    channels: usize,
    columns: &'a [[Option<usize>; 2]],
    zeros: &'a [f32],
    to: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { from, channels, columns, zeros, to } = self;
        for (to, &[first, second]) in to.chunks_exact_mut(channels).zip(columns) {
            let [first, second] = [first, second].map(|column| match column {
                Some(column) => &from[column * channels..][..channels],
                None => zeros,
            });
            for ((to, &first), &second) in to.iter_mut().zip(first).zip(second) {
                *to = pair(first, second);
            }
        }
    }
}
