//! `lacuna evaluate`

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use lacuna::config::{Config, FitConfig};
use lacuna::data::source::SetSpec;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::evaluate::{Compared, Damage, Naive, Scores, Split, Truth, evaluate, sheet};
use lacuna::event::{Event, Observer};
use lacuna::image::{dimensions, save_png};
use lacuna::method::Lcm;
use lacuna::report::counted;
use lacuna::restore::{FitSettings, Task};
use lacuna::store::{probe, write_atomically};
use lacuna::train::Run;
use lacuna::{Error, Result};

use super::options::{DamageOptions, FitOptions, RunOptions, whole};
use super::progress::{Counts, Progress, print_result};
use super::restore::TaskName;
use super::{Ending, help, refuse_the_photos_own};

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
    if let Some(data) = &arguments.data {
        refuse_the_photos_own(out, &SetSpec::typed(data)?.path)?;
    }
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
    let mut written: Vec<PathBuf> = FILES.map(|name| out.join(name)).to_vec();
    progress.plan(tasks.iter().zip(&fits).map(|(&task, fit)| (task, fit.steps)).collect());
    let pictures = split.held_out.len();
    let (mut done, all) = (0, pictures * tasks.len());
    for (task, fit) in tasks.into_iter().zip(fits) {
        restorer.settings = FitSettings::new(fit, &config);
        let measured = measure(task, &split, &damage, &naive, &restorer, &config, &mut progress)?;
        let Some((more, compared)) = measured else {
            tell_of(&written, &progress);
            progress.end(Counts { done, left: all - done, ..Counts::default() });
            return Ok(Ending::Interrupted);
        };
        scores.extend(more);
        // After every task, so that a later one that fails takes nothing with it.
        let [csv, table] = FILES.map(|name| out.join(name));
        write_atomically(csv, scores.csv().as_bytes())?;
        write_atomically(table, scores.markdown().as_bytes())?;
        let path = out.join(sheet_of(task));
        save_png(&path, sheet(&compared, 12, &[])?)?;
        written.push(path);
        done += pictures;
    }
    if !arguments.options.json {
        print_result(&aligned(&scores.markdown()));
    }
    tell_of(&written, &progress);
    progress.end(Counts { done, ..Counts::default() });
    Ok(Ending::Done)
}

/// Names what was written, if anything was.
fn tell_of(written: &[PathBuf], progress: &Progress) {
    for path in written.iter().filter(|path| path.is_file()) {
        progress.say(&format!("written: {}", path.display()));
    }
}

/// A Markdown table with its columns under each other, numbers to the right: the same table, for eyes.
pub(super) fn aligned(markdown: &str) -> String {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect()
    };
    let rows: Vec<Vec<String>> = markdown.lines().map(cells).collect();
    let is_rule = |cell: &str| !cell.is_empty() && cell.bytes().all(|byte| byte == b'-');
    let length = |cell: &str| if is_rule(cell) { 1 } else { cell.chars().count() };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let in_column = |at: usize| rows.iter().skip(2).filter_map(move |row| row.get(at));
    let widths: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| length(cell)).max())
        .map(Option::unwrap_or_default)
        .collect();
    let is_number = |cell: &String| cell == "-" || cell.parse::<f64>().is_ok();
    let numbers: Vec<bool> = (0..columns).map(|at| in_column(at).all(is_number)).collect();
    let line = |(at, row): (usize, &Vec<String>)| {
        let cells =
            row.iter().zip(&widths).zip(&numbers).map(|((cell, &width), &right)| match right {
                // The line under the heads, and only there.
                _ if at == 1 => "-".repeat(width),
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            });
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    rows.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
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
    let learned = run.manifest()?.set();
    let folder = &learned.path;
    let usual = PhotoConfig::from(config).beside(&arguments.out);
    let own = Photos::open(&learned, usual.clone(), &mut counts_left_out);
    let Some(data) = &arguments.data else {
        let split = Split::of(&own?, run)?;
        let count = counted(split.held_out.len(), "photo");
        progress.say(&format!("measuring {count} that the run held out"));
        return Ok(split);
    };
    let all = PhotoConfig { hold_out: 1.0, ..usual };
    let set = SetSpec { take: arguments.take, ..SetSpec::typed(data)? };
    let others = Photos::open(&set, all, &mut counts_left_out)?;
    let split = Split::with(own.as_ref().ok(), &others, run)?;
    let count = counted(split.held_out.len(), "photo");
    progress.say(&format!("measuring {count} of `{}`", set.path.display()));
    tell_of_small(&split.held_out, others.root(), config.size, progress);
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

/// A photo that has to be enlarged is no sharp truth: said of those that lie in files of their own, by their headers.
fn tell_of_small(truths: &[Truth], root: &Path, side: usize, progress: &mut Progress) {
    let sizes = truths.iter().filter_map(|truth| dimensions(&root.join(&truth.name)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_table_stand_under_each_other_and_it_stays_markdown() {
        let table =
            "| task | MSE | known |\n|---|---|---|\n| inpaint | 0.01 | 0.1 |\n| a | 10.5 | - |\n";
        let expected = "| task    |  MSE | known |\n| ------- | ---- | ----- |\n\
                        | inpaint | 0.01 |   0.1 |\n| a       | 10.5 |     - |";
        assert_eq!(aligned(table), expected);
        assert_eq!(aligned(expected), expected);
    }
}
