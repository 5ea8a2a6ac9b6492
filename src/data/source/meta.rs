//! What an LMDB file says of itself, read byte by byte before it is mapped into memory.
//!
//! ```text
//! page   = number (8) | pad (2) | flags (2) | lower, upper (2, 2) or overflow pages (4) | ...
//! pages 0 and 1, after that: magic (4) | version (4) | address (8) | map size (8) | free, main | last page (8) | txn (8)
//! free, main: pad = page size (4) | flags (2) | depth (2) | branch, leaf, overflow pages, entries, root (8 each)
//! ```

use super::damaged;
use super::stored::Stored;
use crate::error::Result;

/// The first number after the header of a meta page.
pub const MAGIC: u32 = 0xBEEF_C0DE;

const VERSION: u32 = 1;

/// Among the flags of a page: it is a meta page.
const META_PAGE: u32 = 0x08;

/// The header of a page, and a meta page with it, in bytes.
pub(super) const HEADER: usize = 16;
const META: usize = 152;

/// The newer of an LMDB file's two meta pages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Meta {
    /// Bytes a page.
    pub(super) page: u64,
    /// Number of the last page.
    pub(super) last: u64,
    /// Of the unnamed database.
    pub(super) flags: u16,
    pub(super) entries: u64,
    /// Its first page; `u64::MAX` where it is empty.
    pub(super) root: u64,
    transaction: u64,
}

pub(super) const AGAIN: &str = "copy or download it again (a file that is in use: by `mdb_copy`)";

/// Reads both meta pages, and holds the length of the file against them.
///
/// # Errors
/// It is no LMDB file of a 64-bit little-endian machine; the file is shorter than its last page.
pub(super) fn read(file: &Stored) -> Result<Meta> {
    let first = meta_at(file, 0)?;
    let second = meta_at(file, first.page)?;
    // LMDB would look for its second meta page by the page size of the newer one, where nobody has looked.
    if second.page != first.page {
        let problem =
            format!("its meta pages speak of pages of {} and {} bytes", first.page, second.page);
        return Err(damaged(file.path(), problem, AGAIN));
    }
    let meta = if second.transaction > first.transaction { second } else { first };
    let whole = meta.last.checked_add(1).and_then(|pages| pages.checked_mul(meta.page));
    if whole.is_none_or(|whole| whole > file.len()) {
        let (last, page) = (meta.last, meta.page);
        let problem = format!(
            "it was cut short: it ends at byte {}, and its meta page names a last page of {last}, {page} bytes each",
            file.len()
        );
        return Err(damaged(file.path(), problem, AGAIN));
    }
    Ok(meta)
}

fn meta_at(file: &Stored, at: u64) -> Result<Meta> {
    let bytes = file.span(at, META as u64, META as u64)?;
    let small = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
    let number = |at: usize| u64::from(small(at)) | u64::from(small(at + 4)) << 32;
    let refuse = |problem: String, remedy: &str| Err(damaged(file.path(), problem, remedy));
    if small(16) != MAGIC || small(8) >> 16 & META_PAGE == 0 {
        let problem = format!("at byte {at} there is no meta page of an LMDB file");
        return refuse(problem, "one of a 64-bit little-endian machine is expected");
    }
    if small(20) != VERSION {
        return refuse(format!("its format is version {}", small(20)), "version 1 is expected");
    }
    let page = u64::from(small(40));
    if !page.is_power_of_two() || !(512..=32_768).contains(&page) {
        return refuse(format!("its pages are said to have {page} bytes"), AGAIN);
    }
    Ok(Meta {
        page,
        last: number(136),
        flags: small(92) as u16,
        entries: number(120),
        root: number(128),
        transaction: number(144),
    })
}
