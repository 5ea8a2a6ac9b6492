//! How a map falls into rows of vectors and pieces, and how the sums of the pieces become a channel's numbers.

use std::ops::Range;

use crate::parts::piece;

/// Numbers in a piece: 64 KiB, about 5 microseconds, some ten times the cost of handing over a task.
const PIECE: usize = 16384;

/// Rows that a piece has at least, so that merging the pieces stays a small part where rows are long.
const PIECE_ROWS: usize = 32;

/// A map seen as rows of whole vectors: as many pixels a row as it takes, so that a column of such rows is always the
/// same channel and 3 or 10 channels fill vectors as well as 64 do. Less than a row may be left at the end.
pub(super) struct Fold {
    channels: usize,
    length: usize,
    /// Numbers in a row: the least common multiple of lanes and channels.
    pub width: usize,
    /// Numbers in a piece, whole rows.
    piece: usize,
}

impl Fold {
    pub fn new(lanes: usize, channels: usize, length: usize) -> Self {
        assert!(lanes.is_power_of_two() && channels > 0, "norm: no channels");
        assert!(
            length > 0 && length.is_multiple_of(channels),
            "norm: x has {length} numbers, {channels} channels"
        );
        let width = (lanes >> channels.trailing_zeros().min(lanes.trailing_zeros())) * channels;
        Self { channels, length, width, piece: (PIECE / width).max(PIECE_ROWS) * width }
    }

    /// Names the slice whose length is not that of `x`, or not that of a channel's numbers.
    pub fn check(&self, maps: &[(&str, usize)], vectors: &[(&str, usize)]) {
        for (name, length) in maps {
            assert!(*length == self.length, "norm: {name} has {length} numbers, x {}", self.length);
        }
        for (name, length) in vectors {
            assert!(
                *length == self.channels,
                "norm: {name} has {length} numbers for {} channels",
                self.channels
            );
        }
    }

    pub fn pieces(&self) -> usize {
        self.length.div_ceil(self.piece)
    }

    pub fn piece(&self, i: usize) -> Range<usize> {
        piece(self.length, self.piece, i)
    }

    /// Two numbers a column and piece.
    pub fn partials(&self) -> usize {
        self.pieces() * 2 * self.width
    }

    pub fn partial(&self, i: usize) -> Range<usize> {
        i * 2 * self.width..(i + 1) * 2 * self.width
    }

    /// Merges what `Statistics` left of every piece, and the pixels after the last whole row.
    pub fn moments(&self, x: &[f32], partial: &[f32], mean: &mut [f32], variance: &mut [f32]) {
        let zeros = vec![0.0; self.channels];
        let mut pool = Pool::new(self.channels);
        for i in 0..self.pieces() {
            let (means, m2s) = partial[self.partial(i)].split_at(self.width);
            let rows = self.piece(i).len() / self.width;
            let columns = means.chunks_exact(self.channels).zip(m2s.chunks_exact(self.channels));
            let origins = x[self.piece(i)].chunks_exact(self.channels);
            for (origin, (mean, m2)) in origins.zip(columns) {
                pool.merge(rows, origin, mean, m2);
            }
        }
        for pixel in x[self.length - self.length % self.width..].chunks_exact(self.channels) {
            pool.merge(1, pixel, &zeros, &zeros);
        }
        for (to, from) in mean.iter_mut().zip(&pool.mean) {
            *to = *from as f32;
        }
        for (to, from) in variance.iter_mut().zip(&pool.m2) {
            *to = (from / pool.count) as f32;
        }
    }

    /// The number of each channel in every column.
    fn repeat(&self, number: impl Fn(usize) -> f64) -> Vec<f32> {
        (0..self.channels)
            .map(|c| number(c) as f32)
            .collect::<Vec<_>>()
            .repeat(self.width / self.channels)
    }
}

/// Statistics of `count` pixels.
struct Pool {
    count: f64,
    mean: Vec<f64>,
    m2: Vec<f64>,
}

impl Pool {
    fn new(channels: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; channels], m2: vec![0.0; channels] }
    }

    /// Adds `count` pixels with mean `origin + mean`.
    fn merge(&mut self, count: usize, origin: &[f32], mean: &[f32], m2: &[f32]) {
        if count == 0 {
            return;
        }
        let total = self.count + count as f64;
        let share = count as f64 / total;
        let spread = self.count * share;
        let pool = self.mean.iter_mut().zip(&mut self.m2);
        for ((into_mean, into_m2), ((origin, mean), m2)) in
            pool.zip(origin.iter().zip(mean).zip(m2))
        {
            let delta = f64::from(*origin) + f64::from(*mean) - *into_mean;
            *into_mean += delta * share;
            *into_m2 += f64::from(*m2) + delta * delta * spread;
        }
        self.count = total;
    }
}

/// The numbers of each channel, repeated over a row's columns; made alike in both directions, so that both see the
/// same sign of `pre`.
pub(super) struct Affine {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    pub mean: Vec<f32>,
    /// `1 / sqrt(var + eps)`, once a channel.
    inverse: Vec<f64>,
}

impl Affine {
    pub fn new(
        fold: &Fold,
        gamma: &[f32],
        beta: &[f32],
        mean: &[f32],
        variance: &[f32],
        epsilon: f32,
    ) -> Self {
        let inverse: Vec<_> =
            variance.iter().map(|v| 1.0 / (f64::from(*v) + f64::from(epsilon)).sqrt()).collect();
        // The shift takes the scale as rounded, so that the mean comes out as beta.
        let scale = |c: usize| (f64::from(gamma[c]) * inverse[c]) as f32;
        Self {
            scale: fold.repeat(|c| scale(c).into()),
            shift: fold.repeat(|c| f64::from(beta[c]) - f64::from(mean[c]) * f64::from(scale(c))),
            mean: fold.repeat(|c| mean[c].into()),
            inverse,
        }
    }

    /// Adds up what `Sums` left of every piece, writes `dgamma` and `dbeta`, and returns `along` and `constant` of
    /// `Input`: the two means that are taken away, as multiples of `x` and 1.
    pub fn gradients(
        &self,
        fold: &Fold,
        partial: &[f32],
        dgamma: &mut [f32],
        dbeta: &mut [f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let (mut first, mut second) = (vec![0.0; fold.channels], vec![0.0; fold.channels]);
        for part in partial.chunks_exact(2 * fold.width) {
            let (firsts, seconds) = part.split_at(fold.width);
            for (sum, parts) in [(&mut first, firsts), (&mut second, seconds)] {
                for part in parts.chunks_exact(fold.channels) {
                    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += f64::from(*part));
                }
            }
        }
        let pixels = (fold.length / fold.channels) as f64;
        for c in 0..fold.channels {
            dgamma[c] = (second[c] * self.inverse[c]) as f32;
            dbeta[c] = first[c] as f32;
        }
        let scale = |c: usize| f64::from(self.scale[c]) / pixels;
        // As rounded, for the same reason as the scale.
        let along = |c: usize| (-scale(c) * second[c] * self.inverse[c].powi(2)) as f32;
        let constant =
            |c: usize| -scale(c) * first[c] - f64::from(along(c)) * f64::from(self.mean[c]);
        (fold.repeat(|c| along(c).into()), fold.repeat(constant))
    }
}
