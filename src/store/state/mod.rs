//! The durable state of a training run in one file: theta, the running statistics, every row and the head, changed
//! together or not at all. A run can be killed at any moment, and a million rows take no more memory than a thousand.
//!
//! ```text
//! put(keys, rows) --> pending, in memory --.
//!                                          |--commit(head, tensors)--> one transaction: rows, tensors, head
//! get(keys) <-- pending, else committed    '-- after an error all of it still waits, and the old state is on disk
//!
//! key.rs      whose row it is                  rows.rs     rows in the database, and their iterators
//! format.rs   f32 or bf16, rounding            tensors.rs  theta in chunks
//! pieces.rs   how a row fills pages            record.rs   layout and head
//! sealed.rs   a checksum on every value        fault.rs    errors, and panics, of the database
//! place.rs    where a store lies               copy.rs     a compact copy
//! needs.rs    bytes of disk
//! ```
//! The database is redb: pages are written beside the old ones, and a commit is the flip of one bit (docs/design.md).

mod copy;
mod fault;
mod format;
mod key;
mod needs;
mod pieces;
mod place;
mod record;
mod rows;
mod sealed;
mod tensors;

#[cfg(test)]
mod damage;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use redb::{Database, ReadTransaction, ReadableDatabase, TableHandle};

pub use format::{Rounding, RowFormat};
pub use key::RowKey;
pub use needs::needs;
pub use record::Layout;
pub use rows::{Keys, Rows};

use crate::error::{Error, Result};
use crate::nn::State;
use fault::{Doing, Fault, damaged, guarded};
use pieces::Cut;
use place::{Place, begin, close};
use record::{Committed, RECORDS};
use rows::Tables;
use tensors::TENSORS;

/// What a caller keeps with the state, such as the step, as text by its name.
pub type Head = BTreeMap<String, String>;

/// The file's name in the folder of a run.
pub const NAME: &str = "state.redb";

/// Bytes that may wait in memory before they are to be committed, usually: at celeba-128 2,700 rows.
pub const PENDING_BYTES: u64 = 256 << 20;

/// Bytes of pages that the database keeps in memory at most. A minibatch reads its rows once and no page of them again
/// for a whole pass, so more only spares pages in the midst of the trees: a millisecond for a minibatch (docs/design.md).
pub(crate) const CACHE_BYTES: usize = 4 << 20;

/// See the module.
#[derive(Debug)]
pub struct StateStore {
    place: Place,
    layout: Layout,
    cut: Cut,
    /// None after a failed commit, when the file could not be opened again either.
    database: Option<Database>,
    committed: Option<Committed>,
    /// Rows as they will be written.
    pending: BTreeMap<RowKey, Vec<u8>>,
}

impl StateStore {
    /// Makes the file `path`, whole or not at all, for rows of `layout`.
    ///
    /// # Errors
    /// A file that is there already; [`Error::Write`]; rows of no numbers.
    pub fn create(path: &Path, layout: Layout) -> Result<Self> {
        Self::create_at(Place::file(path), layout)
    }

