//! The rows that were exported, read back: what [`Shards`](super::Shards) wrote, one row at a time.
//!
//! The files may come from anywhere: names stay in the folder, headers are short, and every length is checked against the
//! file before a number is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use burn::tensor::bf16;
use safetensors::tensor::{Dtype, Metadata};
use serde::Deserialize;

use super::header::cut;
use super::shards::{ID, INDEX};
use super::state::RowKey;
use crate::error::{Error, Result};

/// Bytes of an index at most: of a hundred thousand files.
const LONGEST_INDEX: u64 = 64 << 20;
/// Bytes of a header at most.
const LONGEST: u64 = 1 << 20;
/// Files of an export at most, and numbers of a row.
const MOST_FILES: usize = 100_000;
const MOST_NUMBERS: usize = 1 << 28;

/// See the module.
#[derive(Debug)]
pub(crate) struct ShardRows {
    files: Vec<Shard>,
    row_len: usize,
}

/// One file and where in it what lies.
#[derive(Debug, Clone)]
struct Shard {
    path: PathBuf,
    rows: usize,
    dtype: Dtype,
    /// From the file's beginning.
    phi: u64,
    ids: u64,
    flips: u64,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl ShardRows {
    /// The rows in `folder`.
    ///
    /// # Errors
    /// A file that cannot be read, or is none of an export.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(INDEX);
        let bytes = read_most(&path, LONGEST_INDEX)?;
        let index: Index = serde_json::from_slice(&bytes)
            .map_err(|e| damaged(&path, format!("it is no index ({})", cut(&e))))?;
        let names: BTreeSet<&String> = index.weight_map.values().collect();
        if names.len() > MOST_FILES {
            return Err(damaged(&path, format!("it names {} files", names.len())));
        }
        let (mut files, mut row_len) = (Vec::with_capacity(names.len()), None);
        for name in names {
            if Path::new(name).file_name() != Some(name.as_ref()) {
                return Err(damaged(&path, format!("`{}` is no file of its folder", cut(name))));
            }
            let (shard, width) = Shard::open(&folder.join(name))?;
            if *row_len.get_or_insert(width) != width {
                return Err(damaged(
                    &shard.path,
                    format!("its rows are of {width} numbers, others not"),
                ));
            }
            files.push(shard);
        }
        Ok(Self { files, row_len: row_len.unwrap_or(0) })
    }

    pub fn count(&self) -> u64 {
        self.files.iter().map(|file| file.rows as u64).sum()
    }

    pub fn row_len(&self) -> usize {
        self.row_len
    }

    /// All rows in the order of the files, read one by one as they are asked for. An error is the last thing it gives.
    pub fn rows(&self) -> impl Iterator<Item = Result<(RowKey, Vec<f32>)>> + '_ {
        let mut failed = false;
        self.files
            .iter()
            .flat_map(move |file| -> Box<dyn Iterator<Item = Result<(RowKey, Vec<f32>)>>> {
                match file.rows(self.row_len) {
                    Ok(rows) => Box::new(rows),
                    Err(error) => Box::new(std::iter::once(Err(error))),
                }
            })
            .take_while(move |row| !std::mem::replace(&mut failed, row.is_err()))
    }
}

