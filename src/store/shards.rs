//! The rows of a store as safetensors files of a bounded size, with an index, as Hugging Face names them.
//!
//! ```text
//! latents-00001-of-00002.safetensors   phi.00001 [n, P] | id.00001 [n, 32] | flipped.00001 [n]
//! latents.safetensors.index.json       {"metadata": {..}, "weight_map": {"phi.00001": "latents-00001-..", ..}}
//! ```
//! All lengths are known before the first row is read, so a header is written first and the numbers after it as they
//! come: however many rows there are, one is in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use burn::tensor::bf16;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde_json::json;

use super::state::{Keys, RowFormat, RowKey, Rows, StateStore};
use super::write_atomically;
use crate::error::{Error, Result};

/// Bytes of a photo's id.
pub(super) const ID: usize = RowKey::BYTES - 1;

/// The index of the shards.
pub(crate) const INDEX: &str = "latents.safetensors.index.json";

/// How rows are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shards {
    pub rows: u64,
    /// Numbers of a row, P.
    pub row_len: usize,
    pub format: RowFormat,
    /// Rows of every file but the last.
    pub rows_each: u64,
}

impl Shards {
    /// Those of `store`, no file of more than `bytes`, but of one row at least.
    pub fn of(store: &StateStore, bytes: u64) -> Self {
        let layout = store.layout();
        let row = (layout.row_len * layout.format.bytes() + RowKey::BYTES) as u64;
        let rows_each = (bytes.saturating_sub(HEADER) / row).max(1);
        Self { rows: store.count(), row_len: layout.row_len, format: layout.format, rows_each }
    }

    pub fn count(&self) -> u64 {
        self.rows.div_ceil(self.rows_each)
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.rows * self.row_bytes() + self.count() * (HEADER + 400)
    }

    fn row_bytes(&self) -> u64 {
        (self.row_len * self.format.bytes() + RowKey::BYTES) as u64
    }

    pub fn file_name(&self, number: u64) -> String {
        format!("latents-{number:05}-of-{:05}.safetensors", self.count())
    }

    /// The rows of the file `number`, from 1 on.
    fn rows_of(&self, number: u64) -> Range<u64> {
        (number - 1) * self.rows_each..(number * self.rows_each).min(self.rows)
    }

    /// Writes all files into `folder`; `watch` hears how many rows are written, and may stop it.
    ///
    /// # Errors
    /// [`Error::Write`]; a store that is damaged; [`Error::Stopped`].
    pub fn write(
        &self,
        store: &StateStore,
        folder: &Path,
        watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut from = Source { rows: store.rows()?, ids: store.keys()?, flips: store.keys()? };
        let mut map = BTreeMap::new();
        for number in 1..=self.count() {
            let name = self.file_name(number);
            self.write_one(number, &folder.join(&name), &mut from, watch)?;
            for (tensor, _) in self.tensors(number) {
                map.insert(tensor, name.clone());
            }
        }
        let metadata = json!({
            "total_size": self.rows * self.row_bytes(),
            "rows": self.rows,
            "row_len": self.row_len,
        });
        let index = json!({ "metadata": metadata, "weight_map": map });
        let path = folder.join(INDEX);
        let bytes = serde_json::to_vec_pretty(&index).map_err(|e| Error::write(&path)(e.into()))?;
        write_atomically(path, &bytes)
    }

    /// The tensors of a file in the order of their bytes: with rows first, numbers lie at multiples of their size.
    fn tensors(&self, number: u64) -> [(String, TensorInfo); 3] {
        let rows = self.rows_of(number);
        let n = (rows.end - rows.start) as usize;
        let dtype = match self.format {
            RowFormat::F32 => Dtype::F32,
            RowFormat::Bf16 => Dtype::BF16,
        };
        let mut end = 0;
        let mut entry = |name: &str, dtype, shape: Vec<usize>, bytes: usize| {
            let data_offsets = (end, end + n * bytes);
            end += n * bytes;
            (format!("{name}.{number:05}"), TensorInfo { dtype, shape, data_offsets })
        };
        [
            entry("phi", dtype, vec![n, self.row_len], self.row_len * self.format.bytes()),
            entry("id", Dtype::U8, vec![n, ID], ID),
            entry("flipped", Dtype::U8, vec![n], 1),
        ]
    }

