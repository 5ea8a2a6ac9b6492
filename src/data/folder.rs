//! The photos of a folder, or of any other set: of any sizes, with things among them that are none.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, Counts, Entries, Item, Listing, order_of};
use super::list::{Met, Skipped, stopped, walk_pictures};
use super::room::Room;
use super::shelf::Shelf;
use super::source::{Kind, Listed, Place, SetSpec, Side, Source};
use super::{Id, is_held_out};
use crate::config::{Config, DataConfig};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::Picture;

/// Decoded photos kept on disk at most, in bytes; further ones are decoded again at every visit.
pub const SHELF_BYTES: u64 = 8 << 30;

/// What becomes of a photo on its way into the model.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoConfig {
    /// Side of the square images; the aspect changes, nothing is cropped (SPEC 2.3).
    pub size: usize,
    /// Stretch each to its own minimum and maximum.
    pub stretch: bool,
    /// Share held out, 0..1.
    pub hold_out: f64,
    /// Bytes of decoded photos that are kept on disk at most.
    pub shelf: u64,
    /// A folder for files that are gone with the process: the list of the photos, and those that are decoded.
    pub scratch: PathBuf,
}

impl From<&Config> for PhotoConfig {
    fn from(config: &Config) -> Self {
        let DataConfig { hold_out, stretch, .. } = config.data;
        let scratch = std::env::temp_dir();
        Self { size: config.size, stretch, hold_out, shelf: SHELF_BYTES, scratch }
    }
}

