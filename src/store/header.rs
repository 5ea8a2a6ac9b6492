//! What stands before the numbers of a safetensors file, checked before any of them is read.
//!
//! ```text
//! 8 bytes N, little-endian | N bytes of JSON: {"name": {dtype, shape, data_offsets}, ..} | numbers, without gaps
//! ```
//! A file from elsewhere may claim anything, so nothing is allocated by what it claims: the header by what the caller
//! allows and the file has, the numbers by what the file has.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use burn::tensor::{TensorData, bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::foreign::{NOT_OURS, kind};
use crate::error::{Error, Result};
use crate::nn::State;

const REMEDY: &str = "take another copy, or train the model anew";

/// Bytes of a header that the format allows. The state of a run from before the store names every row in it.
pub(super) const LONGEST: u64 = 100_000_000;

/// Numbers that are read at once.
const PIECE: usize = 1 << 16;

/// What stands before the numbers.
#[derive(Debug)]
pub(crate) struct Header {
    /// Every tensor's shape by its name.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// The text beside them.
    pub text: BTreeMap<String, String>,
    /// The text that other programs put beside them.
    pub others: BTreeMap<String, String>,
}

/// What a file may hold, and what to do about one that holds something else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    /// Bytes of its header at most.
    pub longest: u64,
    /// Whether numbers of 16 bits are numbers too.
    pub halves: bool,
    /// Of a damaged file.
    pub damaged: &'static str,
    /// Of a file of another program.
    pub foreign: &'static str,
}

/// A file whose header is read and holds, and none of whose numbers are.
#[derive(Debug)]
pub(crate) struct TensorFile {
    path: PathBuf,
    /// Stands at the first number.
    numbers: BufReader<File>,
    /// In the order of their numbers, with what each number is.
    names: Vec<(String, Dtype)>,
    header: Header,
    /// Of a damaged file.
    remedy: &'static str,
}

impl TensorFile {
    /// Opens `path`, whose header may have `longest` bytes.
    ///
    /// # Errors
    /// A file that cannot be read or is of another kind, which is named; a header that is longer; a name that stands
    /// twice; numbers that overlap, leave gaps, are not f32, or are more or fewer than the file has.
    pub fn open(path: &Path, longest: u64) -> Result<Self> {
        let accepted = Accepted { longest, halves: false, damaged: REMEDY, foreign: NOT_OURS };
        Self::open_as(path, accepted)
    }

    /// Opens `path`, which is to be as `accepted` says.
    ///
    /// # Errors
    /// As [`TensorFile::open`].
    pub fn open_as(path: &Path, accepted: Accepted) -> Result<Self> {
        let Accepted { longest, halves, damaged: remedy, foreign } = accepted;
        let damaged = |problem: String| Error::model(path, problem, remedy);
        let no_file = |why: &str| damaged(format!("it is no whole safetensors file ({why})"));
        // Not by opening it: a pipe would be waited for.
        if !fs::metadata(path).map_err(Error::read(path))?.is_file() {
            return Err(damaged("it is no file".into()));
        }
        let mut file = BufReader::new(File::open(path).map_err(Error::read(path))?);
        let length = file.get_ref().metadata().map_err(Error::read(path))?.len();
        if let Some((kind, remedy)) = kind(file.fill_buf().map_err(Error::read(path))?) {
            let remedy = if remedy == NOT_OURS { foreign } else { remedy };
            return Err(Error::model(path, format!("it is {kind}"), remedy));
        }
        let mut first = [0; 8];
        file.read_exact(&mut first).map_err(|_| no_file("it has no header"))?;
        let size = u64::from_le_bytes(first);
        if size > length.saturating_sub(8) {
            return Err(no_file("its header is longer than it"));
        }
        if size > longest {
            return Err(no_file(&format!(
                "its header has {size} bytes, at most {longest} are read"
            )));
        }
        let mut bytes = Vec::new();
        file.by_ref().take(size).read_to_end(&mut bytes).map_err(Error::read(path))?;
        let listed: Listed = serde_json::from_slice(&bytes).map_err(|e| no_file(&cut(&e)))?;
        let (names, header, end) =
            listed.checked(halves).map_err(|problem| damaged(cut(&problem)))?;
        // The numbers may claim to end anywhere.
        if length - 8 - size != end {
            let numbers = length - 8 - size;
            let problem = format!(
                "it has {length} bytes, {numbers} of them numbers, and {end} by its header"
            );
            return Err(no_file(&problem));
        }
        Ok(Self { path: path.to_path_buf(), numbers: file, names, header, remedy })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    pub fn into_header(self) -> Header {
        self.header
    }

    /// All numbers, and the text beside them.
    ///
    /// # Errors
    /// [`Error::Read`]; a number that is not finite.
    pub fn read(self) -> Result<(State, BTreeMap<String, String>)> {
        let (state, header) = self.read_those(|_| true)?;
        Ok((state, header.text))
    }

    /// The numbers of the tensors whose names are `wanted`, and all that stands before them.
    ///
    /// # Errors
    /// As [`TensorFile::read`].
    pub fn read_those(mut self, wanted: impl Fn(&str) -> bool) -> Result<(State, Header)> {
        let mut state = State::new();
        let mut piece = vec![0; 4 * PIECE];
        for (name, dtype) in self.names {
            let shape = self.header.shapes.get(&name).cloned().unwrap_or_default();
            // The file has so many, or it had not been opened.
            let count: usize = shape.iter().product();
            let size = if dtype == Dtype::F32 { 4 } else { 2 };
            if !wanted(&name) {
                let length = i64::try_from(count * size).unwrap_or(i64::MAX);
                self.numbers.seek_relative(length).map_err(Error::read(&self.path))?;
                continue;
            }
            let mut numbers: Vec<f32> = Vec::with_capacity(count);
            while numbers.len() < count {
                let bytes = &mut piece[..size * PIECE.min(count - numbers.len())];
                self.numbers.read_exact(bytes).map_err(Error::read(&self.path))?;
                numbers.extend(widened(bytes, dtype));
            }
            check_finite(&name, &numbers)
                .map_err(|problem| Error::model(&self.path, problem, self.remedy))?;
            state.insert(name, TensorData::new(numbers, shape));
        }
        Ok((state, self.header))
    }
}

/// Little-endian numbers of a file as f32, which has a place for each of those of 16 bits.
pub(crate) fn widened(bytes: &[u8], dtype: Dtype) -> Vec<f32> {
    let halves = || bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    match dtype {
        Dtype::F16 => halves().map(|bits| f16::from_bits(bits).to_f32()).collect(),
        Dtype::BF16 => halves().map(|bits| bf16::from_bits(bits).to_f32()).collect(),
        _ => bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
    }
}

/// What is wrong with the `numbers` of the tensor `name`, if one of them is not finite.
pub(crate) fn check_finite(name: &str, numbers: &[f32]) -> Result<(), String> {
    match numbers.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(format!("tensor `{}` holds {} at {at}", cut(&name), numbers[at])),
        None => Ok(()),
    }
}

