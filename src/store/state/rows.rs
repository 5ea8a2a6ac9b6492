//! The rows in the database: their names in one table, their pieces in others.

use redb::{OwnedRange, ReadTransaction, ReadableTableMetadata, TableDefinition, WriteTransaction};

use super::fault::{Doing, Fault, damaged, guarded};
use super::pieces::{Cut, Piece};
use super::sealed::{Reading, get, opened, put, table};
use super::{Layout, RowKey};
use crate::error::Result;

/// Every row that is there. A row without a name, or a name without a row, is damage and not a photo that was never
/// visited.
pub(super) const NAMES: TableDefinition<&[u8], &[u8]> = table("names");

/// Key of a piece: the row's, and the number of the piece.
const PIECE_KEY: usize = RowKey::BYTES + 2;

fn piece_key(key: &RowKey, number: usize) -> [u8; PIECE_KEY] {
    let mut bytes = [0; PIECE_KEY];
    bytes[..RowKey::BYTES].copy_from_slice(key.bytes());
    bytes[RowKey::BYTES..].copy_from_slice(&(number as u16).to_be_bytes());
    bytes
}

/// Keeps rows, `(key, bytes)` in the order of the keys, and returns how many of them are new.
pub(super) fn write<'a>(
    transaction: &WriteTransaction,
    cut: &Cut,
    rows: impl Iterator<Item = (&'a RowKey, &'a Vec<u8>)> + Clone,
) -> Result<u64, Fault> {
    let mut space = Vec::new();
    // Table after table, each in order: what is written together lies together.
    for (number, name) in cut.tables.iter().enumerate() {
        let mut pieces = transaction.open_table(table(name))?;
        for (key, bytes) in rows.clone() {
            let mine = |(_, piece): &(usize, &Piece)| piece.table == number;
            for (at, piece) in cut.pieces.iter().enumerate().filter(mine) {
                let bytes = &bytes[piece.from..piece.to];
                put(&mut pieces, &piece_key(key, at), bytes, &mut space)?;
            }
        }
    }
    let mut names = transaction.open_table(NAMES)?;
    let mut new = 0;
    for (key, _) in rows {
        if !get(&names, key.bytes(), &mut Vec::new())? {
            put(&mut names, key.bytes(), &[], &mut space)?;
            new += 1;
        }
    }
    Ok(new)
}

/// Makes the tables of rows that are cut as `cut`.
pub(super) fn create(transaction: &WriteTransaction, cut: &Cut) -> Result<(), Fault> {
    transaction.open_table(NAMES)?;
    for name in &cut.tables {
        transaction.open_table(table(name))?;
    }
    Ok(())
}

/// The rows as of one commit.
#[derive(Debug)]
pub(super) struct Tables {
    cut: Cut,
    names: Reading,
    pieces: Vec<Reading>,
}

impl Tables {
    pub fn open(transaction: &ReadTransaction, cut: &Cut) -> Result<Self, Fault> {
        let names = transaction.open_table(NAMES)?;
        let pieces = cut.tables.iter().map(|name| transaction.open_table(table(name)));
        Ok(Self { cut: cut.clone(), names, pieces: pieces.collect::<Result<_, _>>()? })
    }

    /// How many there are.
    pub fn count(&self) -> Result<u64, Fault> {
        Ok(self.names.len()?)
    }

    /// The bytes of a row, if there is one.
    pub fn read(&self, key: &RowKey) -> Result<Option<Vec<u8>>, Fault> {
        let last = self.cut.pieces.last().map_or(0, |piece| piece.to);
        let mut bytes = Vec::with_capacity(last);
        let named = get(&self.names, key.bytes(), &mut bytes)?;
        for (at, piece) in self.cut.pieces.iter().enumerate() {
            let found = get(&self.pieces[piece.table], &piece_key(key, at), &mut bytes)?;
            if found != named || (found && bytes.len() != piece.to) {
                return Err(damaged(format!("row {key} is not all there")));
            }
            if !named {
                return Ok(None);
            }
        }
        Ok(Some(bytes))
    }

    fn keys(&self) -> Result<OwnedRange<&'static [u8], &'static [u8]>, Fault> {
        Ok(self.names.range_owned::<&[u8]>(..)?)
    }
}

/// The rows of a store as of its last commit, `(key, row)` in the order of the keys, read one by one as they are asked
/// for. An error is the last thing it gives.
#[derive(Debug)]
pub struct Rows {
    pub(super) keys: Keys,
    pub(super) layout: Layout,
}

impl Iterator for Rows {
    type Item = Result<(RowKey, Vec<f32>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let key = match self.keys.next()? {
            Ok(key) => key,
            Err(error) => return Some(Err(error)),
        };
        let tables = &self.keys.tables;
        let row = guarded(&self.keys.path, Doing::Reading, || {
            tables.read(&key)?.ok_or_else(|| damaged(format!("row {key} is missing")))
        });
        if row.is_err() {
            self.keys.range = None;
        }
        Some(row.map(|bytes| (key, self.layout.format.read(&bytes))))
    }
}

/// The keys of the rows of a store as of its last commit, in their order. An error is the last thing it gives.
pub struct Keys {
    path: std::path::PathBuf,
    tables: Tables,
    /// None once it has ended.
    range: Option<OwnedRange<&'static [u8], &'static [u8]>>,
    /// How many are still to come.
    left: u64,
}

impl Keys {
    pub(super) fn of(path: &std::path::Path, tables: Tables, count: u64) -> Result<Self, Fault> {
        let range = Some(tables.keys()?);
        Ok(Self { path: path.to_path_buf(), tables, range, left: count })
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("path", &self.path).field("left", &self.left).finish()
    }
}

impl Iterator for Keys {
    type Item = Result<RowKey>;

    fn next(&mut self) -> Option<Self::Item> {
        let range = self.range.as_mut()?;
        let left = self.left;
        let next = guarded(&self.path, Doing::Reading, || match range.next() {
            Some(entry) => {
                let (key, kept) = entry?;
                opened(key.value(), kept.value())?;
                let read = RowKey::read(key.value()).filter(|_| left > 0);
                read.map(Some).ok_or_else(|| damaged("a name is not one of a row"))
            }
            None if left == 0 => Ok(None),
            None => Err(damaged(format!("{left} rows are missing"))),
        });
        if !matches!(next, Ok(Some(_))) {
            self.range = None;
        }
        self.left = left.saturating_sub(1);
        next.transpose()
    }
}
