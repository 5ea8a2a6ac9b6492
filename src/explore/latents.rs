//! The rows phi of training, as they are gone through again and again: from the store of a run, or from the files of an
//! export; from memory where all of them fit into it.
//!
//! They come in the order of their keys, which are hashes of files: the first so many are a draw of photos by chance, each
//! followed by its mirrored copy. A copy is an image that the model learned, with a phi of its own (f is not symmetric), so
//! it counts as one more row. Photos are held out by another hash, a copy with its photo.

use std::path::Path;

use super::Rows;
use crate::data::{Id, is_held_out};
use crate::error::{Error, Result};
use crate::store::state::{RowKey, StateStore};
use crate::store::{INDEX, Lock, ShardRows};
use crate::train::Run;

/// See the module.
#[derive(Debug)]
pub struct Latents {
    source: Source,
    /// Rows that are there.
    there: u64,
    width: usize,
    /// Rows that are taken at most.
    most: usize,
    /// Share of the photos that is held out.
    hold_out: f64,
    /// Bytes of rows that may be held in memory.
    memory: u64,
    held: Option<Vec<(RowKey, Vec<f32>)>>,
}

#[derive(Debug)]
enum Source {
    Run { store: Box<StateStore>, _lock: Lock },
    Files(ShardRows),
}

/// The rows that are learned from, or those that are held out.
#[derive(Debug)]
pub struct Side<'a> {
    latents: &'a Latents,
    held_out: bool,
}

impl Latents {
    /// The rows of the run in `folder`, else those that were exported into it.
    ///
    /// # Errors
    /// A folder without any; a run in training, or whose latents are not of its model; a file that is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let run = Run::at(folder);
        let source = if run.exists() {
            let (store, _lock) = run.settled_rows("or name an export that has latents")?;
            Source::Run { store: Box::new(store), _lock }
        } else if folder.join(INDEX).is_file() {
            Source::Files(ShardRows::open(folder)?)
        } else {
            let problem = "there are no latents in it, and no sampler that was made of them";
            let remedy =
                "name the run itself, or export it anew after `lacuna sample`, or with --latents";
            return Err(Error::model(folder, problem, remedy));
        };
        let (there, width) = match &source {
            Source::Run { store, .. } => (store.count(), store.layout().row_len),
            Source::Files(files) => (files.count(), files.row_len()),
        };
        if there == 0 {
            return Err(Error::model(folder, "it has learned no photo yet", "train it first"));
        }
        Ok(Self { source, there, width, most: usize::MAX, hold_out: 0.0, memory: 0, held: None })
    }

    /// Only the first `most` rows, `hold_out` of the photos held out, at most `memory` bytes of them held in memory.
    #[must_use]
    pub fn taking(self, most: usize, hold_out: f64, memory: u64) -> Self {
        Self { most, hold_out, memory, ..self }
    }

    /// Rows that are taken.
    pub fn rows(&self) -> usize {
        self.most.min(usize::try_from(self.there).unwrap_or(usize::MAX))
    }

    /// Numbers of a row, P.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Bytes of rows that are held in memory: all of them, or none.
    pub fn held_bytes(&self) -> u64 {
        let bytes = self.rows() as u64 * (self.width * size_of::<f32>()) as u64;
        if bytes <= self.memory { bytes } else { 0 }
    }

    /// Reads them into memory, if they may be held there.
    ///
    /// # Errors
    /// A file that is damaged; those of `tick`, which hears how many there are by now.
    pub fn hold(&mut self, tick: &mut dyn FnMut(usize) -> Result<()>) -> Result<()> {
        if self.held_bytes() > 0 && self.held.is_none() {
            let mut held = Vec::with_capacity(self.rows());
            self.through(&mut |key, row| {
                held.push((*key, row.to_vec()));
                tick(held.len())
            })?;
            self.held = Some(held);
        }
        Ok(())
    }

    /// Those that are held out, or the others.
    pub fn side(&self, held_out: bool) -> Side<'_> {
        Side { latents: self, held_out }
    }

    fn is_held_out(&self, key: &RowKey) -> bool {
        // The id itself says whether the run held the photo out.
        is_held_out(&Id::of(key.id().bytes()), self.hold_out)
    }

    fn through(&self, take: &mut dyn FnMut(&RowKey, &[f32]) -> Result<()>) -> Result<()> {
        let taking = |entry: Result<(RowKey, Vec<f32>)>| {
            let (key, row) = entry?;
            take(&key, &row)
        };
        match (&self.held, &self.source) {
            (Some(held), _) => held.iter().try_for_each(|(key, row)| take(key, row)),
            (None, Source::Run { store, .. }) => {
                store.rows()?.take(self.rows()).try_for_each(taking)
            }
            (None, Source::Files(files)) => files.rows().take(self.rows()).try_for_each(taking),
        }
    }
}

impl Side<'_> {
    /// How many rows these are, and how many of them of mirrored copies; of a run by its keys alone.
    ///
    /// # Errors
    /// A file that is damaged.
    pub fn count(&self) -> Result<(usize, usize)> {
        let (mut rows, mut mirrored) = (0, 0);
        let mut count = |key: &RowKey| {
            if self.latents.is_held_out(key) == self.held_out {
                rows += 1;
                mirrored += usize::from(key.flipped());
            }
            Ok(())
        };
        match (&self.latents.held, &self.latents.source) {
            (None, Source::Run { store, .. }) => {
                store.keys()?.take(self.latents.rows()).try_for_each(|key| count(&key?))?;
            }
            _ => self.latents.through(&mut |key, _| count(key))?,
        }
        Ok((rows, mirrored))
    }
}

impl Rows for Side<'_> {
    fn width(&self) -> usize {
        self.latents.width
    }

    fn each(&self, take: &mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()> {
        self.latents.through(&mut |key, row| match self.latents.is_held_out(key) == self.held_out {
            true => take(row),
            false => Ok(()),
        })
    }
}
