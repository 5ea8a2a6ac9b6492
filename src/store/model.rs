//! The finished model as a folder that others can read: `config.json`, `model.safetensors`, `README.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, TensorData};
use serde::Serialize;

use super::{open_tensors, save_tensors, write_atomically};
use crate::config::{Config, ModelConfig};
use crate::error::{Error, Result};
use crate::latent::Fixed;
use crate::model::Model;
use crate::nn::State;

const CONFIG: &str = "config.json";
pub(crate) const TENSORS: &str = "model.safetensors";
/// The state of a run before it was a [`Checkpoint`](super::Checkpoint) in a store.
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";

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

    /// A model of `config` with the numbers of [`state`](Self::state); `path` is named in errors.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape: the file belongs to another architecture.
    pub fn from_state(
        config: &Config,
        mut state: State,
        device: &Device,
        path: &Path,
    ) -> Result<Self> {
        let foreign = |problem: String| {
            let remedy =
                "it belongs to another architecture; use the config.json it was saved with";
            Error::model(path, problem, remedy)
        };
        let mut row = |name: &str, length: usize| {
            let data = state.remove(name).ok_or(foreign(format!("tensor `{name}` is missing")))?;
            let numbers =
                data.try_into_vec::<f32>().map_err(|e| foreign(format!("{name}: {e:?}")))?;
            match numbers.len() == length {
                true => Ok(numbers),
                false => Err(foreign(format!(
                    "tensor `{name}` has {} numbers, expected {length}",
                    numbers.len()
                ))),
            }
        };
        let start = row("latent.start", config.latent.row_len())?;
        let s = row("latent.s", config.latent.input_len())?;
        let mut model = Self::with_fixed(config, Fixed { s, start }, device)?;
        let known = model.generator.state();
        let stranger = |name: &&str| !known.contains_key(*name);
        if let Some(name) = state.keys().filter_map(|name| name.strip_prefix("g.")).find(stranger) {
            return Err(foreign(format!("tensor `g.{name}` has no place in it")));
        }
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

    /// Opens the model in `folder`, or in the run that `folder` is.
    ///
    /// # Errors
    /// A folder that holds no model, a damaged file, or one of another architecture.
    pub fn open(folder: &Path, device: &Device) -> Result<Self> {
        let folder = model_folder(folder)?;
        let config = model_config(&folder)?;
        let path = folder.join(TENSORS);
        let (state, _) = open_tensors(&path)?;
        Self::from_state(&config, state, device, &path)
    }
}

/// The configuration of the model in `folder`.
///
/// # Errors
/// A file that cannot be read, or is no configuration.
pub(crate) fn model_config(folder: &Path) -> Result<Config> {
    let path = folder.join(CONFIG);
    let bytes = std::fs::read(&path).map_err(Error::read(&path))?;
    let config: Config = serde_json::from_slice(&bytes).map_err(|e| {
        let remedy = "take another copy of the model's folder, or train anew";
        Error::model(&path, format!("it is no configuration ({e})"), remedy)
    })?;
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
        return Err(Error::model(folder, problem, "go on with `lacuna train --resume --out`"));
    }
    let problem = match folder.exists() {
        true => format!("there is no {TENSORS} in it"),
        false => "there is no such folder".to_string(),
    };
    Err(Error::model(folder, problem, "name the folder that `lacuna train --out` wrote"))
}
