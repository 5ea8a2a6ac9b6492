//! Portraits the program draws itself: a data set for a first try, without a download.
//!
//! ```text
//! (seed, index) --dice, one stream a part--> Sitter{head, hair, eyes, ...} --easel--> Picture [3,side,side]
//! ```
//! Aligned as face data sets are: the eyes near the middle, the face most of the picture. What varies goes together:
//! every feature turns with the head, one light shades all, brows follow the hair. So a model can learn from the
//! rest of a face what belongs in a hole, and smoothing cannot.

mod backdrop;
mod beard;
mod clothes;
mod colour;
mod dice;
mod easel;
mod eyes;
mod glasses;
mod hair;
mod head;
mod locks;
mod mouth;
mod nose;
mod shape;
mod sitter;
mod skin;

use crate::error::Result;
use crate::image::Picture;

use easel::Easel;
use sitter::Sitter;

/// The portrait number `index` under `seed`, `side` x `side` pixels, every value in `[0,1]`.
///
/// The same seed, index and side give the same bits; another side gives the same portrait.
///
/// ```
/// let portrait = lacuna::data::drawn::portrait(1, 0, 64)?;
/// assert_eq!((portrait.height(), portrait.width()), (64, 64));
/// # Ok::<(), lacuna::Error>(())
/// ```
///
/// # Errors
/// A side of zero or over 4096.
pub fn portrait(seed: u64, index: u64, side: usize) -> Result<Picture> {
    let mut easel = Easel::new(side)?;
    let sitter = Sitter::draw(seed, index);
    sitter.paint(&mut easel);
    easel.finish(sitter.lamp)
}

#[cfg(test)]
mod tests;
