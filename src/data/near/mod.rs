//! Near-duplicates: is a picture a copy of another, made smaller, compressed again, mirrored or cropped a little?
//!
//! ```text
//! picture --Descriptor::of--> 32 x 32 grey --bands--> 63 numbers of its middle frequencies, of length 1
//!                                  |                        | as it is, and for 15 windows in it, mirrored too
//!                                  |                        v
//!                                  |      a . b > 0.88 for one of the windows: a candidate   (Index: for all pairs)
//!                                  v                        |
//!                          register: the window of one, moved and scaled until it fits the other best
//!                                                           |
//!                                                           v
//!                       correlation of their fine structure > 0.82: near, Near{similarity, mirrored}
//! ```
//! Pictures that only look alike, as faces that are aligned do, agree in their coarse structure: so the mean brightness
//! and the lowest frequencies have no say, and what decides is whether the fine structure agrees once both lie over each
//! other. A hash of a few dozen bits cannot tell these apart. docs/results.md has what was measured.
//!
//! What is found: sizes down to 32 pixels, JPEG at usual qualities, mirrored left to right, up to a tenth of each side cut
//! off in all, other brightness, contrast and colour, and all of these at once. Not: rotation, more of a crop, a frame
//! around it, large paintings in it. Flat pictures have no structure and are near to nothing.

mod bands;
mod descriptor;
mod index;
mod register;

pub use descriptor::Descriptor;
pub use index::Index;

use bands::{Bands, Feature};
use register::Fine;

/// The least product of a window's [`Feature`] with that of another picture for which the two are looked at closely.
///
/// Copies that were planted among 263 aligned faces have .93 and more, pairs of different faces at most .89.
const CANDIDATE: f32 = 0.88;

/// The least correlation of the fine structure, once registered, that makes two pictures near.
const SAME: f32 = 0.82;

/// How two pictures that are near go together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// The correlation of their fine structure, once they lie over each other: above 0.82, and at most 1.
    pub similarity: f32,
    /// Whether one is mirrored left to right.
    pub mirrored: bool,
}

/// Whether two pictures are near-duplicates, and how; the order of the two does not matter.
///
/// ```
/// use lacuna::data::drawn::portrait;
/// use lacuna::data::near::{Descriptor, near};
/// let [one, other] = [portrait(1, 0, 96)?, portrait(1, 1, 96)?];
/// let small = one.flipped().resized(60, 60)?;
/// let of = Descriptor::of;
/// assert!(near(&of(&one), &of(&small)).is_some_and(|near| near.mirrored));
/// assert_eq!(near(&of(&one), &of(&other)), None);
/// # Ok::<(), lacuna::Error>(())
/// ```
pub fn near(a: &Descriptor, b: &Descriptor) -> Option<Near> {
    let bands = Bands::new();
    let (of_a, of_b) = (bands.feature(a), bands.feature(b));
    if is_candidate(&bands, a, &of_b) || is_candidate(&bands, b, &of_a) {
        closely(&bands, a, b)
    } else {
        None
    }
}

/// Whether a window in `a` is about what `b` shows.
fn is_candidate(bands: &Bands, a: &Descriptor, b: &Feature) -> bool {
    bands.windows(a).iter().any(|window| dot(window, b) > CANDIDATE)
}

/// Whether two candidates are near: each is tried as the window in the other.
fn closely(bands: &Bands, a: &Descriptor, b: &Descriptor) -> Option<Near> {
    let (of_a, of_b) = (bands.feature(a), bands.feature(b));
    let (fine_a, fine_b) = (Fine::of(a), Fine::of(b));
    let mut best = Near { similarity: SAME, mirrored: false };
    for (outer, inner, feature, windows) in
        [(&fine_a, &fine_b, &of_b, bands.windows(a)), (&fine_b, &fine_a, &of_a, bands.windows(b))]
    {
        for mirrored in [false, true] {
            let starts = bands.best(&windows, feature, mirrored, CANDIDATE);
            let similarity = outer.fit(inner, mirrored, &starts);
            if similarity > best.similarity {
                best = Near { similarity, mirrored };
            }
        }
    }
    (best.similarity > SAME).then_some(best)
}

/// In eight sums side by side, which the processor adds at once; always in the same order.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        (0..8).for_each(|at| sums[at] += a[at] * b[at]);
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b);
    sums.into_iter().chain(rest).sum()
}

#[cfg(test)]
mod tests;
