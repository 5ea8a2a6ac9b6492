//! `lacuna evaluate`

use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use clap::Args;
use lacuna::config::Config;
use lacuna::data::source::SetSpec;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::evaluate::{
    Done, Field, HeldOut, Learned, Measured, Measures, Part, Plan, Record, System, files, naive_of,
    run as measure, words,
};
use lacuna::event::{Event, Observer};
use lacuna::image::dimensions;
use lacuna::report::counted;
use lacuna::restore::Task;
use lacuna::store::probe;
use lacuna::{Error, Result};

use super::options::{DamageOptions, FitOptions, RunOptions, Vgg16InputOption, whole};
use super::progress::{Counts, Progress, print_result};
use super::restore::TaskName;
use super::table::aligned;
use super::{Ending, help, refuse_the_photos_own};

/// Measure models on photos they have never seen, beside what needs no model.
///
/// Writes a page (report.html), tables, every score and a contact sheet for each task into OUT. Broken off, the same
/// command goes on; another task or model may come to what is there, and other settings are refused.
#[derive(Debug, Args)]
#[command(after_long_help = help::EVALUATE)]
pub(super) struct EvaluateArguments {
    /// The run, or a model's folder; may be given often
    #[arg(long, value_name = "RUN", required_unless_present = "models")]
    model: Vec<PathBuf>,
    /// Several at once, with commas between them; the first says which photos are measured where --data does not
    #[arg(long, value_name = "RUN,RUN", value_delimiter = ',')]
    models: Vec<PathBuf>,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Folder of whole photos to measure on, or a data set: PATH or KIND:PATH; of a set with a
    /// split of its own the part that is held out [default: those that the run held out]
    #[arg(long, value_name = "PHOTOS")]
    data: Option<OsString>,
    /// Only the first so many of --data
    #[arg(long, value_name = "N", requires = "data", allow_negative_numbers = true, value_parser = whole::<usize>)]
    take: Option<usize>,
    /// Tasks to measure
    #[arg(long, value_delimiter = ',', default_value = "inpaint,superres,colorize")]
    tasks: Vec<TaskName>,
    /// Count photos in the means that are nearly the same as a learned one: smaller, mirrored, cropped
    #[arg(long)]
    include_near: bool,
    /// Also make so many learned and so many held-out photos whole, undamaged: LapL1 + MSE of both
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = whole::<usize>)]
    reconstruct: usize,
    /// Weights of VGG16 for the perceptual measure: a safetensors file, or torchvision's .pth;
    /// none come with this program, and without them its column stays empty
    #[arg(long, value_name = "FILE")]
    vgg16: Option<PathBuf>,
    #[command(flatten)]
    vgg16_input: Vgg16InputOption,
    #[command(flatten)]
    damage: DamageOptions,
    #[command(flatten)]
    fit: FitOptions,
    /// Photos fitted together; changes nothing but speed and memory
    #[arg(long, default_value_t = 8, allow_negative_numbers = true, value_parser = whole::<usize>)]
    batch: usize,
    #[command(flatten)]
    options: RunOptions,
}

