//! A copy with a hole: inpainting.
//!
//! ```text
//! y = x where known, 0.5 where missing
//! ```
//! Neutral grey, not black: a person sees that something is missing, and no measure mistakes it for a dark picture.

use rand_chacha::ChaCha8Rng;

use super::Corruption;
use crate::degrade::Hole;
use crate::error::Result;
use crate::image::Picture;

/// What a missing pixel is painted with.
const NEUTRAL: f32 = 0.5;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Punch {
    hole: Hole,
}

impl Punch {
    pub fn new(hole: Hole) -> Self {
        Self { hole }
    }

    /// The copy, and which of its pixels are known, `[H, W]` row-major: what a [`Mask`](crate::degrade::Mask) is made
    /// of. Only a random hole draws from `rng`. Errors: as [`Hole::known`].
    pub fn punch(&self, picture: &Picture, rng: &mut ChaCha8Rng) -> Result<(Picture, Vec<bool>)> {
        let (height, width) = (picture.height(), picture.width());
        let known = self.hole.known_from(height, width, rng)?;
        let paint = |(&value, &known): (&f32, &bool)| if known { value } else { NEUTRAL };
        let numbers = picture.data().iter().zip(known.iter().cycle()).map(paint).collect();
        Ok((Picture::new(height, width, numbers)?, known))
    }
}

impl Corruption for Punch {
    fn corrupt(&self, picture: &Picture, rng: &mut ChaCha8Rng) -> Result<Picture> {
        Ok(self.punch(picture, rng)?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::stream;

    #[test]
    fn missing_pixels_are_grey_in_every_channel_and_the_others_keep_their_bits() {
        let whole = Picture::constant(6, 5, [0.1, 0.2, 0.9]).unwrap();
        let hole: Hole = "random:0.4".parse().unwrap();
        let (copy, known) = Punch::new(hole).punch(&whole, &mut stream(3, "degrade/hole")).unwrap();
        // The stream that a seed alone would have given.
        assert_eq!(known, hole.known(6, 5, 3).unwrap());
        for (at, &known) in known.iter().enumerate() {
            for (c, value) in [0.1, 0.2, 0.9].into_iter().enumerate() {
                let expected = if known { value } else { NEUTRAL };
                assert_eq!(copy.get(c, at / 5, at % 5), Some(expected));
            }
        }
    }
}
