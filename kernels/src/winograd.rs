//! 3x3 convolutions with stride 1 by Winograd's minimal filtering F(2x2, 3x3): 16 multiplications for 4 outputs
//! instead of 36.
//!
//! ```text
//! V = B' d B        of each 4x4 piece d of the input, pieces two pixels apart
//! U = G g G'        of each filter, once
//! y = A' [sum over channels U V] A
//!
//! B' = |1  0 -1  0|    G = | 1   0   0 |    A' = |1 1  1  0|
//!      |0  1  1  0|        |1/2 1/2 1/2|         |0 1 -1 -1|
//!      |0 -1  1  0|        |1/2-1/2 1/2|
//!      |0  1  0 -1|        | 0   0   1 |
//! ```
//! Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016. The input gradient is the same with
//! turned channels, flipped filters, and padding `2 - p`. A task transforms some pieces, multiplies them by
//! sixteen matrices with the register tile of the direct convolutions, and transforms back, all in cache.

mod weight;

use std::ops::Range;

use crate::gather::Epilogue;
use crate::lanes::{Kernel, Lanes};
use crate::pack::Packed;
use crate::parts::{Shared, for_each, piece};
use crate::plan::ConvShape;
use crate::pool::Scratch;
use crate::tile::{multiply, with_tile};

pub(crate) use weight::weight_gradient;

/// Products of a piece.
pub(crate) const PRODUCTS: usize = 16;
/// Pixels of a map from which on it pays: the filters are transformed too, in the latent nets for every image.
const ENOUGH_PIXELS: usize = 1024;
/// Bytes of transformed pieces that a task keeps in cache.
const TASK_BYTES: usize = 256 << 10;

/// Numbers from one product of `rows` x `columns` to the next. The sixteen are written side by side; a distance that
/// is a multiple of a page would put all of them into one set of the first cache.
pub(crate) fn plane(rows: usize, columns: usize) -> usize {
    rows * columns + 16
}

/// Whether a convolution in one group from `sources` to `targets` channels goes this way: there must be enough to win.
pub(crate) fn suits(shape: &ConvShape, lanes: usize, sources: usize, targets: usize) -> bool {
    let ConvShape { kernel, stride, dilation, padding, .. } = *shape;
    (kernel, stride, dilation) == (3, 1, 1)
        && padding <= 2
        && sources.is_multiple_of(lanes)
        && sources >= 16
        && targets >= 16
        && shape.in_pixels() >= ENOUGH_PIXELS
}

/// `G g G'` of a 3x3 filter.
pub(crate) fn filter(g: [f32; 9]) -> [f32; PRODUCTS] {
    let half = |a: f32, b: f32, c: f32| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c];
    let columns: [[f32; 4]; 3] = std::array::from_fn(|j| half(g[j], g[3 + j], g[6 + j]));
    let mut u = [0.0; PRODUCTS];
    for (i, row) in u.chunks_exact_mut(4).enumerate() {
        row.copy_from_slice(&half(columns[0][i], columns[1][i], columns[2][i]));
    }
    u
}

/// The maps of one convolution and how their pieces lie.
#[derive(Clone, Copy)]
pub(crate) struct Pieces<'a> {
    pub from: &'a [f32],
    pub batch: usize,
    /// Height and width of the source.
    pub source: [usize; 2],
    /// Height and width of the target.
    pub target: [usize; 2],
    pub channels: usize,
    pub padding: usize,
}

