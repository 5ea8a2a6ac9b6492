//! The measures against numbers of scikit-image, pytorch-msssim and PyTorch (tests/reference/metrics.py).

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use common::vgg16::write_formula;
use lacuna::image::{Picture, batch_of, load, numbers_of};
use lacuna::metric::{Measure, Measures, Pair};
use lacuna::vgg16::{Input, Relu, Vgg16};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/metrics.json")).unwrap()
}

/// The restored picture, the true one and the hole of metrics.py.
fn case(height: usize, width: usize) -> (Picture, Picture, Vec<bool>) {
    let picture = |value: &dyn Fn(usize, usize, usize) -> usize| -> Vec<f32> {
        let plane = height * width;
        let at = |i: usize| (value(i / plane, i % plane / width, i % width) % 256) as f64 / 255.0;
        (0..3 * plane).map(|i| at(i) as f32).collect()
    };
    let truth = picture(&|c, y, x| 37 * y * y + 91 * x + 53 * x * y + 29 * c);
    let other = picture(&|c, y, x| 41 * x * x + 17 * y + 31 * x * y + 83 * c);
    let mixed = truth.iter().zip(&other).map(|(truth, other)| (3.0 * truth + other) / 4.0);
    let restored = Picture::new(height, width, mixed.collect()).unwrap();
    let hole = (0..height * width).map(|at| {
        let (y, x) = (at / width, at % width);
        (height / 4..height * 5 / 8).contains(&y) && (width / 4..width * 2 / 3).contains(&x)
    });
    (restored, Picture::new(height, width, truth).unwrap(), hole.collect())
}

#[track_caller]
fn close(what: &str, a: f64, b: f64, limit: f64) {
    assert!((a - b).abs() <= limit * b.abs(), "{what}: {a} for {b}");
}

fn size(case: &Value) -> (usize, usize) {
    let side = |name: &str| case[name].as_u64().unwrap() as usize;
    (side("height"), side("width"))
}

#[test]
fn classical_measures_are_those_of_scikit_image_and_pytorch_msssim() {
    let (measures, reference) = (Measures::default(), reference());
    let mut compared = 0;
    for of in reference["classic"].as_array().unwrap() {
        let (height, width) = size(of);
        let (restored, truth, hole) = case(height, width);
        let pair = Pair { restored: &restored, truth: &truth, hole: Some(&hole) };
        for measure in Measure::ALL {
            let score = measures.score(measure, &[pair]).unwrap()[0];
            match of[measure.name()].as_f64() {
                Some(expected) => {
                    let what = format!("{measure} at {width} x {height}");
                    close(&what, score.unwrap(), expected, 1e-6);
                    compared += 1;
                }
                None => assert_eq!(score, None, "{measure}"),
            }
        }
    }
    assert_eq!(compared, 27);
}

#[test]
fn features_and_their_measure_are_those_of_pytorch() {
    let (dir, device) = (tempfile::tempdir().unwrap(), Device::flex());
    let path = dir.path().join("vgg16.safetensors");
    write_formula(&path, None);
    for of in reference()["vgg16"].as_array().unwrap() {
        let name = of["input"].as_str().unwrap();
        let vgg16 = Vgg16::open(&path, Some(name.parse().unwrap()), &device).unwrap();
        let (height, width) = size(of);
        let (restored, truth, hole) = case(height, width);
        let net = vgg16.net([height, width], Relu::LAST).unwrap();
        let mut at = 0;
        net.pass(batch_of(std::slice::from_ref(&truth), &device).unwrap(), &mut |relu, map| {
            if !Relu::COMPARED.contains(&relu) {
                return;
            }
            assert_eq!(map.dims()[2..], relu.size([height, width]));
            let map = numbers_of(map.clone());
            let largest = f64::from(map.iter().copied().fold(0.0, f32::max));
            let mean = map.iter().map(|&v| f64::from(v)).sum::<f64>() / map.len() as f64;
            close(&format!("{name}, mean of {relu}"), mean, of["mean"][at].as_f64().unwrap(), 1e-5);
            close(
                &format!("{name}, max of {relu}"),
                largest,
                of["max"][at].as_f64().unwrap(),
                1e-5,
            );
            let places = of["places"][at].as_array().unwrap();
            for (place, number) in places.iter().zip(of["numbers"][at].as_array().unwrap()) {
                let ours = f64::from(map[place.as_u64().unwrap() as usize]);
                let apart = (ours - number.as_f64().unwrap()).abs();
                assert!(apart < 1e-5 * largest, "{name}, {relu} at {place}: {ours} for {number}");
            }
            at += 1;
        });
        assert_eq!(at, 5);
        let measures = Measures::new(Some(vgg16));
        let pair = Pair { restored: &restored, truth: &truth, hole: None };
        let in_hole = Pair { hole: Some(&hole), ..pair };
        for (what, pair) in [("whole", pair), ("hole", in_hole)] {
            let score = measures.score(Measure::Perceptual, &[pair]).unwrap()[0].unwrap();
            close(&format!("{name}, {what}"), score, of[what].as_f64().unwrap(), 1e-5);
        }
    }
}

/// The weights that Oxford published, on the picture that a person can look at: mean and largest number of each map. To
/// be run where they are: `LACUNA_VGG16=FILE cargo test --release --test metrics -- --ignored --nocapture`.
#[test]
#[ignore = "needs the published weights: LACUNA_VGG16=FILE"]
fn oxfords_weights_see_in_the_astronaut_what_they_should() {
    const EXPECTED: [(&str, f64, f64); 5] = [
        ("relu1_2", 97.81, 2766.8),
        ("relu2_2", 166.28, 7007.2),
        ("relu3_3", 161.66, 15962.7),
        ("relu4_3", 22.32, 2697.0),
        ("relu5_3", 0.746, 214.7),
    ];
    let path = std::env::var("LACUNA_VGG16").expect("LACUNA_VGG16 names the weights");
    let device = Device::flex();
    let vgg16 = Vgg16::open(Path::new(&path), None, &device).unwrap();
    assert_eq!(vgg16.input(), Input::Oxford);
    let picture = load("tests/reference/astronaut.png").unwrap().picture().unwrap();
    assert_eq!([picture.height(), picture.width()], [224, 224]);
    let net = vgg16.net([224, 224], Relu::LAST).unwrap();
    let mut maps = BTreeMap::new();
    net.pass(batch_of(&[picture], &device).unwrap(), &mut |relu, map| {
        let map = numbers_of(map.clone());
        let mean = map.iter().map(|&v| f64::from(v)).sum::<f64>() / map.len() as f64;
        maps.insert(relu.to_string(), (mean, f64::from(map.into_iter().fold(0.0, f32::max))));
    });
    for (name, mean, largest) in EXPECTED {
        println!(
            "{name}: mean {:.4} ({mean}), largest {:.2} ({largest})",
            maps[name].0, maps[name].1
        );
    }
    for (name, mean, largest) in EXPECTED {
        close(&format!("mean of {name}"), maps[name].0, mean, 0.01);
        close(&format!("largest of {name}"), maps[name].1, largest, 0.01);
    }
}
