//! A module's numbers by name, and back.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

/// Tensors by name, in the names' order.
pub type State = BTreeMap<String, TensorData>;

/// All tensors of `module` as f32 on the host; a name is the path of fields, `down.0.conv.weight`.
pub fn state_of<M: Module>(module: &M) -> State {
    let mut reader = Reader { path: Vec::new(), state: State::new() };
    module.visit(&mut reader);
    reader.state
}

/// `module` with its tensors replaced by those of `state`, which must hold every name of the module in its
/// shape; others are left alone.
///
/// # Errors
/// The first name that is missing or of another shape, in words.
pub fn load_state<M: Module>(module: M, state: &State) -> Result<M, String> {
    let mut writer = Writer { path: Vec::new(), state, problem: None };
    let module = module.map(&mut writer);
    match writer.problem {
        None => Ok(module),
        Some(problem) => Err(problem),
    }
}

struct Reader {
    path: Vec<String>,
    state: State,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.state.insert(self.path.join("."), param.val().into_data());
    }
}

struct Writer<'a> {
    path: Vec<String>,
    state: &'a State,
    problem: Option<String>,
}

impl ModuleMapper for Writer<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        let shape = param.val().dims();
        match self.state.get(&name) {
            Some(data) if data.shape().as_slice() == shape => {
                let (id, old, mapper) = param.consume();
                let new = Tensor::from_data(data.clone(), &old.device());
                let new = new.set_require_grad(old.is_require_grad());
                Param::from_mapped_value(id, new, mapper)
            }
            found => {
                let found = match found {
                    Some(data) => format!("has shape {:?}", data.shape().as_slice()),
                    None => "is missing".to_string(),
                };
                self.problem.get_or_insert(format!("tensor `{name}` {found}, expected {shape:?}"));
                param
            }
        }
    }
}
