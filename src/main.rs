//! The program: arguments in, exit code out; all work is the library's.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(cli::Arguments::of_the_command_line())
}
