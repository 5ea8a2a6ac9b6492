//! Numbers rounded to bf16, and the pairs of them that the register tile multiplies.
//!
//! ```text
//! bf16(x)             the upper half of an f32, to nearest, ties to even: off by at most 2^-8 of x
//! pair(x, x')         bf16(x) | bf16(x') << 16
//! channel_pairs[k]    pair(x[2k], x[2k + 1])          zero after the last channel
//! ```
//! A pair lies in the place of an f32. A sum over channels then has half as many terms, of two products each, in f32:
//! forward passes and input gradients. The weight gradient sums over pixels and pairs those, see `pixels.rs`.

use crate::lanes::{Kernel, Lanes, Level};
use crate::pack::WeightStrides;
use crate::parts::{Shared, for_each, piece};
use crate::pool::Scratch;

/// What the operands of a convolution are rounded to; its sums and results are f32 in either case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Nothing is rounded.
    #[default]
    F32,
    /// Maps, weights and gradients are rounded to bf16 before they are multiplied.
    Bf16,
}

/// Pairs of a task.
const PART: usize = 1 << 14;

/// `x` rounded to bf16; infinity beyond its range, and a NaN stays one.
#[inline(always)]
pub fn bf16(x: f32) -> f32 {
    let bits = x.to_bits();
    // Half of the last place that is kept, less a bit where that place is even: a tie then falls down to it.
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    // Rounded, a NaN could become infinity or zero; its quiet bit keeps it what it is.
    let kept = if x.is_nan() { bits | 0x0040_0000 } else { nearest };
    f32::from_bits(kept & 0xffff_0000)
}

/// See the module.
#[inline(always)]
pub(crate) fn pair(low: f32, high: f32) -> f32 {
    f32::from_bits(bf16(low).to_bits() >> 16 | bf16(high).to_bits())
}

/// All `numbers` rounded.
pub(crate) fn rounded(numbers: &[f32]) -> Scratch {
    let mut all = Scratch::new(numbers.len());
    all.iter_mut().zip(numbers).for_each(|(to, &from)| *to = bf16(from));
    all
}

/// A map `[.., channels]` as `[.., channels / 2]`, rounded up.
pub(crate) fn channel_pairs(level: Level, map: &[f32], channels: usize) -> Scratch {
    let pairs = channels.div_ceil(2);
    let rows = map.len() / channels;
    let rows_of_task = (PART / pairs).max(1);
    let mut all = Scratch::new(rows * pairs);
    let shared = Shared::new(&mut all);
    for_each(rows.div_ceil(rows_of_task), |at| {
        let range = piece(rows, rows_of_task, at);
        let from = &map[range.start * channels..range.end * channels];
        // SAFETY: parts do not overlap.
        let to = unsafe { shared.part(range.start * pairs..range.end * pairs) };
        level.run(Neighbours { from, channels, to });
    });
    all
}

struct Neighbours<'a> {
    from: &'a [f32],
    channels: usize,
    to: &'a mut [f32],
}

impl Kernel for Neighbours<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { from, channels, to } = self;
        if channels.is_multiple_of(2) {
            // No row has a remainder: they are one long row.
            for (to, &[low, high]) in to.iter_mut().zip(from.as_chunks::<2>().0) {
                *to = pair(low, high);
            }
            return;
        }
        for (to, from) in to.chunks_exact_mut(channels.div_ceil(2)).zip(from.chunks_exact(channels))
        {
            let (both, last) = from.as_chunks::<2>();
            for (to, &[low, high]) in to.iter_mut().zip(both) {
                *to = pair(low, high);
            }
            to[both.len()] = pair(last[0], 0.0);
        }
    }
}

/// Weights that lie by `strides` as `[tap, sources / 2, targets]`, rounded up: the source channels in pairs.
pub(crate) fn weight_pairs(
    weights: &[f32],
    strides: WeightStrides,
    [taps, sources, targets]: [usize; 3],
) -> Scratch {
    let pairs = sources.div_ceil(2);
    let mut all = Scratch::new(taps * pairs * targets);
    let shared = Shared::new(&mut all);
    for_each(pairs, |at| {
        for tap in 0..taps {
            let first = &weights[tap * strides.tap + 2 * at * strides.source..];
            let second = (2 * at + 1 < sources).then(|| &first[strides.source..]);
            let start = (tap * pairs + at) * targets;
            // SAFETY: a task has a pair of channels of its own in each tap.
            let row = unsafe { shared.part(start..start + targets) };
            for (target, to) in row.iter_mut().enumerate() {
                let place = target * strides.target;
                *to = pair(first[place], second.map_or(0.0, |second| second[place]));
            }
        }
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nearest of the numbers whose lower half is zero, of two equally near the one with an even last place.
    fn nearest(x: f32) -> f32 {
        let down = x.to_bits() & 0xffff_0000;
        let [low, high] = [down, down + 0x1_0000].map(f32::from_bits);
        // Where the next number would be if there were no infinity.
        let above =
            if high.is_finite() { f64::from(high) } else { 2f64.powi(128).copysign(x.into()) };
        let to = [f64::from(low), above].map(|number| (number - f64::from(x)).abs());
        let even = |number: f32| number.to_bits() & 0x1_0000 == 0;
        if to[0] < to[1] || to[0] == to[1] && even(low) { low } else { high }
    }

    #[test]
    fn rounding_is_to_nearest_and_ties_go_to_even() {
        // Every upper half, with lower halves around the tie.
        for upper in (0..=0xffff_u32).filter(|upper| !f32::from_bits(upper << 16).is_nan()) {
            for lower in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
                let x = f32::from_bits(upper << 16 | lower);
                if x.is_finite() {
                    assert_eq!(bf16(x).to_bits(), nearest(x).to_bits(), "{x:e}");
                }
            }
        }
        assert_eq!([1.0, -0.0, f32::INFINITY].map(bf16), [1.0, -0.0, f32::INFINITY]);
        assert_eq!(bf16(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(bf16(f32::MAX), f32::INFINITY);
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        for bits in [0x7fc0_0000_u32, 0x7f80_0001, 0x7fff_ffff, 0xffff_ffff, 0xff80_0001] {
            let rounded = bf16(f32::from_bits(bits));
            assert!(rounded.is_nan() && rounded.to_bits() >> 31 == bits >> 31, "{bits:x}");
        }
    }

    #[test]
    fn channels_lie_two_to_a_place_and_the_odd_one_beside_zero() {
        let map = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let halves = |pairs: &[f32]| -> Vec<f32> {
            let of = |pair: &f32| {
                [pair.to_bits() << 16, pair.to_bits() & 0xffff_0000].map(f32::from_bits)
            };
            pairs.iter().flat_map(of).collect()
        };
        for level in Level::available() {
            assert_eq!(halves(&channel_pairs(level, &map, 2)), map);
            let odd = [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0];
            assert_eq!(halves(&channel_pairs(level, &map, 3)), odd);
        }
        // Two taps, three sources, one target.
        let pairs = weight_pairs(&map, WeightStrides::tap_major(3, 1), [2, 3, 1]);
        assert_eq!(halves(&pairs), [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0]);
    }
}
