//! All that is needed to go on: theta, running statistics, every row, the step. One file, so it is one state.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, TensorData};

use super::{Latents, open_tensors, save_tensors};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::Model;

const ROWS: &str = "latents";

/// A state of training. The order of the minibatches follows from the photos, the seed and the step, and there
/// is no momentum, so nothing else is to be kept.
#[derive(Debug)]
pub struct Checkpoint {
    pub model: Model,
    pub latents: Latents,
    /// Joint steps done, counted in minibatches of at most `batch`.
    pub step: u64,
    pub batch: usize,
    /// Seconds of training, over all resumed parts.
    pub seconds: f64,
}

impl Checkpoint {
    /// The state before the first step.
    ///
    /// # Errors
    /// A configuration that makes no model.
    pub fn fresh(config: &Config, device: &Device) -> Result<Self> {
        let model = Model::draw(config, device)?;
        let latents = Latents::new(model.fixed.start.clone());
        Ok(Self { model, latents, step: 0, batch: config.train.batch, seconds: 0.0 })
    }

    /// Writes the state as the file `path`, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut state = self.model.state();
        let rows = self.latents.rows();
        let numbers: Vec<f32> = rows.values().flatten().copied().collect();
        let shape = [rows.len(), self.latents.row_len()];
        state.insert(ROWS.into(), TensorData::new(numbers, shape));
        let keys: Vec<&str> = rows.keys().map(String::as_str).collect();
        let text = BTreeMap::from([
            ("step".to_string(), self.step.to_string()),
            ("batch".to_string(), self.batch.to_string()),
            // Bits, not digits: nothing is lost on the way.
            ("seconds".to_string(), self.seconds.to_bits().to_string()),
            ("keys".to_string(), keys.join(" ")),
            ("version".to_string(), env!("CARGO_PKG_VERSION").to_string()),
        ]);
        save_tensors(path, &state, &text)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or belongs to another architecture than `config`.
    pub fn open(path: &Path, config: &Config, device: &Device) -> Result<Self> {
        let (mut state, text) = open_tensors(path)?;
        let damaged = |problem: &str| {
            let remedy = "take another copy of the run, or train anew in another folder";
            Error::model(path, problem, remedy)
        };
        let entry = |key: &str| text.get(key).ok_or_else(|| damaged(&format!("it has no {key}")));
        let number = |key: &str| -> Result<u64> {
            entry(key)?.parse().map_err(|_| damaged(&format!("its {key} is no number")))
        };
        let step = number("step")?;
        // A checkpoint from before a minibatch could be split says nothing: it was never another.
        let batch = match text.contains_key("batch") {
            true => number("batch")? as usize,
            false => config.train.batch,
        };
        if batch == 0 {
            return Err(damaged("its minibatches are empty"));
        }
        let seconds = f64::from_bits(number("seconds")?);
        if !(seconds.is_finite() && seconds >= 0.0) {
            return Err(damaged("its seconds are no time"));
        }
        let keys: Vec<String> = entry("keys")?.split_whitespace().map(String::from).collect();
        let rows = state.remove(ROWS).ok_or_else(|| damaged("it has no latents"))?;
        if rows.shape().as_slice() != [keys.len(), config.latent.row_len()] {
            return Err(damaged(&format!("its latents are {:?}", rows.shape().as_slice())));
        }
        let model = Model::from_state(config, state, device, path)?;
        let mut latents = Latents::new(model.fixed.start.clone());
        let numbers = rows.try_into_vec::<f32>().map_err(|e| damaged(&format!("{e:?}")))?;
        latents.scatter(&keys, &numbers);
        Ok(Self { model, latents, step, batch, seconds })
    }
}
