//! What is known of each picture of a set, in a file that is gone with the process: a million pictures take no more
//! memory than a thousand.
//!
//! ```text
//! FOUND     place in the set's order -> name, place, side       while the set is listed
//! NAMES     name                                                so that no two items have the same
//! PHOTOS    number -> id, name, place, held out                 each content once, in the set's order
//! NUMBERS   id -> number, held out
//! LEARNED   rank among the ids of those not held out -> number
//! SKIPPED   place in the order -> name, problem
//! ```

mod ids;
mod listing;

use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{
    Builder, Database, Durability, Range, ReadOnlyTable, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, TableDefinition, WriteTransaction,
};

pub use ids::IdSet;
pub(super) use listing::{Filing, Listing, order_of};

use super::folder::Entry;
use super::source::{Place, Side};
use super::{Id, Skipped};
use crate::error::{Error, Result};

/// Bytes of pages that it keeps in memory at most.
const CACHE_BYTES: usize = 2 << 20;

/// Name, place, side.
type Found = (&'static str, &'static [u8], u8);
/// Id, name, place, held out.
type Photo = (&'static [u8; 32], &'static str, &'static [u8], bool);

const FOUND: TableDefinition<&[u8], Found> = TableDefinition::new("found");
const NAMES: TableDefinition<&str, ()> = TableDefinition::new("names");
const PHOTOS: TableDefinition<u32, Photo> = TableDefinition::new("photos");
const NUMBERS: TableDefinition<&[u8; 32], (u32, bool)> = TableDefinition::new("numbers");
const LEARNED: TableDefinition<u32, u32> = TableDefinition::new("learned");
const SKIPPED: TableDefinition<&[u8], (&str, &str)> = TableDefinition::new("skipped");

/// A picture that the set lists.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub name: String,
    pub place: Place,
    pub side: Option<Side>,
}

/// How many there are of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub photos: u32,
    pub held_out: u32,
    pub skipped: u32,
    pub duplicates: u32,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Catalogue {
    database: Database,
    folder: PathBuf,
}

