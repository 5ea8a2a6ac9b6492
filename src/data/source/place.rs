//! Where an item lies, small enough to keep for a million of them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where an item lies in its set, whoever opens that again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A file below the set's root.
    File(PathBuf),
    /// `len` bytes from byte `offset` on of the set's file number `file`.
    Span { file: u32, offset: u64, len: u64 },
    /// The member of a zip whose header stands at byte `offset`: `packed` bytes, `len` once they are inflated, and the
    /// CRC-32 of those.
    Packed { offset: u64, packed: u64, len: u64, crc: u32, deflated: bool },
    /// What a database holds under this key.
    Key(Vec<u8>),
}

impl Place {
    /// A few bytes that [`Place::from_bytes`] reads: a kind, then what it has, numbers little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::File(path) => [b"f", path.to_string_lossy().as_bytes()].concat(),
            Self::Span { file, offset, len } => {
                [b"s", &file.to_le_bytes()[..], &offset.to_le_bytes(), &len.to_le_bytes()].concat()
            }
            Self::Packed { offset, packed, len, crc, deflated } => {
                let numbers = [offset, packed, len].map(|number| number.to_le_bytes());
                [b"z", &crc.to_le_bytes()[..], numbers.as_flattened(), &[u8::from(*deflated)]]
                    .concat()
            }
            Self::Key(key) => [b"k", &key[..]].concat(),
        }
    }

    /// The place that [`Place::to_bytes`] wrote; `None` if it did not.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let number = |at: usize| Some(u64::from_le_bytes(rest.get(at..at + 8)?.try_into().ok()?));
        let small = || Some(u32::from_le_bytes(rest.get(..4)?.try_into().ok()?));
        match (kind, rest.len()) {
            (b'f', _) => Some(Self::File(String::from_utf8(rest.to_vec()).ok()?.into())),
            (b's', 20) => Some(Self::Span { file: small()?, offset: number(4)?, len: number(12)? }),
            (b'z', 29) => Some(Self::Packed {
                crc: small()?,
                offset: number(4)?,
                packed: number(12)?,
                len: number(20)?,
                deflated: rest[28] != 0,
            }),
            (b'k', _) => Some(Self::Key(rest.to_vec())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_bytes_and_nothing_else_does() {
        let span = Place::Span { file: 3, offset: 1 << 40, len: 77 };
        let packed =
            Place::Packed { offset: 1 << 50, packed: 5, len: 9, crc: u32::MAX, deflated: true };
        let others = [Place::File("a/b.jpg".into()), packed, Place::Key(vec![0, 255])];
        for place in others.iter().chain([&span]) {
            assert_eq!(Place::from_bytes(&place.to_bytes()).as_ref(), Some(place));
        }
        assert_eq!(span.to_bytes().len(), 21);
        for wrong in [&b""[..], b"x", b"s123", b"z12345", b"f\xff"] {
            assert_eq!(Place::from_bytes(wrong), None, "{wrong:?}");
        }
    }
}
