//! Restoration: what is known of a damaged picture, and the image of the model that agrees with it (SPEC 3).
//!
//! ```text
//! damaged photo --Task::evidence--> Evidence{y, A, E} --Restorer--> Restored{x^} --paste--> the photo, mended
//!                                      phi^ = argmin E(A(g(f_phi(s))) | y),   x^ = g(f_phi^(s))
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | energy.rs | E: how far the model's image is from the evidence |
//! | fit.rs | SGD over phi for a batch of pictures, each with its own stop |
//! | plateau.rs | when an image stops by itself |
//! | task.rs | from a damaged photo to its evidence |
//! | shrink.rs | a photo with a hole at the model's size, without a trace of what was in the hole |
//! | paste.rs | the hole filled in the photo itself, all other pixels bit for bit |
//! | feather.rs | a soft seam on the hole's side of its rim |
//! | regain/ | what the damaged photo states and the model's image of it lacks |
//! | recolour.rs | the model's colours on the photo's own brightness |
//! | in_photo.rs | all of that at the model's size, for measuring |
//! | region.rs | a part of a large photo, and back to its place |
//! | job/ | files in, files out |
//! | invert/ | images of the model from VGG16's features of photos, files in, files out |

mod energy;
mod feather;
mod fit;
mod in_photo;
pub mod invert;
pub mod job;
mod paste;
mod plateau;
mod recolour;
mod regain;
mod region;
mod shrink;
mod task;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

pub use energy::Energy;
pub use feather::{MAX_FEATHER, away_from_hole, feather};
pub use fit::{FitSettings, Fitted, fit, fit_rows, fit_step};
pub use in_photo::in_photo;
pub use paste::{paste, repaint};
pub use plateau::Plateau;
pub use recolour::recolour;
pub use regain::{noise_of, regain_from_jpeg, regain_from_noisy, regain_from_small};
pub use region::Region;
pub use shrink::shrink_known;
pub use task::Task;

use crate::degrade::Degradation;
use crate::error::Result;
use crate::event::Observer;
use crate::image::Picture;

/// What is known of one picture: `y = A(x)`, and how a deviation counts.
#[derive(Debug)]
pub struct Evidence {
    /// y, `[1, c, h, w]`.
    pub measured: Tensor<4>,
    /// A.
    pub degradation: Box<dyn Degradation>,
    /// E.
    pub energy: Energy,
}

impl Evidence {
    /// E(A(x) | y) of images `[B, 3, S, S]`, `[B]`.
    pub fn energy_of(&self, image: Tensor<4>) -> Tensor<1> {
        self.energy.of(self.degradation.apply(image), self.measured.clone())
    }
}

/// A mended picture at the model's size.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// The raw image of the model, `[3, S, S]`: known pixels are not pasted back.
    pub image: Picture,
    /// E of `image`.
    pub energy: f32,
    /// `A(image) - y` as a picture, zero where nothing is known.
    pub residual: Picture,
    /// Steps taken.
    pub steps: usize,
    pub stop: Stop,
}

/// Why a fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// All steps were taken.
    Steps,
    /// The energy had stopped falling.
    Plateau,
}

/// A way to mend pictures: one for each system that the paper compares.
pub trait Restorer {
    /// Mends one picture for each evidence; a picture's result depends on its own evidence alone, bit for
    /// bit, whatever else is in the batch. `None` when `watch` broke off.
    ///
    /// # Errors
    /// An energy that is no number any more.
    fn restore(
        &self,
        evidence: &[Evidence],
        watch: &mut dyn Observer,
    ) -> Result<Option<Vec<Restored>>>;
}

/// What became of each; `None` when `watch` broke off. A fit that fails takes no other picture along: the batch is
/// done again one by one, which changes no result.
pub(crate) fn each(
    restorer: &dyn Restorer,
    evidence: &[Evidence],
    watch: &mut dyn Observer,
) -> Option<Vec<Result<Restored>>> {
    match restorer.restore(evidence, watch) {
        Ok(restored) => Some(restored?.into_iter().map(Ok).collect()),
        Err(error) if evidence.len() == 1 => Some(vec![Err(error)]),
        Err(_) => {
            let alone = evidence.iter().map(|one| each(restorer, std::slice::from_ref(one), watch));
            Some(alone.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
        }
    }
}
