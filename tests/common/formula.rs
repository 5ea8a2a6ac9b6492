//! VGG16's weights by a formula, as tests/reference/metrics.py has them: shared by unit and integration tests.

/// Weight `[out, in, 3, 3]` and bias of the convolution `at`, from 0 on: uniform in +-sqrt(6 / (9 in)), which keeps
/// features as large as the picture's numbers, and in +-0.1.
pub fn convolution(at: u64, [input, output]: [usize; 2]) -> (Vec<f32>, Vec<f32>) {
    let bound = (6.0 / (9 * input) as f64).sqrt();
    (numbers(2 * at + 1, output * input * 9, bound), numbers(2 * at + 2, output, 0.1))
}

/// Uniform in +-bound: the index, hashed.
fn numbers(seed: u64, count: usize, bound: f64) -> Vec<f32> {
    const LOW: u64 = u32::MAX as u64;
    let number = |i: u64| {
        let mut h = (i * 2_654_435_761 + seed * 40503) & LOW;
        h ^= h >> 15;
        h = (h * 2_246_822_519) & LOW;
        h ^= h >> 13;
        ((2.0 * (h >> 8) as f64 / f64::from(1 << 24) - 1.0) * bound) as f32
    };
    (0..count as u64).map(number).collect()
}