    /// Opens the file `path`, which another process must not hold. A file of any size opens at once, after a crash too.
    ///
    /// # Errors
    /// [`Error::Read`]; a file that is damaged, held, of another version or of another kind.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_at(Place::file(path))
    }

    fn create_at(place: Place, layout: Layout) -> Result<Self> {
        let cut = cut_of(&layout)?;
        place.make(|database| {
            let transaction = begin(database)?;
            record::write_layout(&mut transaction.open_table(RECORDS)?, &layout)?;
            transaction.open_table(TENSORS)?;
            rows::create(&transaction, &cut)?;
            Ok(transaction.commit()?)
        })?;
        Self::open_at(place)
    }

    fn open_at(place: Place) -> Result<Self> {
        let (database, layout, committed) = open(&place)?;
        let (cut, database) = (cut_of(&layout)?, Some(database));
        Ok(Self { place, layout, cut, database, committed, pending: BTreeMap::new() })
    }

    /// This store, if its rows are laid out as `layout`.
    ///
    /// # Errors
    /// Another layout.
    pub fn expect(self, layout: Layout) -> Result<Self> {
        if self.layout == layout {
            return Ok(self);
        }
        let words = |Layout { row_len, format }| format!("rows of {row_len} numbers as {format:?}");
        let problem = format!("it holds {}, not {}", words(self.layout), words(layout));
        let remedy = "go on with the configuration of its run, or train in another folder";
        Err(Error::model(self.place.path(), problem, remedy))
    }

    /// How its rows are laid out.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Keeps `rows` as the rows of `keys`, in memory until the next commit. In bf16 they are rounded here, so that
    /// [`get`](Self::get) gives what a resumed run will read.
    ///
    /// # Errors
    /// A row of another length, a number that is not finite, keys and rows of different numbers; then none is kept.
    pub fn put<R: AsRef<[f32]>>(
        &mut self,
        keys: &[RowKey],
        rows: &[R],
        rounding: Rounding,
    ) -> Result<()> {
        if keys.len() != rows.len() {
            let problem = format!("{} were given for {} keys", rows.len(), keys.len());
            return Err(Error::input("rows", problem, "give one for each key"));
        }
        let written = keys.iter().zip(rows).map(|(key, row)| {
            let (row, what) = (row.as_ref(), || format!("row {key}"));
            if row.len() != self.layout.row_len {
                let problem = format!("it has {} numbers", row.len());
                return Err(Error::input(what(), problem, format!("give {}", self.layout.row_len)));
            }
            let bytes = self.layout.format.write(key, row, rounding).ok_or_else(|| {
                let remedy = "training has diverged; lower train.lr_theta or train.lr_phi";
                Error::input(what(), "it holds a number that is not finite", remedy)
            })?;
            Ok((*key, bytes))
        });
        let written = written.collect::<Result<Vec<_>>>()?;
        self.pending.extend(written);
        Ok(())
    }

    /// The rows of `keys`, `[P]` each: as they were put last, committed or not; `None` for one that never was, which
    /// begins at the shared start.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn get(&self, keys: &[RowKey]) -> Result<Vec<Option<Vec<f32>>>> {
        let waits = |key| self.pending.get(key).map(|bytes| self.layout.format.read(bytes));
        if keys.iter().all(|key| self.pending.contains_key(key)) {
            return Ok(keys.iter().map(waits).collect());
        }
        self.reading(|transaction| {
            let tables = Tables::open(transaction, &self.cut)?;
            let row = |key| match waits(key) {
                Some(row) => Ok(Some(row)),
                None => Ok(tables.read(key)?.map(|bytes| self.layout.format.read(&bytes))),
            };
            keys.iter().map(row).collect()
        })
    }

    /// Bytes of the rows that wait for a commit.
    pub fn pending_bytes(&self) -> u64 {
        let row = self.layout.row_len * self.layout.format.bytes() + RowKey::BYTES;
        self.pending.len() as u64 * row as u64
    }

    /// Makes `head`, `tensors` and all pending rows the state on disk: all of them when this returns, through a power
    /// cut too, and none of them before. After an error the last state is on disk, or this one if the error came as it
    /// was being confirmed; the rows still wait, and the commit may be tried again.
    ///
    /// # Errors
    /// [`Error::Write`], with what is needed where the disk is full; a number that is not finite.
    pub fn commit(&mut self, head: &Head, tensors: &State) -> Result<()> {
        let shapes = tensors::shapes(tensors)?;
        if self.database.is_none() {
            self.reopen()?;
        }
        let (waiting, bytes) = (self.pending.len() as u64, tensors::bytes(tensors));
        let needed = needs::commit(&self.cut, waiting, self.count() + waiting, bytes);
        let before = self.committed.as_ref().map_or(0, |committed| committed.rows);
        let written = guarded(self.place.path(), Doing::Writing(needed), || {
            let transaction = begin(self.open_database()?)?;
            let new = rows::write(&transaction, &self.cut, self.pending.iter())?;
            tensors::write(&mut transaction.open_table(TENSORS)?, tensors)?;
            let committed = Committed { head: head.clone(), tensors: shapes, rows: before + new };
            record::write_head(&mut transaction.open_table(RECORDS)?, &committed)?;
            transaction.commit()?;
            Ok(committed)
        });
        match written {
            Ok(committed) => {
                self.committed = Some(committed);
                self.pending.clear();
                Ok(())
            }
            Err(error) => {
                // The database takes no more work after an error. Where the file cannot be opened again now, the next
                // commit tries once more.
                let _ = self.reopen();
                Err(error)
            }
        }
    }

    /// The head of the last commit, if there was one.
    pub fn head(&self) -> Option<&Head> {
        self.committed.as_ref().map(|committed| &committed.head)
    }

    /// The tensors of the last commit; none before the first.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn tensors(&self) -> Result<State> {
        let Some(committed) = &self.committed else { return Ok(State::new()) };
        self.reading(|transaction| {
            tensors::read(&transaction.open_table(TENSORS)?, &committed.tensors)
        })
    }

    /// Rows of the last commit.
    pub fn count(&self) -> u64 {
        self.committed.as_ref().map_or(0, |committed| committed.rows)
    }

    /// Keys of the last commit's rows, in their order, a page at a time.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn keys(&self) -> Result<Keys> {
        self.reading(|transaction| {
            Keys::of(self.place.path(), Tables::open(transaction, &self.cut)?, self.count())
        })
    }

    /// The last commit's rows in the order of their keys, one at a time.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn rows(&self) -> Result<Rows> {
        Ok(Rows { keys: self.keys()?, layout: self.layout })
    }

    /// Writes the last commit as a store of its own, as small as it can be, whole or not at all: an older file `path`
    /// stays until then.
    ///
    /// # Errors
    /// [`Error::Write`]; a file that is damaged, every byte of which is read.
    pub fn copy_to(&self, path: &Path) -> Result<()> {
        let tensors = self.committed.iter().flat_map(|committed| committed.tensors.values());
        let numbers: usize = tensors.map(|shape| shape.iter().product::<usize>()).sum();
        let bytes = needs::live(&self.cut, self.count(), 4 * numbers as u64);
        self.reading(|transaction| Ok(copy::to(transaction, self.place.path(), path, bytes)))?
    }

    fn reading<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T> {
        guarded(self.place.path(), Doing::Reading, || work(&self.open_database()?.begin_read()?))
    }

    fn open_database(&self) -> Result<&Database, Fault> {
        self.database.as_ref().ok_or_else(|| redb::StorageError::PreviousIo.into())
    }

    fn reopen(&mut self) -> Result<()> {
        close(self.database.take());
        let (database, layout, committed) = open(&self.place)?;
        if layout != self.layout {
            let remedy = "let no other program change it while this one works";
            return Err(Error::model(self.place.path(), "it is another store now", remedy));
        }
        (self.database, self.committed) = (Some(database), committed);
        Ok(())
    }
}

