//! The CPU kernels under burn's `flex` backend, with gradients of their own.
//!
//! ```text
//! nn::Conv, nn::NormAct, .. --is_here?--> this room --> lacuna-kernels       on the CPU
//!                              '-- no --> burn's own operations              on a GPU
//! map.rs       tensors <-> slices: maps are channels-last under their NCHW shape
//! flex.rs      the operations, forward
//! autodiff.rs  the same recorded, with their gradients
//! frozen.rs    layers of a net that is only looked through: norms folded, weights packed once
//! ```

mod autodiff;
mod flex;
mod frozen;
mod map;

use std::sync::Arc;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Device, Tensor};
use lacuna_kernels::{LatentNet, Pass, SLOPE};

pub(crate) use frozen::{Frozen, NormNumbers};

use super::Precision;
use super::norm::{BATCH_NORM_EPSILON, LEAKY_SLOPE};
use crate::loss::LossConfig;

/// Whether tensors of `device` are for these kernels.
pub(crate) fn is_here(device: &Device) -> bool {
    device.clone().without_autodiff() == Device::flex()
}

/// How a convolution reads its input, and what it rounds it to; channels and kernel are the weights'.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ConvSpec {
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
    pub groups: usize,
    /// The transposed convolution, weights `[in, out, k, k]`.
    pub transposed: bool,
    pub precision: Precision,
}

impl ConvSpec {
    /// Its way through the convolution behind it.
    fn pass(self) -> Pass {
        if self.transposed { Pass::InputGradient } else { Pass::Forward }
    }
}

/// The operations. Maps are `[B, C, H, W]`.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait Kernels: Backend {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        spec: ConvSpec,
    ) -> FloatTensor<Self>;
    /// Batch norm with the batch's statistics and leaky ReLU; mean and biased variance `[C]`, without gradients.
    fn norm_act(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    fn frozen(x: FloatTensor<Self>, layer: Arc<Frozen>) -> FloatTensor<Self>;
    fn concat(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
    fn bilinear(x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn max_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn sigmoid_image(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// `[B, P]` -> `[B, C, h, w]`
    fn latents(rows: FloatTensor<Self>, net: Arc<LatentNet>) -> FloatTensor<Self>;
    /// `[B, C, H, W]` twice -> `[B]`; a gradient for the first alone.
    fn image_loss(
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        loss: LossConfig,
        weight: Option<Arc<Vec<f32>>>,
    ) -> FloatTensor<Self>;
    /// `rows - rate * gradient`, the first `clamped` numbers of each row then brought into the box, without gradients.
    fn descend_rows(
        rows: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        rate: f32,
        clamped: usize,
        half_box: f32,
    ) -> FloatTensor<Self>;
    /// `weight - rate * gradient`, without gradients.
    fn descend(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        rate: f32,
    ) -> FloatTensor<Self>;
}

/// `[B, in, H, W]` -> `[B, out, H', W']`
pub(crate) fn convolve(x: Tensor<4>, weight: Tensor<4>, spec: ConvSpec) -> Tensor<4> {
    let y = <Dispatch as Kernels>::convolve(x.into_dispatch(), weight.into_dispatch(), spec);
    Tensor::from_dispatch(y)
}

/// Output, mean and biased variance.
pub(crate) fn norm_act(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (gamma, beta) = (gamma.into_dispatch(), beta.into_dispatch());
    let (y, mean, variance) = <Dispatch as Kernels>::norm_act(x.into_dispatch(), gamma, beta);
    (Tensor::from_dispatch(y), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// A layer that does not learn.
pub(crate) fn frozen(x: Tensor<4>, layer: &Arc<Frozen>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::frozen(x.into_dispatch(), layer.clone()))
}

/// `[B, C, H, W]`, `[B, D, H, W]` -> `[B, C + D, H, W]`
pub(crate) fn concat(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::concat(a.into_dispatch(), b.into_dispatch()))
}

/// `[B, C, H, W]` -> `[B, C, 2H, 2W]`, corners aligned.
pub(crate) fn bilinear(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::bilinear(x.into_dispatch()))
}

/// The largest of every two by two, `[B, C, H, W]` -> `[B, C, H/2, W/2]`, rounded down.
pub(crate) fn max_pool(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::max_pool(x.into_dispatch()))
}

/// The sigmoid of a map, as an image: row-major under its NCHW shape.
pub(crate) fn sigmoid_image(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::sigmoid_image(x.into_dispatch()))
}

/// `[B, P]` -> `[B, C, h, w]`
pub(crate) fn latents(rows: Tensor<2>, net: &Arc<LatentNet>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::latents(rows.into_dispatch(), net.clone()))
}

/// The loss of each image, `[B]`; `weight` `[H, W]` is that of the squared error.
pub(crate) fn image_loss(
    x: Tensor<4>,
    y: Tensor<4>,
    loss: LossConfig,
    weight: Option<Arc<Vec<f32>>>,
) -> Tensor<1> {
    let (x, y) = (x.into_dispatch(), y.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Kernels>::image_loss(x, y, loss, weight))
}

/// `weight - rate * gradient`; in place where nobody else holds the weight. Neither has gradients.
pub(crate) fn descend<const D: usize>(
    weight: Tensor<D>,
    gradient: Tensor<D>,
    rate: f32,
) -> Tensor<D> {
    let (weight, gradient) = (weight.into_dispatch(), gradient.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Kernels>::descend(weight, gradient, rate))
}

/// `rows - rate * gradient`, then the first `clamped` numbers of each row brought into +-`half_box`. Neither has
/// gradients.
pub(crate) fn descend_rows(
    rows: Tensor<2>,
    gradient: Tensor<2>,
    rate: f32,
    clamped: usize,
    half_box: f32,
) -> Tensor<2> {
    let (rows, gradient) = (rows.into_dispatch(), gradient.into_dispatch());
    let moved = <Dispatch as Kernels>::descend_rows(rows, gradient, rate, clamped, half_box);
    Tensor::from_dispatch(moved)
}

/// The epsilon of all norms, as the kernels take it.
const EPSILON: f32 = BATCH_NORM_EPSILON as f32;

// The kernels have one slope, and it is that of burn's operations beside them.
const _: () = assert!(LEAKY_SLOPE as f32 == SLOPE);
