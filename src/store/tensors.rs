//! Named f32 tensors in a safetensors file with text beside them.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use burn::tensor::TensorData;
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorView};

use super::write_atomically;
use crate::error::{Error, Result};
use crate::nn::State;

const REMEDY: &str = "take another copy, or train the model anew";

/// Writes `state` and `text` as the safetensors file `path`, whole or not at all.
///
/// # Errors
/// [`Error::Write`]; a number that is not finite.
pub fn save_tensors(path: &Path, state: &State, text: &BTreeMap<String, String>) -> Result<()> {
    let invalid =
        |e: &dyn std::fmt::Display| Error::write(path)(std::io::Error::other(e.to_string()));
    let bytes: BTreeMap<&String, (Vec<usize>, Vec<u8>)> = state
        .iter()
        .map(|(name, data)| {
            let numbers = data.as_slice::<f32>().map_err(|e| invalid(&format!("{e:?}")))?;
            // Not written, so that the last good state stays where it is.
            if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
                let what = format!("tensor `{name}`");
                let remedy = "training has diverged; lower train.lr_theta or train.lr_phi";
                return Err(Error::input(what, format!("it holds {number}"), remedy));
            }
            let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            Ok((name, (data.shape().iter().copied().collect(), bytes)))
        })
        .collect::<Result<_>>()?;
    let views = bytes
        .iter()
        .map(|(name, (shape, bytes))| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            view.map(|view| (name.as_str(), view)).map_err(|e| invalid(&e))
        })
        .collect::<Result<Vec<_>>>()?;
    // A map with one order, so that the same numbers give the same bytes.
    let text: HashMap<String, String> = match text.is_empty() {
        true => HashMap::new(),
        false => {
            let json = serde_json::to_string(text).map_err(|e| invalid(&e))?;
            HashMap::from([("lacuna".to_string(), json)])
        }
    };
    let file = safetensors::serialize(views, Some(text)).map_err(|e| invalid(&e))?;
    write_atomically(path, &file)
}

/// Reads what [`save_tensors`] wrote.
///
/// # Errors
/// A file that cannot be read, is no safetensors file, or holds numbers that are not f32 or not finite.
pub fn open_tensors(path: &Path) -> Result<(State, BTreeMap<String, String>)> {
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let damaged = |problem: String| Error::model(path, problem, REMEDY);
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|e| damaged(format!("it is no whole safetensors file ({e})")))?;
    let mut state = State::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(damaged(format!("tensor `{name}` holds {:?}, not F32", view.dtype())));
        }
        let numbers: Vec<f32> = view
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        if let Some(at) = numbers.iter().position(|x| !x.is_finite()) {
            return Err(damaged(format!("tensor `{name}` holds {} at {at}", numbers[at])));
        }
        state.insert(name, TensorData::new(numbers, view.shape().to_vec()));
    }
    let (_, header) = SafeTensors::read_metadata(&bytes)
        .map_err(|e| damaged(format!("its header cannot be read ({e})")))?;
    Ok((state, text_of(&header).map_err(damaged)?))
}

/// What stands before the numbers.
pub(crate) struct Header {
    /// Every tensor's shape by its name.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// The text beside them.
    pub text: BTreeMap<String, String>,
}

/// Reads the header of what [`save_tensors`] wrote and none of its numbers, which may be many gigabytes.
///
/// # Errors
/// A file that cannot be read, is no safetensors file, or is not as long as its header says.
pub(crate) fn read_header(path: &Path) -> Result<Header> {
    /// What the format allows.
    const LONGEST: u64 = 100_000_000;
    let damaged = |problem: String| Error::model(path, problem, REMEDY);
    let no_file = |why: &str| damaged(format!("it is no whole safetensors file ({why})"));
    let mut file = File::open(path).map_err(Error::read(path))?;
    let length = file.metadata().map_err(Error::read(path))?.len();
    let mut first = [0; 8];
    file.read_exact(&mut first).map_err(|_| no_file("it has no header"))?;
    let header = u64::from_le_bytes(first);
    if header > LONGEST || header > length {
        return Err(no_file("its header is longer than it"));
    }
    let mut bytes = Vec::new();
    file.take(header).read_to_end(&mut bytes).map_err(Error::read(path))?;
    let header: Metadata = serde_json::from_slice(&bytes).map_err(|e| no_file(&e.to_string()))?;
    let tensors = header.tensors();
    let end = tensors.values().map(|tensor| tensor.data_offsets.1 as u64).max().unwrap_or(0);
    if 8 + bytes.len() as u64 + end != length {
        return Err(no_file(&format!("it has {length} bytes")));
    }
    let shapes = tensors.into_iter().map(|(name, tensor)| (name, tensor.shape.clone())).collect();
    Ok(Header { shapes, text: text_of(&header).map_err(damaged)? })
}

fn text_of(header: &Metadata) -> Result<BTreeMap<String, String>, String> {
    let json = header.metadata().as_ref().and_then(|text| text.get("lacuna"));
    json.map_or(Ok(BTreeMap::new()), |json| {
        serde_json::from_str(json).map_err(|e| format!("its text cannot be read ({e})"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_what_the_whole_file_says_and_a_file_that_was_cut_is_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        let numbers = |shape: [usize; 2]| TensorData::new(vec![0.5f32; shape[0] * shape[1]], shape);
        let state = State::from([("a".into(), numbers([2, 3])), ("b".into(), numbers([0, 7]))]);
        let text = BTreeMap::from([("step".to_string(), "9".to_string())]);
        save_tensors(&path, &state, &text).unwrap();
        let header = read_header(&path).unwrap();
        let whole = open_tensors(&path).unwrap();
        assert_eq!((header.text, whole.1), (text.clone(), text));
        let shapes: BTreeMap<String, Vec<usize>> =
            whole.0.iter().map(|(name, data)| (name.clone(), data.shape().to_vec())).collect();
        assert_eq!(header.shapes, shapes);

        let bytes = std::fs::read(&path).unwrap();
        for length in [0, 5, 8, 40, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let message = read_header(&path).err().unwrap().to_string();
            assert!(message.contains("no whole safetensors file"), "{length}: {message}");
        }
    }
}
