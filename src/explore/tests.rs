//! What the tests of this room share.

use nalgebra::DMatrix;
use serde_json::Value;

use super::Rows;
use crate::error::Result;

/// What tests/reference/explore.py wrote.
pub fn reference() -> Value {
    serde_json::from_str(include_str!("../../tests/reference/explore.json")).unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Rows of `width` numbers as columns.
pub fn matrix(reference: &Value, name: &str, width: usize) -> DMatrix<f64> {
    let numbers = numbers(&reference[name]);
    DMatrix::from_vec(width, numbers.len() / width, numbers)
}

/// Rows one after another.
pub struct Held {
    pub numbers: Vec<f32>,
    pub width: usize,
}

impl Rows for Held {
    fn width(&self) -> usize {
        self.width
    }

    fn each(&self, take: &mut dyn FnMut(&[f32]) -> Result<()>) -> Result<()> {
        self.numbers.chunks_exact(self.width).try_for_each(take)
    }
}
