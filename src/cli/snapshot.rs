//! `lacuna snapshot`

use std::path::PathBuf;

use clap::Args;
use lacuna::Result;
use lacuna::train::Run;

use super::progress::Progress;
use super::{Ending, help};

/// Copy a run as of its last checkpoint.
///
/// The copy is a run of its own: it can be looked at, mended with and resumed. It is whole or not there. Of a run in
/// training no copy can be made; Ctrl-C stops it with all that is learned, and `train --resume` goes on afterwards.
#[derive(Debug, Args)]
#[command(after_long_help = help::SNAPSHOT)]
pub(super) struct SnapshotArguments {
    /// Folder of the run
    run: PathBuf,
    /// Folder of the copy, which is not there yet
    copy: PathBuf,
}

pub(super) fn run(arguments: SnapshotArguments) -> Result<Ending> {
    Run::at(arguments.run).snapshot(&arguments.copy)?;
    Progress::new(false).say(&format!("copy: {}", arguments.copy.display()));
    Ok(Ending::Done)
}
