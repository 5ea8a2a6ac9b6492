//! The middle frequencies of a picture, and of windows in it.
//!
//! ```text
//! A [32,32] --C_y A C_x'--> [9,9] --those of 2.5 to 9 half waves, times their frequency, length 1--> 63 numbers
//! ```
//! `C` is the cosine transform of 32 samples, or of 32 samples of a window between the pixels, as one matrix [9,32]. The
//! spectra of photos fall about as 1/frequency, so that the factor gives every frequency the same say.

use std::f32::consts::PI;

use super::descriptor::{Descriptor, SIDE};
use super::dot;

/// Frequencies along one side, in half waves.
const WAVES: usize = 9;

/// Frequencies that have a say, in half waves: what is coarser is alike in all pictures of a kind, what is finer moves
/// out of phase within half a pixel.
const LOW: f32 = 2.5;
const HIGH: f32 = 9.0;

/// How many there are, filled up with one zero to a round number.
pub(super) const NUMBERS: usize = 64;

/// The frequencies of a picture, of length 1; of a flat one all zero.
pub(super) type Feature = [f32; NUMBERS];

/// A window in a picture: its part of the whole along each side, and how far its middle is from that of the picture, in
/// pixels of 32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub scale: [f32; 2],
    pub shift: [f32; 2],
}

/// What is made once for all pictures.
#[derive(Debug)]
pub(super) struct Bands {
    windows: Vec<(Window, [Vec<f32>; 2])>,
    /// Each frequency that counts: its place among [9,9], its factor, and whether mirroring turns its sign.
    frequencies: Vec<(usize, f32, bool)>,
}

/// The windows by which every crop of at most a tenth is met within about .03 of its product: all, nine tenths in nine
/// places, 19 twentieths in five.
fn windows() -> Vec<Window> {
    let window = |scale: f32, y: f32, x: f32| Window { scale: [scale; 2], shift: [y, x] };
    let mut windows = vec![window(1.0, 0.0, 0.0), window(0.95, 0.0, 0.0)];
    windows.extend(
        [(-0.8, -0.8), (-0.8, 0.8), (0.8, -0.8), (0.8, 0.8)].map(|(y, x)| window(0.95, y, x)),
    );
    for y in [-1.1, 0.0, 1.1] {
        windows.extend([-1.1, 0.0, 1.1].map(|x| window(0.9, y, x)));
    }
    windows
}

/// The cosine transform of 32 samples of a side between `SIDE` pixels, `[WAVES, SIDE]`.
fn transform(scale: f32, shift: f32) -> Vec<f32> {
    let mut matrix = vec![0.0; WAVES * SIDE];
    for sample in 0..SIDE {
        for (pixel, weight) in between(scale, shift, sample) {
            for wave in 0..WAVES {
                let turn = PI * wave as f32 * (sample as f32 + 0.5) / SIDE as f32;
                matrix[wave * SIDE + pixel] += weight * turn.cos();
            }
        }
    }
    matrix
}

/// The two pixels between which the sample number `sample` of a window lies, with their weights.
pub(super) fn between(scale: f32, shift: f32, sample: usize) -> [(usize, f32); 2] {
    let middle = (SIDE - 1) as f32 / 2.0;
    let at = (middle + scale * (sample as f32 - middle) + shift).clamp(0.0, (SIDE - 1) as f32);
    let (low, part) = (at as usize, at.fract());
    [(low, 1.0 - part), ((low + 1).min(SIDE - 1), part)]
}

impl Bands {
    pub fn new() -> Self {
        let with = |window: Window| {
            let along = |side: usize| transform(window.scale[side], window.shift[side]);
            (window, [along(0), along(1)])
        };
        let mut frequencies = Vec::new();
        for (down, across) in
            (0..WAVES).flat_map(|down| (0..WAVES).map(move |across| (down, across)))
        {
            let frequency = ((down * down + across * across) as f32).sqrt();
            if (LOW..HIGH).contains(&frequency) {
                frequencies.push((down * WAVES + across, frequency, across % 2 == 1));
            }
        }
        Self { windows: windows().into_iter().map(with).collect(), frequencies }
    }

