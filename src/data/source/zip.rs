//! A zip of pictures, stored or deflated. Its directory is walked through, never held: an archive of a million pictures
//! takes as much memory as one of ten.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use flate2::read::DeflateDecoder;
use rawzip::{
    CompressionMethod, ErrorKind, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ZipArchive, ZipLocator,
};

use super::member::{listed, too_large};
use super::stored::Stored;
use super::{Content, Listed, MAX_ENCODED, Place, Source, damaged, foreign, skipped};
use crate::error::{Error, Result};

/// Bytes of the header that stands before a member, without its name and what else may follow.
const HEADER: u64 = 30;

/// A zip of pictures, in the order of its own directory.
#[derive(Debug)]
pub(super) struct Zip {
    archive: ZipArchive<Stored>,
}

impl Zip {
    /// # Errors
    /// It does not end as a zip does.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = Stored::open(path)?;
        let len = file.len();
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let found = ZipLocator::new().locate_in_reader(file, &mut buffer, len);
        let archive = found.map_err(|(file, error)| broken(&file, error))?;
        Ok(Self { archive })
    }

    fn file(&self) -> &Stored {
        self.archive.get_ref()
    }

    /// The header at byte `offset`, and where what it stands before begins. What else it says stands in the directory
    /// too, and that is what counts.
    fn header(&self, offset: u64) -> Result<Header> {
        let file = self.file();
        let bytes = file.span(offset, HEADER, HEADER)?;
        if !bytes.starts_with(b"PK\x03\x04") {
            let problem = format!("at byte {offset} there is no header of a member");
            return Err(damaged(file.path(), problem, "copy the archive again"));
        }
        let after = |at: usize| u64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let name = name_of(&file.span(offset + HEADER, after(26), u64::MAX)?);
        Ok(Header { name, start: offset + HEADER + after(26) + after(28) })
    }
}

/// What stands before a member.
struct Header {
    name: String,
    /// The first byte of the member.
    start: u64,
}

impl Source for Zip {
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        let name_of_archive = self.file().name();
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let mut entries = self.archive.entries(&mut buffer);
        let mut count = 0;
        while let Some(entry) = entries.next_entry().map_err(|error| broken(self.file(), error))? {
            count += 1;
            let name = name_of(entry.file_path().as_bytes());
            let method = match entry.compression_method() {
                _ if entry.flags().is_encrypted() => Err("it is encrypted".to_string()),
                CompressionMethod::STORE => Ok(false),
                CompressionMethod::DEFLATE => Ok(true),
                other => Err(format!("it is compressed by method {other}")),
            };
            let deflated = *method.as_ref().unwrap_or(&false);
            let (offset, len) = (entry.local_header_offset(), entry.uncompressed_size_hint());
            let (packed, crc) = (entry.compressed_size_hint(), entry.crc32());
            let place = Place::Packed { offset, packed, len, crc, deflated };
            let met = match (listed(&name_of_archive, &name, len, place), method) {
                (Some(Listed::Item { name, .. }), Err(why)) => {
                    Some(skipped(name, format!("{why}; make the zip without that")))
                }
                (met, _) => met,
            };
            if met.is_some_and(|met| each(met).is_break()) {
                return Ok(());
            }
        }
        // Some programs write more members than the 16 bits of the old directory can count.
        match self.archive.entries_hint() {
            told if told == count || told == count % (1 << 16) => Ok(()),
            told => {
                let problem =
                    format!("its directory has {count} members, and its end tells of {told}");
                Err(damaged(self.file().path(), problem, "copy or download it again"))
            }
        }
    }

    fn read(&self, place: &Place) -> Result<Content> {
        let file = self.file();
        let &Place::Packed { offset, packed, len, crc, deflated } = place else {
            return Err(foreign(place, file.path()));
        };
        let Header { name, start } = self.header(offset)?;
        let refuse = |problem: String| {
            Err(Error::picture(file.path().join(&name), problem, "copy the archive again"))
        };
        if len > MAX_ENCODED {
            return refuse(too_large(len));
        }
        if start.checked_add(packed).is_none_or(|end| end > file.len()) {
            return Err(file.cut_short(start, packed));
        }
        let packed = file.reader(start).take(packed);
        // Not `with_capacity(len)`: that is what the archive claims. One byte more than it claims is enough to see that
        // there is more.
        let mut bytes = Vec::new();
        let read = match deflated {
            true => DeflateDecoder::new(packed).take(len + 1).read_to_end(&mut bytes),
            false => packed.take(len + 1).read_to_end(&mut bytes),
        };
        if let Err(error) = read {
            return refuse(format!("damaged after {} of {len} bytes ({error})", bytes.len()));
        }
        match bytes.len() as u64 {
            found if found < len => refuse(format!("{found} bytes instead of {len}")),
            found if found > len => {
                refuse(format!("it holds more than the {len} bytes that it claims"))
            }
            _ if crc32fast::hash(&bytes) != crc => refuse("damaged: its checksum differs".into()),
            _ => Ok(Content::Encoded(bytes)),
        }
    }
}

/// A name as a zip has it. One that is not UTF-8 is of a code page that the zip does not name; a character for each
/// byte keeps two such names apart.
fn name_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(name) => name.to_string(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// The directory, which stands at the end, is missing or damaged.
fn broken(file: &Stored, error: rawzip::Error) -> Error {
    match error.into_kind() {
        ErrorKind::IO(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Error::read(file.path())(error)
        }
        kind => {
            let problem = format!(
                "its directory, expected before its end at byte {}, cannot be read ({kind})",
                file.len()
            );
            damaged(
                file.path(),
                problem,
                "it was cut short or is no zip: copy or download it again",
            )
        }
    }
}