impl Pieces<'_> {
    /// Rows and columns of pieces of an image.
    pub fn grid(&self) -> [usize; 2] {
        self.target.map(|side| side.div_ceil(2))
    }

    /// Pieces of the batch.
    pub fn count(&self) -> usize {
        let [rows, columns] = self.grid();
        self.batch * rows * columns
    }

    /// Image, first target row and column of a piece.
    pub fn place(&self, at: usize) -> (usize, usize, usize) {
        let [rows, columns] = self.grid();
        (at / (rows * columns), at / columns % rows * 2, at % columns * 2)
    }

    /// Writes V of the pieces `range`, of the channels `span`, to `v` `[16, pieces, span]`, products a [`plane`]
    /// apart; `zeros` is a row of channels.
    ///
    /// # Safety
    /// The instruction set of `L`; channels are whole vectors.
    #[inline(always)]
    pub unsafe fn transform<L: Lanes>(
        &self,
        range: Range<usize>,
        span: Range<usize>,
        zeros: &[f32],
        v: &mut [f32],
    ) {
        let plane = plane(range.len(), span.len());
        assert!(v.len() >= PRODUCTS * plane && zeros.len() >= self.channels);
        for (i, at) in range.enumerate() {
            let (image, y, x) = self.place(at);
            let inside = |first: usize, step: usize, side: usize| {
                (first + step).checked_sub(self.padding).filter(|&at| at < side)
            };
            let mut pixels = [zeros.as_ptr(); PRODUCTS];
            for (j, pixel) in pixels.iter_mut().enumerate() {
                let row = inside(y, j / 4, self.source[0]);
                let column = inside(x, j % 4, self.source[1]);
                if let (Some(row), Some(column)) = (row, column) {
                    let place = (image * self.source[0] + row) * self.source[1] + column;
                    *pixel = self.from[place * self.channels..][..self.channels].as_ptr();
                }
            }
            for channel in span.clone().step_by(L::N) {
                // SAFETY: every pixel has `channels` numbers, and so has each of the 16 rows of this piece.
                unsafe {
                    let d: [L::V; PRODUCTS] =
                        std::array::from_fn(|j| L::load(pixels[j].add(channel)));
                    let mut half = d;
                    for j in 0..4 {
                        half[j] = L::sub(d[j], d[8 + j]);
                        half[4 + j] = L::add(d[4 + j], d[8 + j]);
                        half[8 + j] = L::sub(d[8 + j], d[4 + j]);
                        half[12 + j] = L::sub(d[4 + j], d[12 + j]);
                    }
                    let to = v.as_mut_ptr().add(i * span.len() + channel - span.start);
                    for row in 0..4 {
                        let [a, b, c, d] = std::array::from_fn(|j| half[4 * row + j]);
                        let out = [L::sub(a, c), L::add(b, c), L::sub(c, b), L::sub(b, d)];
                        for (j, out) in out.into_iter().enumerate() {
                            L::store(to.add((4 * row + j) * plane), out);
                        }
                    }
                }
            }
        }
    }
}

/// The convolution of `pieces` with weights packed as 16 matrices, into `to` `[B, H', W', targets]`.
pub(crate) fn winograd(pieces: Pieces, weights: &Packed, epilogue: Epilogue, to: &mut [f32]) {
    let zeros = vec![0.0; pieces.channels];
    let count = pieces.count();
    // A multiple of every tile's pixels.
    let size = (TASK_BYTES / (4 * PRODUCTS * pieces.channels)).next_multiple_of(24).clamp(24, 96);
    let to = Shared::new(to);
    for_each(count.div_ceil(size), |at| {
        let range = piece(count, size, at);
        weights.level.run(Task { pieces, weights, epilogue, zeros: &zeros, to, range });
    });
}

/// Some pieces, all target channels.
struct Task<'a> {
    pieces: Pieces<'a>,
    weights: &'a Packed,
    epilogue: Epilogue<'a>,
    zeros: &'a [f32],
    to: Shared<'a>,
    range: Range<usize>,
}

impl Kernel for Task<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let channels = self.pieces.channels;
        let full = L::N * L::TILE.1;
        let mut v = Scratch::new(PRODUCTS * plane(self.range.len(), channels));
        let mut products = Scratch::new(PRODUCTS * self.range.len() * full);
        // SAFETY: the instruction set is that of the caller; `suits` saw to whole vectors of channels.
        unsafe {
            self.pieces.transform::<L>(self.range.clone(), 0..channels, self.zeros, &mut v);
            for block in 0..self.weights.targets.div_ceil(full) {
                let kept = full.min(self.weights.targets - block * full);
                with_tile!(L, kept, self.block(block, kept, &v, &mut products));
            }
        }
    }
}

