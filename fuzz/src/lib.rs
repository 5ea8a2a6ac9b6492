//! What the targets share.

use std::panic;
use std::path::PathBuf;
use std::sync::OnceLock;

use lacuna::fuzz::Entry;
use tempfile::TempDir;

/// Gives `bytes` to `entry`, with a folder of this process.
pub fn run(entry: Entry, bytes: &[u8]) {
    static SCRATCH: OnceLock<PathBuf> = OnceLock::new();
    let scratch = SCRATCH.get_or_init(|| {
        // The fuzzer ends the process at every panic. Those of a decoder are caught by the library, which is what has
        // to be tried; one that is not caught reaches the fuzzer all the same.
        panic::set_hook(Box::new(|_| {}));
        TempDir::new().expect("a folder can be made").keep()
    });
    entry(bytes, scratch);
}
