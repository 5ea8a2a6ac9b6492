//! `lacuna demo`

mod draw;
mod page;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use lacuna::config::{Config, Layers};
use lacuna::data::{PhotoConfig, Photos};
use lacuna::evaluate::{Compared, Damage, Measures, Naive, Scores, Split, evaluate, sheet};
use lacuna::event::{Event, Observer};
use lacuna::image::save_png;
use lacuna::method::Lcm;
use lacuna::report::{Kind, counted};
use lacuna::restore::{FitSettings, Restorer, Task};
use lacuna::store::{probe, write_atomically};
use lacuna::train::{Outcome, Run, train};
use lacuna::{Model, Result};

use super::options::{RunOptions, minutes, whole};
use super::progress::{Counts, Progress, clock, print_result};
use super::table::aligned;
use super::{Ending, help, interrupt};
use draw::Drawn;

/// The tasks that the demo shows.
const TASKS: [Task; 3] = [Task::Inpaint, Task::Superres, Task::Colorize];

/// Held-out portraits that are mended.
const MENDED: usize = 24;

/// Draw portraits, learn them, mend some, and show it all on a page.
///
/// Nothing is downloaded: the program draws the portraits itself. Started again with the same --out, --portraits and
/// --seed it goes on where it was.
#[derive(Debug, Args)]
#[command(after_long_help = help::DEMO)]
pub(super) struct DemoArguments {
    /// Folder for everything
    #[arg(long, value_name = "DIR", default_value = "lacuna-demo")]
    out: PathBuf,
    /// Minutes of training
    #[arg(long, default_value_t = 4.0, allow_negative_numbers = true, value_parser = minutes)]
    minutes: f64,
    /// Portraits to draw; about one in ten is held out
    #[arg(long, default_value_t = 400, allow_negative_numbers = true, value_parser = whole::<u64>)]
    portraits: u64,
    /// Of the portraits and the model
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = whole::<u64>)]
    seed: u64,
    #[command(flatten)]
    options: RunOptions,
}

/// What the page is made of.
pub(super) struct Shown {
    config: Config,
    outcome: Outcome,
    scores: Scores,
    tasks: Vec<(Task, Vec<Compared>)>,
    portraits: usize,
    held_out: usize,
    mending_seconds: f64,
}

impl Shown {
    /// Portraits that were mended: at most [`MENDED`] of those that were held out.
    fn mended(&self) -> usize {
        self.tasks.first().map_or(0, |(_, compared)| compared.len())
    }
}

pub(super) fn run(arguments: DemoArguments) -> Result<Ending> {
    let out = &arguments.out;
    let device = arguments.options.device()?;
    let mut progress = Progress::new(arguments.options.json);

    let config = settings(&arguments)?;
    let drawn = Drawn { portraits: arguments.portraits, seed: arguments.seed };
    probe(out)?;
    drawn.check(out, &config)?;
    let report = out.join(Kind::FILE);
    Kind::Demo.check(&report)?;
    progress.say(&format!("1/3  drawing {}", counted(arguments.portraits as usize, "portrait")));
    let folder = out.join(draw::FOLDER);
    if drawn.draw(out, config.size)?.is_break() {
        return Ok(Ending::Interrupted);
    }

    progress.say(&format!("2/3  learning them, about {}", clock(60.0 * arguments.minutes)));
    let photos = Photos::scan(&folder, PhotoConfig::from(&config).beside(out), &mut progress)?;
    let run = Run::at(out.join("run"));
    interrupt::first_does("stopping after this step and saving");
    let outcome = train(&photos, &config, &run, &device, &mut progress)?;
    if !outcome.finished {
        return Ok(Ending::Interrupted);
    }

    interrupt::first_does("stopping: the model is kept, and the same command goes on");
    progress.say("3/3  mending portraits it has never seen");
    let split = Split::of(&photos, &run, MENDED)?;
    let held_out = photos.held_out();
    if held_out > MENDED {
        progress.say(&format!("the first {MENDED} of {held_out}"));
    }
    let naive = Naive::fit(&split.train)?;
    let model = Model::open(run.folder(), &device)?;
    let mut restorer = Lcm::new(model, FitSettings::new(config.restore.inpaint, &config))?;
    // SPEC's small scale: a hole of 25 of 64 pixels, eight times smaller, grey.
    let damage = Damage {
        hole: "center:25".parse()?,
        factor: 8,
        sigma: 0.1,
        quality: 10,
        seed: arguments.seed,
    };
    let started = Instant::now();
    let mut shown = Shown {
        portraits: photos.count(),
        held_out,
        config,
        outcome,
        scores: Scores::of(&Measures::usual()),
        tasks: Vec::new(),
        mending_seconds: 0.0,
    };
    let steps = TASKS.map(|task| (task, task.fit(&shown.config.restore).steps));
    progress.plan(steps.to_vec());
    for task in TASKS {
        let config = &shown.config;
        restorer.settings = FitSettings::new(task.fit(&config.restore), config);
        let (named, on) = (("lcm", &restorer as &dyn Restorer), &restorer.model().device);
        let truths = &split.held_out;
        let measured = evaluate(task, truths, &damage, &naive, named, config, on, &mut progress)?;
        let Some((scores, compared)) = measured else { return Ok(Ending::Interrupted) };
        shown.scores.extend(scores);
        write_pictures(out, task, &compared)?;
        shown.tasks.push((task, compared));
    }
    shown.mending_seconds = started.elapsed().as_secs_f64();

    write_atomically(out.join("table.md"), shown.scores.markdown().as_bytes())?;
    write_atomically(out.join("scores.csv"), shown.scores.csv().as_bytes())?;
    write_atomically(&report, page::render(&shown, &run, &device)?.as_bytes())?;
    let _ = progress.on(Event::Report { path: report.clone() });
    progress.end(Counts { done: shown.mended() * TASKS.len(), ..Counts::default() });
    drop(progress);
    if !arguments.options.json {
        print_result(&format!("{}\n{}", aligned(&shown.scores.markdown()), report.display()));
    }
    Ok(Ending::Done)
}

/// The demo's preset with its time and seed.
fn settings(arguments: &DemoArguments) -> Result<Config> {
    let mut layers = Layers::preset("drawn-64")?;
    layers.set(&format!("train.minutes={}", arguments.minutes))?;
    layers.set(&format!("train.seed={}", arguments.seed))?;
    layers.finish()
}

/// Every portrait's degraded copy, result and truth, and a sheet of some.
fn write_pictures(out: &Path, task: Task, compared: &[Compared]) -> Result<()> {
    let folder = out.join(task.name());
    for one in compared {
        let stem = Path::new(&one.truth.name).with_extension("");
        let stem = stem.display();
        save_png(folder.join(format!("{stem}.damaged.png")), one.degraded.to_rgb8())?;
        save_png(folder.join(format!("{stem}.truth.png")), one.truth.picture.to_rgb8())?;
        if let Some(mended) = one.results.last() {
            save_png(folder.join(format!("{stem}.mended.png")), mended.picture.to_rgb8())?;
        }
    }
    save_png(folder.join("sheet.png"), sheet(compared, 12, &[])?)
}
