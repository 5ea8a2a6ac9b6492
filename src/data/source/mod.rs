//! Data sets as they lie on disk: a folder of photos, CelebA, LSUN, CelebA-HQ, WebDataset, archives.
//!
//! ```text
//! "lsun:bedroom_train_lmdb" --SetSpec--> (kind, path) --open--> Source --visit--> name, place, side; name, place, side; ...
//!                                                                  |
//!                                                     place --read--> Content: encoded bytes | raw pixels --picture--> [3,H,W]
//! ```
//! | file | what it reads |
//! |---|---|
//! | `folder.rs` | every picture below a folder |
//! | `celeba.rs` | `img_align_celeba`, as a folder or a zip, and its list of partitions |
//! | `lsun.rs` | LMDB: a key, an encoded picture |
//! | `celebahq.rs` | pictures in any of the other ways, the last fifteenth held out |
//! | `tfrecord.rs` | TFRecords of raw pixels |
//! | `webdataset.rs` | tar shards, a picture a sample |
//! | `tar.rs`, `zip.rs` | plain archives of pictures |
//!
//! Nothing is ever unpacked to disk, so that a member called `../x.jpg` is a name like any other, and nothing is read
//! into memory beyond the limits below. A set is walked through without holding its pictures; what is missing or
//! damaged is named.

mod celeba;
mod celebahq;
mod content;
mod first;
mod folder;
mod lsun;
mod member;
mod meta;
mod partition;
mod place;
mod spec;
mod stored;
mod tar;
mod tfrecord;
mod tree;
mod webdataset;
mod zip;

use std::fmt::Debug;
use std::ops::ControlFlow;
use std::path::Path;

use super::Skipped;
use crate::error::{Error, Result};

pub use content::Content;
pub use first::First;
pub use place::Place;
pub use spec::{Kind, SetSpec};

/// The most bytes of an encoded picture in an archive, a database or a shard: a JPEG of the most pixels that are read is
/// half of it. More is refused before it is read or inflated.
pub const MAX_ENCODED: u64 = 64 << 20;

/// The most bytes of a TFRecord: raw pixels of 2048 x 2048, with room. Small fields take up to twelve times their size
/// once they are decoded, so that this bounds what a malicious record can ask for.
pub const MAX_RECORD: u64 = 16 << 20;

/// A data set: what is in it, in its own order, and each of its pictures.
pub trait Source: Debug + Send + Sync {
    /// Hands every item, and what was left out, to `each`, one after the other; `Break` ends it.
    ///
    /// # Errors
    /// A set that is damaged so that nobody can tell what is missing, as an archive that was cut short. Items that were
    /// handed over before are good.
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()>;

    /// What lies at `place`, in any order and from any thread.
    ///
    /// # Errors
    /// A place of another set; bytes that are gone, damaged or over the limits.
    fn read(&self, place: &Place) -> Result<Content>;
}

/// One thing found in a set.
#[derive(Debug, Clone, PartialEq)]
pub enum Listed {
    /// A picture, by its looks: only [`Source::read`] and a decoder can tell.
    Item {
        /// What a person would call it. An archive may have two of one name; whoever lists it takes the first.
        name: String,
        place: Place,
        /// What the set itself says of its use; `None` where the content decides.
        side: Option<Side>,
    },
    /// Something that is left out, and why.
    Skipped(Skipped),
}

/// What a picture is for, where its set says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// To be learned from.
    Train,
    /// To be measured on.
    HeldOut,
    /// Neither: a partition of the set that is not used.
    Neither,
}

/// The set that `spec` names, `PATH` or `KIND:PATH`; its first `take` items where that is given.
///
/// # Errors
/// A kind that the path cannot hold; a path that is missing, or holds nothing that is known.
pub fn open(spec: &str, take: Option<usize>) -> Result<Box<dyn Source>> {
    SetSpec { take, ..spec.parse()? }.open()
}

/// Something wrong with the set, or with the part of it, that lies at `path`.
fn damaged(path: &Path, problem: impl Into<String>, remedy: &str) -> Error {
    Error::input(format!("data set `{}`", path.display()), problem, remedy)
}

/// The place is none of this set's.
fn foreign(place: &Place, path: &Path) -> Error {
    damaged(path, format!("{place:?} is no place in it"), "list the set again")
}

fn skipped(path: impl AsRef<Path>, problem: impl Into<String>) -> Listed {
    Listed::Skipped(Skipped { path: path.as_ref().to_path_buf(), problem: problem.into() })
}
