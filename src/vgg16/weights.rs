//! The weights in a file of the user's.
//!
//! ```text
//! safetensors   header checked, then the 26 tensors read; f32, f16 or bf16
//! .pth          by `pytorch-reader`, which parses the pickle in it as data and runs none of it
//! ```
//! Names and shapes are checked before any number is read, so that nothing is allocated that VGG16 does not have.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use pytorch_reader::{DType, PytorchReader};
use safetensors::tensor::Dtype;

use super::{Input, Relu};
use crate::error::{Error, Result};
use crate::guarded::guarded;
use crate::store::{Accepted, TensorFile, check_finite, cut, widened};

const REMEDY: &str = "take another copy of the weights";
const FOREIGN: &str =
    "give VGG16's weights as a safetensors file, or torchvision's .pth of its state dict";

/// Weights `[out, in, 3, 3]`, row-major, and bias of every convolution; the first reads red, green, blue.
#[derive(Debug)]
pub(super) struct Weights {
    pub layers: Vec<(Vec<f32>, Vec<f32>)>,
    pub input: Input,
}

impl Weights {
    /// `layers` as in the file of whoever trained them.
    pub fn of(mut layers: Vec<(Vec<f32>, Vec<f32>)>, input: Input) -> Self {
        if input.is_blue_first()
            && let Some((weight, _)) = layers.first_mut()
        {
            for filter in weight.chunks_exact_mut(27) {
                let (blue, rest) = filter.split_at_mut(9);
                blue.swap_with_slice(&mut rest[9..]);
            }
        }
        Self { layers, input }
    }

    /// See [`Vgg16::open`](super::Vgg16::open).
    pub fn open(path: &Path, input: Option<Input>) -> Result<Self> {
        match is_pickled(path)? {
            true => Self::from_pickle(path, input),
            false => Self::from_tensors(path, input),
        }
    }

    /// Looks whether the tensors in `path` have the names and shapes of VGG16, and reads no number of them.
    pub fn check(path: &Path) -> Result<()> {
        match is_pickled(path)? {
            true => open_pickle(path).map(|_| ()),
            false => open_tensors(path).map(|_| ()),
        }
    }

    fn from_tensors(path: &Path, input: Option<Input>) -> Result<Self> {
        let file = open_tensors(path)?;
        let names: Vec<String> = names().map(|(name, _)| name).collect();
        let (mut state, header) =
            file.read_those(|name| names.iter().any(|other| other == name))?;
        let mut layers = Vec::new();
        let mut take = |name: &str| {
            let numbers = state.remove(name).and_then(|data| data.try_into_vec::<f32>().ok());
            numbers.ok_or_else(|| Error::model(path, format!("tensor `{name}` is lost"), REMEDY))
        };
        for relu in Relu::all() {
            let [(weight, _), (bias, _)] = of_layer(relu);
            layers.push((take(&weight)?, take(&bias)?));
        }
        Self::known(path, layers, input, &header.others)
    }

    fn from_pickle(path: &Path, input: Option<Input>) -> Result<Self> {
        let unread = |problem: String| Error::model(path, problem, FOREIGN);
        let reader = open_pickle(path)?;
        let numbers = |name: &str| -> Result<Vec<f32>> {
            let lost = || unread(format!("tensor `{name}` cannot be read"));
            let tensor = reader.get(name).ok_or_else(lost)?;
            let Some(dtype) = of_torch(tensor.dtype()) else {
                let problem = format!("tensor `{name}` holds {:?}, not F32", tensor.dtype());
                return Err(unread(problem));
            };
            let read = guarded(|| tensor.read()).map_err(|_| lost())?;
            let bytes = read.map_err(|error| unread(short(&error.to_string())))?;
            let numbers = widened(&little_endian(bytes, tensor.dtype().size()), dtype);
            check_finite(name, &numbers).map_err(|problem| Error::model(path, problem, REMEDY))?;
            Ok(numbers)
        };
        let layers = Relu::all().map(|relu| {
            let [(weight, _), (bias, _)] = of_layer(relu);
            Ok((numbers(&weight)?, numbers(&bias)?))
        });
        Self::known(path, layers.collect::<Result<_>>()?, input, &BTreeMap::new())
    }

