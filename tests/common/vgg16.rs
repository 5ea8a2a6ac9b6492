//! VGG16's weights by a formula, as tests/reference/metrics.py has them too, and others in files.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};

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

/// Writes them as a safetensors file, which says of itself that they are for `preprocess`, if that is given.
pub fn write_formula(path: &Path, preprocess: Option<&str>) {
    let layers = LAYERS.into_iter().enumerate().map(|(at, (feature, channels))| {
        let (weight, bias) = convolution(at as u64, channels);
        (feature, channels, weight, bias)
    });
    write(path, preprocess, layers);
}

/// The same with `weight` and `bias` of each convolution.
pub fn write(
    path: &Path,
    preprocess: Option<&str>,
    layers: impl Iterator<Item = (usize, [usize; 2], Vec<f32>, Vec<f32>)>,
) {
    let bytes =
        |numbers: Vec<f32>| -> Vec<u8> { numbers.into_iter().flat_map(f32::to_le_bytes).collect() };
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = layers
        .flat_map(|(feature, [input, output], weight, bias)| {
            let name = |what: &str| format!("features.{feature}.{what}");
            [
                (name("weight"), vec![output, input, 3, 3], bytes(weight)),
                (name("bias"), vec![output], bytes(bias)),
            ]
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let text = preprocess.map(|said| HashMap::from([("preprocess".into(), said.into())]));
    std::fs::write(path, safetensors::serialize(views, text).unwrap()).unwrap();
}
