//! Every picture of a set read once: what is kept of it is small.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Formats, Picture};
use crate::data::list::stopped;
use crate::data::near::Descriptor;
use crate::data::room::Room;
use crate::data::source::{Content, Listed, Place, SetSpec, Side, Source};
use crate::data::{Id, SAME_NAME, Skipped, is_held_out};
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::image::load_bytes;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub pictures: Vec<Picture>,
    /// Of each of `pictures`.
    pub descriptors: Vec<Descriptor>,
    pub skipped: Vec<Skipped>,
    /// Pictures that the set itself says are for nothing.
    pub unused: usize,
    pub formats: Formats,
}

/// One picture, looked at.
struct Looked {
    id: Id,
    size: [u32; 2],
    format: &'static str,
    descriptor: Descriptor,
}

struct Item {
    name: String,
    place: Place,
    side: Option<Side>,
}

pub(super) fn read_all(
    set: &SetSpec,
    source: &dyn Source,
    hold_out: f64,
    watch: &mut dyn Observer,
) -> Result<Read> {
    let mut read = Read::default();
    let items = list(set, source, &mut read, watch)?;
    let mut known: HashMap<Id, usize> = HashMap::new();
    // In pieces, so that decoded pictures stay few, and whoever asks to stop is soon heard.
    let piece = 4 * rayon::current_num_threads();
    let (total, room) = (items.len(), Room::default());
    for (done, piece) in items.chunks(piece).enumerate().map(|(at, items)| (at * piece, items)) {
        if watch.on(Event::Reading { done, total }).is_break() {
            return Err(stopped(&set.path));
        }
        let looked: Vec<_> = piece.par_iter().map(|item| look(source, item, set, &room)).collect();
        for (item, looked) in piece.iter().zip(looked) {
            match looked {
                Ok(looked) => read.add(item, looked, hold_out, &mut known),
                Err(error) => read.skip(&item.name, error.to_string(), set, watch),
            }
        }
    }
    Ok(read)
}

fn list(
    set: &SetSpec,
    source: &dyn Source,
    read: &mut Read,
    watch: &mut dyn Observer,
) -> Result<Vec<Item>> {
    /// Items between two looks at the watch.
    const EVERY: usize = 500;
    let (mut items, mut is_stopped) = (Vec::new(), false);
    let mut names = HashSet::new();
    source.visit(&mut |listed| {
        match listed {
            Listed::Item { side: Some(Side::Neither), .. } => read.unused += 1,
            // As training has it.
            Listed::Item { name, .. } if !names.insert(name.clone()) => {
                read.skip(&name, SAME_NAME.to_string(), set, watch);
            }
            Listed::Item { name, place, side } => items.push(Item { name, place, side }),
            Listed::Skipped(Skipped { path, problem }) => {
                read.skip(&path.to_string_lossy(), problem, set, watch);
            }
        }
        let found = items.len();
        is_stopped = found % EVERY == EVERY - 1 && watch.on(Event::Listing { found }).is_break();
        if is_stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if is_stopped { Err(stopped(&set.path)) } else { Ok(items) }
}

fn look(source: &dyn Source, item: &Item, set: &SetSpec, room: &Room) -> Result<Looked> {
    let content = source.read(&item.place)?;
    let name = set.path_of(Path::new(&item.name));
    let _place = room.take(&content);
    let (size, format, picture) = match &content {
        Content::Encoded(bytes) => {
            let photo = load_bytes(bytes, &name)?;
            let size = [photo.original.width(), photo.original.height()];
            let format = photo.format.extensions_str().first().copied().unwrap_or("other");
            (size, format, photo.picture()?)
        }
        Content::Raw { height, width, .. } => {
            // A picture within the limits.
            let picture = content.picture(&item.name)?;
            ([*width as u32, *height as u32], "raw", picture)
        }
    };
    Ok(Looked { id: content.id(), size, format, descriptor: Descriptor::of(&picture) })
}

impl Read {
    fn add(&mut self, item: &Item, looked: Looked, hold_out: f64, known: &mut HashMap<Id, usize>) {
        let Looked { id, size, format, descriptor } = looked;
        let side = item.side.unwrap_or(match is_held_out(&id, hold_out) {
            true => Side::HeldOut,
            false => Side::Train,
        });
        let name = (item.name.clone(), side);
        match known.get(&id) {
            Some(&at) => self.pictures[at].names.push(name),
            None => {
                known.insert(id, self.pictures.len());
                *self.formats.entry(format.to_string()).or_default() += 1;
                self.pictures.push(Picture { side, size, names: vec![name] });
                self.descriptors.push(descriptor);
            }
        }
    }

    fn skip(&mut self, name: &str, problem: String, set: &SetSpec, watch: &mut dyn Observer) {
        let path = PathBuf::from(name);
        let _ = watch.on(Event::Skipped { path: set.path_of(&path), problem: problem.clone() });
        self.skipped.push(Skipped { path, problem });
    }
}
