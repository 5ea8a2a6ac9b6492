//! Convolutions against plain f64 sums: forward and both gradients, all instruction sets, odd shapes.

mod common;

use common::conv::{Case, shapes};
use common::{assert_close, random, same_for_any_threads};
use lacuna_kernels::{ConvShape, Epilogue, Level, Precision};

#[test]
fn forward_and_gradients_are_the_plain_sums() {
    for shape in shapes() {
        let case = Case::new(shape, Precision::F32);
        let [y, dx, dw] = case.sums(|x| x);
        for level in Level::available() {
            let of = |what, a: Vec<f32>, b: &[f64]| {
                assert_close(&format!("{what}, {level}, {:?}", case.shape), &a, b, 1e-5);
            };
            of("forward", case.forward(level, Epilogue::Nothing), &y);
            of("input gradient", case.input_gradient(level), &dx);
            of("weight gradient", case.weight_gradient(level), &dw);
        }
    }
}

#[test]
fn bias_and_relu_come_after_the_sum() {
    for shape in shapes() {
        let case = Case::new(shape, Precision::F32);
        let bias = random(case.shape.output, 4);
        for level in Level::available() {
            let plain = case.forward(level, Epilogue::Nothing);
            let check = |name: &str, epilogue: Epilogue, slope: f64| {
                let expected: Vec<f64> = plain
                    .iter()
                    .enumerate()
                    .map(|(at, &y)| f64::from(y) + f64::from(bias[at % case.shape.output]))
                    .map(|v| v.max(slope * v))
                    .collect();
                let fused = case.forward(level, epilogue);
                assert_close(
                    &format!("{name}, {level}, {:?}", case.shape),
                    &fused,
                    &expected,
                    1e-5,
                );
            };
            check("leaky", Epilogue::BiasLeaky(&bias), 0.2);
            check("plain", Epilogue::BiasRelu(&bias), 0.0);
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let same = ConvShape::same;
    for shape in [same(3, 21, 20, 24, 40), same(40, 3, 3, 300, 20), same(2, 46, 45, 32, 20)] {
        let case = Case::new(shape, Precision::F32);
        for level in Level::available() {
            same_for_any_threads(|| case.forward(level, Epilogue::Nothing));
            same_for_any_threads(|| case.input_gradient(level));
            same_for_any_threads(|| case.weight_gradient(level));
        }
    }
}

#[test]
fn an_image_does_not_depend_on_its_company() {
    for shape in [ConvShape::same(5, 10, 10, 6, 20), ConvShape::same(5, 45, 46, 16, 20)] {
        check_company(&Case::new(shape, Precision::F32));
    }
}

fn check_company(many: &Case) {
    let (x, y) = (many.x.len() / 5, many.dy.len() / 5);
    for level in Level::available() {
        let (all, all_dx) = (many.forward(level, Epilogue::Nothing), many.input_gradient(level));
        for image in 0..5 {
            let one = many.image(image);
            assert_eq!(one.forward(level, Epilogue::Nothing), all[image * y..][..y]);
            assert_eq!(one.input_gradient(level), all_dx[image * x..][..x]);
        }
    }
}
