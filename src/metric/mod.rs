//! Measures of a restored picture against the true one: one number per image, on the host.
//!
//! ```text
//! Pair{restored, truth [3,H,W], hole} --Measures::score(Measure)--> one number each, or why there is none
//! ```
//!
//! | measure | formula | over | best | least side |
//! |---|---|---|---|---|
//! | [`mse`] | mean (x - y)^2 over all values | the picture | 0, the lowest | 1 |
//! | [`mse_where`] | the same over selected pixels | the hole; what is known | 0, the lowest | 1 |
//! | [`psnr`] | 10 log10(1 / mse), dB | the picture | infinite, the highest | 1 |
//! | [`ssim`](ssim()) | mean, contrast, structure under a window | the picture | 1, the highest | 11 |
//! | [`ms_ssim`](ms_ssim()) | the same on five scales | the picture | 1, the highest | 176 |
//! | [`perceptual`](perceptual()) | squared difference of VGG16's features | the hole, if there is one | 0, the lowest | 16 |
//!
//! Sums are in f64 and in the order of the pixels, so that a number is the same on every machine (but for VGG16's
//! features, which are f32 and the same for any number of threads). Values count as they stand: a restoration that leaves
//! `[0,1]` is not clamped before it is judged. A measure that is not defined for a picture has no number: a smaller window
//! or fewer scales would be another measure under its name.
//!
//! To add a measure: a file with its formula and its `ABOUT` here, a variant of [`Measure`] with its arm, and the laws
//! of `tests.rs` are earned.

mod ms_ssim;
mod mse;
mod perceptual;
mod psnr;
mod ssim;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use ms_ssim::ms_ssim;
pub use mse::{mse, mse_where};
pub use perceptual::perceptual;
pub use psnr::psnr;
pub use ssim::ssim;

use crate::error::{Error, Result};
use crate::image::Picture;
use crate::vgg16::Vgg16;

/// A picture and what it should be.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    pub restored: &'a Picture,
    pub truth: &'a Picture,
    /// `[H, W]`, true = was missing; for inpainting.
    pub hole: Option<&'a [bool]>,
}

impl Pair<'_> {
    /// `[H, W]`, true = was known; empty without a hole.
    fn known(&self) -> Vec<bool> {
        self.hole.unwrap_or_default().iter().map(|missing| !missing).collect()
    }

    fn shorter_side(&self) -> usize {
        self.truth.height().min(self.truth.width())
    }
}

/// The measures by their names, in the order of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    HoleMse,
    KnownMse,
    Mse,
    Psnr,
    Ssim,
    MsSsim,
    Perceptual,
}

/// Which of two numbers is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
}

impl Measure {
    pub const ALL: [Measure; 7] = [
        Measure::HoleMse,
        Measure::KnownMse,
        Measure::Mse,
        Measure::Psnr,
        Measure::Ssim,
        Measure::MsSsim,
        Measure::Perceptual,
    ];

    fn about(self) -> About {
        match self {
            Measure::HoleMse => mse::HOLE,
            Measure::KnownMse => mse::KNOWN,
            Measure::Mse => mse::WHOLE,
            Measure::Psnr => psnr::ABOUT,
            Measure::Ssim => ssim::ABOUT,
            Measure::MsSsim => ms_ssim::ABOUT,
            Measure::Perceptual => perceptual::ABOUT,
        }
    }

    /// For machines: a column of a CSV, a key of JSON.
    pub fn name(self) -> &'static str {
        self.about().name
    }

    /// For people, of any weights; [`Measures::title`] says of which.
    pub fn title(self) -> &'static str {
        self.about().title
    }

    /// What it is measured in; empty for a plain number.
    pub fn unit(self) -> &'static str {
        self.about().unit
    }

    pub fn better(self) -> Better {
        self.about().better
    }

    /// Pixels of the shorter side that a picture has at least, for there to be a number.
    pub fn least_side(self) -> usize {
        self.about().least_side
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// All there is to say of a measure.
#[derive(Debug, Clone, Copy)]
struct About {
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    better: Better,
    over: Over,
    least_side: usize,
    how: How,
}

/// Which pixels count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Whole,
    Hole,
    Known,
    HoleIfAny,
}

/// What it takes.
#[derive(Debug, Clone, Copy)]
enum How {
    Alone(fn(&Pair) -> Result<f64>),
    ByVgg16(fn(&Vgg16, &Pair) -> Result<f64>),
}

/// The measures with what they need.
#[derive(Debug, Default)]
pub struct Measures {
    vgg16: Option<Vgg16>,
}

impl Measures {
    /// Without `vgg16` there is no perceptual measure: nothing stands in for it.
    pub fn new(vgg16: Option<Vgg16>) -> Self {
        Self { vgg16 }
    }

    /// For people, with the weights that it is by: numbers of other weights are other numbers.
    pub fn title(&self, measure: Measure) -> String {
        match (measure.about().how, &self.vgg16) {
            (How::ByVgg16(_), Some(vgg16)) => {
                format!("{}, {})", measure.title().trim_end_matches(')'), vgg16.input())
            }
            _ => measure.title().to_string(),
        }
    }

    /// Why `measure` has no number for `pair`, as a column says it; `None` where it has one.
    pub fn absent(&self, measure: Measure, pair: &Pair) -> Option<String> {
        let About { over, least_side, how, .. } = measure.about();
        if matches!(how, How::ByVgg16(_)) && self.vgg16.is_none() {
            return Some("no weights of VGG16 were given (--vgg16 FILE)".into());
        }
        if pair.shorter_side() < least_side {
            return Some(format!("not defined below {least_side} x {least_side} pixels"));
        }
        let has = |wanted: bool| pair.hole.unwrap_or_default().contains(&wanted);
        match over {
            Over::Hole if !has(true) => Some("nothing was missing".into()),
            Over::Known if pair.hole.is_none() => Some("nothing was missing".into()),
            Over::Known if !has(false) => Some("nothing was known".into()),
            _ => None,
        }
    }

    /// `measure` of each of `pairs`, in their order; `None` where [`Measures::absent`] says why. A pair's number depends on
    /// that pair alone.
    ///
    /// # Errors
    /// Two sizes in a pair, a hole that does not fit.
    pub fn score(&self, measure: Measure, pairs: &[Pair]) -> Result<Vec<Option<f64>>> {
        let one = |pair: &Pair| {
            same_size(pair.restored, pair.truth)?;
            if self.absent(measure, pair).is_some() {
                return Ok(None);
            }
            match (measure.about().how, &self.vgg16) {
                (How::Alone(score), _) => score(pair).map(Some),
                (How::ByVgg16(score), Some(vgg16)) => score(vgg16, pair).map(Some),
                (How::ByVgg16(_), None) => Ok(None),
            }
        };
        pairs.iter().map(one).collect()
    }
}

/// `Ok` if both have one size; only then does any measure mean something.
fn same_size(restored: &Picture, truth: &Picture) -> Result<()> {
    let size = |p: &Picture| format!("{} x {}", p.width(), p.height());
    if (restored.height(), restored.width()) == (truth.height(), truth.width()) {
        return Ok(());
    }
    Err(Error::input(
        "pictures to compare",
        format!("the restored one is {}, the true one {}", size(restored), size(truth)),
        "bring both to one size",
    ))
}

#[cfg(test)]
mod tests;
