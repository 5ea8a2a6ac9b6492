//! Convolutions, forward and back to the input; a transposed convolution is one the other way round.
//!
//! ```text
//! forward          y  = conv(x, W)
//! input gradient   dx = conv'(dy, W)
//! ```
//! A transposed convolution with weights `[in, out, k, k]` is the input gradient of the convolution that reads the
//! same weights as `[out', in', k, k]`; its own input gradient is that convolution forward.

use crate::bf16::{Precision, channel_pairs, rounded};
use crate::gather::{Epilogue, gather};
use crate::grouped::grouped;
use crate::pack::{Packed, Way};
use crate::plan::{ConvShape, Pass, Plan};
use crate::winograd::{Pieces, winograd};

/// The pass that `weights` were packed for, from `from` to `to`: `[B, H, W, in]` and `[B, H', W', out]`, or the other
/// way round.
///
/// # Panics
/// Maps of other sizes, weights that were packed for another shape.
pub fn convolve(
    shape: &ConvShape,
    weights: &Packed,
    from: &[f32],
    epilogue: Epilogue,
    to: &mut [f32],
) {
    let [source, target] = shape.sides(weights.pass);
    let Packed { level, precision, .. } = *weights;
    let way = Way::of(level, precision, shape, weights.pass);
    assert_eq!(weights.way, way, "weights packed for a map of another size");
    let packed = [weights.taps, weights.sources, weights.targets];
    assert_eq!(
        packed,
        [way.taps(shape), way.depth(source.channels), target.channels],
        "weights of another shape"
    );
    assert_eq!(
        from.len(),
        shape.batch * source.pixels() * source.channels,
        "a source map of another size"
    );
    assert_eq!(
        to.len(),
        shape.batch * target.pixels() * target.channels,
        "a target map of another size"
    );
    if let Some(bias) = epilogue.bias() {
        assert_eq!(bias.len(), target.channels, "one bias a target channel");
    }
    match way {
        Way::Direct => gather(&Plan::of(shape, weights.pass), from, weights, epilogue, to),
        Way::Paired => {
            let pairs = channel_pairs(level, from, source.channels);
            gather(&Plan::of(shape, weights.pass), &pairs, weights, epilogue, to);
        }
        Way::Grouped if precision == Precision::Bf16 => {
            grouped(shape, weights, &rounded(from), epilogue, to);
        }
        Way::Grouped => grouped(shape, weights, from, epilogue, to),
        Way::Winograd => {
            let padding = match weights.pass {
                Pass::Forward => shape.padding,
                Pass::InputGradient => 2 - shape.padding,
            };
            let (batch, channels) = (shape.batch, source.channels);
            let (source, target) = (source.size, target.size);
            winograd(
                Pieces { from, batch, source, target, channels, padding },
                weights,
                epilogue,
                to,
            );
        }
    }
}
