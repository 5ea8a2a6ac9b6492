//! Layers of settings, each over the one before.

use std::path::Path;

use toml::{Table, Value};

use super::Config;
use crate::error::{Error, Result};

/// The presets by name.
pub const PRESETS: [(&str, &str); 6] = [
    ("photos-64", include_str!("../../presets/photos-64.toml")),
    ("drawn-64", include_str!("../../presets/drawn-64.toml")),
    ("celeba-128", include_str!("../../presets/celeba-128.toml")),
    ("bedrooms-256", include_str!("../../presets/bedrooms-256.toml")),
    ("celebahq-1024", include_str!("../../presets/celebahq-1024.toml")),
    ("bench-64", include_str!("../../presets/bench-64.toml")),
];

/// A complete table of settings that further layers change.
#[derive(Debug, Clone)]
pub struct Layers(Table);

impl Layers {
    /// The preset `name`.
    ///
    /// # Errors
    /// An unknown name; the message lists the known ones.
    pub fn preset(name: &str) -> Result<Self> {
        let found = PRESETS.iter().find(|(known, _)| *known == name);
        let Some((_, text)) = found else {
            let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            let what = format!("preset `{name}`");
            return Err(Error::input(
                what,
                "there is none of that name",
                format!("use one of {}", names.join(", ")),
            ));
        };
        Self::text(text, name)
    }

    /// A complete configuration as text, a run's own for example; `source` is named in errors.
    ///
    /// # Errors
    /// Text that is no TOML.
    pub fn text(text: &str, source: &str) -> Result<Self> {
        let mut table = parse(text, source)?;
        // Left out where it is empty, and a key that is not there could not be set.
        let model = table.entry("model").or_insert(Value::Table(Table::new()));
        if let Value::Table(model) = model {
            for key in ["license", "data_name", "data_source", "data_license"] {
                model.entry(key).or_insert(Value::String(String::new()));
            }
        }
        // Runs from before it could be chosen say nothing of it.
        for part in ["train", "restore"] {
            if let Some(Value::Table(part)) = table.get_mut(part) {
                part.entry("precision").or_insert(Value::String("f32".into()));
            }
        }
        if let Some(Value::Table(train)) = table.get_mut("train") {
            train.entry("pending_mb").or_insert(Value::Float(256.0));
            train.entry("keep").or_insert(Value::Integer(0));
            train.entry("latents").or_insert(Value::String("f32".into()));
        }
        Ok(Self(table))
    }

    /// Sets one key to a text, whatever it would mean as TOML.
    ///
    /// # Errors
    /// An unknown key, or one that takes no text.
    pub fn set_text(&mut self, key: &str, text: &str) -> Result<()> {
        self.set(&format!("{key}={}", Value::String(text.to_string())))
    }

    /// Lays the TOML file `path` over these settings; it may name any of the keys, and no other.
    ///
    /// # Errors
    /// A file that cannot be read or is no TOML, or an unknown key.
    pub fn file(&mut self, path: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        let table = parse(&text, &path.display().to_string())?;
        merge(&mut self.0, table, "").map_err(|error| match error {
            Error::Config { key, problem, remedy } => {
                Error::config(key, format!("{problem} (in `{}`)", path.display()), remedy)
            }
            other => other,
        })
    }

    /// Sets one key from `a.b=value`; the value is TOML, or else a string.
    ///
    /// # Errors
    /// No `=`, or an unknown key.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let Some((key, value)) = assignment.split_once('=') else {
            let what = format!("setting `{assignment}`");
            return Err(Error::input(what, "it has no `=`", "write it as train.batch=8"));
        };
        let (key, value) = (key.trim(), value.trim());
        let parsed = format!("v = {value}").parse::<Table>().ok();
        let parsed = parsed.and_then(|mut table| table.remove("v"));
        // TOML has `nan` in small letters only; whatever it is written as, it is refused for what it is.
        let value = parsed.or_else(|| not_finite(value));
        let mut value = value.unwrap_or_else(|| {
            Value::String(assignment[key.len()..].trim_start_matches(['=', ' ']).to_string())
        });
        for part in key.rsplit('.') {
            value = Value::Table(Table::from_iter([(part.to_string(), value)]));
        }
        match value {
            Value::Table(table) => merge(&mut self.0, table, ""),
            _ => Ok(()),
        }
    }

    /// The checked configuration.
    ///
    /// # Errors
    /// A value of the wrong type or outside its range.
    pub fn finish(self) -> Result<Config> {
        let config: Config = self.0.try_into().map_err(|e: toml::de::Error| {
            let remedy = "see presets/*.toml for every key and an example of its value";
            Error::input("configuration", one_line(e.message()), remedy)
        })?;
        config.check()?;
        Ok(config)
    }
}

/// NaN and infinity as anyone may write them.
fn not_finite(text: &str) -> Option<Value> {
    text.parse().ok().filter(|number: &f64| !number.is_finite()).map(Value::Float)
}

