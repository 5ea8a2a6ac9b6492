//! Ids by themselves.

use std::path::Path;

use redb::ReadableTableMetadata;

use super::{Catalogue, NUMBERS, fault};
use crate::data::Id;
use crate::error::Result;

/// A set of ids on disk, in a file that is gone with the process.
#[derive(Debug)]
pub struct IdSet(Catalogue);

impl IdSet {
    /// The set that `fill` hands over, in a file without a name in `folder`.
    ///
    /// # Errors
    /// Those of `fill`; [`Error::Write`](crate::error::Error::Write).
    pub fn of(
        folder: &Path,
        fill: impl FnOnce(&mut dyn FnMut(Id) -> Result<()>) -> Result<()>,
    ) -> Result<Self> {
        let set = Catalogue::new(folder)?;
        set.write(|transaction| {
            let mut ids = transaction.open_table(NUMBERS).map_err(fault(folder))?;
            fill(&mut |id| {
                ids.insert(id.bytes(), (0, false)).map_err(fault(folder))?;
                Ok(())
            })
        })?;
        Ok(Self(set))
    }

    /// # Errors
    /// The file cannot be read.
    pub fn contains(&self, id: &Id) -> Result<bool> {
        Ok(self.0.number(id)?.is_some())
    }

    /// How many there are.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn len(&self) -> Result<usize> {
        Ok(self.0.table(NUMBERS)?.len().map_err(fault(&self.0.folder))? as usize)
    }

    /// # Errors
    /// The file cannot be read.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}
