//! `lacuna evaluate`

use std::path::PathBuf;

use clap::Args;
use lacuna::config::Config;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::evaluate::{Compared, Damage, Naive, Scores, Split, evaluate, sheet};
use lacuna::event::Observer;
use lacuna::image::save_png;
use lacuna::method::Lcm;
use lacuna::restore::{FitSettings, Task};
use lacuna::store::write_atomically;
use lacuna::train::Run;
use lacuna::{Model, Result, runtime};

use super::Ending;
use super::options::{DamageOptions, RunOptions};
use super::progress::Progress;
use super::restore::TaskName;

/// Measure a model on photos it has never seen, beside what needs no model.
///
/// Writes REPORT/table.md, scores.csv and a contact sheet for each task.
///
///   lacuna evaluate --model RUN --out REPORT --hole center:25
///   lacuna evaluate --model RUN --out REPORT --tasks inpaint,denoise --sigma 0.2
///   lacuna evaluate --model RUN --out REPORT --data PHOTOS
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
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
    /// Most steps [default: the model's setting for each task]
    #[arg(long)]
    steps: Option<usize>,
    /// Rate of the fit, per image [default: the model's setting for each task]
    #[arg(long)]
    lr: Option<f64>,
    #[command(flatten)]
    options: RunOptions,
}

pub(super) fn run(arguments: EvaluateArguments) -> Result<Ending> {
    let damage = arguments.damage.damage()?;
    let device = runtime::device(&arguments.options.device)?;
    let run = Run::at(&arguments.model);
    let model = Model::open(run.folder(), &device)?;
    let config = model.config.clone();
    let mut progress = Progress::new(arguments.options.json);
    let photos = Photos::scan(&run.manifest()?.folder, PhotoConfig::from(&config), &mut progress)?;
    let split = match &arguments.data {
        Some(folder) => {
            let all = PhotoConfig { hold_out: 1.0, ..PhotoConfig::from(&config) };
            Split::with(&photos, &Photos::scan(folder, all, &mut progress)?, &run)?
        }
        None => Split::of(&photos, &run)?,
    };
    let naive = Naive::fit(&split.train)?;
    let mut restorer = Lcm::new(model, FitSettings::new(config.restore.inpaint, &config))?;

    let mut scores = Scores::default();
    for task in arguments.tasks.iter().copied().map(Task::from) {
        let mut fit = task.fit(&config.restore);
        fit.steps = arguments.steps.unwrap_or(fit.steps);
        fit.lr = arguments.lr.unwrap_or(fit.lr);
        fit.check(&format!("restore.{}", task.name()))?;
        restorer.settings = FitSettings::new(fit, &config);
        let measured = measure(task, &split, &damage, &naive, &restorer, &config, &mut progress)?;
        let Some((more, compared)) = measured else { return Ok(Ending::Interrupted) };
        scores.extend(more);
        // After every task, so that a later one that fails takes nothing with it.
        write_atomically(arguments.out.join("scores.csv"), scores.csv().as_bytes())?;
        write_atomically(arguments.out.join("table.md"), scores.markdown().as_bytes())?;
        let name = format!("sheet-{}.png", task.name());
        save_png(arguments.out.join(name), sheet(&compared, 12, &[])?)?;
    }
    drop(progress);
    if !arguments.options.json {
        println!("{}", scores.markdown());
    }
    Ok(Ending::Done)
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