impl Shard {
    /// The file `path`, and how many numbers its rows have.
    fn open(path: &Path) -> Result<(Self, usize)> {
        let mut file = File::open(path).map_err(Error::read(path))?;
        let length = file.metadata().map_err(Error::read(path))?.len();
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(Error::read(path))?;
        let size = u64::from_le_bytes(size);
        if size > LONGEST || size + 8 > length {
            return Err(damaged(path, format!("its header would have {size} bytes")));
        }
        let mut bytes = Vec::new();
        file.take(size).read_to_end(&mut bytes).map_err(Error::read(path))?;
        // The library knows its format: no gap, no overlap, shapes that fit, no number that overflows.
        let listed: Metadata = serde_json::from_slice(&bytes)
            .map_err(|e| damaged(path, format!("its header cannot be read ({})", cut(&e))))?;
        if (8 + size).saturating_add(listed.data_len() as u64) != length {
            return Err(damaged(path, format!("it has {length} bytes, and others by its header")));
        }
        let of =
            |kind| tensor(&listed, kind).ok_or_else(|| damaged(path, format!("it has no {kind}")));
        let (phi, ids, flips) = (of("phi")?, of("id")?, of("flipped")?);
        let shape = (&phi.shape[..], &ids.shape[..], &flips.shape[..]);
        let (&[rows, width], &[same, ID], &[also]) = shape else {
            return Err(damaged(path, "its tensors are not those of rows".into()));
        };
        let is_row = (1..=MOST_NUMBERS).contains(&width) && same == rows && also == rows;
        let is_typed = matches!(phi.dtype, Dtype::F32 | Dtype::BF16)
            && [ids.dtype, flips.dtype] == [Dtype::U8, Dtype::U8];
        if !is_row || !is_typed {
            return Err(damaged(path, "its tensors are not those of rows".into()));
        }
        let at = |info: &safetensors::tensor::TensorInfo| 8 + size + info.data_offsets.0 as u64;
        let (dtype, path) = (phi.dtype, path.to_path_buf());
        let shard = Self { path, rows, dtype, phi: at(phi), ids: at(ids), flips: at(flips) };
        Ok((shard, width))
    }

    fn rows(
        &self,
        width: usize,
    ) -> Result<impl Iterator<Item = Result<(RowKey, Vec<f32>)>> + use<>> {
        let path = self.path.clone();
        let open = |from: u64| {
            let mut file = File::open(&path).map_err(Error::read(&path))?;
            file.seek(SeekFrom::Start(from)).map_err(Error::read(&path))?;
            Ok::<_, Error>(BufReader::with_capacity(1 << 16, file))
        };
        let (mut phi, mut ids, mut flips) = (open(self.phi)?, open(self.ids)?, open(self.flips)?);
        let (rows, dtype) = (self.rows, self.dtype);
        // A file of no rows may say that they are of any width.
        let mut bytes = vec![0; if rows > 0 { width * dtype.bitsize() / 8 } else { 0 }];
        let mut read = move || {
            let (mut id, mut flipped) = ([0; ID], [0]);
            let read = phi.read_exact(&mut bytes).and_then(|()| ids.read_exact(&mut id));
            read.and_then(|()| flips.read_exact(&mut flipped)).map_err(Error::read(&path))?;
            let row: Vec<f32> = match dtype {
                Dtype::F32 => {
                    let numbers = bytes.chunks_exact(4);
                    numbers.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
                }
                _ => {
                    let numbers = bytes.chunks_exact(2);
                    numbers.map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
                }
            };
            if flipped[0] > 1 || row.iter().any(|number| !number.is_finite()) {
                return Err(damaged(&path, "it holds a row that is none".into()));
            }
            Ok((RowKey::new(&id, flipped[0] == 1), row))
        };
        Ok((0..rows).map(move |_| read()))
    }
}

/// The tensor `KIND.NNNNN`.
fn tensor<'a>(listed: &'a Metadata, kind: &str) -> Option<&'a safetensors::tensor::TensorInfo> {
    let tensors = listed.tensors();
    let name =
        tensors.keys().find(|name| name.rsplit_once('.').is_some_and(|(own, _)| own == kind));
    listed.info(name?)
}

fn damaged(path: &Path, problem: String) -> Error {
    Error::model(path, problem, "take another copy of the folder, or export the run anew")
}

/// The bytes of the file `path`, no more than `most`.
fn read_most(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::read(path))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(Error::read(path))?;
    match bytes.len() as u64 > most {
        true => Err(damaged(path, format!("it has more than {most} bytes"))),
        false => Ok(bytes),
    }
}
