//! What an evaluation has done by now, so that the same command goes on.
//!
//! ```text
//! OUT/evaluate.json   what is measured, with which settings: another one is refused
//!     scores.jsonl    a line for each picture, task and system, written when it is done
//! ```
//! Only ends of `scores.jsonl` are ever written. A last line that was cut off by a kill is cut away, and done again.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::measures::Reading;
use super::system::Part;
use crate::data::Id;
use crate::error::{Error, Result};
use crate::store::write_atomically;

/// What numbers depend on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Side of the pictures, and whether each is stretched to its own range.
    pub size: usize,
    pub stretch: bool,
    /// What is measured on, where it lies.
    pub data: String,
    pub measures: Vec<String>,
    /// What the ways without a model were fitted to.
    pub naive: String,
    /// What is done for each task.
    pub damage: BTreeMap<String, String>,
}

/// A system as it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub name: String,
    pub folder: PathBuf,
    pub hash: String,
    /// How it was fitted, for each part.
    pub fits: BTreeMap<String, String>,
}

impl Measured {
    /// Stands in each line of it.
    pub fn key(&self, part: &str) -> String {
        let fit = self.fits.get(part).map_or("", String::as_str);
        blake3::hash(format!("{} {} {fit}", self.name, self.hash).as_bytes()).to_hex()[..16].into()
    }
}

/// `evaluate.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this program that wrote last.
    pub lacuna: String,
    pub settings: Settings,
    pub systems: Vec<Measured>,
    /// Pictures that are near to a learned photo: name, and that photo.
    pub near: BTreeMap<String, String>,
    /// Pictures that were left out because a model has learned them.
    pub learned: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// One line of `scores.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub part: String,
    pub id: Id,
    pub image: String,
    /// Whose.
    pub by: String,
    pub results: Vec<Made>,
}

/// One result, by its measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    pub system: String,
    pub readings: BTreeMap<String, Reading>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    pub seconds: f64,
}

const REMEDY: &str = "choose another folder with --out";

impl Record {
    pub const FILE: &'static str = "evaluate.json";

    /// The record in `folder`; `None` where there is none.
    ///
    /// # Errors
    /// A damaged one.
    pub fn open(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(Self::FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(Error::read(&path)(error)),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| {
            let what = format!("`{}`", path.display());
            Error::input(what, format!("it is no record of an evaluation ({e})"), REMEDY)
        })
    }

    /// # Errors
    /// [`Error::Write`].
    pub fn save(&mut self, folder: &Path) -> Result<()> {
        self.lacuna = env!("CARGO_PKG_VERSION").to_string();
        let path = folder.join(Self::FILE);
        let json = serde_json::to_vec_pretty(self).map_err(|e| Error::write(&path)(e.into()))?;
        write_atomically(path, &json)
    }

