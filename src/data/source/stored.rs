//! A file that is read at any place from any thread.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rawzip::ReaderAt;

use super::damaged;
use crate::data::at::{read_at, read_exact_at};
use crate::error::{Error, Result};

/// An open file. Clones share it, and each reads from its own position.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    file: Arc<File>,
    path: Arc<PathBuf>,
    len: u64,
    position: u64,
}

impl Stored {
    /// # Errors
    /// It cannot be opened, or is no file.
    pub(super) fn open(path: &Path) -> Result<Self> {
        // Asked before it is opened: opening a pipe would wait for whoever writes into it.
        if !fs::metadata(path).map_err(Error::read(path))?.is_file() {
            return Err(damaged(path, "it is no file", "name a file"));
        }
        let file = File::open(path).map_err(Error::read(path))?;
        let about = file.metadata().map_err(Error::read(path))?;
        let (file, path) = (Arc::new(file), Arc::new(path.to_path_buf()));
        Ok(Self { file, path, len: about.len(), position: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes when it was opened.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The last part of its path.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Reads from byte `offset` on.
    pub(super) fn reader(&self, offset: u64) -> Self {
        Self { position: offset, ..self.clone() }
    }

    /// `len` bytes from byte `offset` on, at most `limit`.
    ///
    /// # Errors
    /// More than the limit, or than the file has.
    pub(super) fn span(&self, offset: u64, len: u64, limit: u64) -> Result<Vec<u8>> {
        if len > limit {
            let problem = format!("{len} bytes at byte {offset}; the limit is {}", size(limit));
            return Err(damaged(&self.path, problem, "make that picture smaller"));
        }
        if offset.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(self.cut_short(offset, len));
        }
        let mut bytes = vec![0; len as usize];
        match read_exact_at(&self.file, &mut bytes, offset) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.cut_short(offset, len))
            }
            Err(error) => Err(Error::read(&*self.path)(error)),
        }
    }

    /// The file ends before the `len` bytes that should be at byte `offset`.
    pub(super) fn cut_short(&self, offset: u64, len: u64) -> Error {
        let end = self.len;
        let problem = format!(
            "it was cut short: it ends at byte {end}, and {len} bytes are expected at byte {offset}"
        );
        damaged(&self.path, problem, "copy or download it again")
    }
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file, buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl ReaderAt for Stored {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        read_at(&self.file, buffer, offset)
    }
}

impl Seek for Stored {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// A limit as people read it.
pub(super) fn size(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