    /// `layers`, whose preparation is `input` or what is known of them.
    fn known(
        path: &Path,
        layers: Vec<(Vec<f32>, Vec<f32>)>,
        input: Option<Input>,
        text: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let (weight, bias) = &layers[0];
        let input = input.or_else(|| Input::recognised(weight, bias, text)).ok_or_else(|| {
            let problem = "nothing in it says how pictures are prepared for these weights";
            let remedy = "say whose they are: --vgg16-input oxford, oxford-rgb or torchvision";
            Error::model(path, problem, remedy)
        })?;
        Ok(Self::of(layers, input))
    }

    /// A hash of the numbers and of how pictures are prepared.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.input.name().as_bytes());
        for numbers in self.layers.iter().flat_map(|(weight, bias)| [weight, bias]) {
            for piece in numbers.chunks(1 << 14) {
                let bytes: Vec<u8> = piece.iter().flat_map(|x| x.to_le_bytes()).collect();
                hasher.update(&bytes);
            }
        }
        hasher.finalize().to_hex()[..32].to_string()
    }
}

/// A safetensors file with the tensors of VGG16, none of whose numbers are read.
fn open_tensors(path: &Path) -> Result<TensorFile> {
    /// 26 names and shapes, and those of a classifier, take some KB.
    const LONGEST: u64 = 1 << 20;
    let accepted = Accepted { longest: LONGEST, halves: true, damaged: REMEDY, foreign: FOREIGN };
    let file = TensorFile::open_as(path, accepted)?;
    check_shapes(path, &|name| file.header().shapes.get(name).cloned())?;
    Ok(file)
}

/// The same of what `torch.save` wrote.
fn open_pickle(path: &Path) -> Result<PytorchReader> {
    let problem = match guarded(|| PytorchReader::new(path)) {
        Ok(Ok(reader)) => {
            check_shapes(path, &|name| reader.get(name).map(|tensor| tensor.shape().to_vec()))?;
            return Ok(reader);
        }
        Ok(Err(error)) => format!("it cannot be read ({})", short(&error.to_string())),
        Err(_) => "it cannot be read".to_string(),
    };
    Err(Error::model(path, problem, FOREIGN))
}

/// Weight and bias of the convolution before `relu`, with their shapes.
fn of_layer(relu: Relu) -> [(String, Vec<usize>); 2] {
    let ([input, output], at) = (relu.channels(), relu.feature());
    let name = |what: &str| format!("features.{at}.{what}");
    [(name("weight"), vec![output, input, 3, 3]), (name("bias"), vec![output])]
}

/// All 26 tensors.
fn names() -> impl Iterator<Item = (String, Vec<usize>)> {
    Relu::all().flat_map(of_layer)
}

fn check_shapes(path: &Path, shape_of: &dyn Fn(&str) -> Option<Vec<usize>>) -> Result<()> {
    for (name, expected) in names() {
        let problem = match shape_of(&name) {
            Some(shape) if shape == expected => continue,
            Some(shape) => {
                let shape = short(&format!("{shape:?}"));
                format!("tensor `{name}` has shape {shape}, expected {expected:?}")
            }
            None => format!("tensor `{name}` is missing"),
        };
        return Err(Error::model(path, format!("it is not VGG16: {problem}"), FOREIGN));
    }
    Ok(())
}

/// Whether `path` is of one of the kinds that `torch.save` has written: a zip, a pickle, or a tar.
fn is_pickled(path: &Path) -> Result<bool> {
    // Not by opening it: a pipe would be waited for.
    if !fs::metadata(path).map_err(Error::read(path))?.is_file() {
        return Err(Error::model(path, "it is no file", FOREIGN));
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut start));
    read.map_err(Error::read(path))?;
    // A header follows the first 8 bytes of a safetensors file, which are its length and may be any.
    let is_json = start.get(8) == Some(&b'{');
    let is_tar = start.get(257..262) == Some(b"ustar");
    Ok(!is_json && (start.starts_with(b"PK\x03\x04") || start.first() == Some(&0x80) || is_tar))
}

/// What `torch.save` calls `dtype`, by the name that a safetensors file has for it.
fn of_torch(dtype: DType) -> Option<Dtype> {
    match dtype {
        DType::F32 => Some(Dtype::F32),
        DType::F16 => Some(Dtype::F16),
        DType::BF16 => Some(Dtype::BF16),
        _ => None,
    }
}

/// Bytes in this machine's order, of numbers of `size` bytes, as a file has them.
fn little_endian(mut bytes: Vec<u8>, size: usize) -> Vec<u8> {
    if cfg!(target_endian = "big") {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    bytes
}

/// `text` on one line, as far as a message takes it.
fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(&line)
}
