//! The weight gradient of a convolution: an outer product of channels, summed over pixels.
//!
//! ```text
//! dW[tap][i][o] = sum over images b, pixels n of  x[b, source[tap][n], i] * dy[b, n, o]
//! ```
//! The register tile holds input channels x output channels. Pixels come in chunks that stay in the first cache:
//! a chunk of dy is copied so that its channels lie side by side, and the sums of a task lie tile by tile. The
//! chunks fall into groups, each with sums of its own, added in order at the end: their number follows from the
//! shape, so that threads never change a sum.

use crate::bf16::{Precision, rounded};
use crate::grouped::grouped_weight_gradient;
use crate::lanes::{Kernel, Lanes, Level};
use crate::pack::Way;
use crate::panels::{Panels, first_of};
use crate::parts::{Shared, for_each, piece};
use crate::pixels;
use crate::plan::{ConvShape, Pass, Plan};
use crate::pool::Scratch;
use crate::tile::{add_tile, outer, tile_of, with_tile};
use crate::winograd::weight_gradient;

/// Pixels of a chunk.
const CHUNK: usize = 64;
/// Pixels of a group at least: adding its sums would cost more than another thread saves.
const GROUP_PIXELS: usize = 1024;
/// Tasks that keep many cores busy.
const ENOUGH_TASKS: usize = 32;

/// The gradient, `[tap, input, output]` row-major (see [`WeightStrides::tap_major`](crate::WeightStrides)), of
/// `x` `[B, H, W, in]` and `dy` `[B, H', W', out]`, both rounded to `precision`; `input` counts those of a group.
///
/// # Panics
/// Slices of other lengths.
pub fn conv_weight_gradient(
    level: Level,
    precision: Precision,
    shape: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    assert_eq!(x.len(), shape.in_len(), "an input of another size");
    assert_eq!(dy.len(), shape.out_len(), "an output gradient of another size");
    assert_eq!(dw.len(), shape.weight_len(), "a weight gradient of another size");
    let way = Way::of(level, precision, shape, Pass::Forward);
    match way {
        Way::Winograd => weight_gradient(level, shape, x, dy, dw),
        Way::Grouped if precision == Precision::Bf16 => {
            grouped_weight_gradient(level, shape, &rounded(x), &rounded(dy), dw);
        }
        Way::Grouped => grouped_weight_gradient(level, shape, x, dy, dw),
        Way::Direct => {
            let plan = &Plan::of(shape, Pass::Forward);
            level.run(Split { level, way, shape, plan, x, dy, dw });
        }
        Way::Paired => {
            let plan = &pixels::plan(shape);
            let x = &pixels::inputs(level, shape, x);
            let dy = &pixels::gradients(level, shape, dy);
            level.run_pairs(Split { level, way, shape, plan, x, dy, dw });
        }
    }
}

struct Split<'a> {
    level: Level,
    way: Way,
    shape: &'a ConvShape,
    plan: &'a Plan,
    x: &'a [f32],
    dy: &'a [f32],
    dw: &'a mut [f32],
}

impl Kernel for Split<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { level, way, shape, plan, x, dy, dw } = self;
        let (m, vectors) = tile_of::<L>(shape.output);
        let width = L::N * vectors;
        let x = Panels::new(x, shape.input, m);
        let pairs = Pairs::new(plan, x.stride(), width);
        // Whole images where maps are small, else pieces of one.
        let images = (CHUNK / plan.to_pixels).max(1);
        let chunks = shape.batch.div_ceil(images) * pairs.pieces;
        let blocks = shape.output.div_ceil(width);
        let most = (shape.batch * plan.to_pixels / GROUP_PIXELS).clamp(1, chunks);
        let groups = ENOUGH_TASKS.div_ceil(blocks).min(most);
        let per_group = chunks.div_ceil(groups);
        let groups = chunks.div_ceil(per_group);

        let length = dw.len();
        let mut partial = Scratch::new(if groups > 1 { groups * length } else { 0 });
        let sums = Shared::new(if groups > 1 { &mut partial } else { &mut *dw });
        for_each(blocks * groups, |at| {
            let (block, group) = (at % blocks, at / blocks);
            let (chunks, start) = (piece(chunks, per_group, group), group * length);
            let (x, pairs) = (&x, &pairs);
            let task = Task { shape, plan, x, dy, pairs, sums, start, block, images, chunks };
            way.run(level, task);
        });
        if groups > 1 {
            add_groups(&partial, dw);
        }
    }
}

/// `dw` = the sum of as many slices of its length as `partial` holds.
pub(crate) fn add_groups(partial: &[f32], dw: &mut [f32]) {
    const PART: usize = 1 << 14;
    let length = dw.len();
    let dw = Shared::new(dw);
    for_each(length.div_ceil(PART), |at| {
        let range = piece(length, PART, at);
        // SAFETY: parts do not overlap.
        let sum = unsafe { dw.part(range.clone()) };
        sum.copy_from_slice(&partial[range.clone()]);
        for slice in partial.chunks_exact(length).skip(1) {
            for (sum, term) in sum.iter_mut().zip(&slice[range.clone()]) {
                *sum += term;
            }
        }
    });
}