    /// The frequencies of the whole picture.
    pub fn feature(&self, descriptor: &Descriptor) -> Feature {
        self.of(descriptor, &self.windows[0].1)
    }

    /// The frequencies of each window, then of each mirrored.
    pub fn windows(&self, descriptor: &Descriptor) -> Vec<Feature> {
        let plain = self.windows.iter().map(|(_, along)| self.of(descriptor, along));
        let mut features: Vec<Feature> = plain.collect();
        for at in 0..self.windows.len() {
            let mut mirrored = features[at];
            let turned =
                mirrored.iter_mut().zip(&self.frequencies).filter(|(_, (.., turns))| *turns);
            turned.for_each(|(value, _)| *value = -*value);
            features.push(mirrored);
        }
        features
    }

    /// How many [`Bands::windows`] gives.
    pub fn count(&self) -> usize {
        2 * self.windows.len()
    }

    /// The windows among `features` whose product with `other` is above `least`, best first, and few.
    pub fn best(
        &self,
        features: &[Feature],
        other: &Feature,
        mirrored: bool,
        least: f32,
    ) -> Vec<Window> {
        const MOST: usize = 3;
        let half = &features[if mirrored { self.windows.len() } else { 0 }..][..self.windows.len()];
        let products =
            half.iter().zip(&self.windows).map(|(f, (window, _))| (dot(f, other), *window));
        let mut found: Vec<(f32, Window)> =
            products.filter(|(product, _)| *product > least).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.into_iter().take(MOST).map(|(_, window)| window).collect()
    }

    fn of(&self, descriptor: &Descriptor, [down, across]: &[Vec<f32>; 2]) -> Feature {
        let mut rows = [0.0; SIDE * WAVES];
        for (row, levels) in
            rows.chunks_exact_mut(WAVES).zip(descriptor.levels().chunks_exact(SIDE))
        {
            let levels: [f32; SIDE] = std::array::from_fn(|at| f32::from(levels[at]));
            row.iter_mut()
                .zip(across.chunks_exact(SIDE))
                .for_each(|(v, wave)| *v = dot(wave, &levels));
        }
        let mut all = [0.0; WAVES * WAVES];
        for (sums, wave) in all.chunks_exact_mut(WAVES).zip(down.chunks_exact(SIDE)) {
            for (weight, row) in wave.iter().zip(rows.chunks_exact(WAVES)) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        let mut feature = [0.0; NUMBERS];
        for (value, &(at, factor, _)) in feature.iter_mut().zip(&self.frequencies) {
            // The cosine of no wave is longer than the others by a root of two.
            let flat = [at / WAVES, at % WAVES].into_iter().filter(|&wave| wave == 0).count();
            *value = all[at] * factor * 0.5f32.sqrt().powi(flat as i32);
        }
        let length = dot(&feature, &feature).sqrt();
        if length > 0.0 {
            feature.iter_mut().for_each(|value| *value /= length);
        }
        feature
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_63_frequencies_and_15_windows_and_all_have_length_one() {
        let bands = Bands::new();
        assert_eq!((bands.frequencies.len(), bands.count()), (NUMBERS - 1, 30));
        let picture = crate::data::drawn::portrait(1, 0, 64).unwrap();
        let descriptor = Descriptor::of(&picture);
        let mirrored = Descriptor::of(&picture.flipped());
        let windows = bands.windows(&descriptor);
        assert!(windows.iter().all(|window| (dot(window, window) - 1.0).abs() < 1e-4));
        assert!(dot(&windows[15], &bands.feature(&mirrored)) > 0.9999);
        assert!(dot(&windows[0], &bands.feature(&mirrored)) < 0.9);
    }
}
