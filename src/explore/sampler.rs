//! What draws phi that never were: principal components of the phi of training, and a mixture of Gaussians over them, in one
//! file that goes with the model.
//!
//! ```text
//! sampler.safetensors   pca.mean [P] | pca.components [d, P] | pca.variances [d]
//!                       gmm.weights [K] | gmm.means [K, d] | gmm.factors [K, d, d], lower triangular
//!                       beside them, as text: the facts of the fit, the hash of its model.safetensors
//! ```
//! The paper takes 30,000 phi, 512 dimensions and 3 components. Of fewer rows a covariance of so many dimensions is not
//! known: dimensions are at most a quarter of the rows, and every covariance counts as many rows of the pooled one as it has
//! dimensions.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::{Coordinates, Gmm, GmmSettings, Latents, Pass, Pca, PcaSettings};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::nn::State;
use crate::runtime::stream;
use crate::store::{TENSORS, model_folder, open_tensors, save_tensors};

/// Rows for each dimension at least.
const ROWS_PER_DIMENSION: usize = 4;
/// Rows to begin with.
const LEAST_ROWS: usize = 8;
/// What is added to a covariance, of the mean variance of a dimension: less than rounding of rows to f32 leaves.
const RIDGE: f64 = 1e-6;

/// What is asked of a sampler.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplerSettings {
    /// Dimensions at most.
    pub dimensions: usize,
    /// Components of the mixture at most.
    pub components: usize,
    /// Of the components' start.
    pub seed: u64,
}

/// What came of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Rows that were learned from, mirrored copies among them, and rows that were held out.
    pub rows: usize,
    pub mirrored: usize,
    pub held_out: usize,
    /// Numbers of a row, P; dimensions, d; components, K.
    pub row_len: usize,
    pub dimensions: usize,
    pub components: usize,
    /// Passes over the rows, and steps of EM.
    pub passes: usize,
    pub steps: usize,
    /// Share of the variance of rows that lies along the dimensions: of those that were learned, and of the others, if
    /// any, about the same mean.
    pub explained: f64,
    pub explained_held_out: Option<f64>,
    /// Mean ln p of a row in its d coordinates, of both; and of the others by a single Gaussian.
    pub log_likelihood: f64,
    pub log_likelihood_held_out: Option<f64>,
    pub log_likelihood_one_gaussian: Option<f64>,
    pub seed: u64,
    /// The version of this program that made it.
    pub version: String,
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampler {
    pub pca: Pca,
    pub gmm: Gmm,
    pub facts: Facts,
}

impl Sampler {
    /// The file's name in the folder of a model.
    pub const NAME: &'static str = "sampler.safetensors";

    /// Bytes of memory that a fit takes at most: the components three times, a chunk of rows twice, rows in coordinates, the
    /// mixture; and what `latents` hold.
    pub fn memory(latents: &Latents, settings: &SamplerSettings) -> u64 {
        const CHUNK: u64 = 64 << 20;
        let (rows, width) = (latents.rows() as u64, latents.width() as u64);
        let d = dimensions(settings, latents.rows()) as u64;
        let block = (d + d / 8 + 16).min(width);
        let k = settings.components as u64;
        3 * 4 * width * block
            + CHUNK
            + 2 * 8 * rows * d
            + 8 * (8 * block * block + (8 + 4) * k * d * d)
            + latents.held_bytes()
    }

    /// A sampler of the rows of `latents`, of which those that are held out only measure it.
    ///
    /// # Errors
    /// Fewer than eight rows; a file that is damaged; [`Error::Stopped`].
    pub fn fit(
        latents: &mut Latents,
        settings: &SamplerSettings,
        watch: &mut dyn Observer,
    ) -> Result<Self> {
        let total = latents.rows();
        let mut reading = |done: usize| {
            let told = done.is_multiple_of(256) || done == total;
            match told && watch.on(Event::Gathered { done, total }).is_break() {
                true => Err(stopped()),
                false => Ok(()),
            }
        };
        latents.hold(&mut reading)?;
        let (train, held_out) = (latents.side(false), latents.side(true));
        let (count, mirrored) = train.count()?;
        if count < LEAST_ROWS {
            let problem = format!("{count} latents are too few to draw others from");
            let remedy =
                format!("train on more photos: {LEAST_ROWS} are the least, thousands are good");
            return Err(Error::input("sampler", problem, remedy));
        }
        let dimensions = dimensions(settings, count);
        let mut tell = |pass: Pass| {
            let Pass { pass, passes, rows, explained } = pass;
            watch.on(Event::Components { pass, passes, done: rows, total: count, explained })
        };
        let pca = Pca::fit(&train, &PcaSettings::new(dimensions, settings.seed), &mut tell)?;
        let mut on = |_: usize| match watch.on(Event::Gathered { done: total, total }) {
            ControlFlow::Break(()) => Err(stopped()),
            ControlFlow::Continue(()) => Ok(()),
        };
        let learned = pca.coordinates(&train, &mut on)?;
        let others = pca.coordinates(&held_out, &mut on)?;
        Self::of_coordinates(pca, &learned, &others, mirrored, settings, watch)
    }

