//! `lacuna restore`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lacuna::degrade::Hole;
use lacuna::estimate::Guard;
use lacuna::image::MAX_PIXELS;
use lacuna::method::Lcm;
use lacuna::report::counted;
use lacuna::restore::job::{Job, MaskSource, Summary, WAITING_PIXELS, run as run_job};
use lacuna::restore::{FitSettings, MAX_FEATHER, Region, Task};
use lacuna::{Error, Result};

use super::needs::NeedsOptions;
use super::options::{FitOptions, RunOptions, whole};
use super::progress::{Counts, Progress};
use super::{Ending, help};

/// Mend photos that are already damaged.
///
/// Whatever is wrong with them, the model is the same. A folder keeps its tree and names; what was done before with the
/// same settings is skipped.
#[derive(Debug, Args)]
#[command(after_long_help = help::RESTORE)]
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
    /// Mask as large as the photo, white where to fill; or a folder of masks named like the
    /// photos. A pixel is filled where its brightness times its opacity is half or more, so that
    /// black, and what is clear on a layer, is not
    #[arg(long, value_name = "FILE", conflicts_with = "hole")]
    mask: Option<PathBuf>,
    /// center:50 (pixels of the photo), center:40%, half:left, random:0.95
    #[arg(long, value_name = "HOLE")]
    hole: Option<String>,
    /// Mend this region only, in pixels of the upright photo; the rest of it stays bit for bit.
    /// A mask is as large as the whole photo, --hole counts within the region; superres gives
    /// the enlarged region alone
    #[arg(long, value_name = "X,Y,W,H", allow_hyphen_values = true)]
    crop: Option<Region>,
    /// Mend a photo (or region) larger than the model at the model's size, then enlarge; without
    /// it that is refused, as what the model makes comes out soft. Known pixels around a hole stay
    /// as they are, and colorize needs no leave: the brightness is the photo's own
    #[arg(long)]
    shrink: bool,
    /// inpaint: soft seam, this wide, inside the hole: the filled pixels go over into what
    /// surrounds them. Known pixels never change. 0 to 1024, 0 for none; by default 8 pixels of
    /// the model, which are 64 of a photo 8 times as large
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true, value_parser = whole::<usize>)]
    feather: Option<usize>,
    /// denoise: standard deviation of the noise, 0 to 1, of a range of 1; by default it is
    /// found in each photo. A larger one leaves more to the model
    #[arg(long, value_name = "SIGMA", allow_negative_numbers = true)]
    sigma: Option<f64>,
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
    needs: NeedsOptions,
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
    check_form(&arguments, task)?;
    if arguments.batch == 0 {
        return Err(Error::input("--batch", "0 is out of range", "give a number 1 or more"));
    }
    let device = arguments.options.device()?;
    let mut progress = Progress::new(arguments.options.json);
    let model = arguments.fit.open(&arguments.model, &device, &mut progress)?;
    let mut config = model.config.clone();
    let fit = arguments.fit.over(task, &config)?;
    if arguments.no_plateau {
        config.restore.plateau_window = 0;
    }
    let settings = FitSettings::new(fit, &config);
    let mut job = Job {
        task,
        inputs: arguments.inputs,
        out: arguments.out,
        mask,
        crop: arguments.crop,
        shrink: arguments.shrink,
        feather: arguments.feather,
        sigma: arguments.sigma,
        seed: arguments.seed,
        batch: arguments.batch,
        waiting_pixels: WAITING_PIXELS,
        most_pixels: MAX_PIXELS,
        fit,
        settings: format!("{settings:?} {:?}", config.restore),
        model: (arguments.model, model.digest()),
    };
    let restorer = Lcm::new(model, settings)?;
    tell_of(&settings, job.batch, &progress);
    let needs = &arguments.needs;
    needs.before_restoring(&mut job, &restorer, &mut progress)?;
    if needs.estimate {
        return Ok(Ending::Done);
    }
    let summary = {
        let mut guard = Guard::new(&mut progress, needs.memory, 0);
        let summary = run_job(&job, &restorer, &config, &device, &mut guard)?;
        if summary.stopped {
            guard.verdict(
                "what is mended is kept; close other programs and give the same command",
            )?;
        }
        summary
    };
    let left = match summary.left {
        0 => String::new(),
        left => format!(", {left} left"),
    };
    // What mended nothing made no folder.
    let out = match job.out.is_dir() {
        true => format!(": {}", job.out.display()),
        false => String::new(),
    };
    progress.say(&format!(
        "{} mended, {} done before, {} failed{left}{out}",
        summary.mended, summary.skipped, summary.failed
    ));
    let Summary { mended, skipped, failed, left, .. } = summary;
    progress.end(Counts { done: mended, done_before: skipped, failed, left });
    Ok(match summary {
        _ if summary.stopped => Ending::Interrupted,
        _ => Ending::of(summary.mended + summary.skipped, summary.failed),
    })
}

/// What says in which form a photo is mended.
fn check_form(arguments: &RestoreArguments, task: Task) -> Result<()> {
    if let Some(pixels) = arguments.feather.filter(|&pixels| pixels > MAX_FEATHER) {
        let problem = format!("{pixels} is out of range");
        return Err(Error::input("--feather", problem, format!("give 0 to {MAX_FEATHER}")));
    }
    if let Some(sigma) = arguments.sigma.filter(|sigma| !(0.0..=1.0).contains(sigma)) {
        let problem = format!("{sigma} is out of range");
        return Err(Error::input("--sigma", problem, "give 0 to 1; 25 levels of 255 are 0.098"));
    }
    if task != Task::Denoise && arguments.sigma.is_some() {
        return Err(Error::input(
            task.name(),
            "it takes no noise",
            "leave --sigma out, or use denoise",
        ));
    }
    if task != Task::Inpaint && arguments.feather.is_some() {
        let remedy = "leave --feather out, or use inpaint";
        return Err(Error::input(task.name(), "it fills no hole", remedy));
    }
    if task == Task::Superres && arguments.shrink {
        return Err(Error::input(task.name(), "it enlarges", "leave --shrink out"));
    }
    Ok(())
}

/// What is decided, for those who asked.
pub(super) fn tell_of(settings: &FitSettings, batch: usize, progress: &Progress) {
    let FitSettings { fit, plateau } = settings;
    let early = match plateau.window {
        0 => "none stops early".to_string(),
        window => {
            let percent = 100.0 * plateau.tolerance;
            format!("one whose energy fell by less than {percent} % in {window} steps stops")
        }
    };
    let (steps, lr) = (counted(fit.steps, "step"), fit.lr);
    progress.detail(&format!(
        "at most {steps} at rate {lr}, {early}; {} at a time",
        counted(batch, "photo")
    ));
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
