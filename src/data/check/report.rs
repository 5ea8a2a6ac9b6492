//! What was found, for people and machines.

use serde::{Deserialize, Serialize};

use super::{Formats, Picture, is_across};
use crate::data::Skipped;
use crate::data::near::Near;
use crate::data::source::Side;

/// What is in a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Contents that can be used, each counted once: `train + held_out`.
    pub pictures: usize,
    pub train: usize,
    pub held_out: usize,
    /// Pictures that the set itself says are for nothing; they were not looked at.
    pub unused: usize,
    /// How many pictures there are of each format; `raw` are pixels as they are.
    pub formats: Formats,
    pub sizes: Sizes,
    /// What is no picture or cannot be used, and why.
    pub skipped: Vec<Skipped>,
    /// Names of the same bytes, in the set's order.
    pub duplicates: Vec<Group>,
    /// Pictures that are near-duplicates of each other, in the set's order; of each content the first name.
    pub near: Vec<Group>,
}

/// Width and height of the pictures with the fewest, the median and the most pixels, as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    pub smallest: [u32; 2],
    pub median: [u32; 2],
    pub largest: [u32; 2],
    /// The shortest and the longest side of all.
    pub sides: [u32; 2],
}

/// Pictures that are one and the same, or nearly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Whether some of them are learned from and others held out.
    pub across: bool,
    pub members: Vec<Member>,
}

/// A picture in a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Below the folder; in another set its name.
    pub name: String,
    pub held_out: bool,
    /// How like it is to the member before it that it was found by, 0 to 1; `None` for the first, and for the same bytes.
    pub similarity: Option<f32>,
    /// Whether it is mirrored against that one.
    pub mirrored: bool,
}

impl Report {
    /// The groups that are on both sides of the split.
    pub fn across(&self) -> impl Iterator<Item = &Group> {
        self.duplicates.iter().chain(&self.near).filter(|group| group.across)
    }

    pub(super) fn of(
        pictures: Vec<Picture>,
        pairs: Vec<(usize, usize, Near)>,
        skipped: Vec<Skipped>,
        unused: usize,
        formats: Formats,
    ) -> Self {
        let held_out = pictures.iter().filter(|picture| picture.side == Side::HeldOut).count();
        let copies = pictures.iter().filter(|picture| picture.names.len() > 1);
        Self {
            pictures: pictures.len(),
            train: pictures.len() - held_out,
            held_out,
            unused,
            formats,
            sizes: Sizes::of(&pictures),
            skipped,
            duplicates: copies.map(same_bytes).collect(),
            near: near(&pictures, &pairs),
        }
    }
}

impl Sizes {
    /// Of at least one picture.
    fn of(pictures: &[Picture]) -> Self {
        let mut sizes: Vec<[u32; 2]> = pictures.iter().map(|picture| picture.size).collect();
        sizes.sort_by_key(|&[width, height]| (u64::from(width) * u64::from(height), width));
        let sides = || sizes.iter().flatten().copied();
        let sides = [sides().min(), sides().max()].map(Option::unwrap_or_default);
        let at = |place: usize| sizes.get(place).copied().unwrap_or_default();
        let last = sizes.len().saturating_sub(1);
        Self { smallest: at(0), median: at(last / 2), largest: at(last), sides }
    }
}

fn same_bytes(picture: &Picture) -> Group {
    let member = |(name, side): &(String, Side)| Member {
        name: name.clone(),
        held_out: *side == Side::HeldOut,
        similarity: None,
        mirrored: false,
    };
    let across = is_across(picture.names.iter().map(|(_, side)| *side));
    Group { across, members: picture.names.iter().map(member).collect() }
}

/// The groups that `pairs`, smaller place first, connect.
fn near(pictures: &[Picture], pairs: &[(usize, usize, Near)]) -> Vec<Group> {
    let mut links: Vec<Vec<(usize, Near)>> = Vec::new();
    links.resize_with(pictures.len(), Vec::new);
    for &(a, b, how) in pairs {
        links[a].push((b, how));
        links[b].push((a, how));
    }
    let mut is_seen = vec![false; pictures.len()];
    let mut groups = Vec::new();
    for first in (0..pictures.len()).filter(|&at| !links[at].is_empty()) {
        if is_seen[first] {
            continue;
        }
        is_seen[first] = true;
        let mut found: Vec<(usize, Option<Near>)> = vec![(first, None)];
        let mut next = 0;
        while let Some(&(at, _)) = found.get(next) {
            for &(other, how) in &links[at] {
                if !std::mem::replace(&mut is_seen[other], true) {
                    found.push((other, Some(how)));
                }
            }
            next += 1;
        }
        let member = |&(at, how): &(usize, Option<Near>)| Member {
            name: pictures[at].names[0].0.clone(),
            held_out: pictures[at].side == Side::HeldOut,
            similarity: how.map(|how| how.similarity),
            mirrored: how.is_some_and(|how| how.mirrored),
        };
        let across = is_across(found.iter().map(|&(at, _)| pictures[at].side));
        groups.push(Group { across, members: found.iter().map(member).collect() });
    }
    groups
}
