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
        let source = set.open()?;
        let root = &set.path;
        let (items, mut skipped) = list(set, &*source, watch)?;
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
    source: &dyn Source,
    watch: &mut dyn Observer,
) -> Result<(Vec<Item>, Vec<Skipped>)> {
    /// Items between two looks at the watch.
    const EVERY: usize = 500;
    if set.known_kind()? == Kind::Folder {
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
mod tests {
    use super::*;
    use crate::event::Silent;
    use ::image::{GrayAlphaImage, GrayImage, ImageBuffer, RgbImage, RgbaImage};
    use ::image::{Luma, LumaA, Rgb, Rgba};
    use std::fs;

    const CONFIG: PhotoConfig =
        PhotoConfig { size: 8, stretch: false, hold_out: 0.3, cache: CACHE_BYTES };

    fn scan(root: &Path) -> Result<Photos> {
        Photos::scan(root, CONFIG, &mut Silent)
    }

    #[test]
    fn nested_photos_of_any_kind_are_found_and_the_rest_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        RgbImage::from_pixel(20, 9, Rgb([9, 8, 7])).save(at("a.jpg")).unwrap();
        GrayImage::from_pixel(3, 5, Luma([90])).save(at("b/grey.PNG")).unwrap();
        RgbaImage::from_pixel(8, 8, Rgba([9, 8, 7, 0])).save(at("b/c/alpha.png")).unwrap();
        GrayAlphaImage::from_pixel(8, 8, LumaA([9, 100])).save(at("b/c/grey-alpha.png")).unwrap();
        let deep = ImageBuffer::from_pixel(8, 8, Rgb([40_000u16, 1, 2]));
        deep.save(at("b/sixteen.png")).unwrap();
        RgbImage::from_pixel(12, 12, Rgb([1, 2, 3])).save(at("w.webp")).unwrap();
        fs::copy(at("a.jpg"), at("z/copy.jpg")).unwrap();
        fs::write(at("broken.png"), b"no picture").unwrap();
        fs::write(at("old.TIF"), b"II*").unwrap();
        // Converted by who sent it, and not renamed.
        fs::rename(at("w.webp"), at("IMG_1.HEIC")).unwrap();
        fs::write(at("notes.txt"), b"not a picture's name").unwrap();
        for file in [".hidden/x.png", "report/sheet.png", "demo/portraits/0.png", "demo/a/b.png"] {
            fs::write(at(file), b"passed over").unwrap();
        }
        for sign in ["report/scores.csv", "report/table.md", "demo/demo.json"] {
            fs::write(at(sign), b"ours").unwrap();
        }

        let photos = scan(dir.path()).unwrap();
        assert_eq!((photos.entries().len(), photos.duplicates()), (6, 1));
        let skipped: Vec<String> =
            photos.skipped().iter().map(|s| s.path.display().to_string()).collect();
        assert_eq!(skipped.len(), 2, "{skipped:?}");
        assert!(
            skipped.iter().any(|p| p == "broken.png") && skipped.iter().any(|p| p == "old.TIF")
        );
        for entry in photos.entries() {
            let picture = photos.picture(&entry.id).unwrap();
            assert_eq!((picture.height(), picture.width()), (8, 8));
        }
    }

    #[test]
    fn renaming_and_adding_photos_moves_none_to_the_other_side() {
        let dir = tempfile::tempdir().unwrap();
        let save = |name: String, value: u8| {
            RgbImage::from_pixel(4, 4, Rgb([value; 3])).save(dir.path().join(name)).unwrap();
        };
        (0..30).for_each(|i| save(format!("{i:02}.png"), i));
        let sides = || -> BTreeMap<Id, bool> {
            let photos = scan(dir.path()).unwrap();
            photos.entries().iter().map(|e| (e.id.clone(), e.held_out)).collect()
        };
        let before = sides();
        assert!(before.values().any(|&out| out) && before.values().any(|&out| !out));
        for i in 0..30 {
            let name = |prefix: &str| dir.path().join(format!("{prefix}{i:02}.png"));
            fs::rename(name(""), name("renamed-")).unwrap();
        }
        (30..60).for_each(|i| save(format!("new-{i}.png"), i));
        let after = sides();
        assert_eq!(after.len(), 60);
        assert!(before.iter().all(|(id, side)| after.get(id) == Some(side)));
    }

    #[test]
    fn a_scan_tells_how_far_it_is_and_stops_when_it_is_asked_to() {
        let dir = tempfile::tempdir().unwrap();
        let count = 9 * rayon::current_num_threads();
        for i in 0..count {
            let photo = RgbImage::from_pixel(4, 4, Rgb([i as u8, (i / 256) as u8, 0]));
            photo.save(dir.path().join(format!("{i}.png"))).unwrap();
        }
        let mut told = Vec::new();
        let mut until = |stop_at: usize| {
            told.clear();
            let mut watch = |event: Event| {
                let Event::Reading { done, total } = event else {
                    return ControlFlow::Continue(());
                };
                told.push((done, total));
                if told.len() == stop_at {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            Photos::scan(dir.path(), CONFIG, &mut watch).map(|_| told.clone())
        };
        let told = until(0).unwrap();
        assert!(told.len() == 3 && told.iter().all(|&(_, total)| total == count), "{told:?}");
        assert!(told.is_sorted() && told[0].0 == 0, "{told:?}");
        for stop_at in [1, 2] {
            assert!(matches!(until(stop_at), Err(Error::Stopped { .. })));
        }
    }

    #[test]
    fn a_missing_empty_or_unreadable_folder_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let message = |path: &Path| scan(path).unwrap_err().to_string();
        let missing = dir.path().join("missing");
        assert!(message(&missing).contains("missing"));
        assert!(message(dir.path()).contains("no picture"));
        fs::write(dir.path().join("a.png"), b"").unwrap();
        assert!(message(dir.path()).contains("its one picture cannot be read"));
        fs::write(dir.path().join("b.png"), b"").unwrap();
        assert!(message(dir.path()).contains("none of its 2 pictures"));
        let file = message(&dir.path().join("a.png"));
        assert!(file.contains("a.png") && file.contains("the folder it lies in"), "{file}");
    }

    #[test]
    fn a_photo_that_changed_since_is_not_mistaken_for_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        RgbImage::from_pixel(4, 4, Rgb([1; 3])).save(&path).unwrap();
        let mut photos = scan(dir.path()).unwrap();
        photos.cache.clear();
        let id = photos.entries()[0].id.clone();
        assert!(photos.picture(&id).is_ok());
        RgbImage::from_pixel(4, 4, Rgb([2; 3])).save(&path).unwrap();
        assert!(photos.picture(&id).unwrap_err().to_string().contains("changed"));
    }
}
