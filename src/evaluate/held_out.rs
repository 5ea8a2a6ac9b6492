//! Which pictures are measured: none that a model has learned, and those that are nearly one are flagged.
//!
//! ```text
//! picture --content--> learned by a model: left out
//!            '--near--> nearly a learned photo of a model: measured, flagged, in no mean unless that is asked for
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::split::truth;
use super::system::Learned;
use super::{Naive, Truth};
use crate::data::near::{Descriptor, Index, Near};
use crate::data::{Id, Photos};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::Picture;
use crate::report::counted;

/// Descriptors of learned photos that are in memory at once.
const PIECE: usize = 4096;

/// The pictures that are measured; they are read when their turn comes.
#[derive(Debug)]
pub struct HeldOut {
    photos: Arc<Photos>,
    pub pictures: Vec<Picked>,
    /// The names of those that are left out because a model has learned them, and of how many there were.
    pub learned: Vec<String>,
    pub of: usize,
    /// Learned photos that are not at hand, so that nothing can be said of what is near to them.
    pub unseen: usize,
    /// Models of which nobody says what they have learned.
    pub unknown: usize,
}

/// A picture that is measured.
#[derive(Debug, Clone)]
pub struct Picked {
    pub id: Id,
    /// For people.
    pub name: String,
    /// The learned photo that it is nearest to, of any model.
    pub near: Option<Like>,
}

/// Which learned photo a picture is nearly the same as.
#[derive(Debug, Clone)]
pub struct Like {
    pub photo: String,
    id: Id,
    photos: Arc<Photos>,
    /// Above 0.82, and at most 1.
    pub similarity: f32,
    pub mirrored: bool,
    /// Which of the models learned it, by their places.
    pub systems: Vec<usize>,
}

impl Like {
    /// The learned photo, at the model's size.
    ///
    /// # Errors
    /// A file that has gone or changed since.
    pub fn picture(&self) -> Result<Picture> {
        self.photos.picture(&self.id)
    }
}

impl HeldOut {
    /// The pictures of `photos` that are held out and that none of `models` has learned.
    ///
    /// # Errors
    /// Every one of them was learned; [`Error::Stopped`] when `watch` broke off.
    pub fn of(photos: Arc<Photos>, models: &[Learned], watch: &mut dyn Observer) -> Result<Self> {
        let (mut pictures, mut learned) = (Vec::new(), Vec::new());
        for entry in photos.entries()? {
            let entry = entry?;
            if !entry.held_out {
                continue;
            }
            let name = entry.path.display().to_string();
            match is_learned(&entry.id, models)? {
                true => learned.push(name),
                false => pictures.push(Picked { id: entry.id, name, near: None }),
            }
        }
        let of = pictures.len() + learned.len();
        if pictures.is_empty() && of > 0 {
            return Err(all_learned(&photos, &learned));
        }
        let unknown = models.iter().filter(|one| !one.is_known()).count();
        let mut held_out = Self { photos, pictures, learned, of, unseen: 0, unknown };
        held_out.compare(models, watch)?;
        Ok(held_out)
    }

    /// Picture `at`, at the model's size.
    ///
    /// # Errors
    /// A file that has gone or changed since.
    pub fn truth(&self, at: usize) -> Result<Truth> {
        truth(&self.photos, &self.pictures[at].id, &self.pictures[at].name)
    }

    /// The picture `id`, at the model's size.
    ///
    /// # Errors
    /// As [`truth`](Self::truth).
    pub fn picture(&self, id: &Id) -> Result<Picture> {
        self.photos.picture(id)
    }

    /// Pictures that are near to a learned photo.
    pub fn near(&self) -> impl Iterator<Item = &Picked> {
        self.pictures.iter().filter(|one| one.near.is_some())
    }

    /// Looks for what is near to a learned photo. The learned ones pass by: a few thousand of them are in memory.
    fn compare(&mut self, models: &[Learned], watch: &mut dyn Observer) -> Result<()> {
        let ids: Vec<Id> = self.pictures.iter().map(|one| one.id).collect();
        let mut index = None;
        let mut looked_at: Vec<&Arc<Photos>> = Vec::new();
        for model in models {
            let Ok(photos) = model.photos() else {
                self.unseen += model.count()?;
                continue;
            };
            if looked_at.iter().any(|other| Arc::ptr_eq(other, photos)) {
                continue;
            }
            looked_at.push(photos);
            let of_it: Vec<(usize, &Learned)> = (models.iter().enumerate())
                .filter(|(_, one)| one.photos().is_ok_and(|other| Arc::ptr_eq(other, photos)))
                .collect();
            let index = match &index {
                Some(index) => index,
                None => index.insert(Index::new(descriptors(&self.photos, &ids)?)),
            };
            let (mut piece, mut found) = (Vec::new(), vec![0; models.len()]);
            let (mut done, total) = (0, photos.count());
            for entry in photos.entries()? {
                let entry = entry?;
                done += 1;
                let mut systems = Vec::new();
                for (at, model) in &of_it {
                    if model.contains(&entry.id)? {
                        systems.push(*at);
                        found[*at] += 1;
                    }
                }
                if !systems.is_empty() {
                    piece.push((entry, systems));
                }
                if piece.len() == PIECE || done == total {
                    if watch.on(Event::Comparing { done, total }).is_break() {
                        return Err(Error::stopped("comparing with the photos that were learned"));
                    }
                    let of_piece: Vec<Id> = piece.iter().map(|(entry, _)| entry.id).collect();
                    let of_piece = Index::new(descriptors(photos, &of_piece)?);
                    for (learned, picture, near) in of_piece.across(index) {
                        let (entry, systems) = &piece[learned];
                        let Near { similarity, mirrored } = near;
                        self.flag(
                            picture,
                            Like {
                                photo: entry.path.display().to_string(),
                                id: entry.id,
                                photos: photos.clone(),
                                similarity,
                                mirrored,
                                systems: systems.clone(),
                            },
                        );
                    }
                    piece.clear();
                }
            }
            for (at, model) in of_it {
                self.unseen += model.count()?.saturating_sub(found[at]);
            }
        }
        Ok(())
    }

