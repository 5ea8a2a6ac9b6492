//! A sampler as a file that goes with the model.
//!
//! ```text
//! sampler.safetensors   pca.mean [P] | pca.components [d, P] | pca.variances [d]
//!                       gmm.weights [K] | gmm.means [K, d] | gmm.factors [K, d, d], lower triangular
//!                       beside them, as text: the facts of the fit, the hash of its model.safetensors
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use nalgebra::{DMatrix, DVector};

use super::{Facts, Sampler};
use crate::error::{Error, Result};
use crate::explore::{Gmm, Pca};
use crate::nn::State;
use crate::store::{TENSORS, model_folder, open_tensors, read_header, save_tensors};

impl Sampler {
    /// The file's name in the folder of a model.
    pub const NAME: &'static str = "sampler.safetensors";

    /// Writes it as that of the model in `folder`, or in the run that `folder` is: beside it, or as the file `to`. Returns
    /// where it is.
    ///
    /// # Errors
    /// [`Error::Write`]; a folder without a model.
    pub fn save(&self, folder: &Path, to: Option<&Path>) -> Result<PathBuf> {
        let folder = model_folder(folder)?;
        let path = to.map_or_else(|| folder.join(Self::NAME), Path::to_path_buf);
        let of_file = |e: serde_json::Error| Error::write(&path)(e.into());
        let text = BTreeMap::from([
            ("facts".to_string(), serde_json::to_string(&self.facts).map_err(of_file)?),
            ("model".to_string(), hash_of(&folder)?),
        ]);
        save_tensors(&path, &self.state(), &text)?;
        Ok(path)
    }

    /// What [`save`](Self::save) wrote, for rows of `row_len` numbers. `None` where there is none, or one of another model:
    /// training went on since, for example.
    ///
    /// # Errors
    /// A file that is damaged; a folder without a model.
    pub fn open(folder: &Path, from: Option<&Path>, row_len: usize) -> Result<Option<Self>> {
        let folder = model_folder(folder)?;
        let path = &from.map_or_else(|| folder.join(Self::NAME), Path::to_path_buf);
        if !is_of(path, &folder)? {
            return Ok(None);
        }
        let (state, text) = open_tensors(path)?;
        let damaged = |problem: &str| {
            Error::model(path, problem, "take it away, and `lacuna sample` makes it anew")
        };
        let facts: Option<Facts> =
            text.get("facts").and_then(|json| serde_json::from_str(json).ok());
        let facts = facts.ok_or_else(|| damaged("it does not say how it was made"))?;
        let sampler = Self::of_state(&state, facts).ok_or_else(|| damaged("it is no sampler"))?;
        match sampler.facts.row_len == row_len {
            true => Ok(Some(sampler)),
            false => Err(damaged("its rows are not those of the model")),
        }
    }

    /// Whether a sampler lies in the `folder` of a model, and was made for that model.
    ///
    /// # Errors
    /// A file that is damaged.
    pub fn belongs(folder: &Path) -> Result<bool> {
        is_of(&folder.join(Self::NAME), folder)
    }

    fn state(&self) -> State {
        let Facts { row_len, dimensions: d, components: k, .. } = self.facts;
        let f32s = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x as f32).collect();
        let mut means = self.gmm.means.iter().flat_map(|mean| mean.iter().copied());
        // Row-major: the columns of the transpose.
        let mut factors = self.gmm.factors.iter().flat_map(|l| l.transpose().data.as_vec().clone());
        let entries: [(&str, Vec<f32>, Vec<usize>); 6] = [
            ("pca.mean", self.pca.mean.clone(), vec![row_len]),
            ("pca.components", self.pca.components.as_slice().to_vec(), vec![d, row_len]),
            ("pca.variances", f32s(&mut self.pca.variances.iter().copied()), vec![d]),
            ("gmm.weights", f32s(&mut self.gmm.weights.iter().copied()), vec![k]),
            ("gmm.means", f32s(&mut means), vec![k, d]),
            ("gmm.factors", f32s(&mut factors), vec![k, d, d]),
        ];
        let tensor = |(name, numbers, shape): (&str, Vec<f32>, Vec<usize>)| {
            (name.to_string(), TensorData::new(numbers, shape))
        };
        entries.into_iter().map(tensor).collect()
    }

    /// `None` where the tensors are not of the shapes that `facts` say.
    fn of_state(state: &State, facts: Facts) -> Option<Self> {
        let Facts { row_len, dimensions: d, components: k, .. } = facts;
        let numbers = |name: &str, shape: &[usize]| -> Option<Vec<f32>> {
            let data = state.get(name).filter(|data| data.shape().as_slice() == shape)?;
            data.as_slice::<f32>().ok().map(<[f32]>::to_vec)
        };
        let f64s = |name: &str, shape: &[usize]| -> Option<Vec<f64>> {
            Some(numbers(name, shape)?.into_iter().map(f64::from).collect())
        };
        if d == 0 || k == 0 || row_len == 0 {
            return None;
        }
        let variances = f64s("pca.variances", &[d])?;
        let components = numbers("pca.components", &[d, row_len])?;
        let explained = variances.iter().sum::<f64>();
        let pca = Pca {
            mean: numbers("pca.mean", &[row_len])?,
            components: DMatrix::from_vec(row_len, d, components),
            total: explained / facts.explained.max(f64::MIN_POSITIVE),
            variances,
            rows: facts.rows,
            passes: facts.passes,
        };
        let means = f64s("gmm.means", &[k, d])?;
        let factors = f64s("gmm.factors", &[k, d, d])?;
        let gmm = Gmm {
            weights: f64s("gmm.weights", &[k])?,
            means: means.chunks_exact(d).map(DVector::from_column_slice).collect(),
            factors: factors
                .chunks_exact(d * d)
                .map(|factor| DMatrix::from_row_slice(d, d, factor))
                .collect(),
        };
        Some(Self { pca, gmm, facts })
    }
}

/// Whether the file `path` is there, and was made for the model in `folder`.
fn is_of(path: &Path, folder: &Path) -> Result<bool> {
    if !path.is_file() {
        return Ok(false);
    }
    let text = read_header(path)?.text;
    Ok(text.get("model") == Some(&hash_of(folder)?))
}

/// BLAKE3 of the model's numbers, as they lie on disk.
fn hash_of(folder: &Path) -> Result<String> {
    let path = folder.join(TENSORS);
    let mut hasher = blake3::Hasher::new();
    let read = File::open(&path).and_then(|file| hasher.update_reader(file).map(|_| ()));
    read.map_err(Error::read(&path))?;
    Ok(hasher.finalize().to_hex().to_string())
}
