//! What the processor can do at most: multiply-adds on registers alone, the measure of all kernels.

use std::time::Instant;

use crate::lanes::{Kernel, Lanes, Level, MAX_LANES};

/// Rounds of the loop that one measurement takes.
const ROUNDS: usize = 1 << 22;
/// Independent sums: enough to hide the latency of a multiply-add on two units.
const SUMS: usize = 12;

/// GFLOP/s of `threads` threads at once, best of a few tries.
pub fn fma_peak(level: Level, threads: usize) -> f64 {
    let once = || {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| std::hint::black_box(level.run(Fma)));
            }
        });
        let flops = (2 * threads * ROUNDS * SUMS * level.lanes()) as f64;
        flops / began.elapsed().as_secs_f64() / 1e9
    };
    (0..5).map(|_| once()).fold(0.0, f64::max)
}

struct Fma;

impl Kernel for Fma {
    type Output = f32;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> f32 {
        // SAFETY: the instruction set is that of the caller; the buffer holds the largest vector.
        unsafe {
            let factor = L::splat(std::hint::black_box(0.999));
            let mut sums = [L::splat(1.0); SUMS];
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = L::fma(*sum, factor, factor);
                }
            }
            let total = sums.into_iter().reduce(|a, b| L::add(a, b)).unwrap_or(factor);
            let mut buffer = [0.0; MAX_LANES];
            L::store(buffer.as_mut_ptr(), total);
            buffer[0]
        }
    }
}
