//! A catalogue that is being filled: with what a set lists, then with what was read of it.

use std::path::Path;

use redb::{ReadableTable, ReadableTableMetadata, Table};

use super::{Counts, Found, Item, Photo, fault};
use crate::data::source::Side;
use crate::data::{Id, SAME_NAME, Skipped};
use crate::error::Result;

/// A set that is being listed.
pub(in crate::data) struct Listing<'a> {
    pub(super) folder: &'a Path,
    pub(super) found: Table<'a, &'static [u8], Found>,
    pub(super) names: Table<'a, &'static str, ()>,
    pub(super) skipped: Table<'a, &'static [u8], (&'static str, &'static str)>,
    pub(super) count: u32,
}

impl Listing<'_> {
    /// How many items were found by now.
    pub fn found(&self) -> Result<usize> {
        Ok(self.found.len().map_err(fault(self.folder))? as usize)
    }

    /// Counts in `item`, at the place `order` of the set's order; where that is empty, after the last one.
    pub fn add(&mut self, order: &[u8], item: &Item) -> Result<()> {
        let side = match item.side {
            Some(Side::Neither) => return Ok(()),
            Some(Side::Train) => 1,
            Some(Side::HeldOut) => 2,
            None => 0,
        };
        if self.names.insert(item.name.as_str(), ()).map_err(fault(self.folder))?.is_some() {
            let problem = SAME_NAME.to_string();
            let path = item.name.clone().into();
            return self.skip(order, &Skipped { path, problem });
        }
        self.count += 1;
        let place = item.place.to_bytes();
        let value = (item.name.as_str(), place.as_slice(), side);
        self.found
            .insert(ordered(order, self.count).as_slice(), value)
            .map_err(fault(self.folder))?;
        Ok(())
    }

    pub fn skip(&mut self, order: &[u8], skipped: &Skipped) -> Result<()> {
        self.count += 1;
        insert_skipped(&mut self.skipped, 0, &ordered(order, self.count), skipped)
            .map_err(fault(self.folder))
    }
}

/// Pictures that are being filed.
pub(in crate::data) struct Filing<'a> {
    pub(super) folder: &'a Path,
    pub(super) photos: Table<'a, u32, Photo>,
    pub(super) numbers: Table<'a, &'static [u8; 32], (u32, bool)>,
    pub(super) skipped: Table<'a, &'static [u8], (&'static str, &'static str)>,
    pub(super) counts: Counts,
}

impl Filing<'_> {
    /// Files `item`, whose content is `id`: its number, or `None` where that content is there already.
    pub fn add(&mut self, item: &Item, id: &Id, held_out: bool) -> Result<Option<u32>> {
        if self.numbers.get(id.bytes()).map_err(fault(self.folder))?.is_some() {
            self.counts.duplicates += 1;
            return Ok(None);
        }
        let number = self.counts.photos;
        let place = item.place.to_bytes();
        let value = (id.bytes(), item.name.as_str(), place.as_slice(), held_out);
        self.numbers.insert(id.bytes(), (number, held_out)).map_err(fault(self.folder))?;
        self.photos.insert(number, value).map_err(fault(self.folder))?;
        self.counts.photos += 1;
        self.counts.held_out += u32::from(held_out);
        Ok(Some(number))
    }

    pub fn skip(&mut self, skipped: &Skipped) -> Result<()> {
        self.counts.skipped += 1;
        insert_skipped(&mut self.skipped, 1, &self.counts.skipped.to_be_bytes(), skipped)
            .map_err(fault(self.folder))
    }
}

fn insert_skipped(
    table: &mut Table<&'static [u8], (&'static str, &'static str)>,
    phase: u8,
    order: &[u8],
    skipped: &Skipped,
) -> std::result::Result<(), redb::StorageError> {
    let key = [&[phase], order].concat();
    let name = skipped.path.to_string_lossy();
    table.insert(key.as_slice(), (&*name, skipped.problem.as_str()))?;
    Ok(())
}

/// A key that sorts by `order`, then by `count`. No part of a path holds a zero, and none is inside another's order.
fn ordered(order: &[u8], count: u32) -> Vec<u8> {
    [order, &[0], &count.to_be_bytes()].concat()
}

/// The order of `path` among others: that of its parts, as [`Path`] has it.
pub(in crate::data) fn order_of(path: &Path) -> Vec<u8> {
    let parts = path.components().map(|part| part.as_os_str().as_encoded_bytes());
    parts.collect::<Vec<_>>().join(&1)
}
