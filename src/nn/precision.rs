//! What the convolutions of the generator multiply: f32, or operands rounded to bf16.
//!
//! ```text
//! y = sum of bf16(w) bf16(x)      products and sums in f32; w itself stays f32, and so do its gradient and its step
//! ```
//! Forward passes and both gradients round what they multiply; norms, the latent nets, the loss and SGD know f32 only.
//! A property of a pass, not of a net: the same weights serve both.

use burn::tensor::Device;
use lacuna_kernels::Level;
use serde::{Deserialize, Serialize};

use super::cpu;
use crate::error::{Error, Result};

/// See the module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The default.
    #[default]
    F32,
    /// For CPUs that multiply it (AVX512-BF16); slower than f32 on others, and not to be had on other devices.
    Bf16,
}

impl Precision {
    /// Whether a net on `device` can run in it.
    ///
    /// # Errors
    /// bf16 off the CPU.
    pub fn check(self, device: &Device) -> Result<()> {
        self.check_kernels(cpu::is_here(device))
    }

    fn check_kernels(self, are_here: bool) -> Result<()> {
        if self == Self::F32 || are_here {
            return Ok(());
        }
        let problem = "this device has it not, only the CPU kernels do";
        Err(Error::input("precision `bf16`", problem, "take `--precision f32`, or `--device cpu`"))
    }

    /// What there is to know about it on this CPU.
    pub fn note(self) -> Option<String> {
        let level = Level::best();
        (self == Self::Bf16 && !level.has_bf16()).then(|| {
            format!(
                "bf16 is emulated by {level}, as this CPU has no instructions for it (AVX512-BF16): slower than \
                 --precision f32; the results are the same but for the order of sums"
            )
        })
    }
}

impl From<Precision> for lacuna_kernels::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::Bf16 => Self::Bf16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_off_the_cpu_is_an_error_that_says_what_to_take() {
        assert!(Precision::Bf16.check(&Device::flex().autodiff()).is_ok());
        assert!(Precision::F32.check_kernels(false).is_ok());
        let message = Precision::Bf16.check_kernels(false).unwrap_err().to_string();
        assert!(message.contains("bf16") && message.contains("--device cpu"), "{message}");
    }

    #[test]
    fn a_note_says_where_it_is_emulated() {
        assert_eq!(Precision::F32.note(), None);
        assert_eq!(Precision::Bf16.note().is_none(), Level::best().has_bf16());
    }
}
