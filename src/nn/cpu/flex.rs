//! The operations on flex tensors, without gradients.

use std::sync::Arc;

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use lacuna_kernels::{
    ConvShape, Epilogue, LatentNet, Level, LossShape, LossWeights, Packed, Pass, bilinear_x2,
    conv_weight_gradient, convolve, latent_forward, loss, max_pool, norm_act, sgd, sgd_clamp,
    sigmoid_to_channels_first, take,
};

use super::map::{
    channels_last, dims, from_first, map, plain, recycle, slice, tap_major, to_tap_major,
    weights as weights_of,
};
use super::{ConvSpec, EPSILON, Frozen, Kernels};
use crate::loss::LossConfig;
use crate::nn::Precision;
use crate::nn::profile::span;

/// The shape of the convolution behind `spec`: for a transposed one that whose input gradient it is.
pub(super) fn shape_of(spec: ConvSpec, x: [usize; 4], weight: [usize; 4]) -> ConvShape {
    let [batch, _, height, width] = x;
    let [output, input, kernel, _] = weight;
    let ConvSpec { stride, padding, dilation, groups, transposed, .. } = spec;
    // Doubling is exact: 2H + 2p - (k - 1) - 1 = 2 (H - 1) for k = 4, p = 1.
    let [height, width] =
        if transposed { [height * stride, width * stride] } else { [height, width] };
    let input = input * groups;
    ConvShape { batch, height, width, input, output, kernel, stride, padding, dilation, groups }
}

/// `[B, C, H, W]` of the map that `pass` goes to.
pub(super) fn target_of(shape: &ConvShape, pass: Pass) -> [usize; 4] {
    match pass {
        Pass::Forward => {
            let [height, width] = shape.out();
            [shape.batch, shape.output, height, width]
        }
        Pass::InputGradient => [shape.batch, shape.input, shape.height, shape.width],
    }
}

/// A pass through the convolution of `shape`.
pub(super) fn pass_through(
    shape: &ConvShape,
    precision: Precision,
    pass: Pass,
    from: FlexTensor,
    weight: FlexTensor,
) -> FlexTensor {
    let _span = span(match pass {
        Pass::Forward => "conv forward",
        Pass::InputGradient => "conv' (input gradient, transposed)",
    });
    let (from, target) = (channels_last(from), target_of(shape, pass));
    let mut to = take(target.iter().product());
    let (weight, strides) = weights_of(weight);
    let numbers = from_first(&weight);
    let packed = Packed::of(Level::best(), precision.into(), shape, numbers, strides, pass);
    convolve(shape, &packed, slice(&from), Epilogue::Nothing, &mut to);
    recycle(from);
    map(to, target)
}

/// Its gradient with regard to the weights.
pub(super) fn weight_gradient(
    shape: &ConvShape,
    precision: Precision,
    x: FlexTensor,
    dy: FlexTensor,
) -> FlexTensor {
    let _span = span("conv weight gradient");
    let (x, dy) = (channels_last(x), channels_last(dy));
    let mut dw = take(shape.weight_len());
    let precision = precision.into();
    conv_weight_gradient(Level::best(), precision, shape, slice(&x), slice(&dy), &mut dw);
    recycle(x);
    recycle(dy);
    tap_major(dw, [shape.output, shape.input / shape.groups, shape.kernel, shape.kernel])
}

/// The kernels' words for a loss.
pub(super) fn loss_weights(loss: LossConfig, map: Option<&[f32]>) -> LossWeights<'_> {
    let pyramid = loss.pyramid.into();
    LossWeights { laplacian: loss.laplacian as f32, mse: loss.mse as f32, pyramid, map }
}

pub(super) fn loss_shape([batch, channels, height, width]: [usize; 4]) -> LossShape {
    LossShape { batch, channels, height, width }
}

impl Kernels for Flex {
    fn convolve(x: FlexTensor, weight: FlexTensor, spec: ConvSpec) -> FlexTensor {
        let shape = shape_of(spec, dims(&x), dims(&weight));
        pass_through(&shape, spec.precision, spec.pass(), x, weight)
    }

    fn norm_act(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let _span = span("norm forward");
        let x = channels_last(x);
        let dims = dims(&x);
        let mut y = take(slice(&x).len());
        let (gamma, beta) = (gamma.to_contiguous(), beta.to_contiguous());
        let moments =
            norm_act(Level::best(), slice(&x), slice(&gamma), slice(&beta), EPSILON, &mut y);
        recycle(x);
        let channels = [dims[1]];
        (map(y, dims), plain(moments.mean, channels), plain(moments.variance, channels))
    }

