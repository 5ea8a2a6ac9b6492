//! What a portrait leaves to chance: one stream for each of its parts.
//!
//! ```text
//! (seed, index, part) --runtime::stream--> uniform numbers --> between | bell | chance | pick | weighted
//! ```
//! A part draws from a stream of its own, so that one more draw for the hair moves no eye.

use rand_chacha::ChaCha8Rng;

use crate::runtime::{stream, uniform};

pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, index: u64, part: &str) -> Self {
        Self(stream(seed, &format!("drawn/{index}/{part}")))
    }

    /// Uniform in `[low, high)`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * uniform(&mut self.0)
    }

    /// In `[low, high)`, the middle likelier than the ends: the mean of three.
    pub(super) fn bell(&mut self, low: f32, high: f32) -> f32 {
        let sum: f32 = (0..3).map(|_| uniform(&mut self.0)).sum();
        low + (high - low) * sum / 3.0
    }

    pub(super) fn chance(&mut self, probability: f32) -> bool {
        uniform(&mut self.0) < probability
    }

    /// `1.0` or `-1.0`.
    pub(super) fn sign(&mut self) -> f32 {
        if self.chance(0.5) { 1.0 } else { -1.0 }
    }

    /// One of `items`, all as likely.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        const { assert!(N > 0) };
        items[(uniform(&mut self.0) * N as f32) as usize % N]
    }

    /// One of `items` in proportion to its weight.
    pub(super) fn weighted<T: Copy, const N: usize>(&mut self, items: &[(T, f32); N]) -> T {
        const { assert!(N > 0) };
        let total: f32 = items.iter().map(|(_, weight)| weight).sum();
        let mut left = uniform(&mut self.0) * total;
        for &(item, weight) in items {
            left -= weight;
            if left < 0.0 {
                return item;
            }
        }
        items[N - 1].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_within_their_bounds_and_follow_their_weights() {
        let mut dice = Dice::new(1, 2, "test");
        let mut heavy = 0;
        for _ in 0..1000 {
            assert!((-2.0..3.0).contains(&dice.between(-2.0, 3.0)));
            assert!((0.5..0.75).contains(&dice.bell(0.5, 0.75)));
            assert!([1, 2, 3].contains(&dice.pick(&[1, 2, 3])));
            heavy += i32::from(dice.weighted(&[(true, 3.0), (false, 1.0)]));
        }
        assert!((700..800).contains(&heavy), "{heavy} of 1000 at three to one");
    }

    #[test]
    fn every_part_of_every_portrait_has_a_stream_of_its_own() {
        let first = |seed, index, part| Dice::new(seed, index, part).between(0.0, 1.0);
        let one = first(1, 1, "eyes");
        assert_eq!(one, first(1, 1, "eyes"));
        for other in [first(2, 1, "eyes"), first(1, 2, "eyes"), first(1, 1, "hair")] {
            assert_ne!(one, other);
        }
    }
}