    fn write_one(
        &self,
        number: u64,
        path: &Path,
        from: &mut Source,
        watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<()> {
        let wrong =
            |e: &dyn std::fmt::Display| Error::write(path)(std::io::Error::other(e.to_string()));
        let header = Metadata::new(None, self.tensors(number).to_vec()).map_err(|e| wrong(&e))?;
        let mut header = serde_json::to_vec(&header).map_err(|e| wrong(&e))?;
        header.resize(header.len().next_multiple_of(8), b' ');

        let mut out = Out::create(path)?;
        out.write(&(header.len() as u64).to_le_bytes())?;
        out.write(&header)?;
        let rows = self.rows_of(number);
        for at in rows.clone() {
            let (_, row) = next(&mut from.rows, path)?;
            out.write(&self.bytes_of(&row))?;
            if watch(at + 1).is_break() {
                return Err(Error::stopped("writing latents: nothing of them is kept"));
            }
        }
        for _ in rows.clone() {
            out.write(next(&mut from.ids, path)?.id().bytes())?;
        }
        for _ in rows {
            out.write(&[u8::from(next(&mut from.flips, path)?.flipped())])?;
        }
        out.finish()
    }

    /// As the store keeps it: what was rounded when it was put is not rounded again.
    fn bytes_of(&self, row: &[f32]) -> Vec<u8> {
        match self.format {
            RowFormat::F32 => row.iter().flat_map(|number| number.to_le_bytes()).collect(),
            RowFormat::Bf16 => {
                row.iter().flat_map(|number| bf16::from_f32(*number).to_le_bytes()).collect()
            }
        }
    }
}

/// Bytes that a header has at most.
const HEADER: u64 = 512;

/// Each in the order of the keys, read as it is asked for.
struct Source {
    rows: Rows,
    ids: Keys,
    flips: Keys,
}

fn next<T>(rows: &mut impl Iterator<Item = Result<T>>, path: &Path) -> Result<T> {
    rows.next().unwrap_or_else(|| {
        Err(Error::model(path, "rows are missing", "let no other program change the run meanwhile"))
    })
}

struct Out {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Out {
    fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(Error::write(path))?;
        Ok(Self { path: path.to_path_buf(), file: BufWriter::with_capacity(1 << 20, file) })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::write(&self.path))
    }

    fn finish(mut self) -> Result<()> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        written.map_err(Error::write(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_parted_into_files_of_no_more_than_was_said() {
        let shards =
            |bytes| Shards { rows: 10, row_len: 100, format: RowFormat::F32, rows_each: bytes };
        for (rows_each, count, last) in
            [(1, 10, 9..10), (4, 3, 8..10), (5, 2, 5..10), (99, 1, 0..10)]
        {
            let shards = shards(rows_each);
            assert_eq!((shards.count(), shards.rows_of(shards.count())), (count, last));
        }
        assert_eq!(shards(4).file_name(3), "latents-00003-of-00003.safetensors");
        let header = Metadata::new(None, shards(4).tensors(1).to_vec()).unwrap();
        assert_eq!(header.data_len(), 4 * (400 + 33));
        // With numbers of twenty digits everywhere it is longer than any other.
        let longest =
            Shards { rows: 1 << 38, row_len: 1 << 20, format: RowFormat::Bf16, rows_each: 1 << 38 };
        let header = serde_json::to_vec(&Metadata::new(None, longest.tensors(1).to_vec()).unwrap());
        assert!((header.unwrap().len() as u64) < HEADER - 16);
    }
}
