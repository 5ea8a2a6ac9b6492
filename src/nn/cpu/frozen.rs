//! A layer of a net that does not learn: its norm folded into its weights, packed once for many steps.
//!
//! ```text
//! leaky(gamma (W x - mean) / sqrt(var + eps) + beta) = leaky(W' x + b)
//! W' = W gamma / sqrt(var + eps),   b = beta - mean gamma / sqrt(var + eps)
//! ```
//! A layer without a norm may have a bias and a plain ReLU instead. The backward pass needs the output alone: its sign is
//! that of the sum before the ReLU, leaky or not.

use burn::backend::flex::FlexTensor;
use lacuna_kernels::{
    Epilogue, Level, Packed, WeightStrides, convolve, give, leaky_backward, relu_backward, take,
};

use super::ConvSpec;
use super::flex::{shape_of, target_of};
use super::map::{channels_last, dims, map, recycle, slice};
use crate::nn::BATCH_NORM_EPSILON;
use crate::nn::profile::span;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    spec: ConvSpec,
    /// `[A, B, k, k]` as in the layer.
    weight: [usize; 4],
    /// Packed for the way of the layer and the way back, if there is one.
    forward: Packed,
    backward: Option<Packed>,
    after: After,
}

/// What is done to the sums of a convolution.
#[derive(Debug, Clone)]
enum After {
    /// After the last one, which has no norm.
    Nothing,
    /// A bias and the leaky ReLU: a norm, folded.
    Leaky(Vec<f32>),
    /// A bias and the plain ReLU.
    Relu(Vec<f32>),
}

/// The numbers of a norm.
pub(crate) struct NormNumbers {
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

impl Frozen {
    /// The layer with `numbers`, the weights `[A, B, k, k]` row-major, and its norm if it has one, for maps of
    /// `size` = `[H, W]` pixels: how weights are packed depends on the map.
    pub fn new(
        spec: ConvSpec,
        weight: [usize; 4],
        size: [usize; 2],
        mut numbers: Vec<f32>,
        norm: Option<NormNumbers>,
    ) -> Self {
        let [_, b, k, _] = weight;
        let taps = k * k;
        let after = norm.map_or(After::Nothing, |norm| {
            let scale = |c: usize| {
                f64::from(norm.gamma[c]) / (f64::from(norm.variance[c]) + BATCH_NORM_EPSILON).sqrt()
            };
            let scales: Vec<f64> = (0..norm.gamma.len()).map(scale).collect();
            for (at, number) in numbers.iter_mut().enumerate() {
                let channel = if spec.transposed { at / taps % b } else { at / taps / b };
                *number = (f64::from(*number) * scales[channel]) as f32;
            }
            let bias = |(c, scale): (usize, &f64)| {
                (f64::from(norm.beta[c]) - f64::from(norm.mean[c]) * scale) as f32
            };
            After::Leaky(scales.iter().enumerate().map(bias).collect())
        });
        Self::packed(spec, weight, size, &numbers, after, true)
    }

    /// The layer with `numbers`, the weights `[A, B, k, k]` row-major, a bias of `A` and a plain ReLU. Without
    /// `gradients` it has no way back, and half the memory.
    pub fn with_relu(
        spec: ConvSpec,
        weight: [usize; 4],
        size: [usize; 2],
        (numbers, bias): (&[f32], Vec<f32>),
        gradients: bool,
    ) -> Self {
        Self::packed(spec, weight, size, numbers, After::Relu(bias), gradients)
    }

    fn packed(
        spec: ConvSpec,
        weight: [usize; 4],
        [height, width]: [usize; 2],
        numbers: &[f32],
        after: After,
        gradients: bool,
    ) -> Self {
        let [_, b, k, _] = weight;
        let strides = WeightStrides { target: b * k * k, source: k * k, tap: 1 };
        let shape = shape_of(spec, [1, 0, height, width], weight);
        let (level, precision) = (Level::best(), spec.precision.into());
        let pack = |pass| Packed::of(level, precision, &shape, numbers, strides, pass);
        let backward = gradients.then(|| pack(spec.pass().turned()));
        Self { spec, weight, forward: pack(spec.pass()), backward, after }
    }

    /// `[B, in, H, W]` -> `[B, out, H', W']`
    pub(super) fn forward(&self, x: FlexTensor) -> FlexTensor {
        let _span = span("frozen forward");
        let x = channels_last(x);
        let shape = shape_of(self.spec, dims(&x), self.weight);
        let to = target_of(&shape, self.spec.pass());
        let mut y = take(to.iter().product());
        let epilogue = match &self.after {
            After::Nothing => Epilogue::Nothing,
            After::Leaky(bias) => Epilogue::BiasLeaky(bias),
            After::Relu(bias) => Epilogue::BiasRelu(bias),
        };
        convolve(&shape, &self.forward, slice(&x), epilogue, &mut y);
        recycle(x);
        map(y, to)
    }

    /// The gradient of the input, of shape `x`, from that of the output `y`.
    ///
    /// # Panics
    /// A layer without a way back.
    pub(super) fn backward(
        &self,
        x: [usize; 4],
        y: Option<&FlexTensor>,
        dy: FlexTensor,
    ) -> FlexTensor {
        let _span = span("frozen backward");
        let Some(backward) = &self.backward else {
            unreachable!("a net without a way back is handed maps without gradients")
        };
        let dy = channels_last(dy);
        let shape = shape_of(self.spec, x, self.weight);
        let mut dx = take(x.iter().product());
        let before = y.map(|y| {
            let mut before = take(slice(&dy).len());
            let back = match self.after {
                After::Relu(_) => relu_backward,
                After::Leaky(_) | After::Nothing => leaky_backward,
            };
            back(Level::best(), slice(y), slice(&dy), &mut before);
            before
        });
        let gradient = before.as_deref().unwrap_or(slice(&dy));
        convolve(&shape, backward, gradient, Epilogue::Nothing, &mut dx);
        recycle(dy);
        before.into_iter().for_each(give);
        map(dx, x)
    }

    /// Whether the output passes a ReLU, leaky or not: the way back needs it.
    pub(super) fn is_bent(&self) -> bool {
        !matches!(self.after, After::Nothing)
    }
}
