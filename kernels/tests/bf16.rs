//! Convolutions in bf16 against plain f64 sums of rounded operands: forward and both gradients, all instruction sets.

mod common;

use common::conv::{Case, shapes};
use common::{Random, assert_close, bits, random, same_for_any_threads};
use lacuna_kernels::{ConvShape, Epilogue, Level, Precision, bf16};

const NAMES: [&str; 3] = ["forward", "input gradient", "weight gradient"];

fn in_bf16(shape: ConvShape) -> Case {
    Case::new(shape, Precision::Bf16)
}

struct Net {
    latent: usize,
    down: &'static [usize],
    groups: usize,
    up: &'static [usize],
    tail: usize,
}

/// photos-64, bench-64, drawn-64, celeba-128, bedrooms-256, celebahq-1024
const NETS: [Net; 6] = [
    Net { latent: 64, down: &[64, 128, 256], groups: 128, up: &[128, 128, 64, 32], tail: 16 },
    Net { latent: 16, down: &[64, 128, 256], groups: 128, up: &[128, 128, 64, 32], tail: 16 },
    Net { latent: 16, down: &[64, 128, 128], groups: 64, up: &[96, 96, 48, 24], tail: 16 },
    Net { latent: 64, down: &[256, 512, 1024], groups: 512, up: &[512, 512, 256, 128], tail: 64 },
    Net {
        latent: 64,
        down: &[256, 512, 512, 512],
        groups: 256,
        up: &[512, 512, 256, 128, 64],
        tail: 64,
    },
    Net { latent: 64, down: &[256, 512, 1024], groups: 512, up: &[512, 512, 384, 128], tail: 64 },
];

/// The layers of the presets by their channels; maps are small, the kernels know channels, not sizes.
fn layers_of_presets() -> Vec<ConvShape> {
    let same = |side, input, output| ConvShape::same(1, side, side, input, output);
    let mut all = Vec::new();
    for Net { latent, down, groups, up, tail } in NETS {
        let mut input = latent;
        for &output in down {
            all.push(ConvShape { kernel: 4, stride: 2, ..same(4, input, output) });
            input = output;
        }
        all.push(ConvShape { padding: 2, dilation: 2, groups, ..same(4, input, input) });
        let skips = [input, down[down.len() - 2]].into_iter().chain(std::iter::repeat(0));
        for (&output, skip) in up.iter().zip(skips) {
            // The convolution whose input gradient the transposed one is.
            all.push(ConvShape { kernel: 4, stride: 2, ..same(4, output, input + skip) });
            input = output;
        }
        for output in [tail, tail / 2, 3] {
            all.push(same(6, input, output));
            input = output;
        }
    }
    all.sort_unstable_by_key(|shape| (shape.kernel, shape.groups, shape.input, shape.output));
    all.dedup();
    all
}

/// Shapes drawn at random, whatever fits.
fn random_shapes(count: usize) -> Vec<ConvShape> {
    let mut random = Random(7);
    let mut below = |n: usize| (random.numbers(1)[0].abs() * 1e4) as usize % n;
    let mut draw = || {
        let groups = [1, 1, 1, 2, 5][below(5)];
        ConvShape {
            batch: 1 + below(3),
            height: 1 + below(12),
            width: 1 + below(12),
            input: groups * (1 + below(40 / groups)),
            output: groups * (1 + below(40 / groups)),
            kernel: 1 + below(4),
            stride: 1 + below(3),
            padding: below(4),
            dilation: 1 + below(2),
            groups,
        }
    };
    let fits = |shape: &ConvShape| {
        let reach = shape.dilation * (shape.kernel - 1) + 1;
        shape.height.min(shape.width) + 2 * shape.padding >= reach
    };
    std::iter::from_fn(|| Some(draw())).filter(fits).take(count).collect()
}

#[test]
fn forward_and_gradients_are_the_plain_sums_of_rounded_operands() {
    for shape in [shapes(), layers_of_presets(), random_shapes(60)].concat() {
        let case = in_bf16(shape);
        let [rounded, exact] = [case.sums(bf16), case.sums(|x| x)];
        let most = case_of_magnitudes(&case).sums(|x| x);
        for level in Level::available() {
            for (at, result) in case.results(level).iter().enumerate() {
                let what = format!("{}, {level}, {shape:?}", NAMES[at]);
                assert_close(&what, result, &rounded[at], 1e-5);
                assert_rounded(&what, result, &exact[at], &most[at]);
            }
        }
    }
}

/// The same without signs: its sums are the largest that the errors of the terms can add up to.
fn case_of_magnitudes(case: &Case) -> Case {
    let [x, w, dy] = [&case.x, &case.w, &case.dy].map(|all| all.iter().map(|x| x.abs()).collect());
    Case { shape: case.shape, precision: case.precision, x, w, dy }
}