impl Catalogue {
    /// An empty one, in a file without a name in `folder`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn new(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(Error::write(folder))?;
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        let database = FileBackend::new(file)
            .and_then(|file| builder.create_with_backend(file))
            .map_err(fault(folder))?;
        let made = Self { database, folder: folder.to_path_buf() };
        made.write(|transaction| {
            transaction.open_table(FOUND).map_err(fault(folder))?;
            transaction.open_table(NAMES).map_err(fault(folder))?;
            transaction.open_table(PHOTOS).map_err(fault(folder))?;
            transaction.open_table(NUMBERS).map_err(fault(folder))?;
            transaction.open_table(LEARNED).map_err(fault(folder))?;
            transaction.open_table(SKIPPED).map_err(fault(folder))?;
            Ok(())
        })?;
        Ok(made)
    }

    /// Runs `work` in a transaction. Nothing is synced: who reads it is this process.
    fn write<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T>) -> Result<T> {
        let folder = &self.folder;
        let mut transaction = self.database.begin_write().map_err(fault(folder))?;
        transaction.set_durability(Durability::None).map_err(fault(folder))?;
        let done = work(&transaction)?;
        transaction.commit().map_err(fault(folder))?;
        Ok(done)
    }

    fn table<K: redb::Key, V: redb::Value>(
        &self,
        table: TableDefinition<K, V>,
    ) -> Result<ReadOnlyTable<K, V>> {
        let transaction = self.database.begin_read().map_err(unread(&self.folder))?;
        transaction.open_table(table).map_err(unread(&self.folder))
    }

    /// Fills it with what `walk` hands to the listing.
    pub fn list(&self, walk: impl FnOnce(&mut Listing) -> Result<()>) -> Result<()> {
        self.write(|transaction| {
            let mut listing = Listing {
                folder: &self.folder,
                found: transaction.open_table(FOUND).map_err(fault(&self.folder))?,
                names: transaction.open_table(NAMES).map_err(fault(&self.folder))?,
                skipped: transaction.open_table(SKIPPED).map_err(fault(&self.folder))?,
                count: 0,
            };
            walk(&mut listing)
        })
    }

    /// How many items were found.
    pub fn found(&self) -> Result<usize> {
        Ok(self.table(FOUND)?.len().map_err(unread(&self.folder))? as usize)
    }

    /// The first `take` of what was found, in the set's order.
    pub fn items(&self, take: usize) -> Result<impl Iterator<Item = Result<Item>>> {
        let rows = self.table(FOUND)?.range::<&[u8]>(..).map_err(unread(&self.folder))?;
        let folder = self.folder.clone();
        Ok(rows.take(take).map(move |row| {
            let (_, value) = row.map_err(unread(&folder))?;
            let (name, place, side) = value.value();
            let side = match side {
                1 => Some(Side::Train),
                2 => Some(Side::HeldOut),
                _ => None,
            };
            Ok(Item { name: name.to_string(), place: place_of(place, &folder)?, side })
        }))
    }

    /// Files what `fill` hands over, then numbers what is to be learned, and forgets what was only found.
    pub fn file(&self, fill: impl FnOnce(&mut Filing) -> Result<()>) -> Result<Counts> {
        let folder = &self.folder;
        self.write(|transaction| {
            let mut filing = Filing {
                folder,
                photos: transaction.open_table(PHOTOS).map_err(fault(folder))?,
                numbers: transaction.open_table(NUMBERS).map_err(fault(folder))?,
                skipped: transaction.open_table(SKIPPED).map_err(fault(folder))?,
                counts: Counts::default(),
            };
            filing.counts.skipped = filing.skipped.len().map_err(fault(folder))? as u32;
            fill(&mut filing)?;
            let Filing { photos, numbers, skipped, counts, .. } = filing;
            drop((photos, skipped));
            let mut learned = transaction.open_table(LEARNED).map_err(fault(folder))?;
            let mut rank = 0;
            for row in numbers.range::<&[u8; 32]>(..).map_err(fault(folder))? {
                let (number, held_out) = row.map_err(fault(folder))?.1.value();
                if !held_out {
                    learned.insert(rank, number).map_err(fault(folder))?;
                    rank += 1;
                }
            }
            drop((learned, numbers));
            transaction.delete_table(FOUND).map_err(fault(folder))?;
            transaction.delete_table(NAMES).map_err(fault(folder))?;
            Ok(counts)
        })
    }

    /// All photos in the set's order.
    pub fn entries(&self) -> Result<Entries> {
        let rows = self.table(PHOTOS)?.range::<u32>(..).map_err(unread(&self.folder))?;
        Ok(Entries { rows, folder: self.folder.clone() })
    }

    /// Whether the photo `id` is there, and then its number and whether it is held out.
    pub fn number(&self, id: &Id) -> Result<Option<(u32, bool)>> {
        let found = self.table(NUMBERS)?.get(id.bytes()).map_err(unread(&self.folder))?;
        Ok(found.map(|found| found.value()))
    }

    /// Photo `number`, and where it lies.
    pub fn photo(&self, number: u32) -> Result<(Entry, Place)> {
        let found = self.table(PHOTOS)?.get(number).map_err(unread(&self.folder))?;
        let found = found.ok_or_else(|| lost(&self.folder))?;
        let place = place_of(found.value().2, &self.folder)?;
        Ok((entry_of(found.value()), place))
    }

    /// The number of the photo with rank `rank` among the ids of those that are not held out.
    pub fn learned(&self, rank: u32) -> Result<u32> {
        let found = self.table(LEARNED)?.get(rank).map_err(unread(&self.folder))?;
        found.map(|found| found.value()).ok_or_else(|| lost(&self.folder))
    }

    /// What was skipped, and why.
    pub fn skipped(&self) -> Result<impl Iterator<Item = Result<Skipped>> + use<>> {
        let rows = self.table(SKIPPED)?.range::<&[u8]>(..).map_err(unread(&self.folder))?;
        let folder = self.folder.clone();
        Ok(rows.map(move |row| {
            let (_, value) = row.map_err(unread(&folder))?;
            let (name, problem) = value.value();
            Ok(Skipped { path: name.into(), problem: problem.to_string() })
        }))
    }
}

/// All photos of a catalogue.
pub struct Entries {
    rows: Range<'static, u32, Photo>,
    folder: PathBuf,
}

impl Iterator for Entries {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Result<Entry>> {
        let row = self.rows.next()?.map_err(unread(&self.folder));
        Some(row.map(|(_, value)| entry_of(value.value())))
    }
}

fn entry_of((id, name, _, held_out): (&[u8; 32], &str, &[u8], bool)) -> Entry {
    Entry { id: Id::from_bytes(*id), path: name.into(), held_out }
}

fn place_of(bytes: &[u8], folder: &Path) -> Result<Place> {
    Place::from_bytes(bytes).ok_or_else(|| lost(folder))
}

fn lost(folder: &Path) -> Error {
    unread(folder)(redb::StorageError::Corrupted("an entry is missing".into()))
}

/// The words for what the database says while it is written.
fn fault<E: Into<redb::Error>>(folder: &Path) -> impl FnOnce(E) -> Error + use<E> {
    let folder = folder.to_path_buf();
    move |error| match error.into() {
        redb::Error::Io(error) => Error::write(folder)(error),
        error => refused(&folder, &error),
    }
}

/// The same while it is read.
fn unread<E: Into<redb::Error>>(folder: &Path) -> impl FnOnce(E) -> Error + use<E> {
    let folder = folder.to_path_buf();
    move |error| match error.into() {
        redb::Error::Io(error) => Error::read(folder)(error),
        error => refused(&folder, &error),
    }
}

fn refused(folder: &Path, error: &redb::Error) -> Error {
    let what = format!("list of the photos, a temporary file in `{}`", folder.display());
    Error::input(what, error.to_string(), "leave the disk alone and start again")
}
