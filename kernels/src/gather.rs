//! The one routine of forward passes and input gradients: a register tile of target pixels x target channels.
//!
//! ```text
//! for a block of target channels, a slice of source channels, a tile of pixels:
//!     for tap, for source channel:  acc[pixel][vector] += x[source(tap, pixel)][channel] * w[vector]
//! ```
//! Pixels come through pointers, one a tap and a pixel; outside pixels point to a row of zeros. A slice of weights
//! stays in the second cache while the pixels of a task pass by. A tile's sums do not depend on the task it is in.

use crate::lanes::{Kernel, Lanes};
use crate::leaky::{leaky, leaky_lanes, relu, relu_lanes};
use crate::pack::Packed;
use crate::parts::{Shared, for_each, piece};
use crate::plan::{Phase, Plan};
use crate::tile::{multiply, with_tile};

/// What is done to a sum before it is stored.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    Nothing,
    /// The leaky ReLU of the sum and its channel's bias.
    BiasLeaky(&'a [f32]),
    /// The ReLU of the same.
    BiasRelu(&'a [f32]),
}

impl<'a> Epilogue<'a> {
    /// One number a target channel.
    pub(crate) fn bias(self) -> Option<&'a [f32]> {
        match self {
            Self::Nothing => None,
            Self::BiasLeaky(bias) | Self::BiasRelu(bias) => Some(bias),
        }
    }

    /// What becomes of a sum that has its bias.
    pub(crate) fn number(self, sum: f32) -> f32 {
        match self {
            Self::Nothing => sum,
            Self::BiasLeaky(_) => leaky(sum),
            Self::BiasRelu(_) => relu(sum),
        }
    }

    /// The same of a vector.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    pub(crate) unsafe fn lanes<L: Lanes>(self, sum: L::V) -> L::V {
        // SAFETY: by the caller's promise.
        unsafe {
            match self {
                Self::Nothing => sum,
                Self::BiasLeaky(_) => leaky_lanes::<L>(sum),
                Self::BiasRelu(_) => relu_lanes::<L>(sum),
            }
        }
    }
}

/// Bytes of weights that a task keeps in cache: half of the smallest second cache of today.
const SLICE_BYTES: usize = 128 << 10;
/// Pixels of a task: a multiple of every tile.
const TASK_PIXELS: usize = 480;
/// Tasks that keep many cores busy; fewer pixels a task where there are not as many.
const ENOUGH_TASKS: usize = 32;

/// `to[b, target pixel, :] = epilogue(sum)`, `from` `[B, from_pixels, sources]`, `to` `[B, to_pixels, targets]`.
pub(crate) fn gather(
    plan: &Plan,
    from: &[f32],
    weights: &Packed,
    epilogue: Epilogue,
    to: &mut [f32],
) {
    let (sources, targets) = (weights.sources, weights.targets);
    let batch = from.len() / (plan.from_pixels * sources);
    let zeros = vec![0.0; sources];
    let to = Shared::new(to);
    for phase in &plan.phases {
        assert!(phase.taps.iter().all(|&tap| tap < weights.taps));
        if phase.taps.is_empty() {
            fill(plan, phase, epilogue, targets, batch, to);
            continue;
        }
        let job = Job { plan, phase, from, weights, epilogue, zeros: &zeros, to, batch };
        weights.way.run(weights.level, Split(job));
    }
}

/// Pixels that no tap reaches.
fn fill(plan: &Plan, phase: &Phase, epilogue: Epilogue, targets: usize, batch: usize, to: Shared) {
    for image in 0..batch {
        for &pixel in &phase.targets {
            let start = (image * plan.to_pixels + pixel as usize) * targets;
            // SAFETY: one thread, one pixel after the other.
            let row = unsafe { to.part(start..start + targets) };
            match epilogue.bias() {
                None => row.fill(0.0),
                Some(bias) => {
                    for (number, &bias) in row.iter_mut().zip(bias) {
                        *number = epilogue.number(bias);
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Job<'a> {
    plan: &'a Plan,
    phase: &'a Phase,
    from: &'a [f32],
    weights: &'a Packed,
    epilogue: Epilogue<'a>,
    zeros: &'a [f32],
    to: Shared<'a>,
    batch: usize,
}

/// Cuts a phase into tasks and runs them.
struct Split<'a>(Job<'a>);

impl Kernel for Split<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let job = self.0;
        let full = L::N * L::TILE.1;
        let blocks = job.weights.targets.div_ceil(full);
        let pixels = job.batch * job.phase.targets.len();
        let mut size = TASK_PIXELS;
        while size > 96 && blocks * pixels.div_ceil(size) < ENOUGH_TASKS {
            size = (size / 2).next_multiple_of(48);
        }
        let chunks = pixels.div_ceil(size);
        // Weights that fit into the cache whole: all blocks of a chunk of pixels after another, else all chunks
        // of a block.
        let bytes = job.phase.taps.len() * job.weights.sources * job.weights.targets * 4;
        let chunk_first = bytes > 2 * SLICE_BYTES;
        for_each(blocks * chunks, |at| {
            let (block, chunk) =
                if chunk_first { (at / chunks, at % chunks) } else { (at % blocks, at / blocks) };
            let task = Task { job, block, pixels: piece(pixels, size, chunk) };
            job.weights.way.run(job.weights.level, task);
        });
    }
}

/// One block of channels of some pixels.
struct Task<'a> {
    job: Job<'a>,
    block: usize,
    pixels: std::ops::Range<usize>,
}

impl Kernel for Task<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let full = L::N * L::TILE.1;
        let kept = full.min(self.job.weights.targets - self.block * full);
        // SAFETY: the instruction set is that of the caller; see `tiles` for the rest.
        unsafe { with_tile!(L, kept, self.tiles(kept)) }
    }
}

