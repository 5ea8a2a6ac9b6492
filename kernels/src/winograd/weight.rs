//! The weight gradient by Winograd's way: the transposes of its three transforms.
//!
//! ```text
//! dg = G' [sum over pieces  (B' d B) (A dy A')] G
//! ```
//! Sixteen outer products of channels, each summed over pieces like the direct weight gradient over pixels. Groups of
//! pieces have sums of their own, added in order; their number follows from the shape.

use std::ops::Range;

use super::{PRODUCTS, Pieces, plane};
use crate::lanes::{Kernel, Lanes, Level};
use crate::panels::first_of;
use crate::parts::{Shared, for_each, piece};
use crate::plan::ConvShape;
use crate::pool::Scratch;
use crate::tile::{add_tile, outer, with_tile};
use crate::weight::add_groups;

/// Pieces of a chunk.
const CHUNK: usize = 192;
/// Input channels of a task: more would not leave its sums near.
const SLICE: usize = 128;
/// Groups times slices, as long as there are chunks: enough for many cores.
const ENOUGH_TASKS: usize = 32;

/// `dw` `[tap, in, out]` of a convolution that [`suits`](super::suits).
pub(crate) fn weight_gradient(
    level: Level,
    shape: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let (source, target) = ([shape.height, shape.width], shape.out());
    let ConvShape { batch, input: channels, padding, .. } = *shape;
    let pieces = Pieces { from: x, batch, source, target, channels, padding };
    let chunks = pieces.count().div_ceil(CHUNK);
    let slices = channels.div_ceil(SLICE);
    let per_group = chunks.div_ceil(ENOUGH_TASKS.div_ceil(slices));
    let groups = chunks.div_ceil(per_group);
    let zeros = vec![0.0; channels];

    let length = dw.len();
    let mut partial = Scratch::new(groups * length);
    let sums = Shared::new(&mut partial);
    for_each(groups * slices, |at| {
        let (group, span) = (at / slices, piece(channels, SLICE, at % slices));
        let (chunks, start) = (piece(chunks, per_group, group), group * length);
        let (outputs, zeros) = (shape.output, &zeros);
        level.run(Task { pieces, span, outputs, dy, zeros, sums, start, chunks });
    });
    add_groups(&partial, dw);
}

/// Some chunks of pieces, some input channels.
struct Task<'a> {
    pieces: Pieces<'a>,
    span: Range<usize>,
    outputs: usize,
    dy: &'a [f32],
    zeros: &'a [f32],
    sums: Shared<'a>,
    start: usize,
    chunks: Range<usize>,
}

impl Kernel for Task<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: the instruction set is that of the caller; `suits` saw to whole vectors of channels.
        unsafe { with_tile!(L, self.outputs, self.products()) }
    }
}

