//! The finished model as a folder that others can read: `config.json`, `model.safetensors`, `README.md`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, TensorData};
use serde::Serialize;

use super::foreign::{foreign_model, is_foreign};
use super::header::{Header, TensorFile, cut};
use super::{save_tensors, write_atomically};
use crate::config::{Config, ModelConfig};
use crate::error::{Error, Result};
use crate::latent::Fixed;
use crate::model::Model;
use crate::nn::State;
use crate::report::quoted;

const CONFIG: &str = "config.json";
pub(crate) const TENSORS: &str = "model.safetensors";
/// The state of a run before it was a [`Checkpoint`](super::Checkpoint) in a store.
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";

const FOREIGN: &str = "it belongs to another architecture; use the config.json it was saved with";

/// What a model was made of: text beside its numbers. No times, so that equal runs give equal bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Photos that were learned, mirrored copies not counted.
    pub photos: Option<usize>,
    /// Photos that were held out.
    pub held_out: Option<usize>,
    /// Joint steps.
    pub steps: Option<u64>,
    /// The version of this program that wrote the file; models of 0.1.0 and before may not say it.
    pub version: Option<String>,
}

impl Origin {
    fn text(&self) -> BTreeMap<String, String> {
        let number = |number: Option<usize>| number.map(|number| number.to_string());
        let entries = [
            ("photos", number(self.photos)),
            ("held_out", number(self.held_out)),
            ("steps", self.steps.map(|steps| steps.to_string())),
            ("version", Some(env!("CARGO_PKG_VERSION").to_string())),
        ];
        let known = entries.into_iter().filter_map(|(key, text)| Some((key.to_string(), text?)));
        known.collect()
    }

    /// What `text`, that lay beside a model's numbers, says.
    pub(crate) fn of(text: &BTreeMap<String, String>) -> Self {
        let number = |key: &str| text.get(key).and_then(|text| text.parse().ok());
        Self {
            photos: number("photos"),
            held_out: number("held_out"),
            steps: text.get("steps").and_then(|text| text.parse().ok()),
            version: text.get("version").cloned(),
        }
    }
}

impl Model {
    /// All numbers of the model: `g.*` with the running statistics, `latent.s`, `latent.start`.
    pub fn state(&self) -> State {
        let row = |numbers: &[f32]| TensorData::new(numbers.to_vec(), [numbers.len()]);
        let generator = self.generator.state().into_iter();
        let mut state: State = generator.map(|(name, data)| (format!("g.{name}"), data)).collect();
        state.insert("latent.s".into(), row(&self.fixed.s));
        state.insert("latent.start".into(), row(&self.fixed.start));
        state
    }

    /// A hash of all its numbers and settings, 16 hexadecimal digits: tells models apart in records. What is merely
    /// said of it counts for nothing.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let config = Config { model: ModelConfig::default(), ..self.config.clone() };
        hasher.update(config.to_toml().as_bytes());
        for (name, data) in self.state() {
            hasher.update(name.as_bytes());
            hasher.update(data.as_bytes());
        }
        hasher.finalize().to_hex()[..16].to_string()
    }

    /// The tensors of a model of `config` by their names, with their shapes, from the configuration alone.
    pub fn shapes(config: &Config) -> BTreeMap<String, Vec<usize>> {
        let generator = config.generator.shapes(config.latent.shape()).into_iter();
        let generator = generator.map(|(name, shape)| (format!("g.{name}"), shape));
        let fixed = [("s", config.latent.input_len()), ("start", config.latent.row_len())];
        let fixed = fixed.map(|(name, length)| (format!("latent.{name}"), vec![length]));
        generator.chain(fixed).collect()
    }

    /// A model of `config` with the numbers of [`state`](Self::state); `path` is named in errors.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape or has no place: the file belongs to another architecture. Nothing is
    /// made before that. A running variance below 0.
    pub fn from_state(
        config: &Config,
        mut state: State,
        device: &Device,
        path: &Path,
    ) -> Result<Self> {
        config.check()?;
        let shapes = state.iter().map(|(name, data)| (name.as_str(), data.shape().as_slice()));
        check_shapes(config, shapes.collect(), path)?;
        check_variances(&state, path)?;
        let foreign = |problem: String| Error::model(path, problem, FOREIGN);
        let mut row = |name: &str| {
            let data = state.remove(name).ok_or(foreign(format!("tensor `{name}` is missing")))?;
            data.try_into_vec::<f32>().map_err(|e| foreign(format!("{name}: {e:?}")))
        };
        let (start, s) = (row("latent.start")?, row("latent.s")?);
        let mut model = Self::with_fixed(config, Fixed { s, start }, device)?;
        let generator = state
            .into_iter()
            .filter_map(|(name, data)| Some((name.strip_prefix("g.")?.to_string(), data)))
            .collect();
        model.generator = model.generator.load(&generator).map_err(foreign)?;
        Ok(model)
    }

    /// Writes the model into `folder`; `card` is its README, `origin` what it was made of.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save(&self, folder: &Path, card: &str, origin: &Origin) -> Result<()> {
        let config = folder.join(CONFIG);
        let json =
            serde_json::to_vec_pretty(&self.config).map_err(|e| Error::write(&config)(e.into()))?;
        write_atomically(config, &json)?;
        write_atomically(folder.join("README.md"), card.as_bytes())?;
        save_tensors(&folder.join(TENSORS), &self.state(), &origin.text())
    }

    /// Opens the model in `folder`, or in the run that `folder` is. The folder may come from anywhere: it is read as
    /// numbers, none of it is run, and nothing is allocated that its file does not hold.
    ///
    /// # Errors
    /// A folder that holds no model, a damaged file, one of another architecture, or of another kind, which is named.
    pub fn open(folder: &Path, device: &Device) -> Result<Self> {
        let folder = model_folder(folder)?;
        let config = model_config(&folder)?;
        let path = folder.join(TENSORS);
        let (state, _) = tensor_file(&path, &config)?.read()?;
        Self::from_state(&config, state, device, &path)
    }
}

