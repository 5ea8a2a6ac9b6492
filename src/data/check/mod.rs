//! What is in a data set, before hours are spent on it: how much, how large, what is left out, and what is there twice.
//!
//! ```text
//! set --visit, read--> Content --+--> hash ------------> the same bytes: Duplicates
//!                                +--> size, format -----> Sizes
//!                                '--> Descriptor --near--> the same picture: Near, and whether across the split
//! ```
//! A picture that is learned from and held out at the same time, smaller or mirrored, makes what is measured on the held-out
//! ones look better than it is.

mod read;
mod report;

use std::collections::BTreeMap;

use super::near::Index;
use super::source::{SetSpec, Side};
use crate::data::list::stopped;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};

use read::{Read, read_all};
pub use report::{Group, Member, Report, Sizes};

/// Looks at every picture of `set`; where the set does not say what a picture is for, the share `hold_out` (0..1) is held
/// out by content, as training does it. `watch` hears what is read, what is left out and how far the comparison is.
///
/// It keeps about 1.5 KB of each picture.
///
/// # Errors
/// A share out of range; a set that cannot be read, or one without a single usable picture; [`Error::Stopped`] when
/// `watch` broke off.
pub fn check(set: &SetSpec, hold_out: f64, watch: &mut dyn Observer) -> Result<Report> {
    if !(0.0..1.0).contains(&hold_out) {
        let problem = format!("{hold_out} is out of range");
        return Err(Error::input("share held out", problem, "give 0 or more, and less than 1"));
    }
    let source = set.open()?;
    let Read { pictures, descriptors, skipped, unused, formats } =
        read_all(set, &*source, hold_out, watch)?;
    if pictures.is_empty() {
        let problem = match skipped.len() {
            0 => "there is no picture in it".to_string(),
            n => format!("none of its {n} pictures can be read"),
        };
        let what = format!("`{}`", set.path.display());
        return Err(Error::input(what, problem, "name a folder with jpg, png or webp files"));
    }
    let total = descriptors.len();
    let index = Index::new(descriptors);
    let pairs = index.pairs(&mut |done| watch.on(Event::Comparing { done, total }));
    let pairs = pairs.ok_or_else(|| stopped(&set.path))?;
    let _ = watch.on(Event::Comparing { done: total, total });
    Ok(Report::of(pictures, pairs, skipped, unused, formats))
}

/// One content of the set.
#[derive(Debug)]
struct Picture {
    side: Side,
    /// Width and height, as it is stored.
    size: [u32; 2],
    /// The names under which it is there, each with what it is for; the first is that which training would take.
    names: Vec<(String, Side)>,
}

/// How many pictures there are of each format.
type Formats = BTreeMap<String, usize>;

/// Whether both sides of the split are among `sides`.
fn is_across(sides: impl Iterator<Item = Side> + Clone) -> bool {
    let has = |side: Side| sides.clone().any(|one| one == side);
    has(Side::Train) && has(Side::HeldOut)
}

#[cfg(test)]
mod tests;
