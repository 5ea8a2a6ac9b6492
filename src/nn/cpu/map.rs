//! Tensors as slices: maps channels-last, weights with the taps outermost.

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Shape, TensorData};
use lacuna_kernels::{Level, WeightStrides, give, take, to_channels_last};

/// The four sizes of a tensor of rank 4.
pub(super) fn dims(tensor: &FlexTensor) -> [usize; 4] {
    let dims = tensor.layout().shape();
    [dims[0], dims[1], dims[2], dims[3]]
}

/// Whether the numbers lie as `strides` say; a side of one number has no stride.
fn lies(tensor: &FlexTensor, strides: &[usize]) -> bool {
    let layout = tensor.layout();
    let sides = (0..strides.len()).filter(|&side| layout.shape()[side] > 1);
    sides.into_iter().all(|side| layout.strides()[side] == strides[side] as isize)
}

fn channels_last_strides([_, c, h, w]: [usize; 4]) -> [usize; 4] {
    [h * w * c, 1, w * c, c]
}

/// `[B, C, H, W]` with its numbers channels-last; copied where they are not.
pub(super) fn channels_last(tensor: FlexTensor) -> FlexTensor {
    let dims = dims(&tensor);
    if lies(&tensor, &channels_last_strides(dims)) {
        return tensor;
    }
    let [b, c, h, w] = dims;
    let plain = tensor.to_contiguous();
    drop(tensor);
    let mut numbers = take(b * c * h * w);
    to_channels_last(Level::best(), slice(&plain), dims, &mut numbers);
    recycle(plain);
    map(numbers, dims)
}

/// Hands the buffer of a tensor back, where nobody else holds it.
pub(super) fn recycle(tensor: FlexTensor) {
    if !tensor.is_unique() {
        return;
    }
    let length = tensor.storage::<f32>().len();
    let flat = tensor.with_layout(Layout::contiguous(Shape::new([length])));
    if let Ok(numbers) = flat.into_data().try_into_vec::<f32>() {
        give(numbers);
    }
}

/// Channels-last numbers under the shape `[B, C, H, W]`.
pub(super) fn map(numbers: Vec<f32>, dims: [usize; 4]) -> FlexTensor {
    laid(numbers, dims, channels_last_strides(dims))
}

fn laid(numbers: Vec<f32>, dims: [usize; 4], strides: [usize; 4]) -> FlexTensor {
    let strides = strides.map(|stride| stride as isize).to_vec();
    let length = numbers.len();
    plain(numbers, [length]).with_layout(Layout::new(Shape::new(dims), strides, 0))
}

/// Row-major numbers of any shape.
pub(super) fn plain<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(numbers, dims))
}

/// The numbers of a tensor whose elements lie densely, in whatever order.
pub(super) fn slice(tensor: &FlexTensor) -> &[f32] {
    &from_first(tensor)[..tensor.layout().num_elements()]
}

/// From the first number of a tensor on; others may lie between its own.
pub(super) fn from_first(tensor: &FlexTensor) -> &[f32] {
    &tensor.storage::<f32>()[tensor.layout().start_offset()..]
}

/// Weights `[A, B, k, k]` and where they lie: as they are where taps have one stride, else copied.
pub(super) fn weights(tensor: FlexTensor) -> (FlexTensor, WeightStrides) {
    let [_, _, _, k] = dims(&tensor);
    let uniform = |tensor: &FlexTensor| {
        let strides = tensor.layout().strides();
        k == 1 || strides[2] == k as isize * strides[3]
    };
    let forward = |tensor: &FlexTensor| tensor.layout().strides().iter().all(|&stride| stride >= 0);
    let tensor = match uniform(&tensor) && forward(&tensor) {
        true => tensor,
        false => tensor.to_contiguous(),
    };
    let strides = tensor.layout().strides();
    let [target, source, _, tap] = [0, 1, 2, 3].map(|side| strides[side] as usize);
    (tensor, WeightStrides { target, source, tap })
}

/// `[tap, B, A]` row-major under the shape `[A, B, k, k]`.
pub(super) fn tap_major(numbers: Vec<f32>, [a, b, k, _]: [usize; 4]) -> FlexTensor {
    laid(numbers, [a, b, k, k], [1, a, k * b * a, b * a])
}

/// The numbers of weights `[A, B, k, k]` as `[tap, B, A]`.
pub(super) fn to_tap_major(tensor: FlexTensor) -> Vec<f32> {
    let [a, b, k, _] = dims(&tensor);
    let (tensor, strides) = weights(tensor);
    let numbers = from_first(&tensor);
    let mut out = Vec::with_capacity(a * b * k * k);
    for tap in 0..k * k {
        for source in 0..b {
            let start = tap * strides.tap + source * strides.source;
            out.extend((0..a).map(|target| numbers[start + target * strides.target]));
        }
    }
    out
}