/// The pixels of a chunk and a tap that meet: where x lies in its image, where dy in its chunk.
struct Pairs {
    /// Pieces of an image.
    pieces: usize,
    taps: usize,
    /// Where the list of `[piece, tap]` begins, and an end.
    starts: Vec<usize>,
    list: Vec<[u32; 2]>,
}

impl Pairs {
    fn new(plan: &Plan, stride: usize, width: usize) -> Self {
        let phase = &plan.phases[0];
        let (pieces, taps) = (plan.to_pixels.div_ceil(CHUNK), phase.taps.len());
        assert!(plan.from_pixels * stride < 1 << 32, "a map of too many numbers");
        let mut starts = vec![0];
        let mut list = Vec::with_capacity(phase.source.len());
        for at in 0..pieces {
            let range = piece(plan.to_pixels, CHUNK, at);
            for sources in phase.source.chunks_exact(plan.to_pixels) {
                for (i, &source) in sources[range.clone()].iter().enumerate() {
                    if source >= 0 {
                        list.push([source as u32 * stride as u32, (i * width) as u32]);
                    }
                }
                starts.push(list.len());
            }
        }
        Self { pieces, taps, starts, list }
    }

    fn of(&self, piece: usize, tap: usize) -> &[[u32; 2]] {
        let at = piece * self.taps + tap;
        &self.list[self.starts[at]..self.starts[at + 1]]
    }
}

/// One block of output channels over some chunks of pixels.
struct Task<'a> {
    shape: &'a ConvShape,
    plan: &'a Plan,
    x: &'a Panels<'a>,
    dy: &'a [f32],
    pairs: &'a Pairs,
    sums: Shared<'a>,
    start: usize,
    block: usize,
    images: usize,
    chunks: std::ops::Range<usize>,
}

impl Kernel for Task<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: the instruction set is that of the caller; see `tiles` for the rest.
        unsafe { with_tile!(L, self.shape.output, self.tiles()) }
    }
}

impl Task<'_> {
    /// # Safety
    /// The instruction set of `L` is there; tasks that run together differ in block or `start`.
    #[inline(always)]
    unsafe fn tiles<L: Lanes, const M: usize, const V: usize>(&self) {
        let Self { shape, plan, x, pairs, .. } = self;
        let width = V * L::N;
        let tiles = shape.input.div_ceil(M);
        // `[tap, tile, M, width]`
        let mut sums = Scratch::zeros(pairs.taps * tiles * M * width);
        let mut gradients = Scratch::zeros(plan.to_pixels.min(CHUNK) * self.images * width);
        for chunk in self.chunks.clone() {
            let images = piece(shape.batch, self.images, chunk / pairs.pieces);
            let at = chunk % pairs.pieces;
            let range = piece(plan.to_pixels, CHUNK, at);
            for (image, to) in images.clone().zip(gradients.chunks_mut(range.len() * width)) {
                self.copy_gradients(image, range.clone(), width, to);
            }
            for (tap, of_tap) in sums.chunks_exact_mut(tiles * M * width).enumerate() {
                let pairs = pairs.of(at, tap);
                for (tile, sum) in of_tap.chunks_exact_mut(M * width).enumerate() {
                    let inputs = x.block(tile);
                    // SAFETY: every pair has `M` numbers in its image of this block of x, which is whole or filled
                    // up, and `width` in its image of the chunk of dy; a tile has `M` rows of sums.
                    unsafe {
                        let mut acc = [[L::splat(0.0); V]; M];
                        for (i, image) in images.clone().enumerate() {
                            let x = inputs.as_ptr().add(image * plan.from_pixels * x.stride());
                            let dy = gradients.as_ptr().add(i * range.len() * width);
                            outer::<L, M, V>(pairs, x, dy, &mut acc);
                        }
                        add_tile::<L, M, V>(acc, sum.as_mut_ptr());
                    }
                }
            }
        }
        self.write(&sums, M, width);
    }

    /// dy of the pixels `range` of `image`, the channels of this block side by side, zeros where there are fewer.
    #[inline(always)]
    fn copy_gradients(
        &self,
        image: usize,
        range: std::ops::Range<usize>,
        width: usize,
        to: &mut [f32],
    ) {
        let outputs = self.shape.output;
        let (first, kept) = (self.block * width, width.min(outputs - self.block * width));
        let from = &self.dy[(image * self.plan.to_pixels + range.start) * outputs..];
        for (to, from) in to.chunks_exact_mut(width).zip(from.chunks_exact(outputs)) {
            to[..kept].copy_from_slice(&from[first..first + kept]);
        }
    }

    /// The sums to their places; rows that an earlier tile had are left out.
    #[inline(always)]
    fn write(&self, sums: &[f32], m: usize, width: usize) {
        let ConvShape { input, output, .. } = *self.shape;
        let (channel, kept) = (self.block * width, width.min(output - self.block * width));
        let tiles = input.div_ceil(m);
        for (at, tile) in sums.chunks_exact(m * width).enumerate() {
            let (tap, at) = (at / tiles, at % tiles);
            let first = first_of(at, m, input);
            let rows = tile.chunks_exact(width).enumerate().take(m.min(input)).skip(at * m - first);
            for (row, numbers) in rows {
                let start = self.start + (tap * input + first + row) * output + channel;
                // SAFETY: the channels of this block in these sums are this task's alone.
                let to = unsafe { self.sums.part(start..start + kept) };
                to.copy_from_slice(&numbers[..kept]);
            }
        }
    }
}