    fn frozen(x: FlexTensor, layer: Arc<Frozen>) -> FlexTensor {
        layer.forward(x)
    }

    fn concat(a: FlexTensor, b: FlexTensor) -> FlexTensor {
        let _span = span("concat");
        let (a, b) = (channels_last(a), channels_last(b));
        let ([batch, c, h, w], d) = (dims(&a), dims(&b)[1]);
        let mut y = take(batch * h * w * (c + d));
        lacuna_kernels::concat(Level::best(), slice(&a), c, slice(&b), d, &mut y);
        recycle(a);
        recycle(b);
        map(y, [batch, c + d, h, w])
    }

    fn bilinear(x: FlexTensor) -> FlexTensor {
        let _span = span("bilinear");
        let x = channels_last(x);
        let [b, c, h, w] = dims(&x);
        let mut y = take(4 * b * c * h * w);
        bilinear_x2(Level::best(), slice(&x), [b, h, w, c], &mut y);
        recycle(x);
        map(y, [b, c, 2 * h, 2 * w])
    }

    fn max_pool(x: FlexTensor) -> FlexTensor {
        let _span = span("max pool");
        let x = channels_last(x);
        let [b, c, h, w] = dims(&x);
        let mut y = take(b * c * (h / 2) * (w / 2));
        max_pool(slice(&x), [b, h, w, c], &mut y);
        recycle(x);
        map(y, [b, c, h / 2, w / 2])
    }

    fn sigmoid_image(x: FlexTensor) -> FlexTensor {
        let _span = span("sigmoid");
        let x = channels_last(x);
        let dims = dims(&x);
        let [b, c, h, w] = dims;
        let mut y = take(b * c * h * w);
        sigmoid_to_channels_first(Level::best(), slice(&x), [b, h, w, c], &mut y);
        recycle(x);
        plain(y, dims)
    }

    fn latents(rows: FlexTensor, net: Arc<LatentNet>) -> FlexTensor {
        let _span = span("latent nets");
        let rows = rows.to_contiguous();
        let batch = rows.layout().shape()[0];
        let mut z = take(batch * net.latent_len());
        latent_forward(Level::best(), &net, slice(&rows), &mut z);
        let [c, h, w] = net.latent_shape();
        map(z, [batch, c, h, w])
    }

    fn image_loss(
        x: FlexTensor,
        y: FlexTensor,
        config: LossConfig,
        weight: Option<Arc<Vec<f32>>>,
    ) -> FlexTensor {
        let _span = span("loss");
        let (x, y) = (x.to_contiguous(), y.to_contiguous());
        let shape = loss_shape(dims(&x));
        let mut losses = vec![0.0; shape.batch];
        let weights = loss_weights(config, weight.as_ref().map(|map| map.as_slice()));
        loss(Level::best(), slice(&x), slice(&y), shape, weights, &mut losses);
        plain(losses, [shape.batch])
    }

    fn descend_rows(
        rows: FlexTensor,
        gradient: FlexTensor,
        rate: f32,
        clamped: usize,
        half_box: f32,
    ) -> FlexTensor {
        let _span = span("sgd");
        let (mut rows, gradient) = (rows.to_contiguous(), gradient.to_contiguous());
        let [batch, length] = [0, 1].map(|side| rows.layout().shape()[side]);
        let numbers = &mut rows.storage_mut::<f32>()[..batch * length];
        sgd_clamp(Level::best(), numbers, length, slice(&gradient), rate, clamped, half_box);
        recycle(gradient);
        rows
    }

    fn descend(mut weight: FlexTensor, gradient: FlexTensor, rate: f32) -> FlexTensor {
        let _span = span("sgd");
        // The weight takes the gradient's order of numbers, which the kernels chose.
        let same = weight.layout().strides() == gradient.layout().strides()
            && weight.layout().start_offset() == 0
            && gradient.layout().start_offset() == 0
            && weight.storage::<f32>().len() == gradient.storage::<f32>().len();
        if same {
            sgd(Level::best(), weight.storage_mut::<f32>(), gradient.storage::<f32>(), rate);
            recycle(gradient);
            return weight;
        }
        let shape = gradient.layout().shape().clone();
        if shape.num_dims() == 4 && !gradient.is_contiguous() {
            let dims = dims(&gradient);
            let mut numbers = to_tap_major(weight);
            sgd(Level::best(), &mut numbers, &to_tap_major(gradient), rate);
            return tap_major(numbers, dims);
        }
        let (mut weight, gradient) = (weight.to_contiguous(), gradient.to_contiguous());
        let length = weight.layout().num_elements();
        sgd(Level::best(), &mut weight.storage_mut::<f32>()[..length], slice(&gradient), rate);
        weight
    }
}