/// Reads the header of what [`save_tensors`](super::save_tensors) wrote and none of its numbers, which may be many
/// gigabytes.
///
/// # Errors
/// As [`TensorFile::open`].
pub(crate) fn read_header(path: &Path) -> Result<Header> {
    Ok(TensorFile::open(path, LONGEST)?.header)
}

/// `text` as far as a message takes it: a name may be as long as a header.
pub(crate) fn cut(text: &dyn fmt::Display) -> String {
    const MOST: usize = 120;
    let text = text.to_string();
    match text.char_indices().nth(MOST) {
        None => text,
        Some((end, _)) => format!("{}..", &text[..end]),
    }
}

/// A tensor, and what its numbers are.
type Named = (String, Dtype);

/// The JSON as it stands, in its order: a map would keep one of two entries of a name and hide the other.
struct Listed {
    text: Option<HashMap<String, String>>,
    tensors: Vec<(String, TensorInfo)>,
}

impl Listed {
    /// The names in the order of their numbers, all that is said, and the end of the numbers; else what is wrong.
    fn checked(mut self, halves: bool) -> Result<(Vec<Named>, Header, u64), String> {
        self.tensors.sort_by(|(a, left), (b, right)| {
            left.data_offsets.cmp(&right.data_offsets).then_with(|| a.cmp(b))
        });
        let mut shapes = BTreeMap::new();
        for (name, tensor) in &self.tensors {
            let is_half = matches!(tensor.dtype, Dtype::F16 | Dtype::BF16);
            if tensor.dtype != Dtype::F32 && !(halves && is_half) {
                return Err(format!("tensor `{name}` holds {:?}, not F32", tensor.dtype));
            }
            if shapes.insert(name.clone(), tensor.shape.clone()).is_some() {
                return Err(format!("tensor `{name}` stands in it twice"));
            }
        }
        let names = self.tensors.iter().map(|(name, one)| (name.clone(), one.dtype)).collect();
        // The library knows its format: no gap, no overlap, shapes that fit, no number that overflows.
        let metadata = Metadata::new(None, self.tensors)
            .map_err(|e| format!("its tensors do not lie one after another ({e})"))?;
        let mut others: BTreeMap<String, String> =
            self.text.unwrap_or_default().into_iter().collect();
        let text = others.remove("lacuna");
        let text = text.map_or(Ok(BTreeMap::new()), |json| {
            serde_json::from_str(&json).map_err(|e| format!("its text cannot be read ({e})"))
        })?;
        Ok((names, Header { shapes, text, others }, metadata.data_len() as u64))
    }
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Listed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tensors by their names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
                let mut listed = Listed { text: None, tensors: Vec::new() };
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "__metadata__" => listed.text = Some(map.next_value()?),
                        _ => listed.tensors.push((name, map.next_value()?)),
                    }
                }
                Ok(listed)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
