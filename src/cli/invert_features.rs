//! `lacuna invert-features`

use std::path::PathBuf;

use clap::Args;
use lacuna::config::FitConfig;
use lacuna::estimate::Guard;
use lacuna::method::Lcm;
use lacuna::restore::FitSettings;
use lacuna::restore::invert::{Inversion, fit_of, invert};
use lacuna::restore::job::Summary;
use lacuna::vgg16::Relu;
use lacuna::{Error, Result};

use super::options::{PrecisionOption, RunOptions, Vgg16InputOption, whole};
use super::progress::{Counts, Progress};
use super::restore::tell_of;
use super::{Ending, help};

/// Make images that VGG16 sees as it sees your photos.
///
/// The model is told VGG16's features of a photo at one layer, and nothing of its pixels; it looks for the image that has
/// them. The deeper the layer, the less is left of the photo but what is in it. Photos are brought to the model's size.
#[derive(Debug, Args)]
#[command(after_long_help = help::INVERT_FEATURES)]
pub(super) struct InvertFeaturesArguments {
    /// Photos and folders of photos
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// The run, or the model folder in it
    #[arg(long, value_name = "RUN")]
    model: PathBuf,
    /// Weights of VGG16: a safetensors file, or torchvision's .pth; none come with this program
    #[arg(long, value_name = "FILE")]
    vgg16: PathBuf,
    #[command(flatten)]
    vgg16_input: Vgg16InputOption,
    /// Whose features: relu1_1, relu1_2, relu2_1 and so on to relu5_3
    #[arg(long, default_value = "relu3_3")]
    layer: Relu,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Most steps for each photo [default: 300]
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<usize>)]
    steps: Option<usize>,
    /// Rate of the fit, per image [default: 0.004, of relu5_1 to relu5_3 0.001]
    #[arg(long, allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Take all steps, also for a photo that has settled before
    #[arg(long)]
    no_plateau: bool,
    /// Photos fitted together; changes nothing but speed and memory
    #[arg(long, default_value_t = 8, allow_negative_numbers = true, value_parser = whole::<usize>)]
    batch: usize,
    #[command(flatten)]
    precision: PrecisionOption,
    #[command(flatten)]
    options: RunOptions,
}

pub(super) fn run(arguments: InvertFeaturesArguments) -> Result<Ending> {
    let InvertFeaturesArguments { layer, batch, steps, lr, .. } = arguments;
    let usual = fit_of(layer);
    let fit = FitConfig { steps: steps.unwrap_or(usual.steps), lr: lr.unwrap_or(usual.lr) };
    fit.check("invert-features")?;
    if batch == 0 {
        return Err(Error::input("--batch", "0 is out of range", "give a number 1 or more"));
    }
    let device = arguments.options.device()?;
    let mut progress = Progress::new(arguments.options.json);
    let model = arguments.precision.open(&arguments.model, &device, &mut progress)?;
    let vgg16 = arguments.vgg16_input.open(&arguments.vgg16, &device)?;
    let mut config = model.config.clone();
    if arguments.no_plateau {
        config.restore.plateau_window = 0;
    }
    let settings = FitSettings::new(fit, &config);
    let job = Inversion {
        inputs: arguments.inputs,
        out: arguments.out,
        layer,
        batch,
        fit,
        settings: format!("{settings:?} {:?}", config.restore.precision),
        model: (arguments.model, model.digest()),
    };
    let restorer = Lcm::new(model, settings)?;
    tell_of(&settings, batch, &progress);
    let summary = {
        let mut guard = Guard::new(&mut progress, None, 0);
        let summary = invert(&job, &restorer, &vgg16, &config, &device, &mut guard)?;
        if summary.stopped {
            guard
                .verdict("what is done is kept; close other programs and give the same command")?;
        }
        summary
    };
    let Summary { mended: done, skipped, failed, left, stopped } = summary;
    let to_do = if left > 0 { format!(", {left} left") } else { String::new() };
    progress.say(&format!(
        "{done} inverted, {skipped} done before, {failed} failed{to_do}: {}",
        job.out.display()
    ));
    progress.end(Counts { done, done_before: skipped, failed, left });
    Ok(if stopped { Ending::Interrupted } else { Ending::of(done + skipped, failed) })
}
