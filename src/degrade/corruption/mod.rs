//! What makes damaged copies of whole pictures, to measure restorations against the truth.
//!
//! ```text
//! Picture --corrupt(rng)--> damaged Picture
//! ```
//! The same damage as a [`Degradation`](super::Degradation) models where there is one; noise and the codec have none.
//! Randomness is the caller's stream, so that a copy repeats and the order of the pictures is the caller's own affair.

mod grey;
mod jpeg;
mod noise;
mod punch;
mod shrink;

use std::fmt::Debug;

use rand_chacha::ChaCha8Rng;

pub use grey::Grey;
pub use jpeg::Jpeg;
pub use noise::Noise;
pub use punch::Punch;
pub use shrink::Shrink;

use crate::error::Result;
use crate::image::Picture;

/// A way to damage a picture of any size.
pub trait Corruption: Debug + Send + Sync {
    /// The damaged copy; only what is random draws from `rng`.
    ///
    /// # Errors
    /// A picture that this damage cannot be done to.
    fn corrupt(&self, picture: &Picture, rng: &mut ChaCha8Rng) -> Result<Picture>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{stream, uniform};

    /// Every corruption; a new one earns the tests below by its line here.
    fn corruptions() -> Vec<(&'static str, Box<dyn Corruption>)> {
        vec![
            ("noise", Box::new(Noise::new(0.1).unwrap())),
            ("jpeg", Box::new(Jpeg::new(10).unwrap())),
            ("shrink", Box::new(Shrink::new(8).unwrap())),
            ("grey", Box::new(Grey)),
            ("centre hole", Box::new(Punch::new("center:40%".parse().unwrap()))),
            ("random hole", Box::new(Punch::new("random:0.95".parse().unwrap()))),
        ]
    }

    fn picture(height: usize, width: usize) -> Picture {
        let mut rng = stream(5, "picture");
        let numbers = (0..3 * height * width).map(|_| uniform(&mut rng)).collect();
        Picture::new(height, width, numbers).unwrap()
    }

    #[test]
    fn a_damaged_copy_repeats_with_its_stream_and_is_no_longer_the_picture() {
        for (name, corruption) in corruptions() {
            for (height, width) in [(64, 64), (17, 31)] {
                let whole = picture(height, width);
                let copy = |seed| corruption.corrupt(&whole, &mut stream(seed, "copy")).unwrap();
                assert_eq!(copy(1), copy(1), "{name}");
                assert_ne!(copy(1), whole, "{name}");
                let random = ["noise", "random hole"].contains(&name);
                assert_eq!(copy(1) != copy(2), random, "{name}");
            }
        }
    }

    #[test]
    fn a_smallest_picture_is_damaged_or_refused_without_a_panic() {
        for (name, corruption) in corruptions() {
            let copy = corruption.corrupt(&picture(1, 1), &mut stream(1, "copy"));
            assert_eq!(copy.is_err(), name.ends_with("hole"), "{name}");
        }
    }
}
