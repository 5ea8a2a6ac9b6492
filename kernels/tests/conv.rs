//! Convolutions against plain f64 sums: forward and both gradients, all instruction sets, odd shapes.

mod common;

use common::{assert_close, products, random, same_for_any_threads};
use lacuna_kernels::{
    ConvShape, Epilogue, Level, Packed, Pass, WeightStrides, conv_weight_gradient, convolve,
};

fn shapes() -> Vec<ConvShape> {
    let same = ConvShape::same;
    let halving = |b, h, w, i, o| ConvShape { kernel: 4, stride: 2, ..same(b, h, w, i, o) };
    vec![
        same(1, 1, 1, 1, 1),
        same(2, 5, 7, 3, 8),
        same(1, 9, 4, 8, 3),
        same(3, 6, 6, 17, 33),
        same(2, 13, 11, 32, 16),
        // Large enough for Winograd's way, with pieces over the edge, blocks of one and two vectors, any padding.
        same(2, 45, 46, 16, 24),
        same(1, 33, 64, 48, 35),
        ConvShape { padding: 0, ..same(1, 50, 43, 32, 40) },
        ConvShape { padding: 2, ..same(1, 47, 45, 32, 17) },
        same(1, 40, 33, 10, 24),
        halving(2, 8, 8, 16, 32),
        halving(1, 6, 10, 7, 5),
        halving(5, 4, 4, 40, 70),
        halving(1, 5, 7, 2, 9),
        ConvShape { padding: 2, dilation: 2, ..same(2, 4, 4, 12, 12) },
        ConvShape { padding: 0, ..same(2, 6, 9, 2, 8) },
        ConvShape { kernel: 1, padding: 0, ..same(2, 3, 5, 300, 20) },
        // Source channels in slices: 16 taps x 400 x 16 numbers are more than a task keeps in cache.
        halving(2, 4, 6, 400, 20),
        ConvShape { kernel: 2, stride: 3, padding: 0, ..same(1, 8, 7, 4, 6) },
    ]
}

struct Case {
    shape: ConvShape,
    x: Vec<f32>,
    w: Vec<f32>,
    dy: Vec<f32>,
}

impl Case {
    fn new(shape: ConvShape) -> Self {
        let (x, w) = (random(shape.in_len(), 1), random(shape.weight_len(), 2));
        Self { shape, x, w, dy: random(shape.out_len(), 3) }
    }

    fn strides(&self) -> WeightStrides {
        WeightStrides::tap_major(self.shape.input, self.shape.output)
    }

    fn forward(&self, level: Level, epilogue: Epilogue) -> Vec<f32> {
        let packed = Packed::of(level, &self.shape, &self.w, self.strides(), Pass::Forward);
        let mut y = vec![f32::NAN; self.shape.out_len()];
        convolve(&self.shape, &packed, &self.x, epilogue, &mut y);
        y
    }

    fn input_gradient(&self, level: Level) -> Vec<f32> {
        let pass = Pass::InputGradient;
        let packed = Packed::of(level, &self.shape, &self.w, self.strides(), pass);
        let mut dx = vec![f32::NAN; self.shape.in_len()];
        convolve(&self.shape, &packed, &self.dy, Epilogue::Nothing, &mut dx);
        dx
    }

    fn weight_gradient(&self, level: Level) -> Vec<f32> {
        let mut dw = vec![f32::NAN; self.shape.weight_len()];
        conv_weight_gradient(level, &self.shape, &self.x, &self.dy, &mut dw);
        dw
    }
}

#[test]
fn forward_and_gradients_are_the_plain_sums() {
    for case in shapes().into_iter().map(Case::new) {
        let (mut y, mut dx, mut dw) =
            (vec![0.0; case.dy.len()], vec![0.0; case.x.len()], vec![0.0; case.w.len()]);
        products(&case.shape, |i, k, o| {
            let (x, w, g) = (case.x[i].into(), case.w[k].into(), case.dy[o].into());
            let (x, w, g): (f64, f64, f64) = (x, w, g);
            y[o] += x * w;
            dx[i] += g * w;
            dw[k] += g * x;
        });
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
fn bias_and_leaky_relu_come_after_the_sum() {
    for case in shapes().into_iter().map(Case::new) {
        let bias = random(case.shape.output, 4);
        for level in Level::available() {
            let plain = case.forward(level, Epilogue::Nothing);
            let expected: Vec<f64> = plain
                .iter()
                .enumerate()
                .map(|(at, &y)| f64::from(y) + f64::from(bias[at % case.shape.output]))
                .map(|v| v.max(0.2 * v))
                .collect();
            let fused = case.forward(level, Epilogue::BiasLeaky(&bias));
            assert_close(&format!("{level}, {:?}", case.shape), &fused, &expected, 1e-5);
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let same = ConvShape::same;
    for shape in [same(3, 21, 20, 24, 40), same(40, 3, 3, 300, 20), same(2, 46, 45, 32, 20)] {
        let case = Case::new(shape);
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
        check_company(&Case::new(shape));
    }
}

fn check_company(many: &Case) {
    let (x, y) = (many.x.len() / 5, many.dy.len() / 5);
    for level in Level::available() {
        let (all, all_dx) = (many.forward(level, Epilogue::Nothing), many.input_gradient(level));
        for image in 0..5 {
            let one = Case {
                shape: ConvShape { batch: 1, ..many.shape },
                x: many.x[image * x..][..x].to_vec(),
                w: many.w.clone(),
                dy: many.dy[image * y..][..y].to_vec(),
            };
            assert_eq!(one.forward(level, Epilogue::Nothing), all[image * y..][..y]);
            assert_eq!(one.input_gradient(level), all_dx[image * x..][..x]);
        }
    }
}