fn parse(text: &str, source: &str) -> Result<Table> {
    text.parse().map_err(|e: toml::de::Error| {
        Error::input(
            source,
            format!("it is no TOML: {}", one_line(&e.to_string())),
            "mend that line",
        )
    })
}

/// Lays `over` onto `base`, whose keys are all there are.
fn merge(base: &mut Table, over: Table, prefix: &str) -> Result<()> {
    for (name, value) in over {
        let key = format!("{prefix}{name}");
        let known: Vec<String> = base.keys().cloned().collect();
        match (base.get_mut(&name), value) {
            (None, _) => {
                let remedy = format!("the keys here are {}", known.join(", "));
                return Err(Error::config(key, "there is no such key", remedy));
            }
            (Some(Value::Table(base)), Value::Table(over)) => {
                merge(base, over, &format!("{key}."))?
            }
            (Some(Value::Table(_)), value) => {
                let problem = format!("`{value}` is no table");
                return Err(Error::config(key, problem, "name one of its keys"));
            }
            (Some(Value::Float(slot)), Value::Integer(number)) => *slot = number as f64,
            // Every whole number is a count or a seed; the type's own words for it name no key.
            (Some(Value::Integer(_)), Value::Integer(number)) if number < 0 => {
                let problem = format!("{number} is out of range");
                return Err(Error::config(key, problem, "give a whole number, 0 or more"));
            }
            (Some(slot), value) if slot.same_type(&value) => *slot = value,
            (Some(slot), value) => {
                let problem = format!("{value} is {}", value.type_str());
                return Err(Error::config(
                    key,
                    problem,
                    format!("give {}, as in {slot}", slot.type_str()),
                ));
            }
        }
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(assignment: &str) -> String {
        Layers::preset("bench-64").unwrap().set(assignment).unwrap_err().to_string()
    }

    #[test]
    fn later_layers_win_and_integers_serve_as_floats() {
        let mut layers = Layers::preset("bench-64").unwrap();
        layers.set("train.batch=3").unwrap();
        layers.set("train.batch = 4").unwrap();
        layers.set("train.lr_theta=2").unwrap();
        layers.set("loss.pyramid=burt-adelson").unwrap();
        let config = layers.finish().unwrap();
        assert_eq!((config.train.batch, config.train.lr_theta), (4, 2.0));
    }

    #[test]
    fn a_licence_is_text_and_settings_without_one_are_what_they_were() {
        let mut layers = Layers::preset("bench-64").unwrap();
        let silent = layers.clone().finish().unwrap().to_toml();
        assert!(!silent.contains("license"), "{silent}");
        for licence in ["1.0", "CC BY 4.0", "\"mine\"\nonly"] {
            layers.set_text("model.license", licence).unwrap();
            let config = layers.clone().finish().unwrap();
            assert_eq!(config.model.license, licence);
            let again = Layers::text(&config.to_toml(), "again").unwrap().finish().unwrap();
            assert_eq!(again, config);
        }
        assert!(Layers::text(&silent, "old").unwrap().set("model.license=MIT").is_ok());
        // As versions wrote it that knew of nothing else to say.
        let old = format!("{silent}\n[model]\nlicense = \"MIT\"\n");
        let mut old = Layers::text(&old, "old").unwrap();
        assert!(old.clone().finish().unwrap().to_toml().contains("[model]\nlicense = \"MIT\"\n\n"));
        old.set("model.data_name=ours").unwrap();
        assert_eq!(old.finish().unwrap().model.data_name, "ours");
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_errors_that_say_what_there_is() {
        assert!(error_of("train.bach=3").contains("batch"));
        assert!(error_of("trian.batch=3").contains("train"));
        assert!(error_of("train.batch=many").contains("integer"));
        assert!(error_of("train.batch=-1").contains("`train.batch`: -1 is out of range"));
        assert!(error_of("train=3").contains("table"));
        assert!(error_of("train.batch.x=3").contains("train.batch"));
        assert!(error_of("train.batch").contains('='));
    }

    #[test]
    fn an_unknown_preset_lists_the_known_ones() {
        assert!(Layers::preset("photo").unwrap_err().to_string().contains("photos-64"));
    }

    #[test]
    fn a_file_may_name_any_key_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        std::fs::write(&path, "[train]\nbatch = 5\n").unwrap();
        let mut layers = Layers::preset("bench-64").unwrap();
        layers.file(&path).unwrap();
        assert_eq!(layers.clone().finish().unwrap().train.batch, 5);
        std::fs::write(&path, "[train]\nbatches = 5\n").unwrap();
        let message = layers.file(&path).unwrap_err().to_string();
        assert!(message.contains("train.batches") && message.contains("mine.toml"), "{message}");
        std::fs::write(&path, "[train\n").unwrap();
        assert!(layers.file(&path).unwrap_err().to_string().contains("mine.toml"));
        assert!(layers.file(&folder.path().join("none")).is_err());
    }
}
