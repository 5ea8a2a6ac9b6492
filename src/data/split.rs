//! Who a photo is, and which side of the split it stands on: both follow from its file's bytes alone.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The BLAKE3 hash of a file's bytes, as 64 hexadecimal digits. Renaming a file changes nothing, and a copy
/// is the same photo.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// The id of a file with this content.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).to_hex().to_string())
    }

    /// The id whose digits are `text`, as [`as_str`](Self::as_str) gave them.
    pub(super) fn written(text: &str) -> Self {
        Self(text.to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the photo `id` is held out when about `share` (0..1) of all photos shall be.
///
/// The first 52 bits of the hash, read as a number in [0, 1), lie below the share. No other photo has a
/// say, so adding, removing or renaming photos never moves one to the other side, and a larger share
/// only adds to a smaller one.
pub fn is_held_out(id: &Id, share: f64) -> bool {
    let first = id.0.get(..13).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    first.is_some_and(|bits| bits as f64 * 0.5f64.powi(52) < share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_the_share_is_held_out_and_a_larger_share_only_adds() {
        let ids: Vec<Id> = (0..4000u32).map(|i| Id::of(&i.to_le_bytes())).collect();
        let side =
            |share: f64| -> Vec<bool> { ids.iter().map(|id| is_held_out(id, share)).collect() };
        let (small, large) = (side(0.1), side(0.3));
        let count = small.iter().filter(|&&out| out).count();
        // Binomial: 400 with a standard deviation of 19.
        assert!((320..480).contains(&count), "{count}");
        assert!(small.iter().zip(&large).all(|(s, l)| !s || *l));
        assert!(side(0.0).iter().all(|out| !out));
    }
}
