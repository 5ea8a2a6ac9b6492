//! The Wiener filter of a residual, octave by octave and place by place, in strips of rows.
//!
//! ```text
//! b_k = G_k r - G_{k+1} r          G_k: Gaussian of SIGMAS[k] pixels; the last octave is all that is left
//! P_k = S_k mean_c b_k^2           its power around a pixel: S_k twice as wide as the octave
//! N_k = sigma^2 |G_k - G_{k+1}|^2  the part of white noise in it
//! ```

use super::blur::{Gaussian, blurred};
use crate::error::Result;
use crate::image::Picture;

const SIGMAS: [f64; 5] = [0.0, 0.5, 1.0, 2.0, 4.0];

/// Rows that are worked on at once.
const ROWS: usize = 256;

struct Octave {
    /// What the next octave begins with; none after the last.
    rest: Option<Gaussian>,
    around: Gaussian,
    noise: f32,
}

pub(super) struct Bands {
    octaves: Vec<Octave>,
    rows: usize,
}

impl Bands {
    /// For white noise of standard deviation `sigma`.
    pub(super) fn new(sigma: f64) -> Self {
        let octave = |k: usize| {
            let here = Gaussian::new(SIGMAS[k]);
            let rest = SIGMAS.get(k + 1).map(|&sigma| Gaussian::new(sigma));
            let energy = match &rest {
                // |g g' - h h'|^2 of separable weights.
                Some(rest) => {
                    here.dot(&here).powi(2) - 2.0 * here.dot(rest).powi(2) + rest.dot(rest).powi(2)
                }
                None => here.dot(&here).powi(2),
            };
            let width = SIGMAS.get(k + 1).unwrap_or(&SIGMAS[k]).max(1.0);
            let noise = (sigma.powi(2) * energy) as f32;
            Octave { rest, around: Gaussian::new(2.0 * width), noise }
        };
        Self { octaves: (0..SIGMAS.len()).map(octave).collect(), rows: ROWS }
    }

    /// Rows beyond a strip that have a say in it.
    fn halo(&self) -> usize {
        let rows = |octave: &Octave| {
            octave.around.radius() + octave.rest.as_ref().map_or(0, Gaussian::radius)
        };
        // The last octave is what the blur before it left.
        let before =
            self.octaves.iter().filter_map(|octave| octave.rest.as_ref()).map(Gaussian::radius);
        let last = self.octaves.iter().map(|octave| octave.around.radius()).max().unwrap_or(0);
        self.octaves.iter().map(rows).max().unwrap_or(0).max(before.max().unwrap_or(0) + last)
    }

    /// `image` with the residual `photo - image`, filtered; both of one size.
    pub(super) fn filtered(&self, image: Picture, photo: &Picture) -> Result<Picture> {
        let (height, width) = (image.height(), image.width());
        let plane = height * width;
        let mut data = image.into_data();
        // The rows before a strip are changed already when its turn comes.
        let mut above = [const { Vec::new() }; 3];
        for first in (0..height).step_by(self.rows) {
            let last = (first + self.rows).min(height);
            let from = first.saturating_sub(self.halo());
            let to = (last + self.halo()).min(height);
            let residual = [0, 1, 2].map(|c| {
                let strip = c * plane + first * width..c * plane + to * width;
                let pairs = photo.data()[strip.clone()].iter().zip(&data[strip]);
                let mut rows: Vec<f32> = std::mem::take(&mut above[c]);
                rows.extend(pairs.map(|(y, x)| y - x));
                rows
            });
            let next = (last.saturating_sub(self.halo()) - from) * width;
            above = residual.each_ref().map(|rows| rows[next..(last - from) * width].to_vec());
            let kept = self.kept(residual, width);
            for (c, kept) in kept.iter().enumerate() {
                let strip = c * plane + first * width..c * plane + last * width;
                for (value, kept) in data[strip].iter_mut().zip(&kept[(first - from) * width..]) {
                    *value = (*value + kept).clamp(0.0, 1.0);
                }
            }
        }
        Picture::new(height, width, data)
    }

    /// What of `residual` is no noise.
    fn kept(&self, residual: [Vec<f32>; 3], width: usize) -> [Vec<f32>; 3] {
        let mut kept = residual.each_ref().map(|plane| vec![0.0; plane.len()]);
        let mut here = residual.clone();
        for octave in &self.octaves {
            let rest = octave.rest.as_ref();
            let rest =
                rest.map(|rest| residual.each_ref().map(|plane| blurred(plane, width, rest)));
            // `here` becomes the octave itself.
            if let Some(rest) = &rest {
                for (here, rest) in here.iter_mut().zip(rest) {
                    here.iter_mut().zip(rest).for_each(|(here, rest)| *here -= rest);
                }
            }
            let [red, green, blue] = &here;
            let squares = red.iter().zip(green).zip(blue);
            let power: Vec<f32> =
                squares.map(|((r, g), b)| (r * r + g * g + b * b) / 3.0).collect();
            let power = blurred(&power, width, &octave.around);
            for (kept, band) in kept.iter_mut().zip(&here) {
                for ((kept, band), power) in kept.iter_mut().zip(band).zip(&power) {
                    // Nothing is left of nothing.
                    *kept += band * (1.0 - octave.noise / power.max(1e-12)).max(0.0);
                }
            }
            if let Some(rest) = rest {
                here = rest;
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::degrade::{Corruption, Noise};
    use crate::runtime::stream;

    fn noise(height: usize, width: usize, sigma: f32, name: &str) -> Picture {
        let grey = Picture::constant(height, width, [0.5; 3]).unwrap();
        Noise::new(sigma).unwrap().corrupt(&grey, &mut stream(4, name)).unwrap()
    }

    #[test]
    fn strips_change_no_bit() {
        let (image, photo) = (noise(90, 20, 0.1, "image"), noise(90, 20, 0.1, "photo"));
        let whole = Bands::new(0.1).filtered(image.clone(), &photo).unwrap();
        for rows in [1, 13, 50] {
            let strips = Bands { rows, ..Bands::new(0.1) };
            assert_eq!(strips.filtered(image.clone(), &photo).unwrap(), whole);
        }
    }

    #[test]
    fn the_octaves_of_white_noise_hold_the_power_that_is_reckoned() {
        let (side, sigma) = (500, 0.3);
        let drawn = noise(side, side, sigma as f32, "octaves");
        let noise: Vec<f32> = drawn.data()[..side * side].iter().map(|v| v - 0.5).collect();
        let mut here = noise.clone();
        for octave in Bands::new(sigma).octaves {
            let rest = octave.rest.as_ref().map(|rest| blurred(&noise, side, rest));
            let rest = rest.unwrap_or_else(|| vec![0.0; here.len()]);
            let squares = here.iter().zip(&rest).map(|(a, b)| (a - b).powi(2));
            let power = squares.sum::<f32>() / here.len() as f32;
            // The widest octave has some 1,200 independent places.
            assert!((power / octave.noise - 1.0).abs() < 0.1, "{power} {}", octave.noise);
            here = rest;
        }
    }
}
