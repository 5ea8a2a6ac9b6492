//! Tables whose values carry a seal, the CRC-32 of key and value.
//!
//! The database does not check pages as it reads them, so a bit that flipped on the disk would come back as a number.
//! With the seal it is an error. What it cannot tell is an old page where a new one should be, left by a disk that lost a
//! write which it had confirmed: a row in it is whole, and one of an earlier commit.

use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition};

use super::fault::{Fault, damaged};

/// A table of the store by its name.
pub(super) const fn table(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

/// A table as it is read.
pub(super) type Reading = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// A table as it is written.
pub(super) type Writing<'a> = Table<'a, &'static [u8], &'static [u8]>;

fn seal(key: &[u8], value: &[u8]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(value);
    crc.finalize().to_le_bytes()
}

/// The value in what is kept under `key`.
pub(super) fn opened<'a>(key: &[u8], kept: &'a [u8]) -> Result<&'a [u8], Fault> {
    match kept.split_last_chunk() {
        Some((value, found)) if *found == seal(key, value) => Ok(value),
        _ => Err(damaged("a value is not what was written")),
    }
}

/// Keeps `value` under `key`; `space` is where the two are put together, whatever it holds.
pub(super) fn put(
    table: &mut Writing,
    key: &[u8],
    value: &[u8],
    space: &mut Vec<u8>,
) -> Result<(), Fault> {
    space.clear();
    space.extend_from_slice(value);
    space.extend_from_slice(&seal(key, value));
    table.insert(key, space.as_slice())?;
    Ok(())
}

/// Appends the value of `key` to `bytes`; false where there is none.
pub(super) fn get(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
    bytes: &mut Vec<u8>,
) -> Result<bool, Fault> {
    let Some(kept) = table.get(key)? else { return Ok(false) };
    bytes.extend_from_slice(opened(key, kept.value())?);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_is_the_value_and_neither_is_another_keys() {
        let mut kept = b"value".to_vec();
        kept.extend_from_slice(&seal(b"key", b"value"));
        assert_eq!(opened(b"key", &kept).unwrap(), b"value");
        for bit in 0..8 * kept.len() {
            let mut flipped = kept.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(opened(b"key", &flipped).is_err());
        }
        assert!(opened(b"kex", &kept).is_err() && opened(b"key", b"abc").is_err());
    }
}