impl Drop for StateStore {
    fn drop(&mut self) {
        close(self.database.take());
    }
}

fn open(place: &Place) -> Result<(Database, Layout, Option<Committed>)> {
    guarded(place.path(), Doing::Reading, || {
        let database = place.open()?;
        let transaction = database.begin_read()?;
        let tables: Vec<_> = transaction.list_tables()?.collect();
        if !tables.iter().any(|table| table.name() == RECORDS.name()) {
            return Err(Fault::Other("it is another program's".into(), "name another file"));
        }
        let records = transaction.open_table(RECORDS)?;
        let layout = record::read_layout(&records)?.ok_or_else(|| damaged("it has no layout"))?;
        let committed = record::read_head(&records)?;
        let cut = Cut::of(layout.row_len.saturating_mul(layout.format.bytes()));
        let cut = cut.ok_or_else(|| damaged("its layout is no row's"))?;
        let count = Tables::open(&transaction, &cut)?.count()?;
        if count != committed.as_ref().map_or(0, |committed| committed.rows) {
            return Err(damaged(format!("it has {count} rows and counts others")));
        }
        Ok((database, layout, committed))
    })
}

fn cut_of(layout: &Layout) -> Result<Cut> {
    Cut::of(layout.row_len.saturating_mul(layout.format.bytes())).ok_or_else(|| {
        let problem = format!("{} numbers cannot be a row", layout.row_len);
        Error::input("layout", problem, "take 1 or more, at most 2 GB")
    })
}
