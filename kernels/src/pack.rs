//! Weights in the order in which a register tile reads them.
//!
//! ```text
//! [block of target channels][tap][source channel][lane]      a block has TILE.1 vectors, the last one may have fewer
//! ```

use crate::grouped::grouped_rows;
use crate::lanes::{Kernel, Lanes, Level};
use crate::parts::{Shared, for_each};
use crate::plan::{ConvShape, Pass};
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
    pub(crate) pass: Pass,
    pub(crate) way: Way,
}

/// How a convolution is done, which follows from its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Tap by tap, the blocks of this module.
    Direct,
    /// Sixteen matrices in place of the taps.
    Winograd,
    /// `[tap, source in its group, target]`, rows of whole vectors.
    Grouped,
}

impl Way {
    pub fn of(level: Level, shape: &ConvShape, pass: Pass) -> Self {
        let [source, target] = shape.sides(pass);
        match shape.groups {
            1 if suits(shape, level.lanes(), source.channels, target.channels) => Self::Winograd,
            1 => Self::Direct,
            _ => Self::Grouped,
        }
    }

    /// Places of the kernel as it is packed.
    pub fn taps(self, shape: &ConvShape) -> usize {
        match self {
            Self::Winograd => PRODUCTS,
            Self::Direct | Self::Grouped => shape.taps(),
        }
    }
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
    /// Packs the weights of the convolution `shape` for one pass, in the way that is fastest for it. They lie by
    /// `strides`: a target is an output, a source an input of its group.
    ///
    /// # Panics
    /// Strides that reach beyond the weights.
    pub fn of(
        level: Level,
        shape: &ConvShape,
        weights: &[f32],
        strides: WeightStrides,
        pass: Pass,
    ) -> Self {
        let [taps, ins] = [shape.taps(), shape.input / shape.groups];
        let last = (taps - 1) * strides.tap + (ins - 1) * strides.source;
        assert!(last + (shape.output - 1) * strides.target < weights.len(), "too few weights");
        let [sources, targets] = shape.sides(pass).map(|side| side.channels);
        let turned = match pass {
            Pass::Forward => strides,
            Pass::InputGradient => strides.turned(),
        };
        let way = Way::of(level, shape, pass);
        let numbers = match way {
            Way::Direct => blocks(level, weights, turned, [taps, sources, targets]),
            Way::Grouped => grouped_rows(level, shape, weights, strides, pass),
            Way::Winograd => {
                let products = filters(weights, turned, [sources, targets], pass);
                let strides = WeightStrides::tap_major(sources, targets);
                blocks(level, &products, strides, [PRODUCTS, sources, targets])
            }
        };
        Self { level, numbers, taps: way.taps(shape), sources, targets, pass, way }
    }
}

/// The blocks of this module.
fn blocks(
    level: Level,
    weights: &[f32],
    strides: WeightStrides,
    [taps, sources, targets]: [usize; 3],
) -> Scratch {
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
    numbers
}

/// The transformed filters, `[16, source, target]`.
fn filters(
    weights: &[f32],
    strides: WeightStrides,
    [sources, targets]: [usize; 2],
    pass: Pass,
) -> Scratch {
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
    products
}

/// `channels` rounded up to whole vectors.
pub(crate) fn width_of(channels: usize, lanes: usize) -> usize {
    channels.div_ceil(lanes) * lanes
}
