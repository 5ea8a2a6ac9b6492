//! The order of training: shuffled by a seed, then minibatch after minibatch, pass after pass (SPEC 2.1).

use super::shuffle::{Shuffle, batches_of};
use super::{Id, Photos};
use crate::error::{Error, Result};
use crate::image::Picture;

/// What parts the name of a mirrored copy's row from its photo's.
pub(crate) const FLIP: &str = "/flip";

/// One row of the latent store: a photo, or its mirrored copy as an image of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub id: Id,
    pub flipped: bool,
}

impl Row {
    /// The name of the row: the photo's id, `id/flip` for the mirrored copy.
    pub fn key(&self) -> String {
        if self.flipped { format!("{}{FLIP}", self.id) } else { self.id.to_string() }
    }

    /// Its picture, mirrored where the row says so.
    ///
    /// # Errors
    /// As [`Photos::picture`].
    pub fn picture(&self, photos: &Photos) -> Result<Picture> {
        let picture = photos.picture(&self.id)?;
        Ok(if self.flipped { picture.flipped() } else { picture })
    }
}

/// Deals out minibatches of the photos that are learned. What it deals follows from their contents, the seed and the
/// visit's number, so there is no state to save but that number.
#[derive(Debug)]
pub struct Sampler<'a> {
    photos: &'a Photos,
    flip: bool,
    shuffle: Shuffle,
}

impl<'a> Sampler<'a> {
    /// Of `photos` that are not held out, with `flip` their mirrored copies too, in minibatches of at most `batch`.
    /// `reshuffle`: every pass in an order of its own, else all in that of the first.
    ///
    /// # Errors
    /// More than 4 billion rows.
    pub fn new(
        photos: &'a Photos,
        flip: bool,
        batch: usize,
        seed: u64,
        reshuffle: bool,
    ) -> Result<Self> {
        let rows = photos.learned() << usize::from(flip);
        let rows = u32::try_from(rows).map_err(|_| {
            Error::input("photos", format!("{rows} rows are too many"), "take fewer with --take")
        })?;
        Ok(Self { photos, flip, shuffle: Shuffle::new(rows, batch, seed, reshuffle) })
    }

    /// Minibatches that `rows` rows make.
    pub fn batches_of(rows: usize, batch: usize) -> usize {
        batches_of(rows, batch)
    }

    /// All rows.
    pub fn rows(&self) -> usize {
        self.shuffle.len() as usize
    }

    /// Minibatches in one pass.
    pub fn batches(&self) -> usize {
        self.shuffle.batches()
    }

    /// The first `count` rows of the first pass.
    ///
    /// # Errors
    /// The list of the photos cannot be read.
    pub fn first(&self, count: usize) -> Result<Vec<Row>> {
        self.rows_of(&self.shuffle.first(count))
    }

    /// The minibatch of visit number `visit`, counted from 0 over all passes.
    ///
    /// # Errors
    /// The list of the photos cannot be read.
    pub fn minibatch(&self, visit: u64) -> Result<Vec<Row>> {
        self.rows_of(&self.shuffle.minibatch(visit))
    }

    /// Rows are numbered by the ids of their photos, a mirrored copy after its photo.
    fn rows_of(&self, numbers: &[u32]) -> Result<Vec<Row>> {
        let row = |&number: &u32| {
            let (rank, flipped) = match self.flip {
                true => (number / 2, number % 2 == 1),
                false => (number, false),
            };
            Ok(Row { id: self.photos.learned_id(rank)?, flipped })
        };
        numbers.iter().map(row).collect()
    }
}
