//! Every layer of the presets `celeba-128` (batch 10) and `photos-64` (batch 16), forward and both gradients:
//! milliseconds, GFLOP/s, and the share of what multiply-adds on registers reach in the same run.
//!
//! `cargo bench -p lacuna-kernels`, `-- celeba` for the layers whose name holds the word, `-- --bf16` with operands
//! rounded to bf16. Multiplications with the border count too, as everywhere.

use std::time::Instant;

use lacuna_kernels::{
    ConvShape, Epilogue, Level, Packed, Pass, Precision, WeightStrides, conv_weight_gradient,
    convolve, fma_peak,
};

const TRIES: usize = 7;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let in_bf16 = std::env::args().any(|argument| argument == "--bf16");
    let precision = if in_bf16 { Precision::Bf16 } else { Precision::F32 };
    let (level, threads) = (Level::best(), rayon::current_num_threads());
    let peak = fma_peak(level, threads);
    println!("{level}, {precision:?}, {threads} threads: {peak:.0} GFLOP/s at most in f32\n");
    println!(
        "{:<30}{:>8}{:>26}{:>26}{:>26}",
        "layer", "GFLOP", "forward", "input gradient", "weight gradient"
    );
    let mut sums = [0.0; 4];
    for (name, shape) in layers() {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let flops = 2.0 * shape.multiplications() as f64 / 1e9;
        let times = measure(level, precision, &shape);
        let cell = |seconds: f64| {
            let rate = flops / seconds;
            format!("{:.2} ms {rate:>5.0} {:>3.0} %", seconds * 1e3, 100.0 * rate / peak)
        };
        let [a, b, c] = times.map(cell);
        println!("{name:<30}{flops:>8.2}{a:>26}{b:>26}{c:>26}");
        sums[0] += flops;
        (1..4).for_each(|i| sums[i] += times[i - 1] * 1e3);
    }
    let [flops, a, b, c] = sums;
    println!("{:<30}{flops:>8.2}{a:>23.1} ms{b:>23.1} ms{c:>23.1} ms", "sum");
}

/// The convolutions; a transposed one is named by what it is and measured as the convolution behind it, its
/// forward pass as that one's input gradient.
fn layers() -> Vec<(String, ConvShape)> {
    let mut layers = Vec::new();
    let mut add = |name: String, shape: ConvShape| layers.push((name, shape));
    for (preset, batch, latent, down, up, tail) in [
        ("celeba", 10, [64, 32], [256, 512, 1024], [512, 512, 256, 128], [64, 32, 3]),
        ("photos", 16, [64, 16], [64, 128, 256], [128, 128, 64, 32], [16, 8, 3]),
    ] {
        let [mut input, mut side] = latent;
        for output in down {
            let same = ConvShape::same(batch, side, side, input, output);
            add(
                format!("{preset} /2 {input}-{output} at {side}"),
                ConvShape { kernel: 4, stride: 2, ..same },
            );
            (input, side) = (output, side / 2);
        }
        let skips = [down[2], down[1], 0, 0];
        for (output, skip) in up.into_iter().zip(skips) {
            let input_all = input + skip;
            side *= 2;
            let same = ConvShape::same(batch, side, side, output, input_all);
            add(
                format!("{preset} x2 {input_all}-{output} to {side}"),
                ConvShape { kernel: 4, stride: 2, ..same },
            );
            input = output;
        }
        side *= 2;
        for output in tail {
            let shape = ConvShape::same(batch, side, side, input, output);
            add(format!("{preset} 3x3 {input}-{output} at {side}"), shape);
            input = output;
        }
    }
    layers
}

/// Median seconds of forward, input gradient, weight gradient; packing the weights is part of them.
fn measure(level: Level, precision: Precision, shape: &ConvShape) -> [f64; 3] {
    let (x, w) = (vec![0.5; shape.in_len()], vec![0.1; shape.weight_len()]);
    let (mut y, mut dx, mut dw) = (vec![0.1; shape.out_len()], x.clone(), w.clone());
    let strides = WeightStrides::tap_major(shape.input, shape.output);
    let forward = median(|| {
        let packed = Packed::of(level, precision, shape, &w, strides, Pass::Forward);
        convolve(shape, &packed, &x, Epilogue::Nothing, &mut y);
    });
    let input_gradient = median(|| {
        let packed = Packed::of(level, precision, shape, &w, strides, Pass::InputGradient);
        convolve(shape, &packed, &y, Epilogue::Nothing, &mut dx);
    });
    let weight_gradient = median(|| conv_weight_gradient(level, precision, shape, &x, &y, &mut dw));
    [forward, input_gradient, weight_gradient]
}

fn median(mut run: impl FnMut()) -> f64 {
    run();
    let mut times: Vec<f64> = (0..TRIES)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[TRIES / 2]
}
