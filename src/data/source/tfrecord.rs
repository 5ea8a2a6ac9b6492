//! TFRecords of raw pixels, as the progressive GAN's code keeps CelebA-HQ: one file a resolution.
//!
//! ```text
//! record   = length (8 bytes) | checksum of those | data (length bytes) | checksum of those
//! data     = tensorflow.Example { data: bytes, uint8 [C,H,W]; shape: int64 [C, H, W] }
//! checksum = rotate(crc32c, 15 bits right) + 0xa282ead8
//! ```

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use prost::{Message, Oneof};

use super::stored::{Stored, size};
use super::{Content, Listed, MAX_RECORD, Place, Source, damaged, foreign};
use crate::error::{Error, Result};

/// What stands before the data, and after it, in bytes.
const BEFORE: u64 = 12;
const AFTER: u64 = 4;

const AGAIN: &str = "it is damaged: copy or download it again";

#[derive(Clone, PartialEq, Message)]
struct Example {
    #[prost(message, optional, tag = "1")]
    features: Option<Features>,
}

#[derive(Clone, PartialEq, Message)]
struct Features {
    #[prost(btree_map = "string, message", tag = "1")]
    feature: BTreeMap<String, Feature>,
}

#[derive(Clone, PartialEq, Message)]
struct Feature {
    #[prost(oneof = "Values", tags = "1, 3")]
    values: Option<Values>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Values {
    #[prost(message, tag = "1")]
    Bytes(BytesList),
    #[prost(message, tag = "3")]
    Int64(Int64List),
}

#[derive(Clone, PartialEq, Message)]
struct BytesList {
    #[prost(bytes = "vec", repeated, tag = "1")]
    value: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Int64List {
    #[prost(int64, repeated, tag = "1")]
    value: Vec<i64>,
}

/// Records of pictures, all of one resolution.
#[derive(Debug)]
pub(super) struct TfRecords {
    root: PathBuf,
    files: Vec<Stored>,
}

impl TfRecords {
    /// One file; or of a folder those whose first record has the most pixels, sorted by name.
    ///
    /// # Errors
    /// A folder without any; a first record that is no picture.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let root = path.to_path_buf();
        if !path.is_dir() {
            return Ok(Self { root, files: vec![Stored::open(path)?] });
        }
        let mut largest = (0, Vec::new());
        for path in records_in(path)? {
            let file = Stored::open(&path)?;
            let Some((offset, len)) = record(&file, 0)? else { continue };
            let pixels = picture(&file, offset, len)?.bytes().len();
            if pixels > largest.0 {
                largest = (pixels, Vec::new());
            }
            if pixels == largest.0 {
                largest.1.push(file);
            }
        }
        match largest.1 {
            files if files.is_empty() => {
                Err(damaged(path, "no .tfrecords in it has a record", "name a file of records"))
            }
            files => Ok(Self { root, files }),
        }
    }
}

/// The files of records right in a folder, sorted by name.
pub(super) fn records_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(Error::read(folder))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| is_records_name(path)).collect();
    paths.sort();
    Ok(paths)
}

pub(super) fn is_records_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tfrecord" || extension == "tfrecords")
}

/// Where the data of the record at byte `at` lies and how long it is; `None` at the end of the file.
fn record(file: &Stored, at: u64) -> Result<Option<(u64, u64)>> {
    if at == file.len() {
        return Ok(None);
    }
    let mut before = [0; BEFORE as usize];
    let mut reader = file.clone();
    reader
        .seek(SeekFrom::Start(at))
        .and_then(|_| reader.read_exact(&mut before))
        .map_err(|_| file.cut_short(at, BEFORE))?;
    let (length, checksum) = before.split_at(8);
    if masked(length) != checksum {
        let problem = format!("at byte {at} there is no length of a record (its checksum differs)");
        return Err(damaged(file.path(), problem, AGAIN));
    }
    let len = length.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let offset = at + BEFORE;
    if len.checked_add(offset + AFTER).is_none_or(|end| end > file.len()) {
        return Err(file.cut_short(offset, len));
    }
    Ok(Some((offset, len)))
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// The pixels in the record whose `len` bytes begin at byte `offset`.
fn picture(file: &Stored, offset: u64, len: u64) -> Result<Content> {
    let refuse = |problem: String, remedy| {
        Err(damaged(file.path(), format!("the record at byte {offset}: {problem}"), remedy))
    };
    if len > MAX_RECORD {
        let problem = format!("it is {len} bytes, the limit is {}", size(MAX_RECORD));
        return refuse(problem, "make the picture smaller");
    }
    let data = file.span(offset, len, MAX_RECORD)?;
    if file.span(offset + len, AFTER, AFTER)? != masked(&data) {
        return refuse("its checksum differs".into(), AGAIN);
    }
    let example = match Example::decode(&data[..]) {
        Ok(example) => example,
        Err(error) => return refuse(format!("it is no tensorflow.Example ({error})"), AGAIN),
    };
    const EXPECTED: &str = "`data` (raw pixels, uint8) and `shape` (channels, height, width) are expected, as the \
                            progressive GAN's dataset_tool.py writes them";
    let mut feature = example.features.unwrap_or_default().feature;
    // A few words of each: what they claim may be megabytes.
    let names = feature.keys().take(8).map(|name| name.chars().take(40).collect::<String>());
    let names = names.collect::<Vec<_>>().join(", ");
    let mut values = |name| feature.remove(name).and_then(|feature| feature.values);
    let (Some(Values::Bytes(mut data)), Some(Values::Int64(shape))) =
        (values("data"), values("shape"))
    else {
        return refuse(format!("its features are [{names}]"), EXPECTED);
    };
    let shape = shape.value;
    let sides = shape.iter().filter_map(|&side| usize::try_from(side).ok()).collect::<Vec<_>>();
    match (&sides[..], data.value.pop(), data.value.is_empty()) {
        (&[channels @ (1 | 3), height, width], Some(bytes), true)
            if shape.len() == 3
                && channels.checked_mul(height).and_then(|n| n.checked_mul(width))
                    == Some(bytes.len()) =>
        {
            Ok(Content::Raw { height, width, channels, bytes })
        }
        (_, bytes, _) => {
            let found = bytes.map_or(0, |bytes| bytes.len());
            let shape = &shape[..shape.len().min(8)];
            refuse(format!("its shape {shape:?} does not fit its {found} bytes"), EXPECTED)
        }
    }
}

impl Source for TfRecords {
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        for (file, records) in (0..).zip(&self.files) {
            let (mut at, mut number) = (0, 0);
            while let Some((offset, len)) = record(records, at)? {
                let name = format!("{}/{number:06}", records.name());
                let place = Place::Span { file, offset, len };
                if each(Listed::Item { name, place, side: None }).is_break() {
                    return Ok(());
                }
                (at, number) = (offset + len + AFTER, number + 1);
            }
        }
        Ok(())
    }

    fn read(&self, place: &Place) -> Result<Content> {
        let Place::Span { file, offset, len } = *place else {
            return Err(foreign(place, &self.root));
        };
        match self.files.get(file as usize) {
            Some(file) => picture(file, offset, len),
            None => Err(foreign(place, &self.root)),
        }
    }
}
