//! One measurement after another.
//!
//! ```text
//! A(x) = A2(A1(x))        A'(y) = A1'(A2'(y))        lift(y) = lift1(lift2(y))
//! ```
//! Linear exactly where both parts are. Both parts own their sizes: A2 is built for the evidence of A1.

use burn::tensor::Tensor;

use super::Degradation;

/// See the module.
#[derive(Debug)]
pub struct Compose {
    first: Box<dyn Degradation>,
    second: Box<dyn Degradation>,
}

impl Compose {
    /// `second` after `first`.
    pub fn new(first: Box<dyn Degradation>, second: Box<dyn Degradation>) -> Self {
        Self { first, second }
    }
}

impl Degradation for Compose {
    fn apply(&self, image: Tensor<4>) -> Tensor<4> {
        self.second.apply(self.first.apply(image))
    }

    fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
        self.first.lift(self.second.lift(evidence))
    }

    fn adjoint(&self, evidence: Tensor<4>) -> Option<Tensor<4>> {
        self.first.adjoint(self.second.adjoint(evidence)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::degrade::Identity;

    /// Not linear, hence without an adjoint.
    #[derive(Debug)]
    struct Square;

    impl Degradation for Square {
        fn apply(&self, image: Tensor<4>) -> Tensor<4> {
            image.clone() * image
        }
        fn lift(&self, evidence: Tensor<4>) -> Tensor<4> {
            evidence
        }
    }

    #[test]
    fn a_chain_with_a_part_that_is_not_linear_has_no_adjoint() {
        let y = Tensor::ones([1, 3, 2, 2], &burn::tensor::Device::flex());
        for (first, second) in [(true, false), (false, true), (false, false), (true, true)] {
            let part = |linear: bool| -> Box<dyn Degradation> {
                if linear { Box::new(Identity) } else { Box::new(Square) }
            };
            let chain = Compose::new(part(first), part(second));
            assert_eq!(chain.adjoint(y.clone()).is_some(), first && second);
        }
    }
}
