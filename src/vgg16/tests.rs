//! Weights that no file has, for tests of whatever takes VGG16.

use burn::tensor::Device;

use super::weights::Weights;
use super::{Input, Relu, Vgg16};

#[path = "../../tests/common/formula.rs"]
mod formula;

/// VGG16 by a formula, that of tests/reference/metrics.py.
pub(crate) fn of_formula(input: Input, device: &Device) -> Vgg16 {
    let layers =
        Relu::all().zip(0..).map(|(relu, at)| formula::convolution(at, relu.channels())).collect();
    Vgg16::new(Weights::of(layers, input), device)
}
