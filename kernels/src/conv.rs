//! Convolutions in one group, forward and input gradient; a transposed convolution is one the other way round.
//!
//! ```text
//! forward          y  = conv(x, W)        weights packed with targets = outputs
//! input gradient   dx = conv'(dy, W)      weights packed with targets = inputs (turned)
//! ```
//! A transposed convolution with weights `[in, out, k, k]` is the input gradient of the convolution that reads the
//! same weights as `[out', in', k, k]`; its own input gradient is that convolution forward.

use crate::gather::{Epilogue, gather};
use crate::pack::Packed;
use crate::plan::{ConvShape, Plan};
use crate::winograd::{PRODUCTS, Pieces, suits, winograd};

/// `x` `[B, H, W, in]` -> `y` `[B, H', W', out]`; `weights` packed as `[taps, in, out]`.
///
/// # Panics
/// Slices or weights of other sizes, more than one group.
pub fn conv_forward(
    shape: &ConvShape,
    x: &[f32],
    weights: &Packed,
    epilogue: Epilogue,
    y: &mut [f32],
) {
    check(shape, weights, [shape.input, shape.output]);
    assert_eq!(x.len(), shape.in_len(), "an input of another size");
    if weights.winograd {
        let (source, target) = ([shape.height, shape.width], shape.out());
        let ConvShape { batch, input: channels, padding, .. } = *shape;
        let pieces = Pieces { from: x, batch, source, target, channels, padding };
        return winograd(pieces, weights, epilogue, y);
    }
    gather(&Plan::forward(shape), x, weights, epilogue, y);
}

/// `dy` `[B, H', W', out]` -> `dx` `[B, H, W, in]`; `weights` packed as `[taps, out, in]`, turned.
///
/// # Panics
/// As [`conv_forward`].
pub fn conv_input_gradient(
    shape: &ConvShape,
    dy: &[f32],
    weights: &Packed,
    epilogue: Epilogue,
    dx: &mut [f32],
) {
    check(shape, weights, [shape.output, shape.input]);
    assert_eq!(dy.len(), shape.out_len(), "an output of another size");
    if weights.winograd {
        let (source, target) = (shape.out(), [shape.height, shape.width]);
        let ConvShape { batch, output: channels, padding, .. } = *shape;
        let pieces = Pieces { from: dy, batch, source, target, channels, padding: 2 - padding };
        return winograd(pieces, weights, epilogue, dx);
    }
    gather(&Plan::transposed(shape), dy, weights, epilogue, dx);
}

fn check(shape: &ConvShape, weights: &Packed, [sources, targets]: [usize; 2]) {
    assert_eq!(shape.groups, 1, "grouped convolutions have functions of their own");
    let taps = if weights.winograd { PRODUCTS } else { shape.taps() };
    let packed = [weights.taps, weights.sources, weights.targets];
    assert_eq!(packed, [taps, sources, targets], "weights of another shape");
    assert!(!weights.winograd || suits(shape, weights.level.lanes(), sources, targets));
}
