//! Files that something else has changed: every outcome is an error or what was written, never a panic.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::disk::Disk;
use super::tests::{Contents, F32, contents, head, keys, row, tensors};
use super::*;
use crate::runtime::stream;

/// The bytes of a store of a few commits, and what it holds.
fn whole() -> (Vec<u8>, Contents) {
    let disk = Disk::default();
    let layout = Layout { row_len: 1100, ..F32 };
    let mut store = StateStore::create_at(Place::disk(&disk), layout).unwrap();
    for round in 1..4 {
        let rows: Vec<_> = (10 * round..10 * round + 40).map(|i| row(i, round, 1100)).collect();
        store.put(&keys(10 * round..10 * round + 40), &rows, Rounding::Nearest).unwrap();
        store.commit(&head(round), &tensors(round, 3000)).unwrap();
    }
    let holds = contents(&store).unwrap();
    drop(store);
    (disk.bytes(), holds)
}

/// Opens `bytes` as a store and reads all of it in every way. Whether it was what it should be; an error is told.
fn outcome(bytes: &[u8], expected: &Contents) -> Option<String> {
    let disk = Disk::holding(bytes.to_vec());
    let read = || -> Result<()> {
        let store = StateStore::open_at(Place::disk(&disk))?;
        let keys: Vec<RowKey> = expected.2.iter().map(|(key, _)| *key).collect();
        let rows = store.get(&keys)?;
        for ((key, expected), row) in expected.2.iter().zip(rows) {
            assert_eq!(row.as_ref(), Some(expected), "row {key}");
        }
        assert_eq!(store.keys()?.collect::<Result<Vec<_>>>()?, keys);
        assert_eq!(contents(&store)?, *expected);
        Ok(())
    };
    read().err().map(|error| error.to_string())
}

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

#[test]
fn a_flipped_bit_anywhere_is_an_error_or_does_no_harm() {
    let (bytes, holds) = whole();
    assert_eq!(outcome(&bytes, &holds), None);
    let mut rng = stream(1, "bits");
    let mut told = 0;
    // Every bit of the first page that means something, and some of everything.
    let first = (0..320 * 8).step_by(3);
    let all = (0..1500).map(|_| below(&mut rng, bytes.len() * 8)).collect::<Vec<_>>();
    for bit in first.chain(all) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        told += usize::from(outcome(&flipped, &holds).is_some());
    }
    assert!(told > 300, "{told}: the bits that matter were not met");
}

#[test]
fn a_file_that_was_cut_or_overwritten_in_part_is_an_error_or_does_no_harm() {
    let (bytes, holds) = whole();
    let mut rng = stream(2, "cuts");
    for _ in 0..150 {
        let length = below(&mut rng, bytes.len());
        assert!(outcome(&bytes[..length], &holds).is_some(), "cut to {length}");
    }
    for i in 0..400 {
        let mut changed = bytes.clone();
        let (page, pages) = (4096, bytes.len() / 4096);
        let at = page * below(&mut rng, pages);
        match i % 2 {
            0 => changed[at..at + page].fill(0),
            _ => changed[at..at + page].iter_mut().for_each(|byte| *byte = rng.next_u32() as u8),
        }
        outcome(&changed, &holds);
    }
}