impl Task<'_> {
    /// # Safety
    /// The instruction set of `L`; channels in whole vectors.
    #[inline(always)]
    unsafe fn products<L: Lanes, const M: usize, const V: usize>(&self) {
        let (channels, width) = (self.span.len(), V * L::N);
        let (tiles, blocks) = (channels.div_ceil(M), self.outputs.div_ceil(width));
        // `[16, block, tile, M, width]`
        let mut sums = Scratch::zeros(PRODUCTS * blocks * tiles * M * width);
        let mut v = Scratch::new(PRODUCTS * plane(CHUNK, channels));
        // `[16, block, piece, width]`
        let mut d = Scratch::zeros(PRODUCTS * plane(CHUNK, blocks * width));
        let pairs: Vec<[u32; 2]> =
            (0..CHUNK).map(|i| [(i * channels) as u32, (i * width) as u32]).collect();
        for chunk in self.chunks.clone() {
            let range = piece(self.pieces.count(), CHUNK, chunk);
            let (count, pairs) = (range.len(), &pairs[..range.len()]);
            // SAFETY: the scratches have room for a chunk; a tile has `M` rows of `width` sums; pairs stay inside of
            // a product's `count` rows.
            unsafe {
                self.pieces.transform::<L>(range.clone(), self.span.clone(), self.zeros, &mut v);
                self.gradients::<L>(range, width, &mut d);
                for (at, sums) in sums.chunks_exact_mut(tiles * M * width).enumerate() {
                    let (product, block) = (at / blocks, at % blocks);
                    let v = v[product * plane(count, channels)..].as_ptr();
                    let d = d[product * plane(count, blocks * width) + block * count * width..]
                        .as_ptr();
                    for (tile, sums) in sums.chunks_exact_mut(M * width).enumerate() {
                        let mut acc = [[L::splat(0.0); V]; M];
                        outer::<L, M, V>(pairs, v.add(first_of(tile, M, channels)), d, &mut acc);
                        add_tile::<L, M, V>(acc, sums.as_mut_ptr());
                    }
                }
            }
        }
        self.write(&sums, M, width);
    }

    /// Writes `A dy A'` of the pieces `range` to `d` `[16, block, piece, width]`.
    ///
    /// # Safety
    /// The instruction set of `L`.
    #[inline(always)]
    unsafe fn gradients<L: Lanes>(&self, range: Range<usize>, width: usize, d: &mut [f32]) {
        let [height, columns] = self.pieces.target;
        let blocks = self.outputs.div_ceil(width);
        let count = range.len();
        let plane = plane(count, blocks * width);
        assert!(d.len() >= PRODUCTS * plane);
        for (i, at) in range.enumerate() {
            let (image, y, x) = self.pieces.place(at);
            let pixel = |j: usize| {
                let (row, column) = (y + j / 2, x + j % 2);
                let inside = row < height && column < columns;
                inside.then(|| {
                    let pixel = (image * height + row) * columns + column;
                    &self.dy[pixel * self.outputs..][..self.outputs]
                })
            };
            let pixels: [Option<&[f32]>; 4] = std::array::from_fn(pixel);
            for channel in (0..self.outputs).step_by(L::N) {
                let lanes = L::N.min(self.outputs - channel);
                // SAFETY: a pixel has `lanes` numbers from `channel` on; the row of this piece in each product and
                // block has `width`; what stands beyond the last channel goes into sums that are not written out.
                unsafe {
                    let [a, b, c, e] = pixels.map(|pixel| match pixel {
                        Some(pixel) => L::load_part(pixel[channel..].as_ptr(), lanes),
                        None => L::splat(0.0),
                    });
                    let zero = L::splat(0.0);
                    let rows = [
                        [a, b],
                        [L::add(a, c), L::add(b, e)],
                        [L::sub(a, c), L::sub(b, e)],
                        [L::sub(zero, c), L::sub(zero, e)],
                    ];
                    let (block, lane) = (channel / width, channel % width);
                    for (row, [p, q]) in rows.into_iter().enumerate() {
                        let out = [p, L::add(p, q), L::sub(p, q), L::sub(zero, q)];
                        for (column, out) in out.into_iter().enumerate() {
                            let product = row * 4 + column;
                            let at = product * plane + (block * count + i) * width + lane;
                            L::store(d.as_mut_ptr().add(at), out);
                        }
                    }
                }
            }
        }
    }

    /// `G' s G` of every pair of channels, to its nine places.
    #[inline(always)]
    fn write(&self, sums: &[f32], m: usize, width: usize) {
        let (channels, outputs) = (self.span.len(), self.outputs);
        let (tiles, blocks) = (channels.div_ceil(m), outputs.div_ceil(width));
        let product = blocks * tiles * m * width;
        for input in 0..channels {
            // The last tile reaches back; a channel is written from the first tile that has it.
            let tile = (input / m).min(tiles - 1);
            let row = tile * m * width + (input - first_of(tile, m, channels)) * width;
            // SAFETY: the sums of this group are this task's alone.
            let mut taps: [_; 9] = std::array::from_fn(|tap| unsafe {
                let place = tap * self.pieces.channels + self.span.start + input;
                let start = self.start + place * outputs;
                self.sums.part(start..start + outputs).iter_mut()
            });
            for output in 0..outputs {
                let at = output / width * tiles * m * width + row + output % width;
                let s: [f32; PRODUCTS] = std::array::from_fn(|j| sums[j * product + at]);
                let half = |a: f32, b: f32, c: f32, d: f32| {
                    [a + 0.5 * (b + c), 0.5 * (b - c), 0.5 * (b + c) + d]
                };
                let columns: [[f32; 3]; 4] =
                    std::array::from_fn(|j| half(s[j], s[4 + j], s[8 + j], s[12 + j]));
                for row in 0..3 {
                    let [a, b, c, d] = columns.map(|column| column[row]);
                    let three = &mut taps[3 * row..3 * row + 3];
                    for (tap, number) in three.iter_mut().zip(half(a, b, c, d)) {
                        if let Some(to) = tap.next() {
                            *to = number;
                        }
                    }
                }
            }
        }
    }
}
