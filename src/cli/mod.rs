//! The terminal: arguments, one function for each subcommand, progress from events.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 2 | something that was given cannot be used; one line on stderr says what and what to do |
//! | 130 | Ctrl-C; all that was finished is kept |

mod degrade;
mod demo;
mod evaluate;
mod interrupt;
mod needs;
mod options;
mod progress;
mod restore;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lacuna::Result;

/// Learns a prior from your own photos and mends any damaged one with it.
///
///   lacuna demo                                          a tour of five minutes, nothing to download
///   lacuna train PHOTOS --out RUN                        learn from a folder of photos
///   lacuna restore inpaint --model RUN OLD.png --mask MASK.png --out MENDED
///   lacuna restore superres --model RUN SMALL/ --out MENDED
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Each is described, with examples, where its arguments are.
#[derive(Debug, Subcommand)]
enum Command {
    Train(train::TrainArguments),
    Restore(restore::RestoreArguments),
    Degrade(degrade::DegradeArguments),
    Evaluate(evaluate::EvaluateArguments),
    Demo(demo::DemoArguments),
}

impl Command {
    /// What Ctrl-C does to it.
    fn stopping(&self) -> &'static str {
        match self {
            Command::Train(_) | Command::Demo(_) => "stopping after this step and saving",
            Command::Restore(_) => {
                "stopping: pictures in progress are dropped, finished ones stay, and the same command goes on"
            }
            Command::Degrade(_) => "stopping after this picture",
            Command::Evaluate(_) => "stopping: the task in progress is dropped, finished ones stay",
        }
    }
}

/// How a subcommand ended, when it was no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Done,
    /// Some of what was given could not be used; each was reported.
    WithFailures,
    Interrupted,
}

/// Runs the program and prints an error, if there is one, as one line.
pub fn run(arguments: Arguments) -> ExitCode {
    interrupt::listen(arguments.command.stopping());
    let ending: Result<Ending> = match arguments.command {
        Command::Train(arguments) => train::run(arguments),
        Command::Restore(arguments) => restore::run(arguments),
        Command::Degrade(arguments) => degrade::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
    };
    match ending {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::WithFailures) => ExitCode::from(2),
        Ok(Ending::Interrupted) => ExitCode::from(130),
        Err(error) => {
            progress::print(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}
