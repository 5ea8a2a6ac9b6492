//! What the tests of kernels share.

#![allow(dead_code)] // each test uses some

pub mod conv;

use lacuna_kernels::ConvShape;

/// Numbers that repeat: about normal (a sum of four uniform ones), mean 0, deviation 1.
pub struct Random(pub u64);

impl Random {
    fn uniform(&mut self) -> f32 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
    }

    pub fn number(&mut self) -> f32 {
        let sum: f32 = (0..4).map(|_| self.uniform()).sum();
        (sum - 2.0) * 3.0_f32.sqrt()
    }

    pub fn numbers(&mut self, length: usize) -> Vec<f32> {
        (0..length).map(|_| self.number()).collect()
    }
}

/// `max|a - b| / max|b|` is at most `bound`.
#[track_caller]
pub fn assert_close(what: &str, a: &[f32], b: &[f64], bound: f64) {
    assert_eq!(a.len(), b.len(), "{what}");
    let largest = b.iter().fold(0.0, |m: f64, b| m.max(b.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let apart = (f64::from(*a) - b).abs();
        assert!(apart <= bound * largest, "{what}[{i}]: {a} for {b}, the largest {largest}");
    }
}

/// `f`'s result is the same with one thread and with two; that result.
#[track_caller]
pub fn same_for_any_threads<T: PartialEq + Send>(f: impl Fn() -> T + Sync + Send) -> T {
    let (one, two) = (with_threads(1, &f), with_threads(2, &f));
    assert!(one == two, "two threads give other numbers than one");
    one
}

pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// `count` numbers in [-1, 1), the same for the same seed.
pub fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    (0..count).map(|_| 2.0 * random.uniform() - 1.0).collect()
}

/// Runs `task` with that many threads.
pub fn with_threads<T: Send>(threads: usize, task: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(task)
}

/// The bytes: equal only where every number is, its sign and its NaNs included.
pub fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// All products of a convolution: (place in x, place in w `[tap, in/groups, out]`, place in y).
pub fn products(shape: &ConvShape, mut each: impl FnMut(usize, usize, usize)) {
    let [out_height, out_width] = shape.out();
    let (ins, outs) = (shape.input / shape.groups, shape.output / shape.groups);
    for image in 0..shape.batch {
        for (y, x) in (0..out_height).flat_map(|y| (0..out_width).map(move |x| (y, x))) {
            for tap in 0..shape.taps() {
                let row = (y * shape.stride + tap / shape.kernel * shape.dilation) as i64;
                let column = (x * shape.stride + tap % shape.kernel * shape.dilation) as i64;
                let (row, column) = (row - shape.padding as i64, column - shape.padding as i64);
                let inside = (0..shape.height as i64).contains(&row)
                    && (0..shape.width as i64).contains(&column);
                if !inside {
                    continue;
                }
                let from = (image * shape.height + row as usize) * shape.width + column as usize;
                let to = (image * out_height + y) * out_width + x;
                for o in 0..shape.output {
                    for i in 0..ins {
                        let input = from * shape.input + o / outs * ins + i;
                        each(input, (tap * ins + i) * shape.output + o, to * shape.output + o);
                    }
                }
            }
        }
    }
}
