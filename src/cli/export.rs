//! `lacuna export`

use std::path::PathBuf;

use clap::Args;
use lacuna::Result;
use lacuna::train::{Export, Run};

use super::needs::size;
use super::progress::Progress;
use super::{Ending, help};

/// Write a model into a folder of its own, to be given away.
///
/// The model with its card, README.md; with --latents also what belongs to each photo, as safetensors files that other
/// programs read. With it the photos can be made out, so it is asked for and not there by itself. The folder is whole or
/// not there. A run in training keeps its latents to itself; Ctrl-C stops it with all that is learned.
#[derive(Debug, Args)]
#[command(after_long_help = help::EXPORT)]
pub(super) struct ExportArguments {
    /// Folder of the run, or of a model by itself
    run: PathBuf,
    /// Folder to be made, which is not there yet
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// The latents of all photos, too
    #[arg(long)]
    latents: bool,
    /// Bytes of a file of latents at most
    #[arg(long, value_name = "SIZE", default_value = "1GiB", requires = "latents", value_parser = size)]
    shard_size: u64,
    /// Events as JSON lines on stdout, for machines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: ExportArguments) -> Result<Ending> {
    let export = Export { latents: arguments.latents.then_some(arguments.shard_size) };
    let mut progress = Progress::new(arguments.json);
    export.write(&Run::at(arguments.run), &arguments.out, &mut progress)?;
    progress.say(&format!("model: {}", arguments.out.display()));
    Ok(Ending::Done)
}
