//! What a restoration is asked for, and the evidence that a damaged picture gives for it (SPEC 3).
//!
//! | task | y | A | E |
//! |---|---|---|---|
//! | inpaint | known pixels | m x | LapL1 + MSE, the ring around the hole weighted |
//! | superres | the small picture | Lanczos down | LapL1 + MSE from 16 pixels on, else MSE |
//! | colorize | its grey | mean of R, G, B | LapL1 + MSE |
//! | denoise, jpeg | the picture | x | MSE |

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::energy::ring;
use super::{Energy, Evidence, shrink_known};
use crate::config::{Config, FitConfig, RestoreConfig};
use crate::degrade::{Colour, Degradation, Identity, Lanczos, Mask};
use crate::error::{Error, Result};
use crate::image::{Picture, batch_of};

/// What is wrong with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Part of it is missing.
    Inpaint,
    /// It is small.
    Superres,
    /// It has no colour.
    Colorize,
    /// It is noisy.
    Denoise,
    /// It was compressed too much.
    Jpeg,
}

impl Task {
    pub const ALL: [Task; 5] =
        [Task::Inpaint, Task::Superres, Task::Colorize, Task::Denoise, Task::Jpeg];

    pub fn name(self) -> &'static str {
        match self {
            Task::Inpaint => "inpaint",
            Task::Superres => "superres",
            Task::Colorize => "colorize",
            Task::Denoise => "denoise",
            Task::Jpeg => "jpeg",
        }
    }

    /// The length and rate that `config` has for this task.
    pub fn fit(self, config: &RestoreConfig) -> FitConfig {
        match self {
            Task::Inpaint => config.inpaint,
            Task::Superres => config.superres,
            Task::Colorize => config.colorize,
            Task::Denoise => config.denoise,
            Task::Jpeg => config.jpeg,
        }
    }

    /// The evidence that `picture`, of any size, gives a model of `config`. `known` (`[H, W]` of the picture) is
    /// for inpainting and for nothing else.
    ///
    /// # Errors
    /// No mask or one that says nothing; a small picture that is larger than the model or no smaller.
    pub fn evidence(
        self,
        picture: &Picture,
        known: Option<&[bool]>,
        config: &Config,
        device: &Device,
    ) -> Result<Evidence> {
        let (side, loss) = (config.size, config.loss);
        match (self, known) {
            (Task::Inpaint, Some(known)) => {
                let (photo, share) = shrink_known(picture, known, side)?;
                let RestoreConfig { ring_weight, ring_pixels, .. } = config.restore;
                let seen: Vec<bool> = share.iter().map(|&share| share > 0.0).collect();
                let weight = ring(&seen, side, side, ring_pixels, ring_weight as f32);
                let mask = Mask::new(share, side, side, device)?;
                let energy = Energy::new(loss).weighted(weight, [side, side], device);
                Ok(evidence(photo, mask, energy, device)?)
            }
            (Task::Inpaint, None) => Err(Error::input(
                "inpainting",
                "nothing says what is to be filled",
                "give a mask, a hole, or a picture with an alpha channel",
            )),
            (_, Some(_)) => Err(Error::input(
                self.name(),
                "it takes no mask",
                "leave the mask out, or use inpaint",
            )),
            (Task::Superres, None) => {
                let small = [picture.height(), picture.width()];
                check_small(small, side)?;
                let down = Lanczos::new([side, side], small, device)?;
                let energy = Energy::for_side(loss, small[0].min(small[1]));
                let measured = batch_of(std::slice::from_ref(picture), device)?;
                Ok(Evidence { measured, degradation: Box::new(down), energy })
            }
            (Task::Colorize, None) => {
                let grey = picture.resized(side, side)?.channel_mean();
                let grey = TensorData::new(grey, [1, 1, side, side]);
                let energy = Energy::for_side(loss, side);
                let measured = Tensor::from_data(grey, device);
                Ok(Evidence { measured, degradation: Box::new(Colour), energy })
            }
            (Task::Denoise | Task::Jpeg, None) => {
                let photo = picture.resized(side, side)?;
                evidence(photo, Identity, Energy::squared(loss), device)
            }
        }
    }
}

/// `y = A(photo)` at the model's size.
fn evidence(
    photo: Picture,
    degradation: impl Degradation + 'static,
    energy: Energy,
    device: &Device,
) -> Result<Evidence> {
    let measured = degradation.apply(batch_of(&[photo], device)?);
    Ok(Evidence { measured, degradation: Box::new(degradation), energy })
}

/// Whether there is anything to enlarge in a picture of `height` x `width`, for a model of `side` x `side`.
pub(super) fn check_small([height, width]: [usize; 2], side: usize) -> Result<()> {
    let what = format!("picture of {width} x {height} pixels");
    if height.max(width) > side {
        let problem = format!("the model makes {side} x {side}, it would be shrunk");
        return Err(Error::input(
            what,
            problem,
            "use a model of a larger size, or crop the picture",
        ));
    }
    if height.max(width) == side {
        let problem = format!("the model makes {side} x {side} too, there is nothing to enlarge");
        return Err(Error::input(what, problem, "use a model of a larger size, or denoise"));
    }
    Ok(())
}