pub(super) fn run(arguments: EvaluateArguments) -> Result<Ending> {
    let out = &arguments.out;
    let tasks = tasks(&arguments.tasks);
    if let Some(data) = &arguments.data {
        refuse_the_photos_own(out, &SetSpec::typed(data)?.path)?;
    }
    if arguments.batch == 0 {
        return Err(Error::input("--batch", "0 is out of range", "give a number 1 or more"));
    }
    probe(out)?;
    let record = Record::open(out)?;
    let damage = arguments.damage.damage()?;
    tasks.iter().try_for_each(|&task| damage.check(task))?;
    let device = arguments.options.device()?;
    let mut progress = Progress::new(arguments.options.json);
    let (mut systems, missing) = systems(&arguments, &tasks, record, &device, &mut progress)?;
    let config = systems[0].config.clone();

    let usual = PhotoConfig::from(&config).beside(out);
    let mut learned = Vec::new();
    for system in &systems {
        // The counts of a folder by the sides of training would say nothing of what is measured here.
        let one = Learned::of(&system.folder, usual.clone(), &learned, &mut quiet(&mut progress))?;
        learned.push(one);
    }
    let (photos, data) = photos(&arguments, &systems[0], &learned[0], usual, &mut progress)?;
    let held_out = HeldOut::of(photos, &learned, &mut progress)?;
    let count = counted(held_out.pictures.len(), "photo");
    progress.say(&match &arguments.data {
        None => format!("measuring {count} that the run held out"),
        Some(data) => format!("measuring {count} of `{}`", SetSpec::typed(data)?.path.display()),
    });
    let named: Vec<(&str, &Learned)> =
        systems.iter().map(|system| system.name.as_str()).zip(&learned).collect();
    let mut notes = words(&held_out, &named, arguments.include_near);
    notes.extend(missing.iter().map(|problem| format!("a model could not be opened: {problem}")));
    if arguments.data.is_some() {
        tell_of_small(&held_out, &data, config.size, &mut progress);
    }
    let (naive, naive_name) = naive_of(&learned)?;
    if !naive.has_learned() {
        let why = learned[0].photos().err().unwrap_or("none of them is there").to_string();
        let text = format!(
            "mean photo and eigenfaces are left out, they need the photos that the run learned: {why}"
        );
        notes.push(text.clone());
        let _ = progress.on(Event::Note { text });
    }

    let steps = |task: Task| {
        let fits = systems.iter().flat_map(|system| &system.fits);
        let of_task = fits.filter(|(part, _)| *part == Part::Task(task));
        (task, of_task.map(|(_, fit)| fit.steps).max().unwrap_or_default())
    };
    progress.plan(tasks.iter().copied().map(steps).collect());
    let plan = Plan {
        out: out.clone(),
        tasks,
        damage,
        data: data.display().to_string(),
        batch: arguments.batch,
        reconstruct: arguments.reconstruct,
        include_near: arguments.include_near,
        notes,
    };
    let field =
        Field { systems: &mut systems, learned: &learned, naive: &naive, naive_name: &naive_name };
    let vgg16 = match &arguments.vgg16 {
        Some(file) => Some(arguments.vgg16_input.open(file, &device)?),
        None => None,
    };
    let measures = Measures::new(vgg16);
    let (finished, scores) = measure(&plan, field, &held_out, &measures, &device, &mut progress)?;
    if !arguments.options.json && !scores.all().is_empty() && !finished.stopped {
        print_result(&aligned(&scores.markdown()));
    }
    for path in files(out).iter().filter(|path| path.is_file()) {
        progress.say(&format!("written: {}", path.display()));
    }
    close(&plan, &held_out, &progress);
    let Done { done, done_before, failed, left, stopped } = finished;
    if done_before > 0 || stopped {
        progress.say(&format!(
            "{done} measured, {done_before} done before, {failed} failed, {left} left"
        ));
    }
    progress.end(Counts { done, done_before, failed: failed + missing.len(), left });
    Ok(match stopped {
        true => Ending::Interrupted,
        false => Ending::of(done + done_before, failed + missing.len()),
    })
}

/// The last word is on what the models had seen.
fn close(plan: &Plan, held_out: &HeldOut, progress: &Progress) {
    plan.notes.iter().for_each(|note| progress.say(note));
    if held_out.pictures.len() == held_out.near().count() && !plan.include_near {
        progress.say(
            "so there is no mean: name other photos by --data, or count them by --include-near",
        );
    }
}

/// The models that can be opened, those of an earlier part of the evaluation first, and what is wrong with the others.
fn systems(
    arguments: &EvaluateArguments,
    tasks: &[Task],
    record: Option<Record>,
    device: &Device,
    progress: &mut Progress,
) -> Result<(Vec<System>, Vec<String>)> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in arguments.model.iter().chain(&arguments.models) {
        let is_same = |other: &PathBuf| match (fs::canonicalize(other), fs::canonicalize(folder)) {
            (Ok(a), Ok(b)) => a == b,
            _ => other == folder,
        };
        if !folders.iter().any(is_same) {
            folders.push(folder.clone());
        }
    }
    let (mut opened, mut missing) = (Vec::new(), Vec::new());
    for folder in &folders {
        match arguments.fit.open(folder, device, progress) {
            Ok(model) => opened.push((folder, model)),
            Err(error) if folders.len() == 1 => return Err(error),
            // The others are measured: it may be an evening's work.
            Err(error) => {
                let (path, problem) = (folder.clone(), error.to_string());
                missing.push(problem.clone());
                let _ = progress.on(Event::Failed { path, problem });
            }
        }
    }
    if opened.is_empty() {
        let problem = "none of those that are named can be opened";
        return Err(Error::input("--models", problem, "check their folders"));
    }
    let names = System::names(&folders);
    let recorded = record.map_or(Vec::new(), |record| record.systems);
    let mut systems = Vec::new();
    for (folder, model) in opened {
        let at = folders.iter().position(|other| other == folder).unwrap_or_default();
        let name = name_of(folder, &names[at], &recorded);
        let mut fits = Vec::new();
        for &task in tasks {
            fits.push((Part::Task(task), arguments.fit.over(task, &model.config)?));
        }
        if arguments.reconstruct > 0 {
            let fit = arguments.fit.over(Task::Denoise, &model.config)?;
            fits.extend([(Part::Learned, fit), (Part::HeldOut, fit)]);
        }
        systems.push(System::new(&name, folder, model, fits)?);
    }
    let place = |system: &System| {
        recorded.iter().position(|one| one.name == system.name).unwrap_or(recorded.len())
    };
    systems.sort_by_key(place);
    let form = |config: &Config| (config.size, config.data.stretch);
    let first = &systems[0];
    match systems.iter().find(|one| form(&one.config) != form(&first.config)) {
        None => Ok((systems, missing)),
        Some(other) => {
            let words = |one: &System| {
                let stretched = if one.config.data.stretch { ", stretched" } else { "" };
                format!("{} makes {1} x {1} pixels{stretched}", one.name, one.config.size)
            };
            let problem = format!("{}, {}", words(first), words(other));
            let remedy = "measure each against models of its own size, in folders of their own";
            Err(Error::input("--models", problem, remedy))
        }
    }
}

