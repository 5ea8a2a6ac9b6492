//! VGG16's weights by a formula, as tests/reference/metrics.py has them too.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;
use lacuna::nn::State;
use lacuna::store::save_tensors;

use super::formula::convolution;

/// The convolutions among torchvision's `features`, with channels in and out.
pub const LAYERS: [(usize, [usize; 2]); 13] = [
    (0, [3, 64]),
    (2, [64, 64]),
    (5, [64, 128]),
    (7, [128, 128]),
    (10, [128, 256]),
    (12, [256, 256]),
    (14, [256, 256]),
    (17, [256, 512]),
    (19, [512, 512]),
    (21, [512, 512]),
    (24, [512, 512]),
    (26, [512, 512]),
    (28, [512, 512]),
];

/// Writes them as a safetensors file, which does not say whose they are.
pub fn write_formula(path: &Path) {
    let mut state = State::new();
    for (at, (feature, [input, output])) in LAYERS.into_iter().enumerate() {
        let (weight, bias) = convolution(at as u64, [input, output]);
        let name = |what: &str| format!("features.{feature}.{what}");
        state.insert(name("weight"), TensorData::new(weight, [output, input, 3, 3]));
        state.insert(name("bias"), TensorData::new(bias, [output]));
    }
    save_tensors(path, &state, &BTreeMap::new()).unwrap();
}
