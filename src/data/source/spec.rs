//! What a person calls a data set: `PATH`, or `KIND:PATH`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::celeba::Celeba;
use super::celebahq::CelebaHq;
use super::folder::Folder;
use super::lsun::{self, Lsun};
use super::stored::Stored;
use super::tar::Tar;
use super::tfrecord::{TfRecords, is_records_name, records_in};
use super::webdataset::{WebDataset, shards_in};
use super::zip::Zip;
use super::{First, Source, damaged};
use crate::error::{Error, Result};
use crate::image::is_picture_name;

/// The kinds of data sets, by the word before the colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `folder:`, every picture below a folder.
    Folder,
    /// `celeba:`, a folder with `img_align_celeba` and `list_eval_partition.txt`.
    Celeba,
    /// `lsun:`, a folder with `data.mdb`, or the one that holds it.
    Lsun,
    /// `celebahq:`, pictures in a folder, an archive or TFRecords; the last fifteenth is held out.
    CelebaHq,
    /// `webdataset:`, a folder of tar shards.
    WebDataset,
    /// `zip:`, an archive of pictures.
    Zip,
    /// `tar:`, an archive of pictures.
    Tar,
}

impl Kind {
    /// All, each with its word.
    pub const ALL: [(&str, Kind); 7] = [
        ("folder", Kind::Folder),
        ("celeba", Kind::Celeba),
        ("lsun", Kind::Lsun),
        ("celebahq", Kind::CelebaHq),
        ("webdataset", Kind::WebDataset),
        ("zip", Kind::Zip),
        ("tar", Kind::Tar),
    ];

    /// The kind of what lies at `path`: that of a file by its first bytes, that of a folder by the names in it. A
    /// folder in which nothing is recognised is one of photos.
    ///
    /// # Errors
    /// A path that is missing; a file that is none of the kinds, or compressed as a whole.
    pub fn detect(path: &Path) -> Result<Self> {
        if Celeba::is_at(path) {
            return Ok(Self::Celeba);
        }
        if path.is_dir() {
            return detect_folder(path);
        }
        if is_records_name(path) {
            return Ok(Self::CelebaHq);
        }
        if path.to_string_lossy().contains('{') && !path.exists() {
            return Ok(Self::WebDataset);
        }
        if let Some((word, _)) = path.to_str().and_then(|text| text.split_once(':'))
            && !path.exists()
        {
            let kinds = Self::ALL.map(|(word, _)| word).join(", ");
            let problem = format!("there is no such file, and `{word}` is no kind");
            return Err(damaged(path, problem, &format!("the kinds are {kinds}")));
        }
        let file = Stored::open(path)?;
        let start = file.span(0, file.len().min(512), 512)?;
        let has = |at: usize, magic: &[u8]| start.get(at..).is_some_and(|s| s.starts_with(magic));
        if has(0, b"PK\x03\x04") || has(0, b"PK\x05\x06") {
            Ok(Self::Zip)
        } else if has(257, b"ustar") {
            Ok(Self::Tar)
        } else if has(16, &lsun::MAGIC.to_le_bytes()) {
            Ok(Self::Lsun)
        } else if has(0, b"\x1f\x8b")
            || has(0, b"\xfd7zXZ")
            || has(0, b"BZh")
            || has(0, b"\x28\xb5\x2f\xfd")
        {
            let problem = "it is compressed as a whole, so that no picture can be read by itself";
            Err(damaged(path, problem, "decompress it to a .tar first"))
        } else {
            let problem =
                "the file does not begin as a zip, tar or LMDB, nor is its name that of TFRecords";
            Err(damaged(
                path,
                problem,
                "name the folder it lies in, or say what it is as in `zip:FILE`",
            ))
        }
    }
}

fn detect_folder(path: &Path) -> Result<Kind> {
    // Which of several is meant is asked when it is opened.
    if lsun::databases(path).is_ok_and(|found| !found.is_empty()) {
        return Ok(Kind::Lsun);
    }
    // An archive that lies among photos does not make a set of them.
    let entries = std::fs::read_dir(path).map_err(Error::read(path))?;
    let has_pictures = entries.filter_map(|entry| entry.ok()).any(|e| is_picture_name(&e.path()));
    if !has_pictures && !records_in(path)?.is_empty() {
        return Ok(Kind::CelebaHq);
    }
    if !has_pictures && !shards_in(path)?.is_empty() {
        return Ok(Kind::WebDataset);
    }
    Ok(Kind::Folder)
}

