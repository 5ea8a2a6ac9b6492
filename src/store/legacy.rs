//! `checkpoint.safetensors`, the state of a run as it was kept before the store: theta and all rows in one file.

use std::fs;
use std::path::Path;

use super::atomic::replace_file;
use super::open_tensors;
use super::state::{Head, Layout, PENDING_BYTES, Rounding, RowKey, StateStore};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::nn::State;

const ROWS: &str = "latents";

/// What the file holds.
#[derive(Debug)]
pub(super) struct Legacy {
    pub head: Head,
    pub tensors: State,
    keys: Vec<RowKey>,
    /// `[N, P]` row-major
    rows: Vec<f32>,
}

/// Reads the file `path` of a run of `config`.
///
/// # Errors
/// A file that cannot be read, is damaged, or has rows of another length.
pub(super) fn read(path: &Path, config: &Config) -> Result<Legacy> {
    let (mut tensors, mut head) = open_tensors(path)?;
    let damaged = |problem: &str| {
        let remedy = "take another copy of the run, or train anew in another folder";
        Error::model(path, problem, remedy)
    };
    let names = head.remove("keys").ok_or_else(|| damaged("it has no keys"))?;
    let keys: Vec<RowKey> = names.split_whitespace().map(RowKey::named).collect::<Result<_>>()?;
    let rows = tensors.remove(ROWS).ok_or_else(|| damaged("it has no latents"))?;
    if rows.shape().as_slice() != [keys.len(), config.latent.row_len()] {
        return Err(damaged(&format!("its latents are {:?}", rows.shape().as_slice())));
    }
    let rows = rows.try_into_vec::<f32>().map_err(|e| damaged(&format!("{e:?}")))?;
    // From before a minibatch could be split it says nothing: it was never another.
    head.entry("batch".into()).or_insert_with(|| config.train.batch.to_string());
    Ok(Legacy { head, tensors, keys, rows })
}

impl Legacy {
    /// Writes it as the store `path`, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Write`]; a number that is not finite.
    pub fn write(&self, path: &Path, layout: Layout) -> Result<()> {
        replace_file(path, |partial| {
            // The store makes its file itself.
            fs::remove_file(partial).map_err(Error::write(path))?;
            let mut store = StateStore::create(partial, layout)?;
            for (key, row) in self.keys.iter().zip(self.rows.chunks_exact(layout.row_len)) {
                store.put(&[*key], &[row], Rounding::Nearest)?;
                if store.pending_bytes() >= PENDING_BYTES {
                    store.commit(&self.head, &self.tensors)?;
                }
            }
            store.commit(&self.head, &self.tensors)
        })
    }
}
