//! Options that several subcommands share.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use burn::tensor::Device;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, ValueEnum};
use lacuna::config::{Config, FitConfig, Layers, PRESETS};
use lacuna::evaluate::Damage;
use lacuna::event::{Event, Observer};
use lacuna::nn::Precision;
use lacuna::restore::Task;
use lacuna::store::is_held;
use lacuna::train::{Info, Run, State};
use lacuna::vgg16::{Input, Vgg16};
use lacuna::{Error, Model, Result, runtime};

use super::info::resuming;
use super::voice::detail;

/// Settings: a preset, a file over it, single keys over that.
#[derive(Debug, Args)]
pub(super) struct SettingsOptions {
    /// TOML file laid over the preset; it may name any key, and no other
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One setting, as in `--set train.batch=8`; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

impl SettingsOptions {
    /// Lays them over `layers`.
    pub fn over(&self, mut layers: Layers) -> Result<Layers> {
        if let Some(path) = &self.config {
            layers.file(path)?;
        }
        for assignment in &self.settings {
            layers.set(assignment)?;
        }
        Ok(layers)
    }
}

/// The name of a preset: completed and listed, and refused by the library, which knows them.
#[derive(Debug, Clone)]
pub(super) struct PresetParser;

impl TypedValueParser for PresetParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(PRESETS.iter().map(|(name, _)| PossibleValue::new(*name))))
    }
}

/// A count or a seed; the parser's own words for `-1` are "invalid digit found in string".
pub(super) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{}; give a whole number, 0 or more", problem_of(text)))
}

/// Minutes of training.
pub(super) fn minutes(text: &str) -> Result<f64, String> {
    let problem = match text.trim().parse::<f64>() {
        Ok(minutes) if minutes.is_finite() && minutes >= 0.0 => return Ok(minutes),
        Ok(minutes) if minutes.is_nan() => "it is no number",
        Ok(minutes) if minutes < 0.0 => "it is negative",
        Ok(_) => "it is too large",
        Err(_) => "it is no number",
    };
    Err(format!("{problem}; give minutes, as in 5 or 0.5: 0 (no limit) or more"))
}

/// A JPEG quality.
fn quality(text: &str) -> Result<u8, String> {
    const REMEDY: &str = "give a whole number, 1 to 100";
    match text.parse::<u8>() {
        Ok(quality @ 1..=100) => Ok(quality),
        Ok(_) => Err(format!("it is out of range; {REMEDY}")),
        Err(_) => Err(format!("{}; {REMEDY}", problem_of(text))),
    }
}

/// What is wrong with `text`, which is no whole number that can be used.
fn problem_of(text: &str) -> &'static str {
    let is_written_in_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(number) if number.is_nan() => "it is no number",
        Ok(number) if number.is_sign_negative() => "it is negative",
        Ok(_) if is_written_in_digits => "it is too large",
        Ok(_) => "it is not a whole number",
        Err(_) => "it is no number",
    }
}

/// Where it runs and how it tells.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// `cpu`, or with the matching build `cuda:0`, `wgpu`
    #[arg(long, default_value = "cpu")]
    device: String,
    /// CPU threads; results do not depend on their number [default: all cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    threads: Option<usize>,
    /// One JSON object a line on stdout for every event, for machines
    #[arg(long)]
    pub json: bool,
}

impl RunOptions {
    /// The device, after the threads were set: what comes before all work.
    pub fn device(&self) -> Result<Device> {
        if let Some(threads) = self.threads {
            runtime::set_threads(threads)?;
        }
        let device = runtime::device(&self.device)?;
        if !self.json {
            let asked = if self.threads.is_some() { "as --threads asks" } else { "all cores" };
            detail(&format!("device {}, {asked}", runtime::describe(&self.device)));
        }
        Ok(device)
    }
}

/// What the convolutions of the generator multiply.
#[derive(Debug, Args)]
pub(super) struct PrecisionOption {
    /// What convolutions multiply; sums and weights are f32 in either [default: the setting, f32 in all presets]
    #[arg(long)]
    precision: Option<PrecisionName>,
}

/// The precisions by their names.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PrecisionName {
    /// Numbers as they are
    F32,
    /// Rounded to bf16: for CPUs that multiply it (AVX512-BF16), emulated on others
    Bf16,
}

impl PrecisionOption {
    /// What was given over `setting`.
    pub fn over(&self, setting: Precision) -> Precision {
        match self.precision {
            None => setting,
            Some(PrecisionName::F32) => Precision::F32,
            Some(PrecisionName::Bf16) => Precision::Bf16,
        }
    }

    /// Opens the model in `folder` for the precision that was given, or its own; `watch` hears what there is to know of
    /// it.
    pub fn open(&self, folder: &Path, device: &Device, watch: &mut dyn Observer) -> Result<Model> {
        let mut model = open_model(folder, device, watch)?;
        let precision = self.over(model.config.restore.precision);
        precision.check(device)?;
        if let Some(text) = precision.note() {
            let _ = watch.on(Event::Note { text });
        }
        model.config.restore.precision = precision;
        Ok(model)
    }
}

