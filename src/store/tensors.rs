//! Named f32 tensors in a safetensors file with text beside them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};

use super::header::{LONGEST, TensorFile};
use super::write_atomically;
use crate::error::{Error, Result};
use crate::nn::State;

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
    TensorFile::open(path, LONGEST)?.read()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::read_header;
    use burn::tensor::TensorData;

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
