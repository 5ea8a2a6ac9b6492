//! A configuration in few words: the preset that it is nearest to, and what differs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use toml::{Table, Value};

use super::{Config, Layers, PRESETS};

/// The nearest preset and the keys with other values, as `--set` takes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes {
    pub preset: &'static str,
    pub changes: Vec<String>,
}

impl Changes {
    /// What tells `config` from the preset from which the fewest keys tell it. What is said of the model is no setting.
    pub fn of(config: &Config) -> Self {
        let keys = keys_of(config);
        let from = |name: &'static str| {
            let preset = Layers::preset(name).and_then(Layers::finish).ok()?;
            let preset = keys_of(&preset);
            let other = keys.iter().filter(|(key, value)| preset.get(*key) != Some(*value));
            let changes = other.map(|(key, value)| format!("{key}={value}")).collect();
            Some(Self { preset: name, changes })
        };
        let presets = PRESETS.iter().filter_map(|(name, _)| from(name));
        let nearest = presets.min_by_key(|changes| changes.changes.len());
        nearest.unwrap_or_else(|| unreachable!("presets load, a test says so"))
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.changes.is_empty() {
            true => write!(f, "preset {}", self.preset),
            false => write!(f, "preset {} with {}", self.preset, self.changes.join(", ")),
        }
    }
}

/// Every key with its value, tables opened.
fn keys_of(config: &Config) -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    let mut table: Table = config.to_toml().parse().unwrap_or_default();
    table.remove("model");
    open("", table, &mut keys);
    keys
}

fn open(prefix: &str, table: Table, keys: &mut BTreeMap<String, Value>) {
    for (name, value) in table {
        match value {
            Value::Table(inner) => open(&format!("{prefix}{name}."), inner, keys),
            value => {
                keys.insert(format!("{prefix}{name}"), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_is_found_again_with_what_was_set_over_it() {
        for (name, _) in PRESETS {
            let mut layers = Layers::preset(name).unwrap();
            let as_it_is = Changes::of(&layers.clone().finish().unwrap());
            assert_eq!(as_it_is.to_string(), format!("preset {name}"));
            layers.set("train.minutes=7").unwrap();
            layers.set("model.license=mine").unwrap();
            layers.set("restore.inpaint.steps=9").unwrap();
            let changes = Changes::of(&layers.finish().unwrap());
            let set = ["restore.inpaint.steps=9", "train.minutes=7.0"];
            assert_eq!((changes.preset, changes.changes), (name, set.map(String::from).to_vec()));
        }
    }
}
