//! Matrices transposed in blocks, with what is computed on the way.

use std::ops::Range;

use super::TASK;
use crate::Level;
use crate::lanes::{Kernel, Lanes};
use crate::parts::{Shared, for_each, piece};

/// Side of the square that is transposed in one go: a cache line of numbers each way.
const TILE: usize = 16;

/// Pixels of few channels that are moved in one go.
const STRETCH: usize = 64;

/// Numbers by index, as a matrix that is read row by row.
pub(super) trait Source: Copy + Send + Sync {
    /// Those from `start` on.
    fn fill(&self, start: usize, to: &mut [f32]);
}

#[derive(Clone, Copy)]
pub(super) struct Plain<'a>(pub &'a [f32]);

impl Source for Plain<'_> {
    #[inline(always)]
    fn fill(&self, start: usize, to: &mut [f32]) {
        to.copy_from_slice(&self.0[start..start + to.len()]);
    }
}

#[derive(Clone, Copy)]
pub(super) struct SigmoidGradient<'a> {
    pub y: &'a [f32],
    pub dy: &'a [f32],
}

impl Source for SigmoidGradient<'_> {
    #[inline(always)]
    fn fill(&self, start: usize, to: &mut [f32]) {
        let range = start..start + to.len();
        for ((to, y), dy) in to.iter_mut().zip(&self.y[range.clone()]).zip(&self.dy[range]) {
            *to = dy * y * (1.0 - y);
        }
    }
}

/// `count` matrices `[m, n]` of `x` to `[n, m]` in `y`, in blocks that threads share.
pub(super) fn transpose<S: Source>(
    level: Level,
    x: S,
    [count, m, n]: [usize; 3],
    y: &mut [f32],
    sigmoid: bool,
) {
    if y.is_empty() {
        return;
    }
    // A map has few channels and many pixels, or the reverse: a block is long where the matrix is.
    let side = |other: usize| (TASK / other.min(128)).next_multiple_of(TILE);
    let (block_m, block_n) = (side(n), side(m));
    let (down, across) = (m.div_ceil(block_m), n.div_ceil(block_n));
    let y = Shared::new(y);
    for_each(count * down * across, |i| {
        let (matrix, at) = (i / (down * across), i % (down * across));
        let rows = piece(m, block_m, at / across);
        let columns = piece(n, block_n, at % across);
        level.run(Block { x, y, start: matrix * m * n, m, n, rows, columns, sigmoid });
    });
}

/// One block; no two of one transposition write the same number.
struct Block<'a, S> {
    x: S,
    y: Shared<'a>,
    start: usize,
    m: usize,
    n: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    sigmoid: bool,
}

impl<S: Source> Kernel for Block<'_, S> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        if self.m < TILE {
            self.few_rows();
        } else if self.n < TILE {
            self.few_columns();
        } else {
            self.tiles();
        }
        if self.sigmoid {
            for column in self.columns.clone() {
                let at = self.start + column * self.m;
                // SAFETY: the block's own numbers.
                let y = unsafe { self.y.part(at + self.rows.start..at + self.rows.end) };
                y.iter_mut().for_each(|y| *y = sigmoid(*y));
            }
        }
    }
}

impl<S: Source> Block<'_, S> {
    #[inline(always)]
    fn tiles(&self) {
        let mut tile = [[0.0; TILE]; TILE];
        for row in self.rows.clone().step_by(TILE) {
            for column in self.columns.clone().step_by(TILE) {
                let rows = TILE.min(self.rows.end - row);
                let columns = TILE.min(self.columns.end - column);
                if rows == TILE && columns == TILE {
                    // The same with sides known to the compiler, which then shuffles vectors.
                    self.tile(&mut tile, [row, column], [TILE, TILE]);
                } else {
                    self.tile(&mut tile, [row, column], [rows, columns]);
                }
            }
        }
    }

    /// Such as three colours to channels last: several columns of `x` are one stretch of `y`.
    #[inline(always)]
    fn few_rows(&self) {
        let mut line = [0.0; STRETCH];
        for column in self.columns.clone().step_by(STRETCH) {
            let columns = STRETCH.min(self.columns.end - column);
            let at = self.start + column * self.m;
            // SAFETY: the block's own numbers, since the block has all rows.
            let y = unsafe { self.y.part(at..at + columns * self.m) };
            for row in 0..self.m {
                let line = &mut line[..columns];
                self.x.fill(self.start + row * self.n + column, line);
                for (pixel, number) in y.chunks_exact_mut(self.m).zip(line) {
                    pixel[row] = *number;
                }
            }
        }
    }

    /// Such as three colours to channels first: several rows of `x` are one stretch.
    #[inline(always)]
    fn few_columns(&self) {
        let mut stretch = [0.0; STRETCH * TILE];
        for row in self.rows.clone().step_by(STRETCH) {
            let rows = STRETCH.min(self.rows.end - row);
            let stretch = &mut stretch[..rows * self.n];
            self.x.fill(self.start + row * self.n, stretch);
            for column in 0..self.n {
                let at = self.start + column * self.m + row;
                // SAFETY: the block's own numbers, since the block has all columns.
                let y = unsafe { self.y.part(at..at + rows) };
                for (y, pixel) in y.iter_mut().zip(stretch.chunks_exact(self.n)) {
                    *y = pixel[column];
                }
            }
        }
    }

    #[inline(always)]
    fn tile(
        &self,
        tile: &mut [[f32; TILE]; TILE],
        [row, column]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) {
        for (i, line) in tile.iter_mut().enumerate().take(rows) {
            self.x.fill(self.start + (row + i) * self.n + column, &mut line[..columns]);
        }
        for j in 0..columns {
            let at = self.start + (column + j) * self.m + row;
            // SAFETY: the block's own numbers.
            let y = unsafe { self.y.part(at..at + rows) };
            for (y, line) in y.iter_mut().zip(tile.iter()) {
                *y = line[j];
            }
        }
    }
}

/// `1 / (1 + exp(-x))` to 2e-7, without a branch, so that the compiler makes vectors of it.
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    // exp(87) and exp(-87) are still normal numbers; beyond, y is 0 or 1 to 1e-37.
    let x = (-x).clamp(-87.0, 87.0);
    // 1.5 2^23 rounds to whole numbers; with 127 more, the low bits are the exponent of 2^n.
    const ROUND: f32 = 12_582_912.0 + 127.0;
    let n = x * std::f32::consts::LOG2_E + ROUND;
    let power = f32::from_bits(n.to_bits() << 23);
    let n = n - ROUND;
    // ln 2 in two parts, the first with few bits, so that n times it is exact (Cephes' expf, and its polynomial).
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let series = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5];
    let p = series.into_iter().fold(0.0, |p, term| p * r + term);
    let exp = (p * r * r + r + 1.0) * power;
    1.0 / (1.0 + exp)
}