    fn of_coordinates(
        pca: Pca,
        learned: &Coordinates,
        others: &Coordinates,
        mirrored: usize,
        settings: &SamplerSettings,
        watch: &mut dyn Observer,
    ) -> Result<Self> {
        let (d, count) = learned.points.shape();
        let mixture = GmmSettings {
            components: settings.components.clamp(1, count),
            prior_rows: d as f64,
            ridge: RIDGE * learned.points.norm_squared() / learned.points.len() as f64,
            tolerance: 1e-3,
            most_steps: 100,
            seed: settings.seed,
        };
        let steps = mixture.most_steps;
        let (gmm, likelihoods) = Gmm::fit(&learned.points, &mixture, &mut |step, likelihood| {
            watch.on(Event::Mixture { step, steps, log_likelihood: likelihood })
        })?;
        let has_others = others.points.ncols() > 0;
        let held_out = |gmm: &Gmm| match has_others {
            true => gmm.log_likelihood(&others.points).map(Some),
            false => Ok(None),
        };
        let one = Gmm::of_groups(
            &learned.points,
            &vec![0; count],
            &GmmSettings { components: 1, ..mixture },
        )?;
        let facts = Facts {
            rows: count,
            mirrored,
            held_out: others.points.ncols(),
            row_len: pca.mean.len(),
            dimensions: d,
            components: mixture.components,
            passes: pca.passes,
            steps: likelihoods.len(),
            explained: learned.explained(),
            explained_held_out: has_others.then(|| others.explained()),
            log_likelihood: gmm.log_likelihood(&learned.points)?,
            log_likelihood_held_out: held_out(&gmm)?,
            log_likelihood_one_gaussian: held_out(&one)?,
            seed: settings.seed,
            version: env!("CARGO_PKG_VERSION").to_string(),
        };
        Ok(Self { pca, gmm, facts }.rounded())
    }

    /// The phi number `number` under `seed`, `[P]`, still to be brought into the box. It does not depend on how many are
    /// drawn.
    pub fn draw(&self, seed: u64, number: usize) -> Vec<f32> {
        let mut rng = stream(seed, &format!("sample/{number}"));
        self.pca.row(self.gmm.draw(&mut rng).as_slice())
    }

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

    /// As it is after a file: the same draws before and after.
    fn rounded(mut self) -> Self {
        let round = |x: f64| f64::from(x as f32);
        self.pca.variances.iter_mut().for_each(|x| *x = round(*x));
        self.gmm.weights.iter_mut().for_each(|x| *x = round(*x));
        self.gmm.means.iter_mut().for_each(|mean| mean.apply(|x| *x = round(*x)));
        self.gmm.factors.iter_mut().for_each(|factor| factor.apply(|x| *x = round(*x)));
        self
    }

    fn state(&self) -> State {
        let Facts { row_len, dimensions: d, components: k, .. } = self.facts;
        let f32s = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x as f32).collect();
        let means = self.gmm.means.iter().flat_map(|mean| mean.iter().copied());
        // Row-major: the columns of the transpose.
        let factors = self.gmm.factors.iter().flat_map(|l| l.transpose().data.as_vec().clone());
        let entries: [(&str, Vec<f32>, Vec<usize>); 6] = [
            ("pca.mean", self.pca.mean.clone(), vec![row_len]),
            ("pca.components", self.pca.components.as_slice().to_vec(), vec![d, row_len]),
            ("pca.variances", f32s(&mut self.pca.variances.iter().copied()), vec![d]),
            ("gmm.weights", f32s(&mut self.gmm.weights.iter().copied()), vec![k]),
            ("gmm.means", f32s(&mut means.into_iter()), vec![k, d]),
            ("gmm.factors", f32s(&mut factors.into_iter()), vec![k, d, d]),
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

/// At most what is asked for, and a quarter of the rows; one at least.
fn dimensions(settings: &SamplerSettings, rows: usize) -> usize {
    settings.dimensions.min(rows / ROWS_PER_DIMENSION).max(1)
}

fn stopped() -> Error {
    Error::stopped("reading latents: nothing was fitted yet")
}

/// Whether the file `path` is there, and was made for the model in `folder`.
fn is_of(path: &Path, folder: &Path) -> Result<bool> {
    if !path.is_file() {
        return Ok(false);
    }
    let text = crate::store::read_header(path)?.text;
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
