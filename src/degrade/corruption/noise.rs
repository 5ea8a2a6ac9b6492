//! Gaussian noise.
//!
//! ```text
//! y = x + sigma n,   n = sqrt(-2 ln u) cos(2 pi v), sqrt(-2 ln u) sin(2 pi v)        u in (0,1], v in [0,1)
//! ```
//! Box-Muller on the host: two uniform numbers make two normal ones, the same on every device.

use rand_chacha::ChaCha8Rng;

use super::Corruption;
use crate::error::{Error, Result};
use crate::image::Picture;
use crate::runtime::normal_pair;

/// See the module. The copy is **not** clamped to `[0,1]`: clamped noise is no longer Gaussian, and it darkens white
/// and brightens black. It is clamped where it becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    sigma: f32,
}

impl Noise {
    /// Noise of standard deviation `sigma`, on the scale where white is 1.
    ///
    /// # Errors
    /// A sigma that is not in `(0, 1]`; most often it was meant in levels of 255.
    pub fn new(sigma: f32) -> Result<Self> {
        if sigma > 0.0 && sigma <= 1.0 {
            return Ok(Self { sigma });
        }
        Err(Error::input(
            format!("noise of sigma {sigma}"),
            "it is not in (0, 1]",
            "give it on the scale where white is 1; 25 levels of 255 are 0.098",
        ))
    }
}

impl Corruption for Noise {
    fn corrupt(&self, picture: &Picture, rng: &mut ChaCha8Rng) -> Result<Picture> {
        let mut numbers = picture.data().to_vec();
        for pair in numbers.chunks_mut(2) {
            for (number, noise) in pair.iter_mut().zip(normal_pair(rng)) {
                *number += self.sigma * noise;
            }
        }
        Picture::new(picture.height(), picture.width(), numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::stream;

    #[test]
    fn noise_has_the_moments_of_a_gaussian() {
        let grey = Picture::constant(200, 200, [0.5; 3]).unwrap();
        let noisy = Noise::new(0.1).unwrap().corrupt(&grey, &mut stream(1, "noise")).unwrap();
        let noise: Vec<f64> =
            noisy.data().iter().map(|v| (f64::from(*v) - 0.5) / f64::from(0.1f32)).collect();
        let moment = |power| noise.iter().map(|v| v.powi(power)).sum::<f64>() / noise.len() as f64;
        // Five standard errors of 120,000 samples each.
        for (power, expected, error) in
            [(1, 0.0, 0.015), (2, 1.0, 0.02), (3, 0.0, 0.06), (4, 3.0, 0.15)]
        {
            assert!((moment(power) - expected).abs() < error, "{power}: {}", moment(power));
        }
        let beside = noise.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
        assert!((beside / noise.len() as f64).abs() < 0.015);
    }

    #[test]
    fn sigmas_in_levels_and_nonsense_are_errors() {
        for sigma in [25.0, 0.0, -0.1, f32::NAN, f32::INFINITY] {
            let message = Noise::new(sigma).unwrap_err().to_string();
            assert!(message.contains(&sigma.to_string()) && message.contains("255"), "{message}");
        }
    }
}
