//! `lacuna restore`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lacuna::degrade::Hole;
use lacuna::method::Lcm;
use lacuna::restore::job::{Job, MaskSource, run as run_job};
use lacuna::restore::{FitSettings, Task};
use lacuna::{Error, Model, Result};

use super::Ending;
use super::options::{FitOptions, RunOptions, whole};
use super::progress::Progress;

/// Mend photos that are already damaged.
///
/// For NAME.jpg writes, below OUT:
///   NAME.png           the mended picture; for inpainting the photo itself with the
///                      hole filled and every known pixel as it was
///   NAME.raw.png       the image of the model
///   NAME.residual.png  mid-grey where that image agrees with what is known
///   NAME.strip.png     input | raw | result
///   restore.json       what was done to each
///   report.html        a page that shows them all, before and after
/// A folder keeps its tree and names; what was done before with the same settings is
/// skipped.
///
///   lacuna restore inpaint --model RUN scan.png --mask mask.png --out mended
///   lacuna restore inpaint --model RUN cutout.png --out mended   (fills the transparent)
///   lacuna restore inpaint --model RUN photos/ --hole center:40% --out mended
///   lacuna restore superres --model RUN thumbnails/ --out mended
///   lacuna restore colorize --model RUN grey.jpg --out mended
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct RestoreArguments {
    /// What is wrong with them
    task: TaskName,
    /// Photos and folders of photos
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// The run, or the model folder in it
    #[arg(long, value_name = "RUN")]
    model: PathBuf,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Mask as large as the photo, white where to fill; or a folder of masks named like the photos
    #[arg(long, value_name = "FILE", conflicts_with = "hole")]
    mask: Option<PathBuf>,
    /// center:50 (pixels of the photo), center:40%, half:left, random:0.95
    #[arg(long, value_name = "HOLE")]
    hole: Option<String>,
    #[command(flatten)]
    fit: FitOptions,
    /// Take all steps, also for a photo that has settled before
    #[arg(long)]
    no_plateau: bool,
    /// Photos fitted together; changes nothing but speed and memory
    #[arg(long, default_value_t = 8, allow_negative_numbers = true, value_parser = whole::<usize>)]
    batch: usize,
    /// Of random holes
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = whole::<u64>)]
    seed: u64,
    #[command(flatten)]
    options: RunOptions,
}

/// The tasks by their names.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum TaskName {
    /// Fill what is missing
    Inpaint,
    /// Enlarge a small picture to the model's size
    Superres,
    /// Give colour to a grey picture
    Colorize,
    /// Take out noise
    Denoise,
    /// Take out the traces of heavy JPEG compression
    Jpeg,
}

impl From<TaskName> for Task {
    fn from(name: TaskName) -> Task {
        match name {
            TaskName::Inpaint => Task::Inpaint,
            TaskName::Superres => Task::Superres,
            TaskName::Colorize => Task::Colorize,
            TaskName::Denoise => Task::Denoise,
            TaskName::Jpeg => Task::Jpeg,
        }
    }
}

pub(super) fn run(arguments: RestoreArguments) -> Result<Ending> {
    let task = Task::from(arguments.task);
    let mask = mask(&arguments, task)?;
    if arguments.batch == 0 {
        return Err(Error::input("--batch", "0 is out of range", "give a number 1 or more"));
    }
    let device = arguments.options.device()?;
    let model = Model::open(&arguments.model, &device)?;
    let mut config = model.config.clone();
    let fit = arguments.fit.over(task, &config)?;
    if arguments.no_plateau {
        config.restore.plateau_window = 0;
    }
    let settings = FitSettings::new(fit, &config);
    let job = Job {
        task,
        inputs: arguments.inputs,
        out: arguments.out,
        mask,
        seed: arguments.seed,
        batch: arguments.batch,
        fit,
        settings: format!("{settings:?} {:?}", config.restore),
        model: (arguments.model, model.digest()),
    };
    let restorer = Lcm::new(model, settings)?;
    let mut progress = Progress::new(arguments.options.json);
    let summary = run_job(&job, &restorer, &config, &device, &mut progress)?;
    let out = job.out.display();
    progress.say(&format!(
        "{} mended, {} done before, {} failed: {out}",
        summary.mended, summary.skipped, summary.failed
    ));
    Ok(match summary {
        _ if summary.stopped => Ending::Interrupted,
        _ if summary.failed > 0 => Ending::WithFailures,
        _ => Ending::Done,
    })
}

fn mask(arguments: &RestoreArguments, task: Task) -> Result<MaskSource> {
    let given = arguments.mask.is_some() || arguments.hole.is_some();
    if task != Task::Inpaint && given {
        let remedy = "leave --mask and --hole out, or use inpaint";
        return Err(Error::input(task.name(), "it fills no hole", remedy));
    }
    Ok(match (&arguments.mask, &arguments.hole) {
        (Some(path), _) => {
            std::fs::metadata(path).map_err(Error::read(path))?;
            MaskSource::File(path.clone())
        }
        (None, Some(hole)) => MaskSource::Hole(hole.parse::<Hole>()?),
        (None, None) => MaskSource::Alpha,
    })
}
