//! Theta and the running statistics: one stream of f32 in chunks, so that no second copy of them is in memory.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use redb::{ReadableTableMetadata, TableDefinition};

use super::fault::{Fault, damaged};
use super::pieces::SPARE;
use super::sealed::{Reading, Writing, get, put, table};
use crate::error::{Error, Result};
use crate::nn::State;

pub(super) const TENSORS: TableDefinition<&[u8], &[u8]> = table("tensors");

/// Bytes of a chunk: what fills a page of 1 MiB, in whole numbers.
const CHUNK: usize = (1 << 20) - SPARE;

const NUMBER: usize = size_of::<f32>();

/// Every tensor's shape.
///
/// # Errors
/// A tensor that is not f32, a number that is not finite.
pub(super) fn shapes(tensors: &State) -> Result<BTreeMap<String, Vec<usize>>> {
    let shape = |(name, data): (&String, &TensorData)| {
        let what = || format!("tensor `{name}`");
        let numbers = data
            .as_slice::<f32>()
            .map_err(|e| Error::input(what(), format!("{e:?}"), "hand it in as f32"))?;
        if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
            let remedy = "training has diverged; lower train.lr_theta or train.lr_phi";
            return Err(Error::input(what(), format!("it holds {number}"), remedy));
        }
        Ok((name.clone(), data.shape().to_vec()))
    };
    tensors.iter().map(shape).collect()
}

/// Writes `tensors` in the order of their names, instead of what was there.
pub(super) fn write(table: &mut Writing, tensors: &State) -> Result<(), Fault> {
    let (mut chunk, mut space) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK + SPARE));
    let mut at = 0u64;
    for data in tensors.values() {
        let numbers = data.as_slice::<f32>().map_err(|e| damaged(format!("{e:?}")))?;
        for number in numbers {
            chunk.extend_from_slice(&number.to_le_bytes());
            if chunk.len() == CHUNK {
                put(table, &at.to_be_bytes(), &chunk, &mut space)?;
                chunk.clear();
                at += 1;
            }
        }
    }
    if !chunk.is_empty() {
        put(table, &at.to_be_bytes(), &chunk, &mut space)?;
        at += 1;
    }
    while table.remove(at.to_be_bytes().as_slice())?.is_some() {
        at += 1;
    }
    Ok(())
}

/// Reads tensors of `shapes`, in that order.
pub(super) fn read(table: &Reading, shapes: &BTreeMap<String, Vec<usize>>) -> Result<State, Fault> {
    let missing = || damaged("its tensors are not all there");
    let length = |shape: &Vec<usize>| shape.iter().try_fold(1usize, |n, &side| n.checked_mul(side));
    let lengths: Option<Vec<usize>> = shapes.values().map(length).collect();
    let lengths = lengths.ok_or_else(missing)?;
    let total = lengths.iter().try_fold(0usize, |sum, &n| sum.checked_add(n));
    let bytes = total.and_then(|n| n.checked_mul(NUMBER)).ok_or_else(missing)?;
    // Before any memory is taken for them.
    if table.len()? != bytes.div_ceil(CHUNK) as u64 {
        return Err(missing());
    }
    let (mut chunk, mut left, mut at) = (Vec::with_capacity(CHUNK), 0, 0u64);
    let mut state = State::new();
    for ((name, shape), length) in shapes.iter().zip(lengths) {
        let mut numbers = Vec::with_capacity(length);
        while numbers.len() < length {
            if left == 0 {
                chunk.clear();
                let found = get(table, &at.to_be_bytes(), &mut chunk)?;
                if !found || chunk.is_empty() || chunk.len() % NUMBER != 0 {
                    return Err(missing());
                }
                (left, at) = (chunk.len(), at + 1);
            }
            let take = left.min(NUMBER * (length - numbers.len()));
            let from = chunk.len() - left;
            let bytes = chunk[from..from + take].chunks_exact(NUMBER);
            numbers.extend(bytes.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
            left -= take;
        }
        state.insert(name.clone(), TensorData::new(numbers, shape.clone()));
    }
    if left != 0 { Err(missing()) } else { Ok(state) }
}

/// Bytes of all numbers of `tensors`.
pub(super) fn bytes(tensors: &State) -> u64 {
    tensors.values().map(|data| (data.num_elements() * NUMBER) as u64).sum()
}

/// Bytes of pages that `bytes` bytes of tensors fill.
pub(super) fn taken(bytes: u64) -> u64 {
    let chunk = CHUNK as u64;
    let last = match bytes % chunk {
        0 => 0,
        rest => (rest + SPARE as u64).next_power_of_two().max(4 << 10),
    };
    bytes / chunk * (1 << 20) + last
}
