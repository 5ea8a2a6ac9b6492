//! `lacuna train`

use std::fs;
use std::path::PathBuf;

use clap::Args;
use lacuna::config::{Config, Layers};
use lacuna::data::{PhotoConfig, Photos};
use lacuna::store::probe;
use lacuna::train::{Run, train};
use lacuna::{Error, Result};

use super::Ending;
use super::options::{RunOptions, SettingsOptions};
use super::progress::{Progress, clock};

/// Learn from a folder of photos.
///
/// Reads every jpg, png and webp below FOLDER, holds some out by their content, and fits
/// the model to the rest. RUN then holds the model (RUN/model), a checkpoint, the manifest,
/// the settings, the loss curve, a preview and a page to look at, report.html. Ctrl-C ends
/// at a checkpoint; --resume goes on from it.
///
///   lacuna train ~/photos --out runs/mine
///   lacuna train ~/photos --out runs/mine --resume --set train.passes=160
///   lacuna train ~/photos --out runs/short --minutes 10 --set data.flip=true
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct TrainArguments {
    /// Folder of photos; with --resume that of the run, where it is left out
    #[arg(required_unless_present = "resume")]
    folder: Option<PathBuf>,
    /// Folder of the run, made where it is missing
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
    /// Settings to start from: photos-64, drawn-64, celeba-128, bedrooms-256, celebahq-1024, bench-64
    #[arg(long, default_value = "photos-64", conflicts_with = "resume")]
    preset: String,
    #[command(flatten)]
    settings: SettingsOptions,
    /// Stop after so many minutes of training, those before a --resume counted in; 0 is no limit
    #[arg(long, allow_negative_numbers = true)]
    minutes: Option<f64>,
    /// Go on from the run's checkpoint
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    options: RunOptions,
}

pub(super) fn run(arguments: TrainArguments) -> Result<Ending> {
    let run = Run::at(&arguments.out);
    let config = settings(&arguments, &run)?;
    let folder = folder(&arguments, &run)?;
    // A hundred thousand photos take minutes to read.
    probe(run.folder())?;
    let device = arguments.options.device()?;
    let mut progress = Progress::new(arguments.options.json);
    let photos = Photos::scan(&folder, PhotoConfig::from(&config), &mut progress)?;
    let outcome = train(&photos, &config, &run, &device, &mut progress)?;
    let how = if outcome.finished { "finished" } else { "stopped" };
    progress.say(&format!(
        "{how} after {} steps and {}, loss {:.4}",
        outcome.steps,
        clock(outcome.seconds),
        outcome.loss
    ));
    if !outcome.finished {
        progress.say(&format!("go on: lacuna train --resume --out {}", run.folder().display()));
    }
    Ok(if outcome.finished { Ending::Done } else { Ending::Interrupted })
}

/// The folder that was named, or that of the run.
fn folder(arguments: &TrainArguments, run: &Run) -> Result<PathBuf> {
    if let Some(folder) = &arguments.folder {
        return Ok(folder.clone());
    }
    let away = |what: String, problem: String| {
        let remedy = format!(
            "give the folder: `lacuna train FOLDER --out {} --resume`",
            run.folder().display()
        );
        Error::input(what, problem, remedy)
    };
    let manifest = run.manifest().map_err(|_| {
        let what = format!("run `{}`", run.folder().display());
        away(what, "its manifest.json, which names the folder of its photos, cannot be read".into())
    })?;
    match fs::read_dir(&manifest.folder) {
        Ok(_) => Ok(manifest.folder),
        Err(error) => {
            let what = format!("folder `{}`", manifest.folder.display());
            Err(away(what, format!("the photos of the run cannot be read there ({error})")))
        }
    }
}

/// The run's own settings when it is resumed, else the preset; what was given over them.
fn settings(arguments: &TrainArguments, run: &Run) -> Result<Config> {
    let what = || format!("run `{}`", run.folder().display());
    if !arguments.resume && run.exists() {
        let remedy = "go on with --resume, or choose another --out";
        return Err(Error::input(what(), "there is a run already", remedy));
    }
    if arguments.resume && !run.exists() {
        let remedy = "leave --resume out to start one";
        return Err(Error::input(what(), "there is no run to resume", remedy));
    }
    let files = fs::read_dir(run.folder()).into_iter().flatten().flatten();
    // An attempt that failed early leaves nothing but the lock.
    if !arguments.resume && files.map(|file| file.file_name()).any(|name| name != ".lock") {
        let remedy = "choose another --out, nothing there is replaced";
        return Err(Error::input(what(), "the folder holds other files", remedy));
    }
    let base = if arguments.resume { run.settings()? } else { Layers::preset(&arguments.preset)? };
    let mut layers = arguments.settings.over(base.clone())?;
    if let Some(minutes) = arguments.minutes {
        layers.set(&format!("train.minutes={minutes}"))?;
    }
    let config = layers.finish()?;
    if arguments.resume {
        config.check_resumes(&base.finish()?)?;
    }
    Ok(config)
}
