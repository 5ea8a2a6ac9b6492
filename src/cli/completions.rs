//! `lacuna completions`

use clap::Args;
use clap_complete::{Shell, generate};
use lacuna::Result;

use super::voice::print_result;
use super::{Ending, command, help};

/// Write what makes a shell complete the arguments of this program.
#[derive(Debug, Args)]
#[command(after_long_help = help::COMPLETIONS)]
pub(super) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: CompletionsArguments) -> Result<Ending> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command(), "lacuna", &mut script);
    print_result(String::from_utf8_lossy(&script).trim_end());
    Ok(Ending::Done)
}
