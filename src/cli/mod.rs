//! The terminal: arguments, one function for each subcommand, progress from events.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | `restore`, `invert-features`, `degrade` and `evaluate`: some photos (or models) could not be mended, copied or measured, each is named on stderr; the others are done. `data check`: pictures are on both sides of the split |
//! | 2 | an error, or no photo could be; a line on stderr says what is wrong and what to do |
//! | 130 | Ctrl-C or a polite kill; all that was finished is kept |
//!
//! A file that training or measuring skips in a folder is no failure: it is named, and counts for nothing.
//!
//! ```text
//! voice.rs      what is said, how loud, in which colours
//! progress.rs   events told; bar.rs: one line that is drawn over and over
//! interrupt.rs  Ctrl-C
//! options.rs    what several subcommands share
//! help.rs       examples for --help and the manual
//! ```

mod bar;
mod completions;
mod data;
mod degrade;
mod demo;
mod evaluate;
mod export;
mod help;
mod info;
mod interpolate;
mod interrupt;
mod invert_features;
mod man;
mod needs;
mod options;
mod plan;
mod progress;
mod restore;
mod sample;
mod snapshot;
mod table;
mod train;
mod voice;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, panic};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use lacuna::{Error, Result};

/// Learns a prior from your own photos and mends any damaged one with it
#[derive(Debug, Parser)]
#[command(version, after_long_help = help::LACUNA)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    voice: voice::VoiceOptions,
}

impl Arguments {
    /// What stands on the command line; ends the program where that asks for help or cannot be understood.
    pub fn of_the_command_line() -> Self {
        let colours = voice::colour_of_the_parser(env::args_os());
        let matches = command().color(colours).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// The command line as a whole: what help, completions and the manual are made from.
fn command() -> clap::Command {
    Arguments::command()
}

/// Each is described, with examples, where its arguments are.
#[derive(Debug, Subcommand)]
enum Command {
    Train(train::TrainArguments),
    Restore(restore::RestoreArguments),
    InvertFeatures(invert_features::InvertFeaturesArguments),
    Degrade(degrade::DegradeArguments),
    Evaluate(evaluate::EvaluateArguments),
    Interpolate(interpolate::InterpolateArguments),
    Sample(sample::SampleArguments),
    Demo(demo::DemoArguments),
    Data(data::DataArguments),
    Info(info::InfoArguments),
    Snapshot(snapshot::SnapshotArguments),
    Export(export::ExportArguments),
    Completions(completions::CompletionsArguments),
    Man(man::ManArguments),
}

impl Command {
    /// What Ctrl-C does to it.
    fn stopping(&self) -> &'static str {
        match self {
            Command::Restore(_) | Command::InvertFeatures(_) => {
                "stopping: pictures in progress are dropped, finished ones stay, and the same command goes on"
            }
            Command::Degrade(_) => "stopping after this picture",
            Command::Evaluate(_) => {
                "stopping: pictures in progress are dropped, measured ones stay, and the same command goes on"
            }
            Command::Interpolate(_) => "stopping: nothing is written",
            Command::Sample(_) => {
                "stopping: pictures that are written stay, a sampler that is not fitted is lost"
            }
            // They say it themselves, phase by phase.
            Command::Train(_) | Command::Demo(_) => "stopping",
            Command::Export(_) => "stopping: nothing of the export is kept",
            Command::Snapshot(_) => "stopping when the copy is made; once more leaves it out",
            Command::Data(_) => "stopping: nothing was found out yet",
            Command::Info(_) | Command::Completions(_) | Command::Man(_) => "stopping",
        }
    }
}

/// Refuses to write into the folder of the photos itself: `out` is to be one of its own.
fn refuse_the_photos_own(out: &Path, photos: &Path) -> Result<()> {
    let is_same = match (fs::canonicalize(out), fs::canonicalize(photos)) {
        (Ok(out), Ok(photos)) => out == photos,
        _ => false,
    };
    if !is_same {
        return Ok(());
    }
    let remedy = "name a folder of its own, as in `--out runs/mine`";
    let what = format!("--out `{}`", out.display());
    Err(Error::input(what, "it is the folder of the photos itself", remedy))
}

/// How a subcommand ended, when it was no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Done,
    /// Some of what was given could not be used; each was reported.
    WithFailures,
    /// Nothing of what was given could be used.
    Failed,
    Interrupted,
}

impl Ending {
    /// Of inputs one by one, `done` of them now or before.
    fn of(done: usize, failed: usize) -> Self {
        match (done, failed) {
            (_, 0) => Ending::Done,
            (0, _) => Ending::Failed,
            _ => Ending::WithFailures,
        }
    }
}

/// Panics that the library catches and hands back as errors print nothing; all others do as they always did.
fn hush_what_is_caught() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !lacuna::is_guarded() {
            usual(panic);
        }
    }));
}

/// Runs the program and prints an error, if there is one, as one line.
pub fn run(arguments: Arguments) -> ExitCode {
    arguments.voice.apply();
    hush_what_is_caught();
    interrupt::listen(arguments.command.stopping());
    let ending: Result<Ending> = match arguments.command {
        Command::Train(arguments) => train::run(arguments),
        Command::Restore(arguments) => restore::run(arguments),
        Command::InvertFeatures(arguments) => invert_features::run(arguments),
        Command::Degrade(arguments) => degrade::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Interpolate(arguments) => interpolate::run(arguments),
        Command::Sample(arguments) => sample::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Data(arguments) => data::run(arguments),
        Command::Info(arguments) => info::run(arguments),
        Command::Snapshot(arguments) => snapshot::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
    };
    match ending {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::WithFailures) => ExitCode::from(1),
        Ok(Ending::Failed) => ExitCode::from(2),
        Ok(Ending::Interrupted) => ExitCode::from(130),
        Err(error @ Error::Stopped { .. }) => {
            voice::print(&error.to_string());
            ExitCode::from(130)
        }
        Err(error) => {
            voice::print(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn a_partial_failure_is_told_from_a_failure_of_all() {
        assert_eq!(Ending::of(3, 0), Ending::Done);
        assert_eq!(Ending::of(0, 0), Ending::Done);
        assert_eq!(Ending::of(3, 1), Ending::WithFailures);
        assert_eq!(Ending::of(0, 1), Ending::Failed);
    }
}
