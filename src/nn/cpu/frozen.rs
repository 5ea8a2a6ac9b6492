//! A layer of a net that does not learn: its norm folded into its weights, packed once for many steps.
//!
//! ```text
//! leaky(gamma (W x - mean) / sqrt(var + eps) + beta) = leaky(W' x + b)
//! W' = W gamma / sqrt(var + eps),   b = beta - mean gamma / sqrt(var + eps)
//! ```
//! The backward pass needs the output alone: its sign is that of the sum before the leaky ReLU.

use burn::backend::flex::FlexTensor;
use lacuna_kernels::{
    Epilogue, Level, Packed, Pass, WeightStrides, bias_leaky, conv_forward, conv_input_gradient,
    give, grouped_forward, grouped_input_gradient, leaky_backward, take,
};

use super::ConvSpec;
use super::flex::{SLOPE, maps_of, shape_of};
use super::map::{channels_last, dims, map, recycle, slice};
use crate::nn::BATCH_NORM_EPSILON;
use crate::nn::profile::span;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    spec: ConvSpec,
    /// `[A, B, k, k]` as in the layer.
    weight: [usize; 4],
    kind: Kind,
    /// None after the last convolution, which has no norm.
    bias: Option<Vec<f32>>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Packed for the way forward and back.
    Dense { forward: Packed, backward: Packed },
    /// `[tap, in / groups, out]`
    Grouped(Vec<f32>),
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
    /// `side` x `side` pixels: how weights are packed depends on the map.
    pub fn new(
        spec: ConvSpec,
        weight: [usize; 4],
        side: usize,
        mut numbers: Vec<f32>,
        norm: Option<NormNumbers>,
    ) -> Self {
        let [a, b, k, _] = weight;
        let taps = k * k;
        let bias = norm.map(|norm| {
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
            scales.iter().enumerate().map(bias).collect()
        });
        let strides = WeightStrides { target: b * taps, source: taps, tap: 1 };
        let kind = if spec.groups > 1 {
            let place = |tap, source, target| {
                tap * strides.tap + source * strides.source + target * strides.target
            };
            let rows = (0..taps).flat_map(|tap| (0..b).map(move |source| (tap, source)));
            let of = |(tap, source)| (0..a).map(move |target| place(tap, source, target));
            Kind::Grouped(rows.flat_map(of).map(|at| numbers[at]).collect())
        } else {
            let shape = shape_of(spec, [1, 0, side, side], weight);
            let pack = |pass| Packed::of(Level::best(), &shape, &numbers, strides, pass);
            let [forward, backward] = [pack(Pass::Forward), pack(Pass::InputGradient)];
            let [forward, backward] =
                if spec.transposed { [backward, forward] } else { [forward, backward] };
            Kind::Dense { forward, backward }
        };
        Self { spec, weight, kind, bias }
    }

    /// `[B, in, H, W]` -> `[B, out, H', W']`
    pub(super) fn forward(&self, x: FlexTensor) -> FlexTensor {
        let _span = span("frozen forward");
        let x = channels_last(x);
        let shape = shape_of(self.spec, dims(&x), self.weight);
        let [input, output] = maps_of(&shape);
        let to = if self.spec.transposed { input } else { output };
        let mut y = take(to.iter().product());
        let epilogue = match &self.bias {
            Some(bias) => Epilogue::BiasLeaky { bias, slope: SLOPE },
            None => Epilogue::Nothing,
        };
        match &self.kind {
            Kind::Dense { forward, .. } if self.spec.transposed => {
                conv_input_gradient(&shape, slice(&x), forward, epilogue, &mut y);
            }
            Kind::Dense { forward, .. } => {
                conv_forward(&shape, slice(&x), forward, epilogue, &mut y);
            }
            Kind::Grouped(weights) => {
                grouped_forward(Level::best(), &shape, slice(&x), weights, &mut y);
                if let Some(bias) = &self.bias {
                    bias_leaky(&mut y, bias, SLOPE);
                }
            }
        }
        recycle(x);
        map(y, to)
    }

    /// The gradient of the input, of shape `x`, from that of the output `y`.
    pub(super) fn backward(
        &self,
        x: [usize; 4],
        y: Option<&FlexTensor>,
        dy: FlexTensor,
    ) -> FlexTensor {
        let _span = span("frozen backward");
        let dy = channels_last(dy);
        let shape = shape_of(self.spec, x, self.weight);
        let mut dx = take(x.iter().product());
        let before = y.map(|y| {
            let mut before = take(slice(&dy).len());
            leaky_backward(Level::best(), slice(y), slice(&dy), SLOPE, &mut before);
            before
        });
        let gradient = before.as_deref().unwrap_or(slice(&dy));
        match &self.kind {
            Kind::Dense { backward, .. } if self.spec.transposed => {
                conv_forward(&shape, gradient, backward, Epilogue::Nothing, &mut dx);
            }
            Kind::Dense { backward, .. } => {
                conv_input_gradient(&shape, gradient, backward, Epilogue::Nothing, &mut dx);
            }
            Kind::Grouped(weights) => {
                grouped_input_gradient(Level::best(), &shape, gradient, weights, &mut dx);
            }
        }
        recycle(dy);
        before.into_iter().for_each(give);
        map(dx, x)
    }

    /// Whether the output passes a leaky ReLU.
    pub(super) fn is_normed(&self) -> bool {
        self.bias.is_some()
    }
}
