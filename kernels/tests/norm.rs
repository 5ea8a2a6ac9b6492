mod common;

use common::{Random, assert_close, same_for_any_threads};
use lacuna_kernels::{Level, Moments, norm_act, norm_act_backward};

const EPSILON: f32 = 1e-5;

/// All, here or not: where one is not, portable code runs on the columns that it would have.
const LEVELS: [Level; 4] = [Level::Portable, Level::Avx2, Level::Avx512, Level::Avx512Bf16];

/// Pixels and channels: one number a row, odd ones, those of the networks, more than a piece.
const SHAPES: [[usize; 2]; 15] = [
    [1, 1],
    [1, 64],
    [2, 3],
    [7, 1],
    [484, 8],
    [35, 10],
    [1001, 3],
    [40_001, 1],
    [9000, 10],
    [3000, 64],
    [999, 31],
    [150, 100],
    [77, 1024],
    [13, 1023],
    [20_000, 8],
];

struct Case {
    x: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    dy: Vec<f32>,
}

impl Case {
    /// Channel `c` has mean `offset * c`, about, and deviation 2.
    fn new([pixels, channels]: [usize; 2], offset: f32) -> Self {
        let mut random = Random((pixels * 31 + channels) as u64);
        let mut x = random.numbers(pixels * channels);
        for (i, x) in x.iter_mut().enumerate() {
            *x = *x * 2.0 + offset * (i % channels) as f32;
        }
        let gamma = random.numbers(channels);
        let beta = random.numbers(channels);
        Self { dy: random.numbers(x.len()), x, gamma, beta }
    }

    /// `[y, mean, variance, dx, dgamma, dbeta]`
    fn run(&self, level: Level) -> [Vec<f32>; 6] {
        let Self { x, gamma, beta, dy } = self;
        let map = || vec![f32::NAN; x.len()];
        let vector = || vec![f32::NAN; gamma.len()];
        let (mut y, mut dx, mut dgamma, mut dbeta) = (map(), map(), vector(), vector());
        let m = norm_act(level, x, gamma, beta, EPSILON, &mut y);
        norm_act_backward(level, x, gamma, beta, &m, EPSILON, dy, &mut dx, &mut dgamma, &mut dbeta);
        let Moments { mean, variance } = m;
        [y, mean, variance, dx, dgamma, dbeta]
    }

    /// The formulas, in f64.
    fn plain(&self) -> [Vec<f64>; 6] {
        let channels = self.gamma.len();
        let pixels = self.x.len() / channels;
        let map = || vec![0.0; self.x.len()];
        let vector = || vec![0.0; channels];
        let mut out = [map(), vector(), vector(), map(), vector(), vector()];
        let [y, means, variances, dx, dgamma, dbeta] = &mut out;
        for c in 0..channels {
            let of = |v: &[f32]| -> Vec<f64> {
                v.iter().skip(c).step_by(channels).map(|v| f64::from(*v)).collect()
            };
            let (x, dy) = (of(&self.x), of(&self.dy));
            let (gamma, beta) = (f64::from(self.gamma[c]), f64::from(self.beta[c]));
            let mean = x.iter().sum::<f64>() / pixels as f64;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / pixels as f64;
            let inverse = 1.0 / (variance + f64::from(EPSILON)).sqrt();
            let xhat: Vec<_> = x.iter().map(|x| (x - mean) * inverse).collect();
            let pre: Vec<_> = xhat.iter().map(|xhat| gamma * xhat + beta).collect();
            let dpre: Vec<_> = dy
                .iter()
                .zip(&pre)
                .map(|(dy, pre)| if *pre > 0.0 { *dy } else { 0.2 * dy })
                .collect();
            (means[c], variances[c]) = (mean, variance);
            dbeta[c] = dpre.iter().sum();
            dgamma[c] = dpre.iter().zip(&xhat).map(|(dpre, xhat)| dpre * xhat).sum();
            for p in 0..pixels {
                let taken = (dbeta[c] + xhat[p] * dgamma[c]) / pixels as f64;
                y[p * channels + c] = if pre[p] > 0.0 { pre[p] } else { 0.2 * pre[p] };
                dx[p * channels + c] = gamma * inverse * (dpre[p] - taken);
            }
        }
        out
    }
}

const NAMES: [&str; 6] = ["y", "mean", "variance", "dx", "dgamma", "dbeta"];

#[test]
fn agrees_with_the_formulas_in_f64() {
    for shape in SHAPES {
        let case = Case::new(shape, 0.1);
        let plain = case.plain();
        for level in LEVELS {
            for ((name, ours), plain) in NAMES.iter().zip(case.run(level)).zip(&plain) {
                let what = format!("{level} {shape:?} {name}");
                // Of one or two pixels, x - mean and dx are what rounding leaves of a difference of
                // equal numbers, times 1 / sqrt(epsilon) at most.
                if shape[0] <= 2 {
                    let mut apart = ours.iter().zip(plain).map(|(a, b)| (f64::from(*a) - b).abs());
                    assert!(apart.all(|apart| apart < 1e-3), "{what}");
                } else {
                    assert_close(&what, &ours, plain, 1e-5);
                }
            }
        }
    }
}

#[test]
fn a_mean_far_from_zero_does_not_swallow_the_variance() {
    let case = Case::new([5000, 10], 1000.0);
    let [_, means, variances, ..] = case.plain();
    for level in Level::available() {
        let [_, mean, variance, ..] = case.run(level);
        assert_close("mean", &mean, &means, 1e-6);
        assert_close("variance", &variance, &variances, 1e-6);
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    for shape in [[40_001, 1], [9001, 10], [3000, 64], [77, 1024]] {
        let case = Case::new(shape, 0.1);
        for level in Level::available() {
            same_for_any_threads(|| case.run(level));
        }
    }
}

#[test]
#[should_panic(expected = "y has 5 numbers, x 6")]
fn a_map_of_another_length_is_named() {
    let (x, vector) = ([0.0; 6], [1.0; 3]);
    norm_act(Level::Portable, &x, &vector, &vector, EPSILON, &mut [0.0; 5]);
}
