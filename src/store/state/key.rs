//! Whose row it is: the photo's id, and whether it is the mirrored copy.

use std::fmt;

use blake3::Hash;

use crate::data::{FLIP, Id, Row};
use crate::error::{Error, Result};

/// The 32 bytes of a photo's id and one that is 1 for its mirrored copy. The order is that of the bytes, so a photo's
/// copy follows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey([u8; Self::BYTES]);

impl RowKey {
    /// Bytes of a key.
    pub const BYTES: usize = 33;

    /// The row of the photo whose BLAKE3 hash is `id`, or of its mirrored copy.
    pub fn new(id: &[u8; 32], flipped: bool) -> Self {
        let mut bytes = [u8::from(flipped); Self::BYTES];
        bytes[..32].copy_from_slice(id);
        Self(bytes)
    }

    /// The key of `row`.
    pub fn of(row: &Row) -> Self {
        Self::new(row.id.bytes(), row.flipped)
    }

    /// The photo whose row it is.
    pub fn id(&self) -> Id {
        let mut id = [0; 32];
        id.copy_from_slice(&self.0[..32]);
        Id::from_bytes(id)
    }

    /// The row of the name `name`: 64 hexadecimal digits, `/flip` after them for the mirrored copy.
    ///
    /// # Errors
    /// Any other text.
    pub fn named(name: &str) -> Result<Self> {
        let (digits, flipped) = match name.strip_suffix(FLIP) {
            Some(digits) => (digits, true),
            None => (name, false),
        };
        let id = Hash::from_hex(digits).map_err(|_| {
            let what = format!("row `{name}`");
            Error::input(what, "it is no name of a row", "give 64 hexadecimal digits, or ID/flip")
        })?;
        Ok(Self::new(id.as_bytes(), flipped))
    }

    /// The key that is written as `bytes`, if it is one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; Self::BYTES] = bytes.try_into().ok()?;
        (bytes[32] <= 1).then_some(Self(bytes))
    }

    /// Whether it is the row of the mirrored copy.
    pub fn flipped(&self) -> bool {
        self.0[32] == 1
    }

    pub(super) fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flip = if self.flipped() { FLIP } else { "" };
        write!(f, "{}{flip}", self.id())
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_name_that_the_row_has_and_a_mirrored_copy_follows_its_photo() {
        let row = |flipped| Row { id: Id::of(b"photo"), flipped };
        let keys = [row(false), row(true)].map(|row| {
            let key = RowKey::of(&row);
            assert_eq!((key.to_string(), key.id()), (row.key(), row.id));
            assert_eq!(RowKey::named(&row.key()).unwrap(), key);
            assert_eq!(RowKey::read(key.bytes()), Some(key));
            key
        });
        assert!(keys[0] < keys[1] && keys[0].bytes()[..32] == keys[1].bytes()[..32]);
        assert_eq!(keys[1], RowKey::new(blake3::hash(b"photo").as_bytes(), true));
    }

    #[test]
    fn what_is_no_name_is_an_error_that_says_so() {
        for name in ["", "/flip", "photo.jpg", &"a".repeat(63), &"g".repeat(64), &"é".repeat(32)] {
            let message = RowKey::named(name).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("64 hexadecimal"), "{message}");
        }
        assert_eq!(RowKey::read(&[2; 33]), None);
        assert_eq!(RowKey::read(&[0; 32]), None);
    }
}
