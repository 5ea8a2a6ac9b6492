//! Who was trained on and who was held out: `manifest.json`, read and written an entry at a time.
//!
//! ```text
//! {"folder": ..., "kind": ..., "take": ...,
//!  "photos": [{"id", "path", "held_out"}, a line each],
//!  "skipped": [{"path", "problem"}, ...],
//!  "former": [id, ...]}
//! ```

use std::fmt;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::Run;
use crate::data::source::{Kind, SetSpec};
use crate::data::{Entry, Id, Photos, Skipped};
use crate::error::{Error, Result};
use crate::store::{Checkpoint, replace_file};

/// What is noted of the set, and how many of each kind of entry there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The folder of the photos, or what else they lie in, absolute.
    pub folder: PathBuf,
    /// What kind of set that is, where it was said.
    pub kind: Option<Kind>,
    /// Only the first so many of it were read.
    pub take: Option<usize>,
    /// Photos that are learned.
    pub learned: usize,
    pub held_out: usize,
    pub skipped: usize,
    /// Photos with a row that are no longer there to learn from: the model has seen them all the same.
    pub former: usize,
}

/// An entry of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum Noted {
    Photo(Entry),
    Skipped(Skipped),
    /// See [`Manifest::former`].
    Former(Id),
}

impl Manifest {
    /// The set that the photos are of.
    pub fn set(&self) -> SetSpec {
        SetSpec { kind: self.kind, path: self.folder.clone(), take: self.take }
    }

    fn count(&mut self, noted: &Noted) {
        match noted {
            Noted::Photo(entry) if entry.held_out => self.held_out += 1,
            Noted::Photo(_) => self.learned += 1,
            Noted::Skipped(_) => self.skipped += 1,
            Noted::Former(_) => self.former += 1,
        }
    }
}

impl Run {
    /// # Errors
    /// A run without a manifest, or a damaged one.
    pub fn manifest(&self) -> Result<Manifest> {
        self.read_manifest(&mut |_| Ok(()))
    }

    /// The same, and hands every entry to `each`.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest), and those of `each`.
    pub fn read_manifest(&self, each: &mut dyn FnMut(Noted) -> Result<()>) -> Result<Manifest> {
        let path = self.manifest_path();
        if !path.exists() {
            return Err(self.is_no_run());
        }
        let file = File::open(&path).map_err(Error::read(&path))?;
        let mut reading = Reading { each, manifest: Manifest::default(), broken: None };
        let mut json = serde_json::Deserializer::from_reader(BufReader::new(file));
        let read = Whole(&mut reading).deserialize(&mut json).and_then(|()| json.end());
        match (reading.broken, read) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => Ok(reading.manifest),
            (None, Err(e)) => {
                let problem = format!("it is damaged ({e})");
                Err(Error::model(&path, problem, "resume the run to write it anew"))
            }
        }
    }

    /// Every photo that the model was trained on, wherever it is now.
    ///
    /// # Errors
    /// As [`read_manifest`](Self::read_manifest).
    pub fn read_learned(&self, each: &mut dyn FnMut(Id) -> Result<()>) -> Result<Manifest> {
        self.read_manifest(&mut |noted| match noted {
            Noted::Photo(Entry { id, held_out: false, .. }) | Noted::Former(id) => each(id),
            Noted::Photo(_) | Noted::Skipped(_) => Ok(()),
        })
    }

    /// Writes who is trained on from here, and who was by the rows of `state`, all of it committed.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_manifest(&self, photos: &Photos, state: &Checkpoint) -> Result<()> {
        let mut last = None;
        self.save(photos, |lines| {
            photos.entries()?.try_for_each(|entry| lines.add(&Noted::Photo(entry?)))?;
            photos.skipped()?.try_for_each(|skipped| lines.add(&Noted::Skipped(skipped?)))?;
            for key in state.keys()? {
                let id = key?.id();
                // A mirrored copy follows its photo.
                if last.replace(id) != Some(id) && !photos.learns(&id)? {
                    lines.add(&Noted::Former(id))?;
                }
            }
            Ok(())
        })
    }

    /// Notes where the photos lie now. Who was trained on stays: nobody is trained on from here.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn follow(&self, photos: &Photos, state: &Checkpoint) -> Result<()> {
        match self.manifest() {
            Ok(manifest) if manifest.folder == absolute(photos)? => Ok(()),
            Ok(_) => self.save(photos, |lines| {
                self.read_manifest(&mut |noted| lines.add(&noted)).map(|_| ())
            }),
            Err(_) => self.write_manifest(photos, state),
        }
    }

    fn save(&self, photos: &Photos, fill: impl FnOnce(&mut Lines) -> Result<()>) -> Result<()> {
        let path = self.manifest_path();
        let folder = absolute(photos)?;
        let SetSpec { kind, take, .. } = *photos.set();
        replace_file(&path, |partial| {
            let file = File::create(partial).map_err(Error::write(&path))?;
            let mut lines = Lines { out: BufWriter::new(file), path: &path, list: None };
            lines.head(&Head { folder: &folder, kind, take })?;
            fill(&mut lines)?;
            lines.end()
        })
    }
}

