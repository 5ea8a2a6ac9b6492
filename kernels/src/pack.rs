//! Weights in the order in which a register tile reads them.
//!
//! ```text
//! [block of target channels][tap][source channel][lane]      a block has TILE.1 vectors, the last one may have fewer
//! ```

use crate::lanes::{Kernel, Lanes, Level};
use crate::parts::{Shared, for_each};
use crate::plan::ConvShape;
use crate::pool::Scratch;
use crate::winograd::{PRODUCTS, filter, suits};

/// Where weight `(target channel, source channel, tap)` lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightStrides {
    pub target: usize,
    pub source: usize,
    pub tap: usize,
}

impl WeightStrides {
    /// Source and target change roles: the weights of the input gradient.
    pub fn turned(self) -> Self {
        Self { target: self.source, source: self.target, tap: self.tap }
    }

    /// `[tap, source, target]` row-major: what the weight gradient has.
    pub fn tap_major(sources: usize, targets: usize) -> Self {
        Self { target: 1, source: targets, tap: sources * targets }
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Packed {
    pub(crate) level: Level,
    pub(crate) numbers: Scratch,
    pub(crate) taps: usize,
    pub(crate) sources: usize,
    pub(crate) targets: usize,
    /// Sixteen matrices for Winograd's way instead of the taps.
    pub(crate) winograd: bool,
}

/// The pass that weights are packed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// From the input to the output.
    Forward,
    /// From the output's gradient to the input's; a transposed convolution forward.
    InputGradient,
}

/// Channels in a full block.
struct BlockWidth;

impl Kernel for BlockWidth {
    type Output = [usize; 2];

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> [usize; 2] {
        [L::N * L::TILE.1, L::N]
    }
}

impl Packed {
    /// Packs `weights`, of `taps` places, `sources` and `targets` channels, for `level`.
    ///
    /// # Panics
    /// Strides that reach beyond the weights.
    pub fn new(
        level: Level,
        weights: &[f32],
        strides: WeightStrides,
        [taps, sources, targets]: [usize; 3],
    ) -> Self {
        let last = (taps - 1) * strides.tap + (sources - 1) * strides.source;
        assert!(last + (targets - 1) * strides.target < weights.len(), "too few weights");
        let [full, lanes] = level.run(BlockWidth);
        let blocks = targets.div_ceil(full);
        let padded = (blocks - 1) * full + width_of(targets - (blocks - 1) * full, lanes);
        let mut numbers = Scratch::new(padded * taps * sources);
        let shared = Shared::new(&mut numbers);
        // A task is a tap of a block: small ones do not pay for a thread.
        for_each(blocks * taps, |at| {
            let (block, tap) = (at / taps, at % taps);
            let first = block * full;
            let kept = full.min(targets - first);
            let width = width_of(kept, lanes);
            let start = first * taps * sources + tap * sources * width;
            // SAFETY: the ranges of different (block, tap) do not overlap.
            let rows = unsafe { shared.part(start..start + sources * width) };
            let from = &weights[tap * strides.tap + first * strides.target..];
            for (source, row) in rows.chunks_exact_mut(width).enumerate() {
                let from = &from[source * strides.source..];
                row[kept..].fill(0.0);
                if strides.target == 1 {
                    row[..kept].copy_from_slice(&from[..kept]);
                } else {
                    for (lane, number) in row[..kept].iter_mut().enumerate() {
                        *number = from[lane * strides.target];
                    }
                }
            }
        });
        Self { level, numbers, taps, sources, targets, winograd: false }
    }

    /// Packs the weights of the convolution `shape`, which lie by `strides` with its outputs as targets, for one
    /// pass, in the way that is fastest for it.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn of(
        level: Level,
        shape: &ConvShape,
        weights: &[f32],
        strides: WeightStrides,
        pass: Pass,
    ) -> Self {
        let (strides, sources, targets) = match pass {
            Pass::Forward => (strides, shape.input, shape.output),
            Pass::InputGradient => (strides.turned(), shape.output, shape.input),
        };
        if !suits(shape, level.lanes(), sources, targets) {
            return Self::new(level, weights, strides, [shape.taps(), sources, targets]);
        }
        let mut products = Scratch::new(PRODUCTS * sources * targets);
        let shared = Shared::new(&mut products);
        for_each(sources, |source| {
            // SAFETY: a task has a source channel of its own in each product.
            let mut rows: [&mut [f32]; PRODUCTS] = std::array::from_fn(|product| unsafe {
                let start = (product * sources + source) * targets;
                shared.part(start..start + targets)
            });
            for target in 0..targets {
                let start = source * strides.source + target * strides.target;
                let taps = std::array::from_fn(|tap| {
                    // The gradient reads the filter from the other end.
                    let tap = if pass == Pass::Forward { tap } else { 8 - tap };
                    weights[start + tap * strides.tap]
                });
                for (row, number) in rows.iter_mut().zip(filter(taps)) {
                    row[target] = number;
                }
            }
        });
        let strides = WeightStrides::tap_major(sources, targets);
        let packed = Self::new(level, &products, strides, [PRODUCTS, sources, targets]);
        Self { winograd: true, ..packed }
    }
}

/// `channels` rounded up to whole vectors.
pub(crate) fn width_of(channels: usize, lanes: usize) -> usize {
    channels.div_ceil(lanes) * lanes
}
