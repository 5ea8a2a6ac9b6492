//! The operations recorded for the backward pass.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use lacuna_kernels::{
    ConvShape, LatentNet, LatentTape, Level, Moments, Pass, bilinear_x2_backward, latent_backward,
    latent_forward_recorded, loss_and_gradient, max_pool_backward, norm_act_backward, scale_images,
    sigmoid_backward, split, take,
};

use super::flex::{loss_shape, loss_weights, pass_through, shape_of, weight_gradient};
use super::map::{channels_last, dims, map, plain, recycle, slice};
use super::{ConvSpec, EPSILON, Frozen, Kernels};
use crate::loss::LossConfig;
use crate::nn::profile::span;

/// An operation's gradients: `wanted` says which of its `N` inputs need one.
trait Gradient<const N: usize>: Debug + Send + 'static {
    type State: Clone + Send + Debug + 'static;

    fn gradients(state: Self::State, dy: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// Any [`Gradient`] as burn wants it.
#[derive(Debug)]
struct Step<G>(PhantomData<G>);

impl<G: Gradient<N>, const N: usize> Backward<Flex, N> for Step<G> {
    type State = G::State;

    fn backward(self, ops: Ops<G::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let each = G::gradients(ops.state, dy, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(each) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

type Recorded<C> = FloatTensor<Autodiff<Flex, C>>;

/// Runs `forward`, which is told whether a state is needed, and records it.
fn record<G: Gradient<N>, C: CheckpointStrategy, const N: usize>(
    inputs: [NodeGuard; N],
    forward: impl FnOnce(bool) -> (FlexTensor, Option<G::State>),
) -> Recorded<C> {
    match Step::<G>(PhantomData).prepare::<C>(inputs).compute_bound().stateful() {
        OpsKind::Tracked(prep) => match forward(true) {
            (output, Some(state)) => prep.finish(state, output),
            (_, None) => unreachable!("a recorded operation leaves its state"),
        },
        OpsKind::UnTracked(prep) => prep.finish(forward(false).0),
    }
}

#[derive(Debug)]
struct Convolve;

impl Gradient<2> for Convolve {
    type State = (FlexTensor, FlexTensor, ConvShape, ConvSpec);

    fn gradients(
        (x, weight, shape, spec): Self::State,
        dy: FlexTensor,
        [wants_x, wants_weight]: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let (dy, pass, precision) = (channels_last(dy), spec.pass(), spec.precision);
        let dw = wants_weight.then(|| match pass {
            Pass::Forward => weight_gradient(&shape, precision, x, dy.clone()),
            // The convolution reads what the transposed one writes.
            Pass::InputGradient => weight_gradient(&shape, precision, dy.clone(), x),
        });
        [wants_x.then(|| pass_through(&shape, precision, pass.turned(), dy, weight)), dw]
    }
}

#[derive(Debug)]
struct NormAct;

impl Gradient<3> for NormAct {
    type State = ([FlexTensor; 3], Moments);

    fn gradients(
        ([x, gamma, beta], moments): Self::State,
        dy: FlexTensor,
        _: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let _span = span("norm backward");
        let (dy, dims) = (channels_last(dy), dims(&x));
        let mut dx = take(slice(&x).len());
        let (mut dgamma, mut dbeta) = (vec![0.0; dims[1]], vec![0.0; dims[1]]);
        norm_act_backward(
            Level::best(),
            slice(&x),
            slice(&gamma),
            slice(&beta),
            &moments,
            EPSILON,
            slice(&dy),
            &mut dx,
            &mut dgamma,
            &mut dbeta,
        );
        recycle(x);
        recycle(dy);
        let channels = [dims[1]];
        [Some(map(dx, dims)), Some(plain(dgamma, channels)), Some(plain(dbeta, channels))]
    }
}

#[derive(Debug)]
struct FrozenLayer;

impl Gradient<1> for FrozenLayer {
    type State = (Arc<Frozen>, [usize; 4], Option<FlexTensor>);

    fn gradients(
        (layer, x, y): Self::State,
        dy: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let dx = layer.backward(x, y.as_ref(), dy);
        y.into_iter().for_each(recycle);
        [Some(dx)]
    }
}

#[derive(Debug)]
struct Concat;

impl Gradient<2> for Concat {
    type State = [usize; 2];

    fn gradients([c, d]: Self::State, dy: FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let _span = span("concat");
        let dy = channels_last(dy);
        let [b, _, h, w] = dims(&dy);
        let (mut da, mut db) = (take(b * c * h * w), take(b * d * h * w));
        split(Level::best(), slice(&dy), &mut da, c, &mut db, d);
        recycle(dy);
        [Some(map(da, [b, c, h, w])), Some(map(db, [b, d, h, w]))]
    }
}

#[derive(Debug)]
struct Bilinear;

impl Gradient<1> for Bilinear {
    type State = [usize; 4];

    fn gradients(x: Self::State, dy: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let _span = span("bilinear");
        let dy = channels_last(dy);
        let [b, c, h, w] = x;
        let mut dx = take(b * c * h * w);
        bilinear_x2_backward(Level::best(), slice(&dy), [b, h, w, c], &mut dx);
        recycle(dy);
        [Some(map(dx, x))]
    }
}

#[derive(Debug)]
struct MaxPool;

impl Gradient<1> for MaxPool {
    type State = FlexTensor;

    fn gradients(x: Self::State, dy: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let _span = span("max pool");
        let (dy, dims) = (channels_last(dy), dims(&x));
        let [b, c, h, w] = dims;
        let mut dx = take(b * c * h * w);
        max_pool_backward(slice(&x), slice(&dy), [b, h, w, c], &mut dx);
        recycle(dy);
        recycle(x);
        [Some(map(dx, dims))]
    }
}

#[derive(Debug)]
struct SigmoidImage;

impl Gradient<1> for SigmoidImage {
    type State = FlexTensor;

    fn gradients(y: Self::State, dy: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let _span = span("sigmoid");
        let (dy, dims) = (dy.to_contiguous(), dims(&y));
        let [b, c, h, w] = dims;
        let mut dx = take(b * c * h * w);
        sigmoid_backward(Level::best(), slice(&y), slice(&dy), [b, h, w, c], &mut dx);
        recycle(dy);
        [Some(map(dx, dims))]
    }
}

#[derive(Debug)]
struct Latents;

impl Gradient<1> for Latents {
    type State = (FlexTensor, Arc<LatentNet>, Arc<LatentTape>);

    fn gradients(
        (rows, net, tape): Self::State,
        dz: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let _span = span("latent nets");
        let dz = channels_last(dz);
        let length = slice(&rows).len();
        let mut gradient = take(length);
        latent_backward(Level::best(), &net, slice(&rows), &tape, slice(&dz), &mut gradient);
        recycle(dz);
        let batch = rows.layout().shape()[0];
        [Some(plain(gradient, [batch, length / batch]))]
    }
}

#[derive(Debug)]
struct ImageLoss;

impl Gradient<1> for ImageLoss {
    /// The gradient of the losses' sum, `[B, C, H, W]`.
    type State = FlexTensor;

    fn gradients(mut dx: Self::State, dy: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let _span = span("loss");
        let upstream = dy.to_contiguous();
        scale_images(Level::best(), dx.storage_mut::<f32>(), slice(&upstream));
        [Some(dx)]
    }
}

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn convolve(x: Recorded<C>, weight: Recorded<C>, spec: ConvSpec) -> Recorded<C> {
        let ((x, node_x), (weight, node_weight)) = (x.into_parts(), weight.into_parts());
        record::<Convolve, C, 2>([node_x, node_weight], |tracked| {
            if !tracked {
                return (Flex::convolve(x, weight, spec), None);
            }
            let x = channels_last(x);
            let shape = shape_of(spec, dims(&x), dims(&weight));
            let y = Flex::convolve(x.clone(), weight.clone(), spec);
            (y, Some((x, weight, shape, spec)))
        })
    }

    fn norm_act(
        x: Recorded<C>,
        gamma: Recorded<C>,
        beta: Recorded<C>,
    ) -> (Recorded<C>, Recorded<C>, Recorded<C>) {
        let (x, node_x) = x.into_parts();
        let ((gamma, node_gamma), (beta, node_beta)) = (gamma.into_parts(), beta.into_parts());
        let mut statistics = None;
        let y = record::<NormAct, C, 3>([node_x, node_gamma, node_beta], |_| {
            let inputs = [channels_last(x), gamma.to_contiguous(), beta.to_contiguous()];
            let [x, gamma, beta] = inputs.clone();
            let (y, mean, variance) = Flex::norm_act(x, gamma, beta);
            let moments =
                Moments { mean: slice(&mean).to_vec(), variance: slice(&variance).to_vec() };
            statistics = Some((mean, variance));
            (y, Some((inputs, moments)))
        });
        let Some((mean, variance)) = statistics else { unreachable!("the forward pass has run") };
        (y, Recorded::<C>::new(mean), Recorded::<C>::new(variance))
    }

    fn frozen(x: Recorded<C>, layer: Arc<Frozen>) -> Recorded<C> {
        let (x, node) = x.into_parts();
        record::<FrozenLayer, C, 1>([node], |_| {
            let from = dims(&x);
            let y = layer.forward(x);
            let kept = layer.is_bent().then(|| y.clone());
            (y, Some((layer, from, kept)))
        })
    }

    fn concat(a: Recorded<C>, b: Recorded<C>) -> Recorded<C> {
        let ((a, node_a), (b, node_b)) = (a.into_parts(), b.into_parts());
        let channels = [dims(&a)[1], dims(&b)[1]];
        record::<Concat, C, 2>([node_a, node_b], |_| (Flex::concat(a, b), Some(channels)))
    }

    fn bilinear(x: Recorded<C>) -> Recorded<C> {
        let (x, node) = x.into_parts();
        let dims = dims(&x);
        record::<Bilinear, C, 1>([node], |_| (Flex::bilinear(x), Some(dims)))
    }

    fn max_pool(x: Recorded<C>) -> Recorded<C> {
        let (x, node) = x.into_parts();
        record::<MaxPool, C, 1>([node], |_| {
            let x = channels_last(x);
            (Flex::max_pool(x.clone()), Some(x))
        })
    }

    fn sigmoid_image(x: Recorded<C>) -> Recorded<C> {
        let (x, node) = x.into_parts();
        record::<SigmoidImage, C, 1>([node], |_| {
            let y = Flex::sigmoid_image(x);
            (y.clone(), Some(y))
        })
    }

    fn latents(rows: Recorded<C>, net: Arc<LatentNet>) -> Recorded<C> {
        let (rows, node) = rows.into_parts();
        record::<Latents, C, 1>([node], |tracked| {
            if !tracked {
                return (Flex::latents(rows, net), None);
            }
            let _span = span("latent nets");
            let rows = rows.to_contiguous();
            let batch = rows.layout().shape()[0];
            let mut z = take(batch * net.latent_len());
            let tape = latent_forward_recorded(Level::best(), &net, slice(&rows), &mut z);
            let [c, h, w] = net.latent_shape();
            (map(z, [batch, c, h, w]), Some((rows, net, Arc::new(tape))))
        })
    }

    fn image_loss(
        x: Recorded<C>,
        y: Recorded<C>,
        config: LossConfig,
        weight: Option<Arc<Vec<f32>>>,
    ) -> Recorded<C> {
        let ((x, node), (y, _)) = (x.into_parts(), y.into_parts());
        record::<ImageLoss, C, 1>([node], |tracked| {
            if !tracked {
                return (Flex::image_loss(x, y, config, weight), None);
            }
            let _span = span("loss");
            let (x, y) = (x.to_contiguous(), y.to_contiguous());
            let shape = loss_shape(dims(&x));
            let weights = loss_weights(config, weight.as_ref().map(|map| map.as_slice()));
            let (mut losses, mut dx) = (vec![0.0; shape.batch], take(slice(&x).len()));
            let level = Level::best();
            loss_and_gradient(level, slice(&x), slice(&y), shape, weights, &mut losses, &mut dx);
            (plain(losses, [shape.batch]), Some(plain(dx, dims(&x))))
        })
    }

    fn descend_rows(
        rows: Recorded<C>,
        gradient: Recorded<C>,
        rate: f32,
        clamped: usize,
        half_box: f32,
    ) -> Recorded<C> {
        let (rows, gradient) = (rows.into_primitive(), gradient.into_primitive());
        Recorded::<C>::new(Flex::descend_rows(rows, gradient, rate, clamped, half_box))
    }

    fn descend(weight: Recorded<C>, gradient: Recorded<C>, rate: f32) -> Recorded<C> {
        let moved = Flex::descend(weight.into_primitive(), gradient.into_primitive(), rate);
        Recorded::<C>::new(moved)
    }
}