fn absolute(photos: &Photos) -> Result<PathBuf> {
    // A pattern of shards is no file of that name.
    let root = photos.root();
    fs::canonicalize(root).or_else(|_| std::path::absolute(root)).map_err(Error::read(root))
}

/// What stands before the entries.
#[derive(Serialize)]
struct Head<'a> {
    folder: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    take: Option<usize>,
}

/// A manifest that is being written, a line for each entry.
struct Lines<'a> {
    out: BufWriter<File>,
    path: &'a Path,
    /// The list that was begun last.
    list: Option<&'static str>,
}

impl Lines<'_> {
    fn head(&mut self, head: &Head) -> Result<()> {
        let json = self.json(head)?;
        // Without its last brace: the lists follow.
        self.write(&json[..json.len() - 1])
    }

    /// Entries of one kind have to follow each other.
    fn add(&mut self, noted: &Noted) -> Result<()> {
        let (list, json) = match noted {
            Noted::Photo(entry) => ("photos", self.json(entry)?),
            Noted::Skipped(skipped) => ("skipped", self.json(skipped)?),
            Noted::Former(id) => ("former", self.json(id)?),
        };
        let before = match self.list.replace(list) {
            Some(open) if open == list => ",\n".to_string(),
            Some(_) => format!("],\n\"{list}\": [\n"),
            None => format!(",\n\"{list}\": [\n"),
        };
        self.write(&before)?;
        self.write(&json)
    }

    fn end(mut self) -> Result<()> {
        self.write(if self.list.is_some() { "]}\n" } else { "}\n" })?;
        self.out.flush().map_err(Error::write(self.path))
    }

    fn json(&self, value: &impl Serialize) -> Result<String> {
        serde_json::to_string(value).map_err(|e| Error::write(self.path)(e.into()))
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).map_err(Error::write(self.path))
    }
}

/// A manifest that is being read.
struct Reading<'a> {
    each: &'a mut dyn FnMut(Noted) -> Result<()>,
    manifest: Manifest,
    /// What `each` said.
    broken: Option<Error>,
}

impl Reading<'_> {
    /// False ends the reading.
    fn note(&mut self, noted: Noted) -> bool {
        self.manifest.count(&noted);
        self.broken = (self.each)(noted).err();
        self.broken.is_none()
    }
}

/// The whole of it.
struct Whole<'r, 'a>(&'r mut Reading<'a>);

impl<'de> DeserializeSeed<'de> for Whole<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a manifest")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut folder = None;
        while let Some(key) = map.next_key::<String>()? {
            let reading = &mut *self.0;
            match key.as_str() {
                "folder" => folder = Some(map.next_value()?),
                "kind" => reading.manifest.kind = map.next_value()?,
                "take" => reading.manifest.take = map.next_value()?,
                "photos" => map.next_value_seed(List(reading, Noted::Photo))?,
                "skipped" => map.next_value_seed(List(reading, Noted::Skipped))?,
                "former" => map.next_value_seed(List(reading, Noted::Former))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        self.0.manifest.folder = folder.ok_or_else(|| de::Error::missing_field("folder"))?;
        Ok(())
    }
}

/// A list of it.
struct List<'r, 'a, T>(&'r mut Reading<'a>, fn(T) -> Noted);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        let Self(reading, noted) = self;
        while let Some(entry) = list.next_element()? {
            if !reading.note(noted(entry)) {
                return Err(de::Error::custom("ended by who reads it"));
            }
        }
        Ok(())
    }
}
