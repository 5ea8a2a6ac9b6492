//! Whether the pages of an LMDB file hold together, looked at before it is mapped into memory.
//!
//! LMDB trusts its file: a damaged page makes it read outside of the map or abort, where no error can be handed back.
//! So every branch and leaf page is looked at once, in ordinary reads; of values that are as large as pictures only where
//! they lie, so that little of the file is read.

use super::damaged;
use super::meta::{AGAIN, HEADER, Meta};
use super::stored::Stored;
use crate::error::Result;

const BRANCH: u16 = 1;
const LEAF: u16 = 2;

/// What stands before a node's key.
const NODE: usize = 8;

/// The value stands in pages of its own.
const BIG: u16 = 1;

/// The longest key, in bytes.
const KEY: usize = 511;

/// Levels of a tree at most, as in LMDB.
const DEEPEST: usize = 32;

/// # Errors
/// A page that cannot be, named by its number; another number of entries than the file says.
pub(super) fn check(file: &Stored, meta: &Meta) -> Result<()> {
    if meta.flags != 0 {
        let problem = format!("its unnamed database has the flags {:#x}", meta.flags);
        return Err(damaged(file.path(), problem, "none are expected: a key, one value"));
    }
    let mut waiting = match meta.root {
        u64::MAX => Vec::new(),
        root => vec![(root, 1)],
    };
    let (mut pages, mut entries, mut bottom) = (0, 0, None);
    while let Some((number, depth)) = waiting.pop() {
        let broken = |problem: &str| {
            let at = number.saturating_mul(meta.page);
            let problem = format!("its page {number} at byte {at} is damaged: {problem}");
            damaged(file.path(), problem, AGAIN)
        };
        pages += 1;
        // A page that is reached twice would make more of them than there are.
        if number > meta.last || pages > meta.last || depth > DEEPEST {
            return Err(broken("the tree of pages does not end"));
        }
        let bytes = file.span(number * meta.page, meta.page, meta.page)?;
        match Page::read(&bytes, number, file.len(), meta).map_err(broken)? {
            Page::Leaf(count) if *bottom.get_or_insert(depth) == depth => entries += count,
            Page::Leaf(_) => return Err(broken("it is a leaf at another depth than the first")),
            Page::Branch(children) => {
                waiting.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
            }
        }
    }
    if entries != meta.entries {
        let problem = format!("it says that it has {} entries, and has {entries}", meta.entries);
        return Err(damaged(file.path(), problem, AGAIN));
    }
    Ok(())
}

/// What is found in a page.
enum Page {
    /// Its children.
    Branch(Vec<u64>),
    /// The number of its entries.
    Leaf(u64),
}

impl Page {
    /// The page `number`, in a file of `len` bytes.
    fn read(bytes: &[u8], number: u64, len: u64, meta: &Meta) -> Result<Self, &'static str> {
        let small = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let word = |at: usize| u64::from(small(at)) | u64::from(small(at + 2)) << 16;
        let long = |at: usize| word(at) | word(at + 4) << 32;
        if long(0) != number {
            return Err("it is numbered otherwise");
        }
        let (flags, lower, upper) = (small(10), usize::from(small(12)), usize::from(small(14)));
        // A branch of one child makes LMDB abort, a leaf of none makes it read what is no entry.
        let least = match flags {
            BRANCH => 2,
            LEAF => 1,
            _ => return Err("it is neither branch nor leaf"),
        };
        if lower < HEADER + 2 * least || lower % 2 != 0 || lower > upper || upper > bytes.len() {
            return Err("its bounds cross");
        }
        let mut children = Vec::new();
        for at in (HEADER..lower).step_by(2).map(|at| usize::from(small(at))) {
            if at < upper || at % 2 != 0 || at + NODE > bytes.len() {
                return Err("an entry lies outside of it");
            }
            let key = usize::from(small(at + 6));
            let value = at + NODE + key;
            if key > KEY || value > bytes.len() {
                return Err("a key goes beyond it");
            }
            let (size, node) = (word(at), small(at + 4));
            match (flags, node) {
                (BRANCH, high) => children.push(size | u64::from(high) << 32),
                (_, 0) if value as u64 + size <= bytes.len() as u64 => {}
                (_, BIG) if value + 8 <= bytes.len() => {
                    let start = long(value).checked_mul(meta.page);
                    let end = start.and_then(|start| start.checked_add(HEADER as u64 + size));
                    if end.is_none_or(|end| end > len) || long(value) > meta.last {
                        return Err("a value lies beyond the end of the file");
                    }
                }
                (_, 0 | BIG) => return Err("a value goes beyond it"),
                _ => {
                    return Err(
                        "an entry is no picture but a database of its own, and only unnamed ones are read",
                    );
                }
            }
        }
        match flags {
            BRANCH => Ok(Self::Branch(children)),
            _ => Ok(Self::Leaf(((lower - HEADER) / 2) as u64)),
        }
    }
}
