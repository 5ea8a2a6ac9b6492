//! A copy without colours: colourisation.
//!
//! ```text
//! y[c] = (R + G + B) / 3 in all three channels
//! ```

use rand_chacha::ChaCha8Rng;

use super::Corruption;
use crate::error::Result;
use crate::image::Picture;

/// See the module; what [`Colour`](crate::degrade::Colour) measures and lifts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grey;

impl Corruption for Grey {
    fn corrupt(&self, picture: &Picture, _: &mut ChaCha8Rng) -> Result<Picture> {
        Picture::new(picture.height(), picture.width(), picture.channel_mean().repeat(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::stream;

    #[test]
    fn the_copy_holds_the_mean_three_times() {
        let picture = Picture::new(1, 2, vec![0.0, 0.3, 0.6, 0.3, 0.9, 0.3]).unwrap();
        let copy = Grey.corrupt(&picture, &mut stream(1, "grey")).unwrap();
        for c in 0..3 {
            assert!((copy.get(c, 0, 0).unwrap() - 0.5).abs() < 1e-6);
            assert!((copy.get(c, 0, 1).unwrap() - 0.3).abs() < 1e-6);
        }
    }
}
