//! A zip of pictures, stored or deflated.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::member::{Members, too_large};
use super::stored::Stored;
use super::{Content, Listed, MAX_ENCODED, Place, Source, damaged, foreign, skipped};
use crate::error::{Error, Result};

/// A zip of pictures, in the order of its own directory.
#[derive(Debug)]
pub(super) struct Zip {
    /// Its clones share the directory, some 215 bytes a member, and each reads the file from its own position.
    archive: ZipArchive<Stored>,
    file: Stored,
}

impl Zip {
    /// # Errors
    /// Its directory, which stands at the end, is missing or damaged.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = Stored::open(path)?;
        let archive = ZipArchive::new(file.clone()).map_err(|error| match error {
            ZipError::Io(error) if error.raw_os_error().is_some() => Error::read(path)(error),
            error => {
                let problem = format!(
                    "its directory, expected before its end at byte {}, cannot be read ({})",
                    file.len(),
                    one_line(&error)
                );
                damaged(path, problem, "it was cut short or is no zip: copy or download it again")
            }
        })?;
        Ok(Self { archive, file })
    }

    /// The name and the size of the member `index`, or why it cannot be read.
    fn about(&self, index: usize) -> Result<(String, u64), (PathBuf, String)> {
        let nameless = |error: ZipError| {
            (PathBuf::from(format!("member {index}")), format!("damaged ({})", one_line(&error)))
        };
        let entry = self.archive.by_index_data(index).map_err(nameless)?;
        let name = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(_) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
        };
        let unreadable = match entry.compression() {
            _ if entry.encrypted() => Some("it is encrypted".to_string()),
            CompressionMethod::Stored | CompressionMethod::Deflated => None,
            other => Some(format!("it is compressed by {other}")),
        };
        match unreadable {
            None => Ok((name, entry.size())),
            Some(why) => Err((name.into(), format!("{why}; make the zip without that"))),
        }
    }
}

impl Source for Zip {
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        let mut known = Members::of(self.file.name());
        for index in 0..self.archive.len() {
            let Ok(number) = u32::try_from(index) else { break };
            let listed = match self.about(index) {
                Ok((name, len)) => known.listed(&name, len, Place::Member(number)),
                Err((name, problem)) => {
                    Some(skipped(Path::new(&self.file.name()).join(name), problem))
                }
            };
            if listed.is_some_and(|listed| each(listed).is_break()) {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, place: &Place) -> Result<Content> {
        let &Place::Member(number) = place else { return Err(foreign(place, self.file.path())) };
        let (name, len) = match self.about(number as usize) {
            Ok(about) => about,
            Err((name, why)) => {
                return Err(Error::picture(self.file.path().join(name), why, "leave it out"));
            }
        };
        let refuse = |problem: String| {
            Err(Error::picture(self.file.path().join(&name), problem, "copy the archive again"))
        };
        if len > MAX_ENCODED {
            return refuse(too_large(len));
        }
        let mut archive = self.archive.clone();
        let mut entry = match archive.by_index(number as usize) {
            Ok(entry) => entry,
            Err(error) => return refuse(format!("damaged ({})", one_line(&error))),
        };
        // Not `with_capacity(len)`: that is what the archive claims. One byte more than it claims is enough to see that
        // there is more.
        let mut bytes = Vec::new();
        if let Err(error) = (&mut entry).take(len + 1).read_to_end(&mut bytes) {
            return refuse(format!("damaged after {} of {len} bytes ({error})", bytes.len()));
        }
        match bytes.len() as u64 {
            found if found == len => Ok(Content::Encoded(bytes)),
            found if found < len => refuse(format!("{found} bytes instead of {len}")),
            _ => refuse(format!("it holds more than the {len} bytes that it claims")),
        }
    }
}

fn one_line(error: &ZipError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