/// Both factors of a product are off by 2^-8 of themselves at most; of many numbers, by a good part of that.
#[track_caller]
fn assert_rounded(what: &str, result: &[f32], exact: &[f64], magnitudes: &[f64]) {
    let unit = 2f64.powi(-8);
    for ((&a, b), most) in result.iter().zip(exact).zip(magnitudes) {
        let bound = (2.0 * unit + unit * unit + 1e-5) * most;
        assert!((f64::from(a) - b).abs() <= bound, "{what}: {a} for {b}");
    }
    let square = |all: &mut dyn Iterator<Item = f64>| all.map(|x| x * x).sum::<f64>();
    let apart = square(&mut result.iter().zip(exact).map(|(&a, b)| f64::from(a) - b)).sqrt();
    let size = square(&mut exact.iter().copied()).sqrt();
    // A border may be all that there is.
    if result.len() > 200 && size > 0.0 {
        assert!((unit / 8.0..unit).contains(&(apart / size)), "{what}: {apart:e} of {size:e}");
    }
}

#[test]
fn operands_that_bf16_can_hold_give_the_f32_result() {
    for shape in [shapes(), random_shapes(40)].concat() {
        let mut case = in_bf16(shape);
        // Small whole numbers: every sum is exact, in whatever order, by Winograd's way too.
        for all in [&mut case.x, &mut case.w, &mut case.dy] {
            all.iter_mut().for_each(|number| *number = (*number * 8.0).round());
        }
        for level in Level::available() {
            let ours = case.results(level);
            case.precision = Precision::F32;
            assert_eq!(ours, case.results(level), "{level}, {shape:?}");
            case.precision = Precision::Bf16;
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bytes() {
    // Many source channels are summed in slices, as many at a time as the vectors' width leaves room for.
    for shape in shapes().into_iter().filter(|shape| shape.input < 300) {
        let case = in_bf16(shape);
        let bias = random(shape.output, 4);
        let all = |level| {
            let forward = case.forward(level, Epilogue::BiasLeaky(&bias));
            (bits(&forward), bits(&case.input_gradient(level)))
        };
        let first = all(Level::Portable);
        for level in Level::available() {
            assert!(all(level) == first, "{level}, {shape:?}");
        }
    }
}

#[test]
fn bias_and_leaky_relu_come_after_the_sum_and_are_not_rounded() {
    for shape in shapes() {
        let case = in_bf16(shape);
        let bias = random(shape.output, 4);
        for level in Level::available() {
            let plain = case.forward(level, Epilogue::Nothing);
            let biased = |(at, &y): (usize, &f32)| f64::from(y + bias[at % shape.output]);
            let expected: Vec<f64> =
                plain.iter().enumerate().map(biased).map(|v| v.max(0.2 * v)).collect();
            let fused = case.forward(level, Epilogue::BiasLeaky(&bias));
            assert_close(&format!("{level}, {shape:?}"), &fused, &expected, 1e-5);
        }
    }
}

#[test]
fn the_number_of_threads_and_the_company_change_nothing() {
    let halving = ConvShape { kernel: 4, stride: 2, ..ConvShape::same(5, 8, 10, 7, 40) };
    for shape in [ConvShape::same(5, 21, 20, 24, 40), ConvShape::same(5, 3, 3, 300, 20), halving] {
        let many = in_bf16(shape);
        for level in Level::available() {
            let [y, dx, _] = same_for_any_threads(|| many.results(level));
            for image in 0..5 {
                let [of_y, of_dx, _] = many.image(image).results(level);
                assert_eq!(of_y, y[image * of_y.len()..][..of_y.len()]);
                assert_eq!(of_dx, dx[image * of_dx.len()..][..of_dx.len()]);
            }
        }
    }
}

#[test]
fn what_is_not_a_number_reaches_what_reads_it() {
    // 1x1 convolutions of a map of one row: pixels have nothing to do with each other.
    let shape = ConvShape { kernel: 1, padding: 0, ..ConvShape::same(1, 1, 7, 5, 20) };
    for (poison, level) in [f32::NAN, f32::INFINITY]
        .into_iter()
        .flat_map(|x| Level::available().into_iter().map(move |level| (x, level)))
    {
        let mut case = in_bf16(shape);
        case.x[3 * shape.input + 2] = poison;
        let [y, _, dw] = case.results(level);
        let hit = |at: usize| at / shape.output == 3;
        assert!(y.iter().enumerate().all(|(at, y)| y.is_finite() != hit(at)), "{level}");
        // The weights `[in, out]` of input channel 2.
        let hit = |at: usize| at / shape.output == 2;
        assert!(dw.iter().enumerate().all(|(at, dw)| dw.is_finite() != hit(at)), "{level}");
    }
}
