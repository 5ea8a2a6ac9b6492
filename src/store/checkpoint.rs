//! All that is needed to go on: theta, running statistics, every row, the step. One store, so it is one state.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, TensorData};

use super::legacy;
use super::state::{Head, Layout, Rounding, RowFormat, RowKey, Rows, StateStore};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::Model;

/// Rows that are kept as they are, among the tensors, and their names in the head.
const OPEN: &str = "open";

/// A state of training. The order of the minibatches follows from the photos, the seed and the step, and there
/// is no momentum, so nothing else is to be kept. Rows are in the store, not in memory.
#[derive(Debug)]
pub struct Checkpoint {
    pub model: Model,
    /// Joint steps done, counted in minibatches of at most `batch`.
    pub step: u64,
    pub batch: usize,
    /// Seconds of training, over all resumed parts.
    pub seconds: f64,
    store: StateStore,
    /// Rows of a minibatch that is not through with its steps, as they are, where the store rounds them: it then makes no
    /// difference that a checkpoint fell between two steps.
    open: BTreeMap<RowKey, Vec<f32>>,
}

impl Checkpoint {
    /// The state before the first step, in the new file `path`.
    ///
    /// # Errors
    /// A configuration that makes no model; a file that is there already; [`Error::Write`].
    pub fn create(path: &Path, config: &Config, device: &Device) -> Result<Self> {
        Self::fresh(StateStore::create(path, layout(config))?, config, device)
    }

    /// Opens what [`commit`](Self::commit) made durable last in the file `path`; before the first commit, the state
    /// before the first step.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, held by another process, or belongs to another architecture than `config`.
    pub fn open(path: &Path, config: &Config, device: &Device) -> Result<Self> {
        let store = StateStore::open(path)?.expect(layout(config))?;
        let Some(head) = store.head() else { return Self::fresh(store, config, device) };
        let Standing { step, batch, seconds } = Standing::of(head, path)?;
        let names = head.get(OPEN).map_or("", String::as_str).split_whitespace();
        let keys = names.map(RowKey::named).collect::<Result<Vec<_>>>()?;
        let mut tensors = store.tensors()?;
        let rows = tensors.remove(OPEN).and_then(|rows| rows.try_into_vec::<f32>().ok());
        let rows = rows.unwrap_or_default();
        let rows = rows.chunks_exact(config.latent.row_len()).map(<[f32]>::to_vec);
        let open = keys.into_iter().zip(rows).collect();
        let model = Model::from_state(config, tensors, device, path)?;
        Ok(Self { model, step, batch, seconds, store, open })
    }

    /// Takes the file `old`, which versions before the store wrote, over into the new file `path`, whole or not at all.
    /// All of it is in memory meanwhile. `old` stays.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or belongs to another architecture than `config`; [`Error::Write`].
    pub fn import(old: &Path, path: &Path, config: &Config, device: &Device) -> Result<()> {
        let legacy = legacy::read(old, config)?;
        Standing::of(&legacy.head, old)?;
        Model::from_state(config, legacy.tensors.clone(), device, old)?;
        legacy.write(path, layout(config))
    }

    fn fresh(store: StateStore, config: &Config, device: &Device) -> Result<Self> {
        let model = Model::draw(config, device)?;
        let open = BTreeMap::new();
        Ok(Self { model, step: 0, batch: config.train.batch, seconds: 0.0, store, open })
    }

