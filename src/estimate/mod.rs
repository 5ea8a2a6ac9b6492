//! What a piece of work will need, said before it starts, and what ends it cleanly when memory runs short.
//!
//! ```text
//! config, photos --needs--> memory, disk         does it fit?  no: a smaller minibatch (split), or an error
//!        a few steps of it --trial--> seconds
//!        while it goes on --Guard--> stops as Ctrl-C does, with everything kept, before the system kills it
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | needs.rs | memory and disk, from the configuration alone |
//! | split.rs | the largest minibatch that fits |
//! | trial.rs | time, by doing a little of it |
//! | machine.rs | what is there: memory, disk |
//! | guard.rs | an observer that asks to stop |

mod guard;
mod machine;
mod needs;
mod split;
mod trial;

pub use guard::{Guard, Reading};
pub use machine::{Machine, disk_free, enough_disk};
pub use needs::{Restoring, Training};
pub use split::{largest_batch, split_minibatch};
pub use trial::{Pace, restoring_pace, training_pace};
