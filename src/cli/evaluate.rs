//! `lacuna evaluate`

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use lacuna::config::{Config, FitConfig};
use lacuna::data::{PhotoConfig, Photos};
use lacuna::evaluate::{Compared, Damage, Naive, Scores, Split, evaluate, sheet};
use lacuna::event::{Event, Observer};
use lacuna::image::save_png;
use lacuna::method::Lcm;
use lacuna::restore::{FitSettings, Task};
use lacuna::store::{probe, write_atomically};
use lacuna::train::Run;
use lacuna::{Error, Result};

use super::options::{DamageOptions, FitOptions, RunOptions};
use super::progress::{Progress, print_result};
use super::restore::TaskName;
use super::{Ending, help};

/// Every score, and their means.
const FILES: [&str; 2] = ["scores.csv", "table.md"];

/// Measure a model on photos it has never seen, beside what needs no model.
///
/// Writes OUT/table.md, scores.csv and a contact sheet for each task; no file is ever replaced.
#[derive(Debug, Args)]
#[command(after_long_help = help::EVALUATE)]
pub(super) struct EvaluateArguments {
    /// The run
    #[arg(long, value_name = "RUN")]
    model: PathBuf,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Folder of whole photos to measure on [default: those that the run held out]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Tasks to measure
    #[arg(long, value_delimiter = ',', default_value = "inpaint,superres,colorize")]
    tasks: Vec<TaskName>,
    #[command(flatten)]
    damage: DamageOptions,
    #[command(flatten)]
    fit: FitOptions,
    #[command(flatten)]
    options: RunOptions,
}

pub(super) fn run(arguments: EvaluateArguments) -> Result<Ending> {
    let out = &arguments.out;
    let tasks = tasks(&arguments.tasks);
    refuse_existing(out, &tasks)?;
    probe(out)?;
    let damage = arguments.damage.damage()?;
    tasks.iter().try_for_each(|&task| damage.check(task))?;
    let device = arguments.options.device()?;
    let run = Run::at(&arguments.model);
    let mut progress = Progress::new(arguments.options.json);
    let model = arguments.fit.open(run.folder(), &device, &mut progress)?;
    let config = model.config.clone();
    let fits: Vec<FitConfig> =
        tasks.iter().map(|&task| arguments.fit.over(task, &config)).collect::<Result<_>>()?;
    let split = split(&arguments, &run, &config, &mut progress)?;
    // All truths have one size, so damage that cannot be done to the first is found before an hour of other tasks.
    for (&task, truth) in tasks.iter().zip(split.held_out.iter().cycle()) {
        let damaged = damage.apply(task, truth)?;
        task.evidence(&damaged.picture, damaged.known.as_deref(), &config, &device)?;
    }
    let naive = Naive::fit(&split.train)?;
    let mut restorer = Lcm::new(model, FitSettings::new(config.restore.inpaint, &config))?;

    let mut scores = Scores::default();
    for (task, fit) in tasks.into_iter().zip(fits) {
        restorer.settings = FitSettings::new(fit, &config);
        let measured = measure(task, &split, &damage, &naive, &restorer, &config, &mut progress)?;
        let Some((more, compared)) = measured else { return Ok(Ending::Interrupted) };
        scores.extend(more);
        // After every task, so that a later one that fails takes nothing with it.
        let [csv, table] = FILES.map(|name| out.join(name));
        write_atomically(csv, scores.csv().as_bytes())?;
        write_atomically(table, scores.markdown().as_bytes())?;
        save_png(out.join(sheet_of(task)), sheet(&compared, 12, &[])?)?;
    }
    drop(progress);
    if !arguments.options.json {
        print_result(&scores.markdown());
    }
    Ok(Ending::Done)
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

fn sheet_of(task: Task) -> String {
    format!("sheet-{}.png", task.name())
}

/// An evaluation may have been hours of work.
fn refuse_existing(out: &Path, tasks: &[Task]) -> Result<()> {
    let sheets = tasks.iter().map(|&task| sheet_of(task));
    let mut files = FILES.map(String::from).into_iter().chain(sheets);
    match files.find(|name| out.join(name).exists()) {
        None => Ok(()),
        Some(name) => {
            let what = format!("output `{}`", out.display());
            let problem = format!("it holds an evaluation already, {name}");
            Err(Error::input(what, problem, "choose another folder with --out"))
        }
    }
}

/// What is measured, and what was learned. The photos that were learned may be away when others are measured.
fn split(
    arguments: &EvaluateArguments,
    run: &Run,
    config: &Config,
    progress: &mut Progress,
) -> Result<Split> {
    // The counts of a folder by the sides of training would say nothing of what is measured here.
    let mut counts_left_out = |event: Event| match event {
        Event::Photos { .. } => ControlFlow::Continue(()),
        other => progress.on(other),
    };
    let folder = run.manifest()?.folder;
    let own = Photos::scan(&folder, PhotoConfig::from(config), &mut counts_left_out);
    let Some(data) = &arguments.data else {
        let split = Split::of(&own?, run)?;
        progress.say(&format!("measuring {} that the run held out", photos(split.held_out.len())));
        return Ok(split);
    };
    let all = PhotoConfig { hold_out: 1.0, ..PhotoConfig::from(config) };
    let others = Photos::scan(data, all, &mut counts_left_out)?;
    let split = Split::with(own.as_ref().ok(), &others, run)?;
    let count = photos(split.held_out.len());
    progress.say(&format!("measuring {count} of `{}`", data.display()));
    if split.train.is_empty() {
        let why = match own {
            Err(error) => error.to_string(),
            Ok(_) => format!("`{}` has none of them", folder.display()),
        };
        let text = format!(
            "mean photo and eigenfaces are left out, they need the photos that the run learned: {why}"
        );
        let _ = progress.on(Event::Note { text });
    }
    Ok(split)
}

fn photos(count: usize) -> String {
    if count == 1 { "1 photo".to_string() } else { format!("{count} photos") }
}

pub(super) fn measure(
    task: Task,
    split: &Split,
    damage: &Damage,
    naive: &Naive,
    restorer: &Lcm,
    config: &Config,
    watch: &mut dyn Observer,
) -> Result<Option<(Scores, Vec<Compared>)>> {
    let named = ("lcm", restorer as &dyn lacuna::restore::Restorer);
    let device = restorer.model().device.clone();
    evaluate(task, &split.held_out, damage, naive, named, config, &device, watch)
}