impl Task<'_> {
    /// # Safety
    /// The instruction set of `L` is there; tasks that run together differ in block or pixels.
    #[inline(always)]
    unsafe fn tiles<L: Lanes, const M: usize, const V: usize>(&self, kept: usize) {
        let Job { plan, phase, from, weights, zeros, .. } = self.job;
        let (sources, taps) = (weights.sources, phase.taps.len());
        let width = V * L::N;
        let count = phase.targets.len();
        let first_channel = self.block * L::N * L::TILE.1;
        let block = &weights.numbers[first_channel * weights.taps * sources..];
        assert!(block.len() >= weights.taps * sources * width && kept <= width);
        let step = (SLICE_BYTES / 4 / (taps * width)).max(16).min(sources);
        let mut rows: Vec<[*const f32; M]> = vec![[zeros.as_ptr(); M]; taps];

        let mut first = 0;
        while first < sources {
            let depth = step.min(sources - first);
            let last = first + depth == sources;
            let mut pixel = self.pixels.start;
            while pixel < self.pixels.end {
                let here = M.min(self.pixels.end - pixel);
                let mut places = [(0usize, 0usize); M];
                for (m, place) in places.iter_mut().enumerate().take(here) {
                    *place = ((pixel + m) / count, (pixel + m) % count);
                }
                for (row, sources_of_tap) in rows.iter_mut().zip(phase.source.chunks_exact(count)) {
                    for (pointer, &(image, at)) in row.iter_mut().zip(&places).take(here) {
                        let source = sources_of_tap[at];
                        *pointer = if source < 0 {
                            zeros.as_ptr()
                        } else {
                            let place = image * plan.from_pixels + source as usize;
                            from[place * sources + first..].as_ptr()
                        };
                    }
                }
                // SAFETY: each pointer has `depth` numbers after it, in `from` or in `zeros`; the weights of the
                // block have `width` numbers for each of the taps and source channels.
                unsafe {
                    let mut acc = self.start::<L, M, V>(&places, here, kept, first == 0);
                    for (row, &tap) in rows.iter().zip(&phase.taps) {
                        let weights = block.as_ptr().add((tap * sources + first) * width);
                        multiply::<L, M, V>(row, weights, depth, &mut acc);
                    }
                    self.store::<L, M, V>(acc, &places, here, kept, last);
                }
                pixel += M;
            }
            first += depth;
        }
    }

    /// The numbers of the target pixel `at`, the channels of this block.
    ///
    /// # Safety
    /// As [`Shared::part`].
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    unsafe fn target<L: Lanes>(&self, (image, at): (usize, usize), kept: usize) -> &mut [f32] {
        let pixel = image * self.job.plan.to_pixels + self.job.phase.targets[at] as usize;
        let start = pixel * self.job.weights.targets + self.block * L::N * L::TILE.1;
        // SAFETY: pixels and blocks are those of this task alone.
        unsafe { self.job.to.part(start..start + kept) }
    }

    /// The accumulators before a slice: the bias or zero, then what the earlier slices left in the target.
    ///
    /// # Safety
    /// As [`tiles`](Self::tiles).
    #[inline(always)]
    unsafe fn start<L: Lanes, const M: usize, const V: usize>(
        &self,
        places: &[(usize, usize); M],
        here: usize,
        kept: usize,
        first: bool,
    ) -> [[L::V; V]; M] {
        // SAFETY: the instruction set is there; the bias has `kept` numbers of this block, and so has every target.
        unsafe {
            let mut acc = [[L::splat(0.0); V]; M];
            if first {
                if let Some(bias) = self.job.epilogue.bias() {
                    let bias = bias[self.block * L::N * L::TILE.1..].as_ptr();
                    acc = [load_row::<L, V>(bias, kept); M];
                }
                return acc;
            }
            for (acc, &place) in acc.iter_mut().zip(places).take(here) {
                *acc = load_row::<L, V>(self.target::<L>(place, kept).as_ptr(), kept);
            }
            acc
        }
    }

    /// # Safety
    /// As [`tiles`](Self::tiles).
    #[inline(always)]
    unsafe fn store<L: Lanes, const M: usize, const V: usize>(
        &self,
        acc: [[L::V; V]; M],
        places: &[(usize, usize); M],
        here: usize,
        kept: usize,
        last: bool,
    ) {
        // SAFETY: a target has `kept` numbers.
        unsafe {
            for (mut acc, &place) in acc.into_iter().zip(places).take(here) {
                if last {
                    for acc in &mut acc {
                        *acc = self.job.epilogue.lanes::<L>(*acc);
                    }
                }
                let target = self.target::<L>(place, kept).as_mut_ptr();
                for (v, acc) in acc.into_iter().enumerate() {
                    L::store_part(target.add(v * L::N), acc, kept - v * L::N);
                }
            }
        }
    }
}

/// The first `kept` numbers at the pointer, in vectors, zeros after them.
///
/// # Safety
/// More than `V - 1` vectors of `kept` numbers at the pointer, the instruction set of `L`.
#[inline(always)]
unsafe fn load_row<L: Lanes, const V: usize>(from: *const f32, kept: usize) -> [L::V; V] {
    // SAFETY: by the caller's promise.
    std::array::from_fn(|v| unsafe { L::load_part(from.add(v * L::N), kept - v * L::N) })
}