impl PhotoConfig {
    /// Keeps the files in `folder`, or in what it will lie in: on the disk where the work is saved, and not in a folder for
    /// temporary files, which may be memory.
    pub fn beside(self, folder: &Path) -> Self {
        let mut there = folder.ancestors().filter(|path| !path.as_os_str().is_empty());
        let scratch = there.find(|path| path.is_dir()).unwrap_or(Path::new(".")).to_path_buf();
        Self { scratch, ..self }
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

/// The photos of a set, each content once. The list of them is on disk, and so are those that were decoded: a million
/// photos take no more memory than a thousand.
#[derive(Debug)]
pub struct Photos {
    set: SetSpec,
    source: Box<dyn Source>,
    config: PhotoConfig,
    catalogue: Catalogue,
    shelf: Shelf,
    room: Room,
    counts: Counts,
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
    /// A set that cannot be read, or one without a single usable photo; a folder for scratch files that cannot be
    /// written; [`Error::Stopped`] when `watch` broke off.
    pub fn open(set: &SetSpec, config: PhotoConfig, watch: &mut dyn Observer) -> Result<Self> {
        let kind = set.known_kind()?;
        let source = SetSpec { kind: Some(kind), ..set.clone() }.open()?;
        let catalogue = Catalogue::new(&config.scratch)?;
        catalogue.list(|listing| list(set, kind, &*source, watch, listing))?;
        let mut shelf = Shelf::new(&config.scratch, config.size, config.shelf)?;
        let room = Room::default();
        let reader = Reader { set, source: &*source, config: &config, room: &room };
        let counts = reader.file(&catalogue, &mut shelf, watch)?;
        let photos = Self { set: set.clone(), source, config, catalogue, shelf, room, counts };
        for skipped in photos.skipped()? {
            let Skipped { path, problem } = skipped?;
            let _ = watch.on(Event::Skipped { path: set.path_of(&path), problem });
        }
        if counts.photos == 0 {
            let problem = match counts.skipped {
                0 => "there is no picture in it".to_string(),
                1 => "its one picture cannot be read".to_string(),
                n => format!("none of its {n} pictures can be read"),
            };
            let remedy = "name a folder with jpg, png or webp files";
            return Err(Error::input(format!("`{}`", photos.root().display()), problem, remedy));
        }
        let (train, held_out) = (photos.learned(), photos.held_out());
        let (skipped, duplicates) = (photos.left_out(), photos.duplicates());
        let _ = watch.on(Event::Photos { train, held_out, skipped, duplicates });
        Ok(photos)
    }

    /// Where the set lies: the folder.
    pub fn root(&self) -> &Path {
        &self.set.path
    }

    /// The set, as it was named.
    pub fn set(&self) -> &SetSpec {
        &self.set
    }

    /// The most bytes that photos took at a time while they were decoded; one of 100 megapixels takes 1.6 GB.
    pub fn decoding(&self) -> u64 {
        self.room.most()
    }

    /// The folder for files that are gone with the process.
    pub fn scratch(&self) -> &Path {
        &self.config.scratch
    }

    /// How many photos there are.
    pub fn count(&self) -> usize {
        self.counts.photos as usize
    }

    /// Photos that are held out.
    pub fn held_out(&self) -> usize {
        self.counts.held_out as usize
    }

    /// Photos that are not held out.
    pub fn learned(&self) -> usize {
        self.count() - self.held_out()
    }

    /// Files whose content another file has too.
    pub fn duplicates(&self) -> usize {
        self.counts.duplicates as usize
    }

    /// Files that are none, or cannot be read.
    pub fn left_out(&self) -> usize {
        self.counts.skipped as usize
    }

    /// All photos in the set's order; those of a folder in that of their paths.
    ///
    /// # Errors
    /// The list of the photos cannot be read.
    pub fn entries(&self) -> Result<Entries> {
        self.catalogue.entries()
    }

    /// What is none, and why.
    ///
    /// # Errors
    /// The list of the photos cannot be read.
    pub fn skipped(&self) -> Result<impl Iterator<Item = Result<Skipped>> + use<>> {
        self.catalogue.skipped()
    }

    /// The photo `id`, if it is one of them.
    ///
    /// # Errors
    /// The list of the photos cannot be read.
    pub fn entry(&self, id: &Id) -> Result<Option<Entry>> {
        let number = self.catalogue.number(id)?;
        number.map(|(number, _)| Ok(self.catalogue.photo(number)?.0)).transpose()
    }

    /// Whether the photo `id` is there and not held out.
    ///
    /// # Errors
    /// The list of the photos cannot be read.
    pub fn learns(&self, id: &Id) -> Result<bool> {
        Ok(self.catalogue.number(id)?.is_some_and(|(_, held_out)| !held_out))
    }

    /// The photo that is number `rank`, counted from 0, of those that are not held out in the order of their ids.
    ///
    /// # Errors
    /// There are not so many; the list of the photos cannot be read.
    pub fn learned_id(&self, rank: u32) -> Result<Id> {
        Ok(self.catalogue.photo(self.catalogue.learned(rank)?)?.0.id)
    }

    /// The photo `id` at the model's size, `[3,S,S]`.
    ///
    /// # Errors
    /// No such photo; a file that has gone or changed since the folder was read.
    pub fn picture(&self, id: &Id) -> Result<Picture> {
        let Some((number, _)) = self.catalogue.number(id)? else {
            let folder = self.root().display();
            let problem = format!("it is not in `{folder}`");
            return Err(Error::input(format!("photo {id}"), problem, "name one of its photos"));
        };
        if let Some(picture) = self.shelf.get(number) {
            return Ok(picture);
        }
        let (entry, place) = self.catalogue.photo(number)?;
        let name = entry.path.to_string_lossy().into_owned();
        let item = Item { name, place, side: None };
        let (set, source, config) = (&self.set, &*self.source, &self.config);
        let (found, picture) = Reader { set, source, config, room: &self.room }.read(&item)?;
        if found != *id {
            let path = self.set.path_of(&entry.path);
            let problem = "its content changed while it was being trained on";
            return Err(Error::picture(path, problem, "leave the photos alone and use --resume"));
        }
        Ok(picture)
    }
}

/// Hands to `listing` what `set` holds and what it leaves out; pictures that it says are for nothing are not in either.
fn list(
    set: &SetSpec,
    kind: Kind,
    source: &dyn Source,
    watch: &mut dyn Observer,
    listing: &mut Listing,
) -> Result<()> {
    /// Items between two looks at the watch.
    const EVERY: usize = 500;
    if kind == Kind::Folder {
        // Not in the order of the paths, so that no list of them has to be in memory.
        return walk_pictures(&set.path, watch, &mut |met| match met {
            Met::Picture(path) => {
                let (order, name) = (order_of(&path), path.to_string_lossy().into_owned());
                listing.add(&order, &Item { name, place: Place::File(path), side: None })
            }
            Met::Skipped(one) => listing.skip(&order_of(&one.path), &one),
        });
    }
    let (mut at, mut broken) = (0, Ok(()));
    source.visit(&mut |listed| {
        let listed = match listed {
            Listed::Item { name, place, side } => listing.add(&[], &Item { name, place, side }),
            Listed::Skipped(one) => listing.skip(&[], &one),
        };
        at += 1;
        broken = listed.and_then(|()| match at % EVERY == EVERY - 1 {
            true => match watch.on(Event::Listing { found: listing.found()? }) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(stopped(&set.path)),
            },
            false => Ok(()),
        });
        if broken.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    broken
}

/// What reads the pictures of a set.
struct Reader<'a> {
    set: &'a SetSpec,
    source: &'a dyn Source,
    config: &'a PhotoConfig,
    room: &'a Room,
}

impl Reader<'_> {
    /// Reads what `catalogue` found: who each picture is, which side it is on, and its pixels for the `shelf`.
    fn file(
        &self,
        catalogue: &Catalogue,
        shelf: &mut Shelf,
        watch: &mut dyn Observer,
    ) -> Result<Counts> {
        let total = catalogue.found()?.min(self.set.take.unwrap_or(usize::MAX));
        // In pieces, so that the decoded photos waiting to be filed stay few, and whoever asks to stop is soon heard.
        let piece = 4 * rayon::current_num_threads();
        catalogue.file(|filing| {
            let (mut items, mut done) = (catalogue.items(total)?, 0);
            loop {
                let piece = items.by_ref().take(piece).collect::<Result<Vec<_>>>()?;
                if piece.is_empty() {
                    return Ok(());
                }
                if watch.on(Event::Reading { done, total }).is_break() {
                    return Err(stopped(&self.set.path));
                }
                done += piece.len();
                let read: Vec<_> = piece.par_iter().map(|item| self.read(item)).collect();
                for (item, read) in piece.iter().zip(read) {
                    match read {
                        Ok((id, picture)) => {
                            let held_out = match item.side {
                                Some(side) => side == Side::HeldOut,
                                None => is_held_out(&id, self.config.hold_out),
                            };
                            if let Some(number) = filing.add(item, &id, held_out)? {
                                shelf.add(number, &picture);
                            }
                        }
                        Err(error) => {
                            let (path, problem) = (PathBuf::from(&item.name), error.to_string());
                            filing.skip(&Skipped { path, problem })?;
                        }
                    }
                }
            }
        })
    }

    fn read(&self, item: &Item) -> Result<(Id, Picture)> {
        let PhotoConfig { size, stretch, .. } = *self.config;
        let content = self.source.read(&item.place)?;
        let name = self.set.path_of(Path::new(&item.name)).to_string_lossy().into_owned();
        let _place = self.room.take(&content);
        let picture = content.picture(&name)?.resized(size, size)?;
        let picture = if stretch { picture.stretched() } else { picture };
        Ok((content.id(), picture))
    }
}

#[cfg(test)]
mod tests;