    /// Of several the most similar one counts.
    fn flag(&mut self, picture: usize, like: Like) {
        let now = &mut self.pictures[picture].near;
        if now.as_ref().is_none_or(|before| before.similarity < like.similarity) {
            *now = Some(like);
        }
    }
}

/// The naive ways, fitted to what the first of `models` whose photos are at hand has learned, and a name for those photos,
/// another one for others.
///
/// # Errors
/// A photo that has gone or changed since.
pub fn naive_of(models: &[Learned]) -> Result<(Naive, String)> {
    for model in models {
        let (Ok(photos), seen) = (model.photos(), model.seen()?) else { continue };
        if seen.is_empty() {
            continue;
        }
        let mut hasher = blake3::Hasher::new();
        for id in &seen {
            hasher.update(id.bytes());
        }
        let pictures = seen.iter().map(|id| photos.picture(id)).collect::<Result<Vec<_>>>()?;
        let name = format!("{} {}", seen.len(), &hasher.finalize().to_hex()[..16]);
        return Ok((Naive::fit(&pictures)?, name));
    }
    Ok((Naive::fit(&[])?, "none".to_string()))
}

fn is_learned(id: &Id, models: &[Learned]) -> Result<bool> {
    for model in models {
        if model.contains(id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn descriptors(photos: &Photos, ids: &[Id]) -> Result<Vec<Descriptor>> {
    ids.par_iter().map(|id| Ok(Descriptor::of(&photos.picture(id)?))).collect()
}

/// Says of how many photos and of which first that they were trained on: whoever moves them away wants to do it once.
fn all_learned(photos: &Photos, known: &[String]) -> Error {
    let what = format!("folder `{}`", photos.root().display());
    let all = counted(photos.held_out(), "photo");
    let problem = format!("a model was trained on {} of its {all} ({})", known.len(), named(known));
    Error::input(what, problem, "name others to measure, or train anew without them")
}

/// The first of `names`.
pub(super) fn named(names: &[String]) -> String {
    const NAMED: usize = 5;
    let more = if names.len() > NAMED { ", ..." } else { "" };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

/// What `held_out` came to, as sentences: there is always something to say.
pub fn words(held_out: &HeldOut, models: &[(&str, &Learned)], include_near: bool) -> Vec<String> {
    let mut words = Vec::new();
    let learned = &held_out.learned;
    if !learned.is_empty() {
        let (was, is) = if learned.len() == 1 { ("was", "is") } else { ("were", "are") };
        words.push(format!(
            "{} of {} {was} learned, and {is} left out: {}",
            learned.len(),
            counted(held_out.of, "photo"),
            named(learned)
        ));
    }
    let mut by_photo: BTreeMap<&str, &str> = BTreeMap::new();
    for one in held_out.near() {
        if let Some(like) = &one.near {
            by_photo.insert(&one.name, &like.photo);
        }
    }
    if !by_photo.is_empty() {
        let pairs: Vec<String> =
            by_photo.iter().map(|(name, photo)| format!("{name} (like {photo})")).collect();
        let fate = match (include_near, by_photo.len()) {
            (true, 1) => "it counts in the means, as `--include-near` asks",
            (true, _) => "they count in the means, as `--include-near` asks",
            (false, 1) => "it is measured, but counts in no mean (`--include-near` counts it)",
            (false, _) => "they are measured, but count in no mean (`--include-near` counts them)",
        };
        words.push(format!(
            "{} nearly the same as a photo that was learned: {fate}: {}",
            match by_photo.len() {
                1 => "1 photo is".to_string(),
                n => format!("{} are", counted(n, "photo")),
            },
            named(&pairs)
        ));
    }
    let known = models.iter().filter(|(_, one)| one.is_known()).count();
    if words.is_empty() && known > 0 {
        // Where somebody may have learned them it is said of whom that is known.
        let by = match known == models.len() {
            true => String::new(),
            false => {
                let known = models.iter().filter(|(_, one)| one.is_known()).map(|(name, _)| *name);
                format!(" by {}", known.collect::<Vec<_>>().join(", "))
            }
        };
        words.push(match held_out.of {
            1 => format!(
                "the one photo was not learned{by}, and is not nearly the same as one that was"
            ),
            n => format!(
                "none of the {} was learned{by}, or is nearly the same as one that was",
                counted(n, "photo")
            ),
        });
    }
    for (name, _) in models.iter().filter(|(_, one)| !one.is_known()) {
        words.push(format!(
            "what {name} has learned is not known, as it comes without a manifest.json: nobody can say whether it has seen \
             the photos that it is measured on"
        ));
    }
    if held_out.unseen > 0 {
        words.push(format!(
            "{} that {} learned {} away: whether a photo is nearly the same as one of them cannot be told",
            counted(held_out.unseen, "photo"),
            if held_out.unseen == 1 { "was" } else { "were" },
            if held_out.unseen == 1 { "is" } else { "are" },
        ));
    }
    words
}
