//! Helpers that several integration tests share.

#![allow(dead_code)] // Each test file uses a part.

#[cfg(unix)]
pub mod browser;
pub mod formula;
pub mod reference;
pub mod runs;
pub mod sets;
pub mod vgg16;

#[cfg(feature = "cli")]
pub mod workshop;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

/// Every gradient of `module` by the path of its tensor.
pub fn gradients_of<M: Module>(module: &M, grads: &Gradients) -> Vec<(String, Vec<f32>)> {
    struct Collect<'a>(&'a Gradients, Vec<String>, Vec<(String, Vec<f32>)>);
    impl ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.1.push(name.to_string());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.1.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.0) {
                self.2.push((self.1.join("."), gradient.into_data().try_to_vec().unwrap()));
            }
        }
    }
    let mut collect = Collect(grads, Vec::new(), Vec::new());
    module.visit(&mut collect);
    collect.2
}
