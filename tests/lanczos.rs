//! The Lanczos filter against Pillow, the reference SPEC 3 means by "Lanczos". `tests/reference/lanczos.json` is made
//! by `tests/reference/lanczos.py`, which says how and gives the picture; it names its version of Pillow.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use lacuna::nn::{Resample, lanczos};
use serde::Deserialize;

const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct Reference {
    origin: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    from: [usize; 2],
    to: [usize; 2],
    numbers: Vec<f32>,
}

/// The formula of `lanczos.py`.
fn picture([height, width]: [usize; 2]) -> Vec<f32> {
    let value = |y: usize, x: usize| ((37 * y * y + 91 * x + 53 * x * y) % 256) as f32 / 255.0;
    (0..height).flat_map(|y| (0..width).map(move |x| value(y, x))).collect()
}

#[test]
fn lanczos_is_that_of_pillow_with_edges_replicated() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/lanczos.json");
    let reference: Reference =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(reference.origin.starts_with("Pillow") && reference.cases.len() == 4);
    let device = Device::flex();
    for Case { from, to, numbers } in reference.cases {
        let image = TensorData::new(picture(from), [1, 1, from[0], from[1]]);
        let resample = Resample::new(&lanczos(from[0], to[0]), &lanczos(from[1], to[1]), &device);
        let ours = resample.forward(Tensor::<4>::from_data(image, &device)).into_data();
        let ours = ours.try_to_vec::<f32>().unwrap();
        assert_eq!(ours.len(), numbers.len());
        for (ours, theirs) in ours.iter().zip(&numbers) {
            assert!((ours - theirs).abs() < TOLERANCE, "{from:?} to {to:?}: {ours} for {theirs}");
        }
    }
}
