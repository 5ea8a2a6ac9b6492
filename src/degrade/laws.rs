//! What must hold of every degradation. A line in [`list`] earns a new one the whole suite.

use std::sync::LazyLock;

use burn::tensor::{Device, Tensor, TensorData};

use super::{Blur, Colour, Compose, Degradation, Features, Hole, Identity, Lanczos, Mask};
use crate::runtime::{stream, uniform};
use crate::vgg16::tests::of_formula;
use crate::vgg16::{Input, Vgg16};

/// One operator and the image size `[H, W]` it is checked at.
type Case = (&'static str, [usize; 2], Box<dyn Degradation>);

/// Every degradation, at sizes that are square and not, odd and even, dividing and not.
fn list(device: &Device) -> Vec<Case> {
    let mask = |hole: &str, [height, width]: [usize; 2]| {
        let known = hole.parse::<Hole>().unwrap().known(height, width, 1).unwrap();
        Box::new(Mask::of_known(&known, height, width, device).unwrap())
    };
    let partly = |[height, width]: [usize; 2]| {
        let mut rng = stream(2, "mask");
        let known = (0..height * width).map(|_| uniform(&mut rng)).collect();
        Box::new(Mask::new(known, height, width, device).unwrap())
    };
    let lanczos = |from, to| Box::new(Lanczos::new(from, to, device).unwrap());
    let blur = |sigma, size| Box::new(Blur::new(sigma, size, device).unwrap());
    let chain = |first, second| Box::new(Compose::new(first, second));
    static VGG16: LazyLock<Vgg16> =
        LazyLock::new(|| of_formula(Input::Torchvision, &Device::flex()));
    let features = |layer: &str, size @ [height, width]: [usize; 2]| {
        let target = random([1, 3, height, width], "target", device) + 0.5;
        let features = Features::new(&VGG16, layer.parse().unwrap(), size).unwrap();
        Box::new(features.towards(target).unwrap())
    };
    vec![
        ("identity", [5, 7], Box::new(Identity)),
        ("mask, centre", [9, 7], mask("center:3", [9, 7])),
        ("mask, random", [8, 8], mask("random:0.95", [8, 8])),
        ("mask, in part", [6, 5], partly([6, 5])),
        ("lanczos, 1/8", [128, 128], lanczos([128, 128], [16, 16])),
        ("lanczos, 1/8 of a wide one", [16, 40], lanczos([16, 40], [2, 5])),
        ("lanczos, not dividing", [13, 9], lanczos([13, 9], [5, 4])),
        ("lanczos, same size", [4, 6], lanczos([4, 6], [4, 6])),
        ("lanczos, one pixel", [1, 3], lanczos([1, 3], [1, 1])),
        ("colour", [5, 7], Box::new(Colour)),
        ("colour, one pixel", [1, 1], Box::new(Colour)),
        ("blur", [9, 7], blur(0.8, [9, 7])),
        ("blur of a large one", [96, 128], blur(3.0, [96, 128])),
        ("blur, wider than the image", [6, 11], blur(4.0, [6, 11])),
        ("lanczos, then colour", [12, 10], chain(lanczos([12, 10], [4, 3]), Box::new(Colour))),
        ("colour, then lanczos", [12, 10], chain(Box::new(Colour), lanczos([12, 10], [4, 3]))),
        ("features, relu1_2", [5, 7], features("relu1_2", [5, 7])),
        ("features, relu3_1", [13, 9], features("relu3_1", [13, 9])),
        ("blur, then mask", [8, 9], chain(blur(1.5, [8, 9]), mask("half:left", [8, 9]))),
    ]
}

/// Numbers in [-0.5, 0.5) that belong to `name`.
fn random(shape: [usize; 4], name: &str, device: &Device) -> Tensor<4> {
    let mut rng = stream(1, name);
    let numbers = (0..shape.iter().product()).map(|_| uniform(&mut rng) - 0.5).collect();
    Tensor::from_data(TensorData::new::<f32, _>(numbers, shape), device)
}

fn numbers(x: Tensor<4>) -> Vec<f32> {
    x.into_data().try_to_vec().unwrap()
}

/// `<x, y>` in f64.
fn inner(x: &[f32], y: &[f32]) -> f64 {
    assert_eq!(x.len(), y.len());
    x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

fn largest(x: &[f32]) -> f32 {
    x.iter().fold(0.0, |most, x| most.max(x.abs()))
}

#[test]
fn the_same_image_gives_the_same_bits() {
    let device = Device::flex();
    for ((name, [h, w], once), (_, _, again)) in list(&device).into_iter().zip(list(&device)) {
        let x = random([2, 3, h, w], "x", &device);
        assert_eq!(once.apply(x.clone()).to_data(), once.apply(x.clone()).to_data(), "{name}");
        assert_eq!(once.apply(x.clone()).to_data(), again.apply(x).to_data(), "{name}, built anew");
    }
}

#[test]
fn a_batch_is_its_images_one_by_one_bit_for_bit() {
    let device = Device::flex();
    for (name, [h, w], operator) in list(&device) {
        let x = random([7, 3, h, w], "x", &device);
        let all = operator.apply(x.clone());
        let lifted = operator.lift(all.clone());
        for at in 0..7 {
            let one = operator.apply(x.clone().slice(at..at + 1));
            assert_eq!(all.clone().slice(at..at + 1).to_data(), one.to_data(), "{name}");
            let one = operator.lift(one);
            assert_eq!(lifted.clone().slice(at..at + 1).to_data(), one.to_data(), "{name}, lift");
        }
    }
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    let (plain, tracked) = (Device::flex(), Device::flex().autodiff());
    for (name, [h, w], operator) in list(&plain) {
        let shape = [2, 3, h, w];
        let x = random(shape, "x", &tracked).require_grad();
        let evidence = operator.apply(x.clone());
        // What is not linear may bend on the way: a short one, and more room, which f32 needs too.
        let is_linear = operator.adjoint(evidence.clone()).is_some();
        let (step, room) = if is_linear { (1e-2, 1e-3) } else { (1e-3, 2e-2) };
        let weight = random(evidence.dims(), "w", &plain);
        let weights = numbers(weight.clone());
        let grads = (evidence * weight).sum().backward();
        let gradient = numbers(x.grad(&grads).expect("the image is tracked"));

        let x = numbers(x.inner());
        let value = |at: usize, step: f32| {
            let mut moved = x.clone();
            moved[at] += step;
            let moved = Tensor::from_data(TensorData::new(moved, shape), &plain);
            inner(&numbers(operator.apply(moved)), &weights)
        };
        let scale = largest(&gradient);
        assert!(scale > 0.0, "{name}: no gradient");
        // Some hundred numbers of a large image, coprime to its rows; all of a small one.
        let stride = if x.len() > 500 { (x.len() / 100) | 1 } else { 1 };
        for at in (0..x.len()).step_by(stride) {
            let difference = (value(at, step) - value(at, -step)) / f64::from(2.0 * step);
            let error = (difference as f32 - gradient[at]).abs();
            assert!(error < room * scale, "{name} at {at}: {difference} and {}", gradient[at]);
        }
    }
}

#[test]
fn an_operator_with_an_adjoint_is_linear() {
    let device = Device::flex();
    for (name, [h, w], operator) in list(&device) {
        let [x, y] = ["x", "y"].map(|name| random([2, 3, h, w], name, &device));
        let (a, b) = (1.7, -0.6);
        let apart = operator.apply(x.clone()) * a + operator.apply(y.clone()) * b;
        if operator.adjoint(apart.clone()).is_none() {
            continue;
        }
        let together = operator.apply(x * a + y * b);
        let error = largest(&numbers(together - apart));
        assert!(error < 1e-5, "{name}: {error}");
    }
}

#[test]
fn the_adjoint_moves_an_operator_to_the_other_side_of_the_inner_product() {
    let device = Device::flex();
    for (name, [h, w], operator) in list(&device) {
        let x = random([2, 3, h, w], "x", &device);
        let evidence = operator.apply(x.clone());
        let y = random(evidence.dims(), "y", &device);
        let Some(back) = operator.adjoint(y.clone()) else { continue };
        assert_eq!(back.dims(), x.dims(), "{name}");
        let (evidence, y, x, back) = (numbers(evidence), numbers(y), numbers(x), numbers(back));
        // Relative to the lengths: the products themselves may happen to be near zero.
        let scale = (inner(&evidence, &evidence) * inner(&y, &y)).sqrt();
        let error = (inner(&evidence, &y) - inner(&x, &back)).abs() / scale;
        assert!(error < 1e-6, "{name}: {error}");
    }
}

#[test]
fn the_lifted_evidence_is_a_picture_of_the_images_size() {
    let device = Device::flex();
    for (name, [h, w], operator) in list(&device) {
        let x = random([2, 3, h, w], "x", &device) + 0.5;
        let lifted = operator.lift(operator.apply(x));
        assert_eq!(lifted.dims(), [2, 3, h, w], "{name}");
        assert!(numbers(lifted).iter().all(|value| value.is_finite()), "{name}");
    }
}

#[test]
fn one_operator_serves_plain_and_tracked_images_whatever_device_it_was_built_for() {
    let (plain, tracked) = (Device::flex(), Device::flex().autodiff());
    for device in [&plain, &tracked] {
        for (name, [h, w], operator) in list(device) {
            let x = random([1, 3, h, w], "x", &plain);
            let evidence = operator.apply(x.clone());
            assert!(!evidence.is_autodiff(), "{name}: a plain image gave tracked evidence");
            let same = operator.apply(x.autodiff().require_grad());
            assert!(same.is_autodiff(), "{name}: a tracked image lost its gradient");
            assert_eq!(same.inner().to_data(), evidence.to_data(), "{name}");
        }
    }
}
