//! Photos to train on: found in a folder, told apart by content, held out by content, put in order.
//!
//! ```text
//! set --open--> Photos{catalogue, shelf: on disk} --Entry::held_out--> train | held out
//!                  |
//!                  '--Sampler (shuffles by seed)--> minibatch 0, 1, ..., 0, 1, ... --picture--> [3,S,S]
//! ```
//! What is in a set, and what is in it twice, is told by [`check`]; whether two pictures are copies of each other by
//! [`near`]. Portraits that need no folder are drawn by [`drawn`]; data sets that are no folder of photos are read by
//! [`source`].

mod at;
mod catalogue;
pub mod check;
pub mod drawn;
mod folder;
pub(crate) mod list;
pub mod near;
mod room;
mod sampler;
mod shelf;
mod shuffle;
pub mod source;
mod split;

pub use catalogue::{Entries, IdSet};
pub use folder::{Entry, PhotoConfig, Photos};
use list::SAME_NAME;
pub use list::{Skipped, list_pictures};
pub(crate) use sampler::FLIP;
pub use sampler::{Row, Sampler};
pub(crate) use split::is_drawn;
pub use split::{Id, is_held_out};
