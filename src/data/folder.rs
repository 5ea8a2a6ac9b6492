//! The photos of a folder, or of any other set: of any sizes, with things among them that are none.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::list::{Skipped, list_pictures, stopped};
use super::source::{Kind, Listed, Place, SetSpec, Side, Source};
use super::{Id, is_held_out};
use crate::config::{Config, DataConfig};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::Picture;

/// Decoded photos kept in memory usually, in bytes; further ones are decoded again at every visit.
pub const CACHE_BYTES: u64 = 1 << 30;

/// What becomes of a photo on its way into the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PhotoConfig {
    /// Side of the square images; the aspect changes, nothing is cropped (SPEC 2.3).
    pub size: usize,
    /// Stretch each to its own minimum and maximum.
    pub stretch: bool,
    /// Share held out, 0..1.
    pub hold_out: f64,
    /// Bytes of decoded photos that are kept at most.
    pub cache: u64,
}

impl From<&Config> for PhotoConfig {
    fn from(config: &Config) -> Self {
        let DataConfig { hold_out, stretch, .. } = config.data;
        Self { size: config.size, stretch, hold_out, cache: CACHE_BYTES }
    }
}

/// One photo of the set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub id: Id,
    /// Below the folder; in another set its name.
    pub path: PathBuf,
    pub held_out: bool,
}

/// The photos of a set, each content once.
#[derive(Debug)]
pub struct Photos {
    set: SetSpec,
    source: Box<dyn Source>,
    config: PhotoConfig,
    entries: Vec<Entry>,
    /// Where each of `entries` lies.
    spots: Vec<Place>,
    skipped: Vec<Skipped>,
    duplicates: usize,
    places: BTreeMap<Id, usize>,
    cache: BTreeMap<Id, Picture>,
}

impl Photos {
    /// [`Photos::open`] of a folder.
    ///
    /// # Errors
    /// As there.
    pub fn scan(root: &Path, config: PhotoConfig, watch: &mut dyn Observer) -> Result<Self> {
        let set = SetSpec { kind: Some(Kind::Folder), ..SetSpec::at(root) };
        Self::open(&set, config, watch)
    }

    /// Reads every picture of `set`, and tells `watch` how far it is. One that cannot be used is reported to `watch` and
    /// skipped; of several with the same content the first in the set's order counts. What the set says of the side of
    /// a picture goes before `config`.
    ///
    /// # Errors
    /// A set that cannot be read, or one without a single usable photo; [`Error::Stopped`] when `watch` broke off.
    pub fn open(set: &SetSpec, config: PhotoConfig, watch: &mut dyn Observer) -> Result<Self> {
        let kind = set.known_kind()?;
        let source = SetSpec { kind: Some(kind), ..set.clone() }.open()?;
        let root = &set.path;
        let (items, mut skipped) = list(set, kind, &*source, watch)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut spots = Vec::new();
        let mut cache = BTreeMap::new();
        let mut places = BTreeMap::new();
        let (mut cached_bytes, mut duplicates) = (0, 0);
        // In pieces, so that the decoded photos waiting to be filed stay few, and whoever asks to stop is soon heard.
        let piece = 4 * rayon::current_num_threads();
        for (at, piece) in items.chunks(piece).enumerate().map(|(i, items)| (i * piece, items)) {
            if watch.on(Event::Reading { done: at, total: items.len() }).is_break() {
                return Err(stopped(root));
            }
            let read: Vec<_> =
                piece.par_iter().map(|item| read(&*source, item, root, &config)).collect();
            for (item, read) in piece.iter().zip(read) {
                let path = PathBuf::from(&item.name);
                match read {
                    Ok((id, _)) if places.contains_key(&id) => duplicates += 1,
                    Ok((id, picture)) => {
                        cached_bytes += size_of_val(picture.data()) as u64;
                        if cached_bytes <= config.cache {
                            cache.insert(id.clone(), picture);
                        }
                        places.insert(id.clone(), entries.len());
                        let held_out = match item.side {
                            Some(side) => side == Side::HeldOut,
                            None => is_held_out(&id, config.hold_out),
                        };
                        entries.push(Entry { id, path, held_out });
                        spots.push(item.place.clone());
                    }
                    Err(error) => skipped.push(Skipped { path, problem: error.to_string() }),
                }
            }
        }
        for Skipped { path, problem } in &skipped {
            let _ = watch.on(Event::Skipped { path: root.join(path), problem: problem.clone() });
        }
        if entries.is_empty() {
            let problem = match skipped.len() {
                0 => "there is no picture in it".to_string(),
                1 => "its one picture cannot be read".to_string(),
                n => format!("none of its {n} pictures can be read"),
            };
            let remedy = "name a folder with jpg, png or webp files";
            return Err(Error::input(format!("`{}`", root.display()), problem, remedy));
        }
        let held_out = entries.iter().filter(|entry| entry.held_out).count();
        let _ = watch.on(Event::Photos {
            train: entries.len() - held_out,
            held_out,
            skipped: skipped.len(),
            duplicates,
        });
        let set = set.clone();
        Ok(Self { set, source, config, entries, spots, skipped, duplicates, places, cache })
    }

