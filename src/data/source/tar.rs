//! A tar of pictures, read where its members lie.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use tar::Archive;

use super::member::listed;
use super::stored::{Stored, size};
use super::{Content, Listed, MAX_ENCODED, Place, Source, damaged, foreign, skipped};
use crate::error::{Error, Result};

/// A tar is a row of blocks of so many bytes.
const BLOCK: u64 = 512;

/// What may be read to learn of one member, in bytes: its header, and what stands before it with a long name or further
/// attributes.
const MAX_ABOUT: u64 = 1 << 20;

/// Why a link is left out: nothing outside the tar is read for it, and what is in the tar is read there.
const LINK: &str = "it is a link; pack the tar with `tar --dereference --hard-dereference`";

/// One file or link in a tar.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// The first byte of its content.
    pub(super) offset: u64,
    pub(super) len: u64,
    /// Another name for what lies elsewhere, in the tar or outside it.
    pub(super) is_link: bool,
}

/// A tar whose headers are read and whose files are passed over. Of what stands before a member the reader keeps all in
/// memory, as much as the tar claims, so that it is given no more than [`MAX_ABOUT`].
struct Headers<'a> {
    tar: Stored,
    left: &'a Cell<u64>,
}

impl Read for Headers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(usize::try_from(self.left.get()).unwrap_or(usize::MAX));
        if len == 0 && !buffer.is_empty() {
            let limit = size(MAX_ABOUT);
            return Err(io::Error::other(format!("its name or attributes are over {limit}")));
        }
        let read = self.tar.read(&mut buffer[..len])?;
        self.left.set(self.left.get() - read as u64);
        Ok(read)
    }
}

impl Seek for Headers<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.tar.seek(to)
    }
}

/// Hands the files and links in `tar` to `each`, in their order; what else there is, as a folder, is passed over.
///
/// # Errors
/// It is no tar, or was cut short: in a member, before one, or before the empty block that closes it.
pub(super) fn members(
    tar: &Stored,
    each: &mut dyn FnMut(Member) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    // Where the member that was read last ends, in whole blocks.
    let mut end = 0;
    let broken = |at: u64, error: &io::Error| {
        let problem = match at + BLOCK > tar.len() {
            true => return tar.cut_short(at, BLOCK),
            false => format!("at byte {at} there is no header of a member ({error})"),
        };
        damaged(tar.path(), problem, "it is no tar, or damaged: copy or download it again")
    };
    let left = Cell::new(MAX_ABOUT);
    let mut archive = Archive::new(Headers { tar: tar.clone(), left: &left });
    for entry in archive.entries_with_seek().map_err(Error::read(tar.path()))? {
        left.set(MAX_ABOUT);
        let entry = entry.map_err(|error| broken(end, &error))?;
        let (offset, len) = (entry.raw_file_position(), entry.size());
        // A sparse file stores less than its size, in pieces; no picture is one.
        let kind = entry.header().entry_type();
        let (is_file, is_link) = (kind.is_file(), kind.is_hard_link() || kind.is_symlink());
        let stored = if is_file { len } else { entry.header().entry_size().unwrap_or(len) };
        if offset.checked_add(stored).is_none_or(|end| end > tar.len()) {
            return Err(tar.cut_short(offset, stored));
        }
        end = (offset + stored).next_multiple_of(BLOCK);
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if (is_file || is_link) && each(Member { name, offset, len, is_link }).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    // Without this, one that was cut at a header would look like a smaller one.
    let mut last = [1; BLOCK as usize];
    let mut reader = tar.clone();
    reader
        .seek(SeekFrom::Start(end))
        .and_then(|_| reader.read_exact(&mut last))
        .map_err(|_| tar.cut_short(end, BLOCK))?;
    match last.iter().all(|&byte| byte == 0) {
        true => Ok(ControlFlow::Continue(())),
        false => Err(broken(end, &io::Error::other("nor the empty block that closes a tar"))),
    }
}

/// A tar of pictures, in its own order.
#[derive(Debug)]
pub(super) struct Tar {
    tar: Stored,
}

impl Tar {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self { tar: Stored::open(path)? })
    }
}

impl Source for Tar {
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        let archive = self.tar.name();
        let _ = members(&self.tar, &mut |Member { name, offset, len, is_link }| {
            let place = Place::Span { file: 0, offset, len };
            let met = match listed(&archive, &name, len, place) {
                Some(Listed::Item { name, .. }) if is_link => Some(skipped(name, LINK)),
                met => met,
            };
            met.map_or(ControlFlow::Continue(()), &mut *each)
        })?;
        Ok(())
    }

    fn read(&self, place: &Place) -> Result<Content> {
        match *place {
            Place::Span { file: 0, offset, len } => {
                Ok(Content::Encoded(self.tar.span(offset, len, MAX_ENCODED)?))
            }
            _ => Err(foreign(place, self.tar.path())),
        }
    }
}
