//! What is kept on disk, and how it gets there.
//!
//! ```text
//! atomic.rs      a file appears whole or not at all
//! tensors.rs     named f32 tensors in a safetensors file
//! header.rs      what stands before them, checked before they are read
//! foreign.rs     what is named as a model and is none
//! probe.rs       whether a folder can be written, before the work
//! lock.rs        one process at a time works in a folder
//! checkpoint.rs  a state of training, in the store
//! legacy.rs      how it was kept before the store
//! model.rs       the finished model, a folder
//! card.rs        its README
//! shards.rs      rows as safetensors files; shard_rows.rs reads them back
//! state/         the state of training in a database, one file
//! ```

mod atomic;
mod card;
mod checkpoint;
mod foreign;
mod header;
mod legacy;
mod lock;
mod model;
mod probe;
mod shard_rows;
mod shards;
pub mod state;
mod tensors;

pub use atomic::{abandon_writes, is_left_behind, write_atomically, write_with};
pub(crate) use atomic::{clear_partials, copy_to_disk, make_folder, replace_file};
pub(crate) use card::{card, latents as latents_card};
pub use checkpoint::Checkpoint;
pub(crate) use checkpoint::Standing;
pub(crate) use header::{Accepted, Header, TensorFile, check_finite, cut, read_header, widened};
pub use lock::{Lock, is_held};
pub use model::Origin;
pub(crate) use model::{CHECKPOINT, TENSORS, model_config, model_folder, model_header};
pub use probe::probe;
pub(crate) use shard_rows::ShardRows;
pub(crate) use shards::{INDEX, Shards};
pub use tensors::{open_tensors, save_tensors};
