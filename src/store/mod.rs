//! What is kept on disk, and how it gets there.

mod atomic;

pub use atomic::{write_atomically, write_with};