    /// Takes up what is to be measured now. Tasks, models and pictures may come to what is there.
    ///
    /// # Errors
    /// Other settings than those by which what is there was measured; a model that has changed since.
    pub fn take(&mut self, settings: &Settings, systems: &[Measured], out: &Path) -> Result<()> {
        let refuse = |problem: String| {
            let what = format!("output `{}`", out.display());
            Err(Error::input(what, format!("it holds an evaluation {problem}"), REMEDY))
        };
        let there = &mut self.settings;
        if there.size == 0 {
            *there = settings.clone();
        }
        if (there.size, there.stretch) != (settings.size, settings.stretch) {
            return refuse(format!("at {0} x {0} pixels, or stretched otherwise", there.size));
        }
        if there.data != settings.data {
            return refuse(format!("on other photos, `{}`", there.data));
        }
        if there.measures != settings.measures {
            return refuse(format!("by other measures, {}", there.measures.join(", ")));
        }
        if there.naive != settings.naive {
            return refuse("beside ways that know other learned photos than there are now".into());
        }
        for (task, damage) in &settings.damage {
            match there.damage.insert(task.clone(), damage.clone()) {
                Some(before) if before != *damage => {
                    return refuse(format!("of {task} with {before}, and not with {damage}"));
                }
                _ => {}
            }
        }
        for system in systems {
            let Some(before) = self.systems.iter_mut().find(|one| one.name == system.name) else {
                self.systems.push(system.clone());
                continue;
            };
            if before.hash != system.hash {
                let name = &system.name;
                return refuse(format!("of another model as {name}, or it has changed since"));
            }
            for (part, fit) in &system.fits {
                match before.fits.insert(part.clone(), fit.clone()) {
                    Some(other) if other != *fit => {
                        return refuse(format!("of {part} with {other}, and not with {fit}"));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// All lines that are done, and the file that takes more.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    file: File,
    done: HashMap<(String, String, Id), Line>,
}

impl Lines {
    pub const FILE: &'static str = "scores.jsonl";

    /// Those in `folder`.
    ///
    /// # Errors
    /// A line other than the last that is damaged; a file that cannot be written.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(Self::FILE);
        let text = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::read(&path)(error)),
        };
        // What ends without a line break was cut off.
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let mut done = HashMap::new();
        for (number, line) in text[..whole].split(|&byte| byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let line: Line = serde_json::from_slice(line).map_err(|e| {
                let problem = format!("line {} is damaged ({e})", number + 1);
                let remedy =
                    "delete that line, which is then measured again, or choose another --out";
                Error::input(format!("`{}`", path.display()), problem, remedy)
            })?;
            done.insert((line.part.clone(), line.by.clone(), line.id), line);
        }
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(Error::write(&path))?;
        file.set_len(whole as u64).map_err(Error::write(&path))?;
        Ok(Self { path, file, done })
    }

    /// What `by` made of picture `id`.
    pub fn get(&self, part: Part, by: &str, id: &Id) -> Option<&Line> {
        self.done.get(&(part.name().to_string(), by.to_string(), *id))
    }

    /// All that `by` made for `part`, in the order of the ids.
    pub fn of(&self, part: Part, by: &str) -> Vec<&Line> {
        let is_it = |line: &&Line| line.part == part.name() && line.by == by;
        let mut lines: Vec<&Line> = self.done.values().filter(is_it).collect();
        lines.sort_by_key(|line| line.id);
        lines
    }

    /// Writes `line`, which counts as done from here on.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn add(&mut self, line: Line) -> Result<()> {
        let mut bytes =
            serde_json::to_vec(&line).map_err(|e| Error::write(&self.path)(e.into()))?;
        bytes.push(b'\n');
        // In one write, and on the disk before the next picture.
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(Error::write(&self.path))?;
        // As it will be read again: numbers may come back with another last bit, and the tables of an evaluation that was
        // broken off are to be those of one that was not.
        let line: Line =
            serde_json::from_slice(&bytes).map_err(|e| Error::write(&self.path)(e.into()))?;
        self.done.insert((line.part.clone(), line.by.clone(), line.id), line);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::Task;

    fn line(number: u8) -> Line {
        let readings = [("mse".to_string(), Reading::Number(0.125 * f64::from(number)))];
        let made =
            Made { system: "lcm".into(), readings: readings.into(), steps: Some(3), seconds: 0.5 };
        let (part, image, by) = ("inpaint".into(), format!("{number}.png"), "key".into());
        Line { part, id: Id::of(&[number]), image, by, results: vec![made] }
    }

    #[test]
    fn lines_are_there_again_and_one_that_was_cut_off_is_done_anew() {
        let dir = tempfile::tempdir().unwrap();
        let part = Part::Task(Task::Inpaint);
        let mut lines = Lines::open(dir.path()).unwrap();
        (0..3).for_each(|number| lines.add(line(number)).unwrap());
        drop(lines);
        let path = dir.path().join(Lines::FILE);
        let whole = fs::read(&path).unwrap();
        for cut in [1, 30, 1000] {
            fs::write(&path, &whole[..whole.len().saturating_sub(cut)]).unwrap();
            let mut lines = Lines::open(dir.path()).unwrap();
            for number in 0..3 {
                if lines.get(part, "key", &Id::of(&[number])).is_none() {
                    lines.add(line(number)).unwrap();
                }
            }
            assert_eq!(fs::read(&path).unwrap(), whole, "{cut}");
            assert_eq!(lines.get(part, "key", &Id::of(&[2])), Some(&line(2)));
            assert_eq!(lines.get(part, "other", &Id::of(&[2])), None);
        }
        fs::write(&path, b"none\n{}\n").unwrap();
        let message = Lines::open(dir.path()).unwrap_err().to_string();
        assert!(message.contains("line 1 is damaged") && message.contains("--out"), "{message}");
    }

    fn settings() -> Settings {
        let damage = [("inpaint".to_string(), "hole center:40%".to_string())].into();
        let (data, naive) = ("/photos".into(), "4".into());
        Settings { size: 64, stretch: false, data, measures: vec!["mse".into()], naive, damage }
    }

    fn system(name: &str, hash: &str, fit: &str) -> Measured {
        let fits = [("inpaint".to_string(), fit.to_string())].into();
        Measured { name: name.into(), folder: name.into(), hash: hash.into(), fits }
    }

    #[test]
    fn tasks_and_models_may_come_to_a_record_and_other_settings_are_refused() {
        let out = Path::new("out");
        let mut record = Record::default();
        record.take(&settings(), &[system("a", "1", "x")], out).unwrap();
        record.take(&settings(), &[system("b", "2", "x")], out).unwrap();
        let mut more = settings();
        more.damage.insert("jpeg".into(), "JPEG quality 10".into());
        record.take(&more, &[system("a", "1", "x")], out).unwrap();
        assert_eq!((record.systems.len(), record.settings.damage.len()), (2, 2));
        let refused = |change: &dyn Fn(&mut Settings), system: Measured| {
            let mut settings = settings();
            change(&mut settings);
            record.clone().take(&settings, &[system], out).unwrap_err().to_string()
        };
        let same = || system("a", "1", "x");
        let hole = |settings: &mut Settings| {
            settings.damage.insert("inpaint".into(), "hole center:25".into());
        };
        for (message, word) in [
            (refused(&hole, same()), "center:40%, and not with hole center:25"),
            (refused(&|s| s.data = "/others".into(), same()), "on other photos, `/photos`"),
            (refused(&|s| s.size = 32, same()), "64 x 64"),
            (refused(&|s| s.naive = "5".into(), same()), "other learned photos"),
            (refused(&|s| s.measures.clear(), same()), "by other measures, mse"),
            (refused(&|_| (), system("a", "9", "x")), "has changed since"),
            (refused(&|_| (), system("a", "1", "y")), "inpaint with x, and not with y"),
        ] {
            assert!(message.contains(word) && message.contains("--out"), "{message}");
        }
    }
}
