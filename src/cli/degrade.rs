//! `lacuna degrade`

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf, absolute};

use ::image::{Rgba, RgbaImage};
use clap::{Args, ValueEnum};
use lacuna::data::Id;
use lacuna::evaluate::Truth;
use lacuna::event::{Event, Observer};
use lacuna::image::{Picture, load_bytes, read_bytes, save_png};
use lacuna::report::counted;
use lacuna::restore::Task;
use lacuna::restore::job::{Input, list, probe_places};
use lacuna::store::probe;
use lacuna::{Error, Result};

use super::options::{DamageOptions, whole as whole_number};
use super::progress::{Counts, Progress};
use super::{Ending, help, interrupt};

/// Make damaged copies of whole photos, for experiments.
///
/// For NAME.jpg writes OUT/NAME.png: with a transparent hole (inpaint), smaller (superres), grey (colorize), noisy
/// (denoise), or after JPEG compression (jpeg). `restore` reads them as they are. No file is ever replaced.
#[derive(Debug, Args)]
#[command(after_long_help = help::DEGRADE)]
pub(super) struct DegradeArguments {
    /// What to do to them
    task: DamageName,
    /// Photos and folders of photos
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// Folder for the copies
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    damage: DamageOptions,
    /// Resize to SIZE x SIZE pixels first, as training does
    #[arg(long, allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    size: Option<usize>,
    /// Also write the whole photos, at the size before the damage, into this folder
    #[arg(long, value_name = "DIR")]
    truth: Option<PathBuf>,
    /// One JSON object a line on stdout for every event, for machines
    #[arg(long)]
    json: bool,
}

/// The tasks by what they mend, each with the damage that it is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum DamageName {
    /// Cut a transparent hole
    Inpaint,
    /// Make them smaller
    Superres,
    /// Take their colour away
    Colorize,
    /// Add noise
    Denoise,
    /// Compress them heavily, as JPEG does
    Jpeg,
}

impl From<DamageName> for Task {
    fn from(name: DamageName) -> Task {
        match name {
            DamageName::Inpaint => Task::Inpaint,
            DamageName::Superres => Task::Superres,
            DamageName::Colorize => Task::Colorize,
            DamageName::Denoise => Task::Denoise,
            DamageName::Jpeg => Task::Jpeg,
        }
    }
}

pub(super) fn run(arguments: DegradeArguments) -> Result<Ending> {
    let task = Task::from(arguments.task);
    let damage = arguments.damage.damage()?;
    damage.check(task)?;
    if arguments.size == Some(0) {
        return Err(Error::input("--size", "0 is out of range", "give a number 1 or more"));
    }
    let mut progress = Progress::new(arguments.json);
    let inputs = list(&arguments.inputs, &arguments.out, &mut progress)?;
    refuse_existing(&inputs, &arguments)?;
    probe_places(&inputs)?;
    arguments.truth.as_deref().map_or(Ok(()), probe)?;
    let (mut made, mut failed, mut stopped) = (0, 0, false);
    for input in &inputs {
        if interrupt::asked().is_break() {
            stopped = true;
            break;
        }
        let copied = whole(input, arguments.size)
            .and_then(|truth| Ok((damage.apply(task, &truth)?, truth.picture)));
        let (copy, picture) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                failed += 1;
                let (path, problem) = (input.path.clone(), error.to_string());
                let _ = progress.on(Event::Failed { path, problem });
                continue;
            }
        };
        match &copy.known {
            Some(known) => save_png(input.result(), transparent(&copy.picture, known))?,
            None => save_png(input.result(), copy.picture.to_rgb8())?,
        }
        if let Some(folder) = &arguments.truth {
            save_png(truth_of(input, folder, &arguments.out), picture.to_rgb8())?;
        }
        made += 1;
        let (input, output) = (input.path.clone(), input.result());
        let _ = progress.on(Event::Damaged { input, output });
    }
    let copies = counted(made, "copy");
    let left = inputs.len() - made - failed;
    let to_do = if stopped { format!(", {left} left") } else { String::new() };
    progress.say(&format!("{copies}, {failed} failed{to_do}: {}", arguments.out.display()));
    progress.end(Counts { done: made, failed, left, ..Counts::default() });
    Ok(if stopped { Ending::Interrupted } else { Ending::of(made, failed) })
}

/// A copy never replaces a file, whosever it is, another copy among them.
fn refuse_existing(inputs: &[Input], arguments: &DegradeArguments) -> Result<()> {
    let truths = arguments
        .truth
        .iter()
        .flat_map(|folder| inputs.iter().map(move |input| truth_of(input, folder, &arguments.out)));
    let mut places = BTreeSet::new();
    for file in inputs.iter().map(Input::result).chain(truths) {
        let what = format!("output `{}`", file.display());
        if file.exists() {
            let problem = "it exists, and a copy replaces no file";
            return Err(Error::input(what, problem, "choose another folder"));
        }
        if !places.insert(place(&file)) {
            let problem = "--out and --truth would both write it";
            return Err(Error::input(what, problem, "choose two folders"));
        }
    }
    Ok(())
}

/// The one name of the place `path`, which need not exist: `dg/a.png` for `./dg/a.png`, and for `link/a.png` where
/// that leads to `dg`.
fn place(path: &Path) -> PathBuf {
    let mut place = PathBuf::new();
    for part in absolute(path).as_deref().unwrap_or(path).components() {
        match part {
            // What was walked so far is no link any more, so this is its parent.
            Component::ParentDir => {
                place.pop();
            }
            part => place.push(part),
        }
        place = fs::canonicalize(&place).unwrap_or(place);
    }
    place
}

fn truth_of(input: &Input, folder: &Path, out: &Path) -> PathBuf {
    let result = input.result();
    folder.join(result.strip_prefix(out).unwrap_or(&result))
}

/// The photo of `input`, by its content's id, so that its damage does not depend on the other photos.
fn whole(input: &Input, size: Option<usize>) -> Result<Truth> {
    let bytes = read_bytes(&input.path)?;
    let picture = load_bytes(&bytes, &input.path)?.picture()?;
    let picture = match size {
        Some(size) => picture.resized(size, size)?,
        None => picture,
    };
    Ok(Truth { id: Id::of(&bytes), name: input.path.display().to_string(), picture })
}

/// `copy` with alpha 0 where nothing is known.
fn transparent(copy: &Picture, known: &[bool]) -> RgbaImage {
    let mut image = RgbaImage::new(copy.width() as u32, copy.height() as u32);
    for ((to, from), &known) in image.pixels_mut().zip(copy.to_rgb8().pixels()).zip(known) {
        *to = Rgba([from[0], from[1], from[2], if known { 255 } else { 0 }]);
    }
    image
}