/// How pictures are prepared for the weights of VGG16.
#[derive(Debug, Args)]
pub(super) struct Vgg16InputOption {
    /// Whose weights they are, so how photos are prepared for them [default: what the file's
    /// numbers or its text tell]
    #[arg(long)]
    vgg16_input: Option<Vgg16InputName>,
}

/// The trainings of VGG16 by their names.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Vgg16InputName {
    /// The authors' own, for Caffe: blue, green, red, 0 to 255
    Oxford,
    /// The same for red, green, blue
    OxfordRgb,
    /// Torchvision's: red, green, blue, over their deviation
    Torchvision,
}

impl Vgg16InputOption {
    /// The weights in `path`, which are told of.
    pub fn open(&self, path: &Path, device: &Device) -> Result<Vgg16> {
        let input = self.vgg16_input.map(|name| match name {
            Vgg16InputName::Oxford => Input::Oxford,
            Vgg16InputName::OxfordRgb => Input::OxfordRgb,
            Vgg16InputName::Torchvision => Input::Torchvision,
        });
        let vgg16 = Vgg16::open(path, input, device)?;
        let known = if input.is_some() { "as --vgg16-input asks" } else { "as the file tells" };
        detail(&format!("VGG16: {}, {known}", vgg16.input()));
        Ok(vgg16)
    }
}

/// How long and how fast a fit goes.
#[derive(Debug, Args)]
pub(super) struct FitOptions {
    /// Most steps for each photo [default: the model's setting for the task]
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<usize>)]
    steps: Option<usize>,
    /// Rate of the fit, per image [default: the model's setting for the task]
    #[arg(long, allow_negative_numbers = true)]
    lr: Option<f64>,
    #[command(flatten)]
    precision: PrecisionOption,
}

impl FitOptions {
    /// [`PrecisionOption::open`]
    pub fn open(&self, folder: &Path, device: &Device, watch: &mut dyn Observer) -> Result<Model> {
        self.precision.open(folder, device, watch)
    }

    /// What was given over the model's own settings for `task`.
    pub fn over(&self, task: Task, config: &Config) -> Result<FitConfig> {
        let mut fit = task.fit(&config.restore);
        fit.steps = self.steps.unwrap_or(fit.steps);
        fit.lr = self.lr.unwrap_or(fit.lr);
        fit.check(&format!("restore.{}", task.name()))?;
        Ok(fit)
    }
}

/// Opens the model in `folder`; `watch` hears what there is to know of it.
pub(super) fn open_model(
    folder: &Path,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Model> {
    let run = run_of(folder);
    let is_training = is_held(run.folder());
    if is_training && !run.has_model() {
        let remedy = "the model appears when training ends: wait for that, or end it now by Ctrl-C, which keeps all that \
                      is learned";
        return Err(Error::model(folder, "it is still training, and has no model yet", remedy));
    }
    if run.exists() && !run.has_model() {
        return Err(without_model(&run));
    }
    if is_training {
        let folder = run.folder().display();
        let text = format!(
            "`{folder}` is training: this is the model of its last stop, a new one appears when training ends"
        );
        let _ = watch.on(Event::Note { text });
    }
    Model::open(folder, device)
}

/// What is said of a run whose training ended before it made a model.
fn without_model(run: &Run) -> Error {
    let info = match Info::open(run.folder()) {
        Ok(info) => info,
        Err(error) => return error,
    };
    let command = resuming(&info);
    let (problem, remedy) = match info.state {
        State::Unsaved => {
            let problem =
                "its training was cut off before the first checkpoint, nothing is kept of it";
            (problem, format!("begin anew with `{command}`"))
        }
        _ => {
            let problem = "its training was cut off before a model was saved";
            (problem, format!("go on with `{command}`"))
        }
    };
    Error::model(run.folder(), problem, remedy)
}

/// The run that `folder` is, or whose model it is.
pub(super) fn run_of(folder: &Path) -> Run {
    let around = folder.parent().filter(|around| Run::at(*around).model() == folder);
    match around {
        Some(around) if around.as_os_str().is_empty() => Run::at("."),
        Some(around) => Run::at(around),
        None => Run::at(folder),
    }
}

/// What is done to whole pictures.
#[derive(Debug, Args)]
pub(super) struct DamageOptions {
    /// inpaint: center:50 (pixels), center:40%, half:left, random:0.95
    #[arg(long, default_value = "center:40%")]
    hole: String,
    /// superres: how many times smaller
    #[arg(long, default_value_t = 8, allow_negative_numbers = true, value_parser = whole::<usize>)]
    factor: usize,
    /// denoise: standard deviation of the noise, of a range of 1
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    sigma: f32,
    /// jpeg: quality, 1 to 100
    #[arg(long, default_value_t = 10, allow_negative_numbers = true, value_parser = quality)]
    quality: u8,
    /// Of noise and random holes
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = whole::<u64>)]
    seed: u64,
}

impl DamageOptions {
    pub fn damage(&self) -> Result<Damage> {
        let Self { factor, sigma, quality, seed, .. } = *self;
        Ok(Damage { hole: self.hole.parse()?, factor, sigma, quality, seed })
    }
}