impl Task<'_> {
    /// One block of target channels: sixteen products, then the way back.
    ///
    /// # Safety
    /// The instruction set of `L`; `v` and `products` as in `run`.
    #[inline(always)]
    unsafe fn block<L: Lanes, const M: usize, const V: usize>(
        &self,
        block: usize,
        kept: usize,
        v: &[f32],
        products: &mut [f32],
    ) {
        let (count, channels, width) = (self.range.len(), self.pieces.channels, V * L::N);
        let first = block * L::N * L::TILE.1;
        let weights = &self.weights.numbers[first * PRODUCTS * channels..];
        assert!(weights.len() >= PRODUCTS * channels * width && kept <= width);
        assert!(
            v.len() >= PRODUCTS * count * channels && products.len() >= PRODUCTS * count * width
        );
        for product in 0..PRODUCTS {
            let v = &v[product * plane(count, channels)..];
            let weights = &weights[product * channels * width..];
            for at in (0..count).step_by(M) {
                let here = M.min(count - at);
                let mut rows = [self.zeros.as_ptr(); M];
                for (m, row) in rows.iter_mut().enumerate().take(here) {
                    *row = v[(at + m) * channels..].as_ptr();
                }
                // SAFETY: rows have `channels` numbers, weights `channels * width`, products a row for each piece.
                unsafe {
                    let mut acc = [[L::splat(0.0); V]; M];
                    multiply::<L, M, V>(&rows, weights.as_ptr(), channels, &mut acc);
                    let to = products.as_mut_ptr().add((product * count + at) * width);
                    for (m, acc) in acc.into_iter().enumerate().take(here) {
                        for (v, acc) in acc.into_iter().enumerate() {
                            L::store(to.add(m * width + v * L::N), acc);
                        }
                    }
                }
            }
        }
        for (i, at) in self.range.clone().enumerate() {
            let place = self.pieces.place(at);
            for v in 0..V {
                let lanes = kept.saturating_sub(v * L::N).min(L::N);
                if lanes == 0 {
                    continue;
                }
                // SAFETY: each product has a row of `width` for each piece.
                unsafe {
                    let from = products.as_ptr().add(i * width + v * L::N);
                    let m: [L::V; PRODUCTS] =
                        std::array::from_fn(|j| L::load(from.add(j * count * width)));
                    self.back::<L>(m, place, first + v * L::N, lanes);
                }
            }
        }
    }

    /// `A' m A` of one vector of channels, to the pixels of a piece that are inside.
    ///
    /// # Safety
    /// As [`block`](Self::block).
    #[inline(always)]
    unsafe fn back<L: Lanes>(
        &self,
        m: [L::V; PRODUCTS],
        (image, y, x): (usize, usize, usize),
        channel: usize,
        lanes: usize,
    ) {
        let [height, width] = self.pieces.target;
        // SAFETY: a task has pieces of its own; the bias has `lanes` numbers from `channel` on.
        unsafe {
            let mut half = [m[0]; 8];
            for j in 0..4 {
                half[j] = L::add(L::add(m[j], m[4 + j]), m[8 + j]);
                half[4 + j] = L::sub(L::sub(m[4 + j], m[8 + j]), m[12 + j]);
            }
            for (row, half) in half.chunks_exact(4).enumerate() {
                let left = L::add(L::add(half[0], half[1]), half[2]);
                let right = L::sub(L::sub(half[1], half[2]), half[3]);
                for (column, mut out) in [left, right].into_iter().enumerate() {
                    if y + row >= height || x + column >= width {
                        continue;
                    }
                    if let Some(bias) = self.epilogue.bias() {
                        out = L::add(out, L::load_part(bias[channel..].as_ptr(), lanes));
                        out = self.epilogue.lanes::<L>(out);
                    }
                    let pixel = (image * height + y + row) * width + x + column;
                    let start = pixel * self.weights.targets + channel;
                    let to = self.to.part(start..start + lanes);
                    L::store_part(to.as_mut_ptr(), out, lanes);
                }
            }
        }
    }
}
