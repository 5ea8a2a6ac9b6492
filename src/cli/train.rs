//! `lacuna train`

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::{Args, ValueEnum};
use lacuna::config::{Changes, Config, Layers};
use lacuna::data::source::SetSpec;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::estimate::Guard;
use lacuna::event::{Event, Observer};
use lacuna::report::counted;
use lacuna::store::state::RowFormat;
use lacuna::store::{is_left_behind, probe};
use lacuna::train::tensorboard::TensorBoard;
use lacuna::train::{Outcome, Run, train};
use lacuna::{Error, Result};

use super::needs::NeedsOptions;
use super::options::{PrecisionOption, PresetParser, RunOptions, SettingsOptions, minutes, whole};
use super::progress::{Progress, clock};
use super::{Ending, help, interrupt, refuse_the_photos_own};

/// Learn from a folder of photos, or another data set.
///
/// Reads every jpg, png and webp below PHOTOS, holds some out to be measured on, and fits the model to the rest. Whether
/// a photo is held out is drawn from its content, with the chance data.hold_out (0.1 by default): about one in ten of
/// hundreds, of a handful perhaps none. Ctrl-C ends at a checkpoint; --resume goes on from it.
#[derive(Debug, Args)]
#[command(after_long_help = help::TRAIN)]
pub(super) struct TrainArguments {
    /// Folder of photos, or a data set: PATH or KIND:PATH; with --resume that of the run,
    /// where it is left out. KIND is folder, celeba, lsun, celebahq, webdataset, zip or tar
    #[arg(required_unless_present = "resume")]
    photos: Option<OsString>,
    /// Only the first so many photos, in the order of the set
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    take: Option<usize>,
    /// Folder of the run, made where it is missing
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
    /// Settings to start from
    #[arg(long, default_value = "photos-64", conflicts_with = "resume", value_parser = PresetParser)]
    preset: String,
    #[command(flatten)]
    settings: SettingsOptions,
    #[command(flatten)]
    precision: PrecisionOption,
    /// Stop after so many minutes of training, those before a --resume counted in; 0 is no limit
    #[arg(long, allow_negative_numbers = true, value_parser = minutes)]
    minutes: Option<f64>,
    /// Go on from the run's checkpoint
    #[arg(long)]
    resume: bool,
    /// Keep the models of the last so many checkpoints, as RUN/snapshots/STEP [default: the setting, 0 in all presets]
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = whole::<usize>)]
    keep: Option<usize>,
    /// What a photo's latents are kept as on disk; bf16 takes half of it [default: the setting, f32 in all presets]
    #[arg(long)]
    latents: Option<LatentsName>,
    /// Terms on which the model may be used: kept in its config.json and README.md
    #[arg(long, value_name = "TEXT")]
    license: Option<String>,
    /// Also write loss, speed and previews into this folder, for TensorBoard
    #[arg(long, value_name = "DIR")]
    tensorboard: Option<PathBuf>,
    #[command(flatten)]
    needs: NeedsOptions,
    #[command(flatten)]
    options: RunOptions,
}

/// The formats of rows by their names.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LatentsName {
    /// Numbers as they are
    F32,
    /// Rounded to bf16 after every visit, up or down by chance
    Bf16,
}

pub(super) fn run(arguments: TrainArguments) -> Result<Ending> {
    let run = Run::at(&arguments.out);
    let config = settings(&arguments, &run)?;
    let set = set(&arguments, &run)?;
    // A hundred thousand photos take minutes to read.
    probe(run.folder())?;
    arguments.tensorboard.as_deref().map_or(Ok(()), probe)?;
    let device = arguments.options.device()?;
    config.train.precision.check(&device)?;
    let mut progress = Progress::new(arguments.options.json);
    progress.detail(&format!("settings: {}", Changes::of(&config)));
    let kept = PhotoConfig::from(&config).beside(run.folder());
    interrupt::first_does("stopping: the photos are not all read, so nothing has been learned yet");
    let photos = Photos::open(&set, kept, &mut progress)?;
    interrupt::first_does("stopping after this step and saving");
    tell_of_few(&photos, &mut progress);
    let needs = &arguments.needs;
    let config = needs.before_training(config, &photos, &run, &device, &mut progress)?;
    if needs.estimate {
        return Ok(Ending::Done);
    }
    let outcome = match &arguments.tensorboard {
        None => guarded(&photos, &config, &run, &device, needs, &mut progress)?,
        Some(folder) => {
            let mut board = TensorBoard::new(folder, &config.train, &mut progress);
            guarded(&photos, &config, &run, &device, needs, &mut board)?
        }
    };
    let how = if outcome.finished { "finished" } else { "stopped" };
    progress.say(&format!(
        "{how} after {} and {}, loss {:.4}",
        counted(outcome.steps as usize, "step"),
        clock(outcome.seconds),
        outcome.loss
    ));
    if !outcome.finished {
        progress.say(&format!("go on: lacuna train --resume --out {}", run.folder().display()));
    }
    progress.end_of_training(&outcome);
    Ok(if outcome.finished { Ending::Done } else { Ending::Interrupted })
}

