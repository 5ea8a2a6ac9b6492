//! Where a store lies: a file, and in tests a disk that fails.

use std::path::{Path, PathBuf};

use redb::{Builder, Database, WriteTransaction};

use super::CACHE_BYTES;
use super::fault::{Doing, Fault, guarded};
use crate::error::{Error, Result};
use crate::store::atomic::replace_file;

#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    #[cfg(test)]
    disk: Option<super::disk::Disk>,
}

impl Place {
    pub fn file(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            #[cfg(test)]
            disk: None,
        }
    }

    #[cfg(test)]
    pub fn disk(disk: &super::disk::Disk) -> Self {
        Self { path: PathBuf::from("a/state.redb"), disk: Some(disk.clone()) }
    }

    /// What errors name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the database and has `fill` write into it. Only when that is on disk the file has its name: one that a
    /// power cut left half made would be no database at all.
    pub fn make(&self, fill: impl FnOnce(&Database) -> Result<(), Fault>) -> Result<()> {
        let make = |database: Result<Database, redb::DatabaseError>| {
            let database = database?;
            fill(&database)?;
            Ok(database.close()?)
        };
        let writing = Doing::Writing(1 << 20);
        #[cfg(test)]
        if let Some(disk) = &self.disk {
            return guarded(&self.path, writing, || {
                make(builder().create_with_backend(disk.clone()))
            });
        }
        if self.path.exists() {
            let remedy = "open it, or choose another folder";
            return Err(Error::model(&self.path, "it is there already", remedy));
        }
        replace_file(&self.path, |partial| {
            guarded(&self.path, writing, || make(builder().create(partial)))
        })
    }

    /// Opens what [`make`](Self::make) made.
    pub fn open(&self) -> Result<Database, Fault> {
        #[cfg(test)]
        if let Some(disk) = &self.disk {
            return Ok(builder().create_with_backend(disk.clone())?);
        }
        Ok(builder().open(&self.path)?)
    }
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// A transaction that is on disk when it is committed, and a file that opens at once after a crash.
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(redb::Durability::Immediate)?;
    // Otherwise all of it is read to learn which pages are free: two minutes of a 40 GB file at 360 MB/s.
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// Lets go of the file. Closing writes, and what is damaged may panic there; all that was committed is on disk already.
pub(super) fn close(database: Option<Database>) {
    let _ = crate::guarded::guarded(|| drop(database));
}
