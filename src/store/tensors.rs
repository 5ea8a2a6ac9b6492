//! Named f32 tensors in a safetensors file with text beside them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::tensor::TensorData;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

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
    let json = header.metadata().as_ref().and_then(|text| text.get("lacuna"));
    let text = match json {
        Some(json) => serde_json::from_str(json)
            .map_err(|e| damaged(format!("its text cannot be read ({e})")))?,
        None => BTreeMap::new(),
    };
    Ok((state, text))
}