/// The file `path`, none of whose numbers are read, of a model of `config`.
fn tensor_file(path: &Path, config: &Config) -> Result<TensorFile> {
    /// Some 60 tensors of a large model take 8 KB.
    const LONGEST: u64 = 1 << 20;
    let file = TensorFile::open(path, LONGEST)?;
    let shapes = file.header().shapes.iter();
    check_shapes(config, shapes.map(|(name, shape)| (name.as_str(), &shape[..])).collect(), path)?;
    Ok(file)
}

/// The header of the model in `folder`, which is that of a model of `config`.
///
/// # Errors
/// As [`Model::open`], but for its numbers.
pub(crate) fn model_header(folder: &Path, config: &Config) -> Result<Header> {
    Ok(tensor_file(&folder.join(TENSORS), config)?.into_header())
}

fn check_shapes(config: &Config, found: BTreeMap<&str, &[usize]>, path: &Path) -> Result<()> {
    let foreign = |problem: String| Err(Error::model(path, problem, FOREIGN));
    let expected = Model::shapes(config);
    for (name, shape) in &expected {
        match found.get(name.as_str()) {
            None => return foreign(format!("tensor `{name}` is missing")),
            Some(found) if found != shape => {
                let found = cut(&format!("{found:?}"));
                return foreign(format!("tensor `{name}` has shape {found}, expected {shape:?}"));
            }
            Some(_) => {}
        }
    }
    match found.keys().find(|name| !expected.contains_key(**name)) {
        Some(name) => foreign(format!("tensor `{}` has no place in it", cut(name))),
        None => Ok(()),
    }
}

/// The root of a variance below 0 is no number, and every picture of such a model would be grey or none.
fn check_variances(state: &State, path: &Path) -> Result<()> {
    for (name, data) in state.iter().filter(|(name, _)| name.ends_with("running_var")) {
        let numbers = data.as_slice::<f32>().unwrap_or_default();
        if let Some(number) = numbers.iter().find(|number| **number < 0.0) {
            let problem = format!("tensor `{name}` holds {number}, and no variance is below 0");
            return Err(Error::model(path, problem, "take another copy, or train the model anew"));
        }
    }
    Ok(())
}

/// The configuration of the model in `folder`.
///
/// # Errors
/// A file that cannot be read, or is no configuration.
pub(crate) fn model_config(folder: &Path) -> Result<Config> {
    /// A configuration has 2 KB and whatever is said of the model.
    const LONGEST: u64 = 1 << 18;
    let path = folder.join(CONFIG);
    let damaged = |problem: String| {
        let remedy = "take another copy of the model's folder, or train anew";
        Error::model(&path, problem, remedy)
    };
    if !fs::metadata(&path).map_err(Error::read(&path))?.is_file() {
        return Err(damaged("it is no file".into()));
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    file.map_err(Error::read(&path))?;
    if bytes.len() as u64 > LONGEST {
        return Err(damaged(format!("it has more than {LONGEST} bytes, and is no configuration")));
    }
    let config: Config = serde_json::from_slice(&bytes)
        .map_err(|e| damaged(format!("it is no configuration ({})", cut(&e))))?;
    config.check()?;
    Ok(config)
}

/// `folder` itself, or its `model` folder when it is a run.
pub(crate) fn model_folder(folder: &Path) -> Result<PathBuf> {
    let inner = folder.join("model");
    for candidate in [folder.to_path_buf(), inner] {
        if candidate.join(TENSORS).is_file() {
            return Ok(candidate);
        }
    }
    if [super::state::NAME, CHECKPOINT].iter().any(|name| folder.join(name).is_file()) {
        let problem = "its training was cut off before a model was saved";
        let remedy = format!("go on with `lacuna train --resume --out {}`", quoted(folder));
        return Err(Error::model(folder, problem, remedy));
    }
    if let Some(file) = foreign_model(folder) {
        return Err(is_foreign(&file));
    }
    if folder.is_file() {
        let problem = "it is a file, and a model is a folder";
        return Err(Error::model(folder, problem, "name the folder that it lies in"));
    }
    let problem = match folder.exists() {
        true => format!("there is no {TENSORS} in it"),
        false => "there is no such folder".to_string(),
    };
    Err(Error::model(folder, problem, "name the folder that `lacuna train --out` wrote"))
}