/// A data set as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetSpec {
    /// As given; what lies at the path decides where it was not.
    pub kind: Option<Kind>,
    pub path: PathBuf,
    /// Only the first so many, in the set's own order.
    pub take: Option<usize>,
}

impl FromStr for SetSpec {
    type Err = Error;

    /// `KIND:PATH`, or a path alone; a path that begins with the word of a kind and a colon is written `./lsun:x`.
    fn from_str(spec: &str) -> Result<Self> {
        let word = |(word, kind): &(&str, Kind)| {
            Some((*kind, spec.strip_prefix(word)?.strip_prefix(':')?))
        };
        let (kind, path) = match Kind::ALL.iter().find_map(word) {
            Some((kind, path)) => (Some(kind), path),
            None => (None, spec),
        };
        if path.is_empty() {
            let problem = "there is no path";
            return Err(Error::input(format!("data set `{spec}`"), problem, "write KIND:PATH"));
        }
        Ok(Self { kind, path: path.into(), take: None })
    }
}

impl SetSpec {
    /// The set at `path`, whose kind is what lies there.
    pub fn at(path: &Path) -> Self {
        Self { kind: None, path: path.to_path_buf(), take: None }
    }

    /// The set that `name`, as it was typed, names: [`FromStr`] where it is text.
    ///
    /// # Errors
    /// A kind without a path.
    pub fn typed(name: &OsStr) -> Result<Self> {
        name.to_str().map_or_else(|| Ok(Self::at(Path::new(name))), str::parse)
    }

    /// Where a person would look for the item `name` of the set: below the folder, or in the archive, whose name is the
    /// first part of those of its members.
    pub fn path_of(&self, name: &Path) -> PathBuf {
        match self.path.file_name() {
            Some(archive) if self.path.is_file() && name.starts_with(archive) => {
                self.path.with_file_name(name)
            }
            _ => self.path.join(name),
        }
    }

    /// As given, or what lies there.
    ///
    /// # Errors
    /// As [`Kind::detect`].
    pub fn known_kind(&self) -> Result<Kind> {
        self.kind.map_or_else(|| Kind::detect(&self.path), Ok)
    }

    /// # Errors
    /// As [`Kind::detect`]; what lies at the path is not of the kind, or damaged.
    pub fn open(&self) -> Result<Box<dyn Source>> {
        let path = &self.path;
        let all: Box<dyn Source> = match self.known_kind()? {
            Kind::Folder => Box::new(Folder::open(path)),
            Kind::Celeba => Box::new(Celeba::open(path)?),
            Kind::Lsun => Box::new(Lsun::open(path)?),
            // Of the first so many the last are held out.
            Kind::CelebaHq => return Ok(Box::new(CelebaHq::new(self.first(pictures(path)?)))),
            Kind::WebDataset => Box::new(WebDataset::open(path)?),
            Kind::Zip => Box::new(Zip::open(path)?),
            Kind::Tar => Box::new(Tar::open(path)?),
        };
        Ok(self.first(all))
    }

    /// What is to be taken of `all`.
    fn first(&self, all: Box<dyn Source>) -> Box<dyn Source> {
        match self.take {
            Some(count) => Box::new(First::new(all, count)),
            None => all,
        }
    }
}

/// The pictures at `path`, whatever they are kept in.
fn pictures(path: &Path) -> Result<Box<dyn Source>> {
    let is_records = is_records_name(path) || (path.is_dir() && !records_in(path)?.is_empty());
    if is_records {
        return Ok(Box::new(TfRecords::open(path)?));
    }
    let kind = match Kind::detect(path)? {
        Kind::CelebaHq => Kind::Folder,
        kind => kind,
    };
    SetSpec { kind: Some(kind), ..SetSpec::at(path) }.open()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_a_word_and_a_colon_and_any_other_path_is_a_path() {
        let spec = |text: &str| text.parse::<SetSpec>().unwrap();
        for (word, kind) in Kind::ALL {
            let expected = SetSpec { kind: Some(kind), ..SetSpec::at(Path::new("a:b")) };
            assert_eq!(spec(&format!("{word}:a:b")), expected);
        }
        for path in ["photos", "./lsun:x", "C:\\photos", "other:x", "celeba"] {
            assert_eq!(spec(path), SetSpec::at(Path::new(path)));
        }
        assert!("lsun:".parse::<SetSpec>().unwrap_err().to_string().contains("KIND:PATH"));
    }
}
