//! What is kept on disk, and how it gets there.
//!
//! ```text
//! atomic.rs   a file appears whole or not at all
//! tensors.rs  named f32 tensors in a safetensors file
//! model.rs    the finished model, a folder
//! ```

mod atomic;
mod model;
mod tensors;

pub use atomic::{write_atomically, write_with};
pub use tensors::{open_tensors, save_tensors};