/// What is learned of very few photos mends nothing better than a smooth filling: said before the time is spent.
fn tell_of_few(photos: &Photos, watch: &mut dyn Observer) {
    /// The README asks for a few hundred; the fewest that anything was measured with are 219 (docs/tour.md) and 231
    /// (docs/results.md).
    const FEW: usize = 100;
    let learned = photos.learned();
    if learned < FEW {
        let text = format!(
            "{} to learn from: so few give a prior of hardly more than themselves; a few hundred that are alike are best",
            counted(learned, "photo")
        );
        let _ = watch.on(Event::Note { text });
    }
}

/// Trains, and ends before the memory does.
fn guarded(
    photos: &Photos,
    config: &Config,
    run: &Run,
    device: &Device,
    needs: &NeedsOptions,
    watch: &mut dyn Observer,
) -> Result<Outcome> {
    let mut guard = Guard::new(watch, needs.memory, needs.reserve(config, photos));
    let outcome = train(photos, config, run, device, &mut guard)?;
    if !outcome.finished {
        let (batch, rate) = (config.train.batch, config.train.lr_theta);
        let smaller = match batch {
            0 | 1 => String::new(),
            _ => format!(" --set train.batch={} --set train.lr_theta={}", batch / 2, rate / 2.0),
        };
        guard.verdict(&format!(
            "all steps are kept, `lacuna train --resume --out {}{smaller}` goes on",
            run.folder().display()
        ))?;
    }
    Ok(outcome)
}

/// The photos that were named, or those of the run.
fn set(arguments: &TrainArguments, run: &Run) -> Result<SetSpec> {
    if arguments.take == Some(0) {
        return Err(Error::input("--take", "0 leaves no photo", "give a number 1 or more"));
    }
    if let Some(photos) = &arguments.photos {
        return Ok(SetSpec { take: arguments.take, ..SetSpec::typed(photos)? });
    }
    let away = |what: String, problem: String| {
        let remedy = format!(
            "give the folder: `lacuna train PHOTOS --out {} --resume`",
            run.folder().display()
        );
        Error::input(what, problem, remedy)
    };
    let manifest = run.manifest().map_err(|_| {
        let what = format!("run `{}`", run.folder().display());
        away(what, "its manifest.json, which names the folder of its photos, cannot be read".into())
    })?;
    let there = match manifest.folder.is_file() || is_pattern(&manifest.folder) {
        true => Ok(()),
        false => fs::read_dir(&manifest.folder).map(|_| ()),
    };
    match there {
        Ok(()) => {
            let SetSpec { kind, path, take } = manifest.set();
            Ok(SetSpec { kind, path: from_here(path), take: arguments.take.or(take) })
        }
        Err(error) => {
            let what = format!("folder `{}`", manifest.folder.display());
            Err(away(what, format!("the photos of the run cannot be read there ({error})")))
        }
    }
}

/// Shards named as `part-{000..010}.tar`, which is no file itself.
fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains('{') && !path.exists()
}

/// `folder` as it would be typed here, where it lies below.
fn from_here(folder: PathBuf) -> PathBuf {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    let below = here.ok().and_then(|here| folder.strip_prefix(here).ok().map(Path::to_path_buf));
    match below {
        Some(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Some(below) => below,
        None => folder,
    }
}

/// The run's own settings when it is resumed, else the preset; what was given over them.
fn settings(arguments: &TrainArguments, run: &Run) -> Result<Config> {
    let what = || format!("run `{}`", run.folder().display());
    if let Some(photos) = &arguments.photos {
        refuse_the_photos_own(run.folder(), &SetSpec::typed(photos)?.path)?;
    }
    if !arguments.resume && run.exists() {
        let remedy = "go on with --resume, or choose another --out";
        return Err(Error::input(what(), "there is a run already", remedy));
    }
    if arguments.resume && !run.exists() {
        let remedy = "leave --resume out to start one";
        return Err(Error::input(what(), "there is no run to resume", remedy));
    }
    let files = fs::read_dir(run.folder()).into_iter().flatten().flatten();
    // An attempt that failed or was killed early leaves nothing but the lock, and what it was about to write.
    let is_other = |name: OsString| name != ".lock" && !is_left_behind(&name);
    if !arguments.resume && files.map(|file| file.file_name()).any(is_other) {
        let remedy = "choose another --out, nothing there is replaced";
        return Err(Error::input(what(), "the folder holds other files", remedy));
    }
    let base = if arguments.resume { run.settings()? } else { Layers::preset(&arguments.preset)? };
    let mut layers = arguments.settings.over(base.clone())?;
    if let Some(minutes) = arguments.minutes {
        layers.set(&format!("train.minutes={minutes}"))?;
    }
    if let Some(keep) = arguments.keep {
        layers.set(&format!("train.keep={keep}"))?;
    }
    if let Some(license) = &arguments.license {
        layers.set_text("model.license", license)?;
    }
    let mut config = layers.finish()?;
    config.train.precision = arguments.precision.over(config.train.precision);
    config.train.latents = match arguments.latents {
        None => config.train.latents,
        Some(LatentsName::F32) => RowFormat::F32,
        Some(LatentsName::Bf16) => RowFormat::Bf16,
    };
    if arguments.resume {
        config.check_resumes(&base.finish()?)?;
    }
    Ok(config)
}
