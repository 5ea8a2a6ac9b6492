//! VGG16's features of a picture (Simonyan and Zisserman, 2015): what the perceptual measure compares and what feature
//! inversion starts from (SPEC 3, 5). The weights are the user's; none come with this program.
//!
//! ```text
//! FILE --weights.rs: names, shapes, numbers--> Vgg16 --net(size)--> Net: [B,3,H,W] in [0,1] --> maps after its ReLUs
//!         '--input.rs: whose weights they are, and so how a picture is prepared for them
//! ```
//!
//! | map | channels | pixels |
//! |---|---|---|
//! | relu1_1, relu1_2 | 64 | `H x W` |
//! | relu2_1, relu2_2 | 128 | `H/2 x W/2`, rounded down, and so on |
//! | relu3_1 .. relu3_3 | 256 | `H/4 x W/4` |
//! | relu4_1 .. relu4_3 | 512 | `H/8 x W/8` |
//! | relu5_1 .. relu5_3 | 512 | `H/16 x W/16` |

mod input;
mod net;
mod relu;
mod weights;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device;

pub use input::Input;
pub use net::Net;
pub use relu::Relu;

use crate::error::Result;
use weights::Weights;

/// The convolutions of VGG16 with their weights, and how a picture is prepared for them. The weights are constants.
#[derive(Debug)]
pub struct Vgg16 {
    weights: Weights,
    device: Device,
    /// The net of the size that was looked at last: pictures of one size come one after the other.
    last: Mutex<Option<Arc<Net>>>,
}

impl Vgg16 {
    /// The weights in `path`: a safetensors file, or what `torch.save` made of torchvision's state dict (`.pth`), which is
    /// read as data and never run. They are named `features.0.weight` and so on; what else is in the file is passed over.
    /// `input` says whose weights they are where the file does not.
    ///
    /// # Errors
    /// A file of another kind, a tensor that is missing or of another shape, a number that is not finite, weights of which
    /// nothing says how a picture is prepared for them.
    pub fn open(path: &Path, input: Option<Input>, device: &Device) -> Result<Self> {
        Ok(Self::new(Weights::open(path, input)?, device))
    }

    /// Looks whether what is in `path` has the names and shapes of VGG16, and reads no number of it.
    ///
    /// # Errors
    /// As [`Vgg16::open`], but for numbers.
    pub fn check(path: &Path) -> Result<()> {
        Weights::check(path)
    }

    fn new(weights: Weights, device: &Device) -> Self {
        Self { weights, device: device.clone().inner(), last: Mutex::new(None) }
    }

    /// How pictures are prepared: whose weights these are.
    pub fn input(&self) -> Input {
        self.weights.input
    }

    /// A hash of all that a feature depends on but for the picture.
    pub fn digest(&self) -> String {
        self.weights.digest()
    }

    /// Where its nets are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The net up to the map `end` for pictures of `size` = `[H, W]`, through which gradients go back. What it needs is
    /// packed for that size: worth keeping.
    ///
    /// # Errors
    /// A picture that is too small to have such a map.
    pub fn net(&self, size: [usize; 2], end: Relu) -> Result<Net> {
        Net::new(&self.weights, size, end, true, &self.device)
    }

    /// The whole net for pictures of `size`, to look through without gradients.
    ///
    /// # Errors
    /// As [`Vgg16::net`].
    pub(crate) fn view(&self, size: [usize; 2]) -> Result<Arc<Net>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(net) if net.size() == size => Ok(net.clone()),
            _ => {
                // Before the new one is made: two would not be needed at once.
                *last = None;
                let net = Net::new(&self.weights, size, Relu::LAST, false, &self.device)?;
                Ok(last.insert(Arc::new(net)).clone())
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
