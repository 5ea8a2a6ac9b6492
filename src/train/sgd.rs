//! Plain SGD, no momentum, no weight decay: all that the paper uses (SPEC 2.1).

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Gradients, Tensor};

use crate::nn::cpu;

/// `theta - rate * gradient` for every tensor of `module` that has a gradient.
///
/// The gradients are taken out: nobody else holds them then, and the tensors can be changed in place.
pub fn sgd<M: Module>(module: M, gradients: &mut Gradients, rate: f64) -> M {
    module.map(&mut Step { gradients, rate })
}

struct Step<'a> {
    gradients: &'a mut Gradients,
    rate: f64,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // On a line of its own: in the match the value would live on, and theta be copied at every step.
        let gradient = param.val().grad_remove(self.gradients);
        match gradient {
            None => param,
            Some(gradient) => param.map(|old| {
                let old = old.inner();
                let new = if cpu::is_here(&old.device()) {
                    cpu::descend(old, gradient, self.rate as f32)
                } else {
                    old - gradient.mul_scalar(self.rate)
                };
                new.autodiff().require_grad()
            }),
        }
    }
}
