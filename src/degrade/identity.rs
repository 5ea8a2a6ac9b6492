//! Nothing is lost: the evidence is a whole image, only a bad one.
//!
//! ```text
//! A(x) = x
//! ```
//! The measurement of denoising and of JPEG, where SPEC 3 models neither the noise nor the codec.

use burn::tensor::Tensor;

use super::Degradation;

/// `A(x) = x`, for images of any size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity;

impl Degradation for Identity {
    fn apply(&self, image: Tensor<4>) -> Tensor<4> {
        image
    }

    fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
        evidence
    }

    fn adjoint(&self, evidence: Tensor<4>) -> Option<Tensor<4>> {
        Some(evidence)
    }
}
