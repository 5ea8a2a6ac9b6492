//! Who a photo is, and which side of the split it stands on: both follow from its file's bytes alone.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The BLAKE3 hash of a file's bytes, written as 64 hexadecimal digits. Renaming a file changes nothing, and a copy
/// is the same photo.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 32]);

impl Id {
    /// The id of a file with this content.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The id with this hash.
    pub fn from_bytes(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let hash = blake3::Hash::from_hex(&digits).map_err(de::Error::custom)?;
        Ok(Self(*hash.as_bytes()))
    }
}

/// Whether the photo `id` is held out when about `share` (0..1) of all photos shall be.
///
/// The first 52 bits of the hash, read as a number in [0, 1), lie below the share. No other photo has a
/// say, so adding, removing or renaming photos never moves one to the other side, and a larger share
/// only adds to a smaller one.
pub fn is_held_out(id: &Id, share: f64) -> bool {
    let first = id.0[..8].iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
    ((first >> 12) as f64) * 0.5f64.powi(52) < share
}

/// Whether the photo `id` is one of about `share` (0..1) of all, drawn by its content as [`is_held_out`] draws, and
/// whatever that draws.
pub(crate) fn is_drawn(id: &Id, share: f64) -> bool {
    is_held_out(&Id::of(id.bytes()), share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_and_read_as_the_digits_that_other_programs_print() {
        // `printf abc | b3sum`
        let digits = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        let id = Id::of(b"abc");
        assert_eq!(id.to_string(), digits);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{digits}\""));
        assert_eq!(serde_json::from_str::<Id>(&json).unwrap(), id);
        assert!(serde_json::from_str::<Id>("\"6437\"").is_err());
    }

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
        // Of those on one side as large a share is drawn: 360 of 3,600, with a standard deviation of 18.
        let learned = ids.iter().filter(|id| !is_held_out(id, 0.1));
        let drawn = learned.filter(|id| is_drawn(id, 0.1)).count();
        assert!((290..430).contains(&drawn), "{drawn}");
    }
}
