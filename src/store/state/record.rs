//! What the store says of itself: how its rows are laid out, and the head of the last commit.

use std::collections::BTreeMap;

use redb::{ReadableTable, TableDefinition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, damaged};
use super::sealed::{Writing, get, put, table};
use super::{Head, RowFormat};

/// The table of the records.
pub(super) const RECORDS: TableDefinition<&[u8], &[u8]> = table("lacuna");

/// The version of what is in the tables. To be raised when an older program would misread them.
pub(super) const VERSION: u32 = 1;

const LAYOUT: &[u8] = b"layout";
const HEAD: &[u8] = b"head";

/// How all rows of a store are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Numbers in a row, P.
    pub row_len: usize,
    /// What they are kept as.
    pub format: RowFormat,
}

/// In the file. Of another version nothing but the version is read.
#[derive(Serialize, Deserialize)]
struct Versioned {
    version: u32,
    #[serde(flatten)]
    rest: serde_json::Value,
}

/// The last commit, in short.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Committed {
    pub head: Head,
    /// Name and shape of every tensor, in the order in which they are written.
    pub tensors: BTreeMap<String, Vec<usize>>,
    /// Rows in the store.
    pub rows: u64,
}

pub(super) fn write_layout(table: &mut Writing, layout: &Layout) -> Result<(), Fault> {
    let rest = serde_json::to_value(layout).map_err(|e| damaged(e.to_string()))?;
    write(table, LAYOUT, &Versioned { version: VERSION, rest })
}

/// The layout, if the store was ever made whole.
pub(super) fn read_layout(table: &impl Records) -> Result<Option<Layout>, Fault> {
    let Some(Versioned { version, rest }) = read(table, LAYOUT)? else { return Ok(None) };
    if version != VERSION {
        let problem = format!("it is in version {version} of the format, this is {VERSION}");
        return Err(Fault::Other(problem, "open it with the version of lacuna that wrote it"));
    }
    let layout = serde_json::from_value(rest).map_err(|e| damaged(format!("its layout: {e}")))?;
    Ok(Some(layout))
}

pub(super) fn write_head(table: &mut Writing, committed: &Committed) -> Result<(), Fault> {
    write(table, HEAD, committed)
}

/// The head of the last commit, if there was one.
pub(super) fn read_head(table: &impl Records) -> Result<Option<Committed>, Fault> {
    read(table, HEAD)
}

/// A table of records that can be read, in a transaction of either kind.
pub(super) trait Records: ReadableTable<&'static [u8], &'static [u8]> {}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Records for T {}

fn write(table: &mut Writing, key: &[u8], record: &impl Serialize) -> Result<(), Fault> {
    let json = serde_json::to_vec(record).map_err(|e| damaged(e.to_string()))?;
    put(table, key, &json, &mut Vec::new())
}

fn read<T: DeserializeOwned>(table: &impl Records, key: &[u8]) -> Result<Option<T>, Fault> {
    let mut json = Vec::new();
    if !get(table, key, &mut json)? {
        return Ok(None);
    }
    let record = serde_json::from_slice(&json);
    record.map(Some).map_err(|e| damaged(format!("its record cannot be read ({e})")))
}
