//! Grouped convolutions against plain f64 sums.

mod common;

use common::{assert_close, products, random, same_for_any_threads};
use lacuna_kernels::{
    ConvShape, Epilogue, Level, Packed, Pass, Precision, WeightStrides, conv_weight_gradient,
    convolve,
};

#[test]
fn forward_and_gradients_are_the_plain_sums() {
    let dilated = |batch, side, channels, groups| ConvShape {
        padding: 2,
        dilation: 2,
        groups,
        ..ConvShape::same(batch, side, side, channels, channels)
    };
    let shapes = [
        dilated(2, 4, 64, 32),
        dilated(1, 1, 6, 3),
        dilated(3, 5, 20, 20),
        dilated(2, 4, 24, 2),
        ConvShape { groups: 3, ..ConvShape::same(2, 6, 5, 6, 21) },
        ConvShape { groups: 5, kernel: 4, stride: 2, ..ConvShape::same(2, 6, 8, 15, 5) },
    ];
    for shape in shapes {
        let (x, w) = (random(shape.in_len(), 1), random(shape.weight_len(), 2));
        let dy = random(shape.out_len(), 3);
        let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
        products(&shape, |i, k, o| {
            let (x, w, g) = (f64::from(x[i]), f64::from(w[k]), f64::from(dy[o]));
            y[o] += x * w;
            dx[i] += g * w;
            dw[k] += g * x;
        });
        for level in Level::available() {
            let run = |length: usize, f: &(dyn Fn(&mut [f32]) + Sync)| {
                let mut out = vec![f32::NAN; length];
                f(&mut out);
                out
            };
            let strides = WeightStrides::tap_major(shape.input / shape.groups, shape.output);
            let pass = |pass, from: &[f32], to: &mut [f32]| {
                let packed = Packed::of(level, Precision::F32, &shape, &w, strides, pass);
                convolve(&shape, &packed, from, Epilogue::Nothing, to);
            };
            let forward = || run(y.len(), &|y| pass(Pass::Forward, &x, y));
            let input = || run(x.len(), &|dx| pass(Pass::InputGradient, &dy, dx));
            let weight = || {
                run(w.len(), &|dw| conv_weight_gradient(level, Precision::F32, &shape, &x, &dy, dw))
            };
            assert_close(&format!("forward, {level}, {shape:?}"), &forward(), &y, 1e-5);
            assert_close(&format!("input gradient, {level}, {shape:?}"), &input(), &dx, 1e-5);
            assert_close(&format!("weight gradient, {level}, {shape:?}"), &weight(), &dw, 1e-5);
            same_for_any_threads(forward);
            same_for_any_threads(input);
            same_for_any_threads(weight);
        }
    }
}