    /// The rows of `keys` one after another, `[B, P]` row-major; one that was never visited is the shared start.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn gather(&self, keys: &[RowKey]) -> Result<Vec<f32>> {
        let start = &self.model.fixed.start;
        let mut numbers = Vec::with_capacity(keys.len() * start.len());
        for (key, row) in keys.iter().zip(self.store.get(keys)?) {
            let row = self.open.get(key).or(row.as_ref());
            numbers.extend_from_slice(row.unwrap_or(start));
        }
        Ok(numbers)
    }

    /// Keeps `numbers`, `[B, P]` row-major, as the rows of `keys`, in memory until the next [`commit`](Self::commit).
    /// Where the store rounds, it does so by the seed and the step, when the minibatch is `visited`, all its steps done;
    /// until then the rows are kept as they are, too.
    ///
    /// # Errors
    /// A number that is not finite; then none is kept.
    pub fn scatter(&mut self, keys: &[RowKey], numbers: &[f32], visited: bool) -> Result<()> {
        let rows: Vec<&[f32]> = numbers.chunks_exact(self.model.fixed.start.len()).collect();
        let rounding = Rounding::Stochastic { seed: self.model.config.train.seed, step: self.step };
        self.store.put(keys, &rows, rounding)?;
        for (key, row) in keys.iter().zip(rows) {
            match visited || self.store.layout().format == RowFormat::F32 {
                true => self.open.remove(key),
                false => self.open.insert(*key, row.to_vec()),
            };
        }
        Ok(())
    }

    /// Bytes of the rows that wait for a commit.
    pub fn pending_bytes(&self) -> u64 {
        self.store.pending_bytes()
    }

    /// Makes all of the state durable together.
    ///
    /// # Errors
    /// [`Error::Write`]; a number that is not finite. The last state is on disk then.
    pub fn commit(&mut self) -> Result<()> {
        let Self { step, batch, seconds, .. } = *self;
        let (mut head, mut tensors) =
            (Standing { step, batch, seconds }.head(), self.model.state());
        if !self.open.is_empty() {
            let names: Vec<String> = self.open.keys().map(RowKey::to_string).collect();
            let rows: Vec<f32> = self.open.values().flatten().copied().collect();
            let shape = [names.len(), rows.len() / names.len()];
            head.insert(OPEN.into(), names.join(" "));
            tensors.insert(OPEN.into(), TensorData::new(rows, shape));
        }
        self.store.commit(&head, &tensors)
    }

    /// All committed rows, one at a time in the order of their keys.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn rows(&self) -> Result<Rows> {
        self.store.rows()
    }

    /// The keys of all committed rows, in their order.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn keys(&self) -> Result<impl Iterator<Item = Result<RowKey>>> {
        self.store.keys()
    }
}

fn layout(config: &Config) -> Layout {
    Layout { row_len: config.latent.row_len(), format: config.train.latents }
}

/// Where training stands, as the head of a commit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standing {
    pub step: u64,
    pub batch: usize,
    pub seconds: f64,
}

impl Standing {
    fn head(self) -> Head {
        Head::from([
            ("step".to_string(), self.step.to_string()),
            ("batch".to_string(), self.batch.to_string()),
            // Bits, not digits: nothing is lost on the way.
            ("seconds".to_string(), self.seconds.to_bits().to_string()),
            ("version".to_string(), env!("CARGO_PKG_VERSION").to_string()),
        ])
    }

    /// What `head` of the file `path` says.
    ///
    /// # Errors
    /// An entry that is missing or is no number.
    pub fn of(head: &Head, path: &Path) -> Result<Self> {
        let damaged = |problem: &str| {
            let remedy = "take another copy of the run, or train anew in another folder";
            Error::model(path, problem, remedy)
        };
        let number = |key: &str| -> Result<u64> {
            let text = head.get(key).ok_or_else(|| damaged(&format!("it has no {key}")))?;
            text.parse().map_err(|_| damaged(&format!("its {key} is no number")))
        };
        let (step, batch) = (number("step")?, number("batch")? as usize);
        let seconds = f64::from_bits(number("seconds")?);
        if batch == 0 {
            return Err(damaged("its minibatches are empty"));
        }
        if !(seconds.is_finite() && seconds >= 0.0) {
            return Err(damaged("its seconds are no time"));
        }
        Ok(Self { step, batch, seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_training_stands_and_what_it_lacks() {
        let standing = Standing { step: 7, batch: 3, seconds: 0.1 + 0.2 };
        let path = Path::new("run/state.redb");
        assert_eq!(Standing::of(&standing.head(), path).unwrap(), standing);
        for (key, value, words) in [
            ("step", None, "no step"),
            ("batch", Some("0"), "empty"),
            ("seconds", Some("many"), "seconds is no number"),
            ("seconds", Some("9221120237041090560"), "no time"),
        ] {
            let mut head = standing.head();
            match value {
                Some(value) => head.insert(key.into(), value.into()),
                None => head.remove(key),
            };
            let message = Standing::of(&head, path).unwrap_err().to_string();
            assert!(message.contains(words) && message.contains("state.redb"), "{message}");
        }
    }
}