/// What was measured keeps its name, whatever else is named now; what is new takes none that is another's.
fn name_of(folder: &Path, name: &str, recorded: &[Measured]) -> String {
    if let Some(before) = recorded.iter().find(|one| is_at(&one.folder, folder)) {
        return before.name.clone();
    }
    // A folder that is not there may be the same, seen from elsewhere: its hash tells.
    let is_others = |name: &str| recorded.iter().any(|one| one.name == name && one.folder.exists());
    if !is_others(name) {
        return name.to_string();
    }
    let short = System::names(&[folder.to_path_buf(), "/".into()]).swap_remove(0);
    if is_others(&short) { folder.display().to_string() } else { short }
}

fn is_at(a: &Path, b: &Path) -> bool {
    a == b || matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// The photos that are measured, and where they lie.
fn photos(
    arguments: &EvaluateArguments,
    first: &System,
    learned: &Learned,
    usual: PhotoConfig,
    progress: &mut Progress,
) -> Result<(Arc<Photos>, PathBuf)> {
    let Some(data) = &arguments.data else {
        let folder = &first.folder;
        let Some(set) = &learned.set else {
            let problem =
                "it comes without a manifest.json, so there are no photos that it held out";
            return Err(Error::model(folder, problem, "name photos to measure on by --data"));
        };
        let photos = learned.photos().map_err(|why| {
            let what = format!("photos that `{}` held out", folder.display());
            Error::input(what, why, "bring them back, or name others by --data")
        })?;
        if photos.held_out() == 0 {
            let what = format!("run `{}`", folder.display());
            let remedy = "name other photos by --data, or train a run with data.hold_out above 0";
            return Err(Error::input(what, "it holds no photo out", remedy));
        }
        return Ok((photos.clone(), set.path.clone()));
    };
    let all = PhotoConfig { hold_out: 1.0, ..usual };
    let set = SetSpec { take: arguments.take, ..SetSpec::typed(data)? };
    let photos = Photos::open(&set, all, &mut quiet(progress))?;
    let path = fs::canonicalize(&set.path).or_else(|_| std::path::absolute(&set.path));
    Ok((Arc::new(photos), path.unwrap_or(set.path)))
}

/// `progress` without the counts of a folder.
fn quiet(progress: &mut Progress) -> impl FnMut(Event) -> ControlFlow<()> + '_ {
    |event| match event {
        Event::Photos { .. } => ControlFlow::Continue(()),
        other => progress.on(other),
    }
}

/// A photo that has to be enlarged is no sharp truth: said of those that lie in files of their own, by their headers.
fn tell_of_small(held_out: &HeldOut, root: &Path, side: usize, progress: &mut Progress) {
    let sizes = held_out.pictures.iter().filter_map(|one| dimensions(&root.join(&one.name)));
    let small = sizes.filter(|&(width, height)| (width.min(height) as usize) < side).count();
    if small > 0 {
        let (is, it) = if small == 1 { ("is", "it is") } else { ("are", "they are") };
        let text = format!(
            "{} {is} smaller than the model's {side} x {side}: {it} enlarged first, so that even the truth is soft",
            counted(small, "photo")
        );
        let _ = progress.on(Event::Note { text });
    }
}

/// The tasks in the order of `names`, each once: a second time would give the same scores as if of other pictures.
fn tasks(names: &[TaskName]) -> Vec<Task> {
    let mut tasks = Vec::new();
    for task in names.iter().copied().map(Task::from) {
        if !tasks.contains(&task) {
            tasks.push(task);
        }
    }
    tasks
}