    /// Where the set lies: the folder.
    pub fn root(&self) -> &Path {
        &self.set.path
    }

    /// The set, as it was named.
    pub fn set(&self) -> &SetSpec {
        &self.set
    }

    /// All photos in the set's order; those of a folder in that of their paths.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is none, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Files whose content another file has too.
    pub fn duplicates(&self) -> usize {
        self.duplicates
    }

    /// Bytes of decoded photos that are kept.
    pub fn cache_bytes(&self) -> u64 {
        self.cache.values().map(|picture| size_of_val(picture.data()) as u64).sum()
    }

    /// The photo `id` at the model's size, `[3,S,S]`.
    ///
    /// # Errors
    /// No such photo; a file that has gone or changed since the folder was read.
    pub fn picture(&self, id: &Id) -> Result<Picture> {
        if let Some(picture) = self.cache.get(id) {
            return Ok(picture.clone());
        }
        let Some(&at) = self.places.get(id) else {
            let folder = self.root().display();
            let problem = format!("it is not in `{folder}`");
            return Err(Error::input(format!("photo {id}"), problem, "name one of its photos"));
        };
        let name = self.entries[at].path.to_string_lossy().into_owned();
        let item = Item { name, place: self.spots[at].clone(), side: None };
        let (found, picture) = read(&*self.source, &item, self.root(), &self.config)?;
        if found != *id {
            let path = self.root().join(&self.entries[at].path);
            let problem = "its content changed while it was being trained on";
            return Err(Error::picture(path, problem, "leave the photos alone and use --resume"));
        }
        Ok(picture)
    }
}

/// A picture that the set lists.
#[derive(Debug)]
struct Item {
    name: String,
    place: Place,
    side: Option<Side>,
}

/// What `set` lists and what it leaves out; pictures that it says are for nothing are not in either.
fn list(
    set: &SetSpec,
    kind: Kind,
    source: &dyn Source,
    watch: &mut dyn Observer,
) -> Result<(Vec<Item>, Vec<Skipped>)> {
    /// Items between two looks at the watch.
    const EVERY: usize = 500;
    if kind == Kind::Folder {
        let (paths, skipped) = list_pictures(&set.path, watch)?;
        let item = |path: PathBuf| {
            let name = path.to_string_lossy().into_owned();
            Item { name, place: Place::File(path), side: None }
        };
        let items = paths.into_iter().take(set.take.unwrap_or(usize::MAX));
        return Ok((items.map(item).collect(), skipped));
    }
    let (mut items, mut skipped, mut is_stopped) = (Vec::new(), Vec::new(), false);
    source.visit(&mut |listed| {
        match listed {
            Listed::Item { side: Some(Side::Neither), .. } => {}
            Listed::Item { name, place, side } => items.push(Item { name, place, side }),
            Listed::Skipped(one) => skipped.push(one),
        }
        let found = items.len();
        is_stopped = found % EVERY == EVERY - 1 && watch.on(Event::Listing { found }).is_break();
        if is_stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if is_stopped { Err(stopped(&set.path)) } else { Ok((items, skipped)) }
}

fn read(
    source: &dyn Source,
    item: &Item,
    root: &Path,
    config: &PhotoConfig,
) -> Result<(Id, Picture)> {
    let content = source.read(&item.place)?;
    let name = match &item.place {
        Place::File(path) => root.join(path).to_string_lossy().into_owned(),
        _ => item.name.clone(),
    };
    let picture = content.picture(&name)?.resized(config.size, config.size)?;
    let picture = if config.stretch { picture.stretched() } else { picture };
    Ok((content.id(), picture))
}

#[cfg(test)]
mod tests;
