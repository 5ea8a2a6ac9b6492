//! Weights in the order in which a register tile reads them.
//!
//! ```text
//! [block of target channels][tap][source channel][lane]      a block has TILE.1 vectors, the last one may have fewer
//! ```

use crate::bf16::{Precision, rounded, weight_pairs};
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
    pub(crate) precision: Precision,
    pub(crate) numbers: Scratch,
    pub(crate) taps: usize,
    /// Numbers or pairs of them that a tap reads of a pixel.
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
    /// The same with pairs of bf16 for numbers.
    Paired,
    /// Sixteen matrices in place of the taps.
    Winograd,
    /// `[tap, source in its group, target]`, rows of whole vectors.
    Grouped,
}

impl Way {
    pub fn of(level: Level, precision: Precision, shape: &ConvShape, pass: Pass) -> Self {
        let [source, target] = shape.sides(pass);
        match shape.groups {
            // Winograd's sums of inputs and filters would be rounded once more, and lose more than the inputs do.
            1 if precision == Precision::Bf16 => Self::Paired,
            1 if suits(shape, level.lanes(), source.channels, target.channels) => Self::Winograd,
            1 => Self::Direct,
            _ => Self::Grouped,
        }
    }

    /// Places of the kernel as it is packed.
    pub fn taps(self, shape: &ConvShape) -> usize {
        match self {
            Self::Winograd => PRODUCTS,
            Self::Direct | Self::Paired | Self::Grouped => shape.taps(),
        }
    }

    /// Numbers or pairs in `channels`.
    pub fn depth(self, channels: usize) -> usize {
        match self {
            Self::Paired => channels.div_ceil(2),
            Self::Direct | Self::Winograd | Self::Grouped => channels,
        }
    }

    /// Runs `kernel` with the vectors of this way.
    pub fn run<K: Kernel>(self, level: Level, kernel: K) -> K::Output {
        match self {
            Self::Paired => level.run_pairs(kernel),
            Self::Direct | Self::Winograd | Self::Grouped => level.run(kernel),
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
    /// `strides`: a target is an output, a source an input of its group. The convolution then rounds its other operand
    /// to `precision` too.
    ///
    /// # Panics
    /// Strides that reach beyond the weights.
    pub fn of(
        level: Level,
        precision: Precision,
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
        let way = Way::of(level, precision, shape, pass);
        let depth = way.depth(sources);
        let numbers = match way {
            Way::Direct => blocks(level, weights, turned, [taps, sources, targets]),
            Way::Paired => {
                let pairs = weight_pairs(weights, turned, [taps, sources, targets]);
                let strides = WeightStrides::tap_major(depth, targets);
                blocks(level, &pairs, strides, [taps, depth, targets])
            }
            Way::Grouped => {
                let rows = grouped_rows(level, shape, weights, strides, pass);
                if precision == Precision::Bf16 { rounded(&rows) } else { rows }
            }
            Way::Winograd => {
                let products = filters(weights, turned, [sources, targets], pass);
                let strides = WeightStrides::tap_major(sources, targets);
                blocks(level, &products, strides, [PRODUCTS, sources, targets])
            }
        };
        let taps = way.taps(shape);
        Self { level, precision, numbers, taps, sources: depth, targets, pass, way }
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
