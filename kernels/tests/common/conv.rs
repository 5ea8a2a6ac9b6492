//! A convolution with random operands, by the kernels and as plain sums.

use lacuna_kernels::{
    ConvShape, Epilogue, Level, Packed, Pass, Precision, WeightStrides, conv_weight_gradient,
    convolve,
};

use super::{products, random};

/// Every way of convolving in one group, and odd sizes of each.
pub fn shapes() -> Vec<ConvShape> {
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

pub struct Case {
    pub shape: ConvShape,
    pub precision: Precision,
    pub x: Vec<f32>,
    pub w: Vec<f32>,
    pub dy: Vec<f32>,
}

impl Case {
    pub fn new(shape: ConvShape, precision: Precision) -> Self {
        let (x, w) = (random(shape.in_len(), 1), random(shape.weight_len(), 2));
        Self { shape, precision, x, w, dy: random(shape.out_len(), 3) }
    }

    fn strides(&self) -> WeightStrides {
        WeightStrides::tap_major(self.shape.input / self.shape.groups, self.shape.output)
    }

    pub fn forward(&self, level: Level, epilogue: Epilogue) -> Vec<f32> {
        let packed =
            Packed::of(level, self.precision, &self.shape, &self.w, self.strides(), Pass::Forward);
        let mut y = vec![f32::NAN; self.shape.out_len()];
        convolve(&self.shape, &packed, &self.x, epilogue, &mut y);
        y
    }

    pub fn input_gradient(&self, level: Level) -> Vec<f32> {
        let pass = Pass::InputGradient;
        let packed = Packed::of(level, self.precision, &self.shape, &self.w, self.strides(), pass);
        let mut dx = vec![f32::NAN; self.shape.in_len()];
        convolve(&self.shape, &packed, &self.dy, Epilogue::Nothing, &mut dx);
        dx
    }

    pub fn weight_gradient(&self, level: Level) -> Vec<f32> {
        let mut dw = vec![f32::NAN; self.shape.weight_len()];
        conv_weight_gradient(level, self.precision, &self.shape, &self.x, &self.dy, &mut dw);
        dw
    }

    /// Forward and both gradients as plain sums in f64, of operands that `round` has changed.
    pub fn sums(&self, round: impl Fn(f32) -> f32) -> [Vec<f64>; 3] {
        let all = |numbers: &[f32]| -> Vec<f64> {
            numbers.iter().map(|&number| f64::from(round(number))).collect()
        };
        let [x, w, g] = [all(&self.x), all(&self.w), all(&self.dy)];
        let [mut y, mut dx, mut dw] = [&g, &x, &w].map(|like| vec![0.0; like.len()]);
        products(&self.shape, |i, k, o| {
            y[o] += x[i] * w[k];
            dx[i] += g[o] * w[k];
            dw[k] += g[o] * x[i];
        });
        [y, dx, dw]
    }

    /// What the kernels make of the same.
    pub fn results(&self, level: Level) -> [Vec<f32>; 3] {
        let forward = self.forward(level, Epilogue::Nothing);
        [forward, self.input_gradient(level), self.weight_gradient(level)]
    }

    /// The case of one image of the batch.
    pub fn image(&self, image: usize) -> Self {
        let of = |numbers: &[f32]| {
            let length = numbers.len() / self.shape.batch;
            numbers[image * length..][..length].to_vec()
        };
        let (x, w, dy) = (of(&self.x), self.w.clone(), of(&self.dy));
        Self { shape: ConvShape { batch: 1, ..self.shape }, precision: self.precision, x, w, dy }
    }
}
