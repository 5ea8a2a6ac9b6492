//! Two pictures laid over each other: how far does their fine structure agree at best?

use super::bands::{Window, between};
use super::descriptor::{Descriptor, SIDE};

/// The width of the blur whose difference from the picture is its fine structure, as a standard deviation in pixels of 32.
const BLUR: f32 = 1.5;

/// Pixels at the border that have no say: there the blur has lacked what a window sees of the picture around it.
const BORDER: usize = 2;

/// How small a window may be, and how large.
const SCALES: std::ops::RangeInclusive<f32> = 0.86..=1.01;

/// First steps of the search, and how often they are halved.
const STEP_OF_SCALE: f32 = 0.03;
const STEP_OF_SHIFT: f32 = 0.6;
const HALVED: usize = 3;

/// What the first steps must come to, or the search ends: they end within .3 pixels of the best, where a copy cannot be
/// far below what it comes to.
const PROMISING: f32 = 0.55;

/// The fine structure of a picture, `[SIDE, SIDE]`.
#[derive(Debug)]
pub(super) struct Fine(Vec<f32>);

impl Fine {
    pub fn of(descriptor: &Descriptor) -> Self {
        let levels: Vec<f32> = descriptor.levels().iter().map(|&level| f32::from(level)).collect();
        let blurred = turned(&blur(&turned(&blur(&levels))));
        Self(levels.iter().zip(blurred).map(|(level, blurred)| level - blurred).collect())
    }

    /// The largest correlation of a window in this picture with the whole of `inner`, mirrored or not, near the windows of
    /// `starts`.
    pub fn fit(&self, inner: &Fine, mirrored: bool, starts: &[Window]) -> f32 {
        let rows = inside(inner.0.chunks_exact(SIDE)).map(|row| &row[BORDER..SIDE - BORDER]);
        let inner = normal(match mirrored {
            true => rows.flat_map(|row| row.iter().rev().copied()).collect(),
            false => rows.flatten().copied().collect(),
        });
        let fits = starts.iter().map(|&start| self.climb(&inner, start));
        fits.fold(0.0, f32::max)
    }

    /// From `start` to the best of the neighbours, until none is better, in ever smaller steps.
    fn climb(&self, inner: &[f32], start: Window) -> f32 {
        let mut best = (self.correlation(inner, start), start);
        for halving in 0..=HALVED {
            let part = 0.5f32.powi(halving as i32);
            loop {
                let better = neighbours(best.1, part * STEP_OF_SCALE, part * STEP_OF_SHIFT)
                    .map(|window| (self.correlation(inner, window), window))
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                match better {
                    Some(better) if better.0 > best.0 + 1e-4 => best = better,
                    _ => break,
                }
            }
            if best.0 < PROMISING {
                break;
            }
        }
        best.0
    }

    /// With what is inside the border of another picture, and [`normal`].
    fn correlation(&self, inner: &[f32], window: Window) -> f32 {
        let along = |side: usize| -> [[(usize, f32); 2]; SIDE] {
            std::array::from_fn(|sample| between(window.scale[side], window.shift[side], sample))
        };
        let (down, across) = (along(0), along(1));
        let (mut sum, mut squares, mut product) = (0.0, 0.0, 0.0);
        let rows = inner.chunks_exact(SIDE - 2 * BORDER);
        for (&[(y, above), (y2, below)], inner) in inside(down.iter()).zip(rows) {
            let (row, next) = (&self.0[y * SIDE..][..SIDE], &self.0[y2 * SIDE..][..SIDE]);
            for (&[(x, left), (x2, right)], inner) in inside(across.iter()).zip(inner) {
                let value = above * (left * row[x] + right * row[x2])
                    + below * (left * next[x] + right * next[x2]);
                sum += value;
                squares += value * value;
                product += value * inner;
            }
        }
        // `inner` sums to nothing, so the mean of the window has no say in the product.
        let spread: f32 = squares - sum * sum / inner.len() as f32;
        if spread > 0.0 { product / spread.sqrt() } else { 0.0 }
    }
}

/// Without those at the border.
fn inside<T>(along: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    along.skip(BORDER).take(SIDE - 2 * BORDER)
}

/// The windows one step away that lie within the picture.
fn neighbours(window: Window, scale: f32, shift: f32) -> impl Iterator<Item = Window> {
    let steps = [[scale, scale], [scale, 0.0], [0.0, scale]].map(|by| (by, [0.0; 2]));
    let moves = [[shift, 0.0], [0.0, shift]].map(|by| ([0.0; 2], by));
    let both = steps.into_iter().chain(moves).flat_map(|step| [(step, 1.0), (step, -1.0)]);
    both.filter_map(move |((by, to), sign)| {
        let scale = [0, 1].map(|side| window.scale[side] + sign * by[side]);
        let shift = [0, 1].map(|side| window.shift[side] + sign * to[side]);
        let is_inside = [0, 1].into_iter().all(|side| {
            let room = (1.0 - scale[side]).max(0.0) * SIDE as f32 / 2.0;
            SCALES.contains(&scale[side]) && shift[side].abs() <= room + 0.5
        });
        is_inside.then_some(Window { scale, shift })
    })
}

/// Without its mean, and of length 1.
fn normal(mut values: Vec<f32>) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    values.iter_mut().for_each(|value| *value -= mean);
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        values.iter_mut().for_each(|value| *value /= length);
    }
    values
}

/// Blurred along its rows; beyond the border its last pixel goes on.
fn blur(values: &[f32]) -> Vec<f32> {
    let reach = (3.0 * BLUR).ceil() as isize;
    let weight = |by: isize| (-0.5 * (by as f32 / BLUR).powi(2)).exp();
    let all: f32 = (-reach..=reach).map(weight).sum();
    let weights: Vec<(isize, f32)> = (-reach..=reach).map(|by| (by, weight(by) / all)).collect();
    let of_row = |row: &[f32]| -> Vec<f32> {
        let pixel = |x: isize| row[x.clamp(0, SIDE as isize - 1) as usize];
        let at = |x: usize| weights.iter().map(|&(by, w)| w * pixel(x as isize + by)).sum();
        (0..SIDE).map(at).collect()
    };
    values.chunks_exact(SIDE).flat_map(of_row).collect()
}

/// Rows as columns.
fn turned(values: &[f32]) -> Vec<f32> {
    (0..SIDE * SIDE).map(|at| values[at % SIDE * SIDE + at / SIDE]).collect()
}
