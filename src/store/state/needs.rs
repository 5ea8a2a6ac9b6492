//! Bytes of disk that a store takes, from its numbers alone.
//!
//! ```text
//! what it holds   rows x (pages of the row + share of its rest + its name) + theta
//! a commit        the same for the rows that wait, and theta once more: the old pages are free only after it
//! ```
//! Measured on files that were written to the end (docs/design.md).

use super::pieces::Cut;
use super::{RowFormat, RowKey, tensors};

const PAGE: u64 = 4 << 10;

/// Bytes that an entry takes beside key and value: its seal, its place in the leaf.
const ENTRY: u64 = 4 + 8;

/// Bytes that name a page in the page above: its number and checksum, a key, and a third of such pages that is empty.
const BRANCH: u64 = 100;

/// Lists of free pages, the first pages of every table.
const BASE: u64 = 1 << 20;

/// Bytes of disk at most while `rows` rows of `row_len` numbers are trained with `tensor_bytes` bytes of theta and
/// running statistics, and committed when `pending` bytes of them wait: the file, with what its last commit set free.
pub fn needs(rows: u64, row_len: usize, format: RowFormat, tensor_bytes: u64, pending: u64) -> u64 {
    let row = row_len.saturating_mul(format.bytes());
    let Some(cut) = Cut::of(row) else { return BASE };
    let waiting = rows.min(pending / row as u64 + 1);
    let once = live(&cut, rows, tensor_bytes) + commit(&cut, waiting, rows, tensor_bytes);
    // Pages of several sizes do not fit into each other's holes at once: a fifth more than `once` was the most, where
    // every row waited for each commit.
    once + once / 4
}

/// Bytes that a store holds.
pub(super) fn live(cut: &Cut, rows: u64, tensor_bytes: u64) -> u64 {
    BASE + rows * cut.taken().0 + shared(cut, rows) + tensors::taken(tensor_bytes)
}

/// Bytes that a commit of `waiting` of the `rows` rows takes beyond what is held: pages are written anew, never over the
/// old ones.
pub(super) fn commit(cut: &Cut, waiting: u64, rows: u64, tensor_bytes: u64) -> u64 {
    // A page of names, and one of the lowest branches of each table; in the worst case no two rows have one in common.
    let touched = waiting * (2 + cut.tables.len() as u64) * PAGE;
    let shared = touched.min(shared(cut, rows.max(waiting)));
    BASE + waiting * cut.taken().0 + shared + tensors::taken(tensor_bytes)
}

/// Bytes of the pages that rows have in common: rests, names, and the branches above all of them.
fn shared(cut: &Cut, rows: u64) -> u64 {
    let (_, rest) = cut.taken();
    let own = cut.pieces.len() as u64 - u64::from(rest > 0);
    let names = share(RowKey::BYTES as u64);
    let rest = if rest > 0 { share(rest + RowKey::BYTES as u64 + 2) } else { 0 };
    rows * (rest + names + own * BRANCH) + rows * (rest + names) / PAGE * BRANCH
}

/// Bytes of a page that an entry of `bytes` bytes takes: rows come in any order, so pages are two thirds full.
fn share(bytes: u64) -> u64 {
    let whole = (PAGE - 8) / (bytes + ENTRY);
    PAGE / (whole * 2 / 3).max(1)
}
