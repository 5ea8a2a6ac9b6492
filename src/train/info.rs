//! What is known of a run, or of a model by itself, from its small files and the headers of the large ones.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use walkdir::WalkDir;

use super::Run;
use super::log::Log;
use super::manifest::Manifest;
use crate::config::{Changes, Config};
use crate::data::Sampler;
use crate::error::{Error, Result};
use crate::restore::Task;
use crate::store::state::{Head, StateStore};
use crate::store::{
    Header, Lock, Origin, Standing, TENSORS, is_held, model_config, model_folder, model_header,
    read_header,
};

/// What is known; `None` where it cannot be known from what is there.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    pub folder: PathBuf,
    pub state: State,
    /// The system it belongs to, of those that the paper compares.
    pub system: &'static str,
    /// Side of the square images in pixels.
    pub size: usize,
    /// `[C, h, w]` of the latent.
    pub latent: [usize; 3],
    /// Numbers that make one image, P.
    pub row_len: usize,
    /// Learned numbers of the generator.
    pub generator_parameters: usize,
    pub settings: Changes,
    /// The terms on which it may be used, where they were given.
    pub license: Option<String>,
    pub trained: Trained,
    /// The version of this program that wrote it.
    pub version: Option<String>,
    /// When, RFC 3339.
    pub written: Option<String>,
    /// Files and folders in it.
    pub parts: Vec<Part>,
    /// What it can be asked for.
    pub tasks: Vec<TaskFit>,
    /// All settings.
    pub config: Config,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A model without its run.
    Model,
    /// A process works on the run.
    Training,
    /// Training was cut off before its first checkpoint: nothing that it learned is kept, and it can begin anew.
    Unsaved,
    /// Training ended before its end and can go on.
    Stopped,
    /// There is a model, and nothing to go on from.
    Lost,
    Finished,
}

/// What it learned, and how long.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Trained {
    /// Where the photos lay.
    pub folder: Option<PathBuf>,
    /// Photos that were learned, mirrored copies not counted.
    pub photos: Option<usize>,
    /// Photos that were held out.
    pub held_out: Option<usize>,
    /// Whether mirrored copies were learned too.
    pub mirrored: bool,
    /// Joint steps done, and those that the settings ask for.
    pub steps: Option<u64>,
    pub steps_planned: Option<u64>,
    /// How often each image was visited.
    pub passes: Option<f64>,
    /// Joint steps of the model that is there, which a process that was killed leaves behind those of the run.
    pub model_steps: Option<u64>,
    /// Seconds of training.
    pub seconds: Option<f64>,
    /// Mean over the last pass.
    pub loss: Option<f32>,
}

/// A file or a folder on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    pub name: String,
    pub bytes: u64,
}

/// A task with the length and rate of its fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskFit {
    pub task: Task,
    pub steps: usize,
    pub lr: f64,
}

impl Info {
    /// Of the run or the model in `folder`; nothing is written, and a run may be in training.
    ///
    /// # Errors
    /// A folder that is neither; settings, a manifest or tensors that are damaged or of another version.
    pub fn open(folder: &Path) -> Result<Self> {
        let run = Run::at(folder);
        if run.exists() { of_run(&run) } else { of_model(folder) }
    }

    fn new(folder: &Path, state: State, config: Config, header: Option<&Header>) -> Result<Self> {
        let fits = Task::ALL.into_iter().map(|task| (task, task.fit(&config.restore)));
        Ok(Self {
            folder: folder.to_path_buf(),
            state,
            system: "lcm",
            size: config.size,
            latent: config.latent.shape(),
            row_len: config.latent.row_len(),
            generator_parameters: header
                .map_or_else(|| config.generator.parameters(config.latent.shape()), parameters),
            settings: Changes::of(&config),
            license: Some(config.model.license.clone()).filter(|license| !license.is_empty()),
            trained: Trained { mirrored: config.data.flip, ..Trained::default() },
            version: header.and_then(|header| Origin::of(&header.text).version),
            written: None,
            parts: parts(folder),
            tasks: fits.map(|(task, fit)| TaskFit { task, steps: fit.steps, lr: fit.lr }).collect(),
            config,
        })
    }
}

fn of_model(folder: &Path) -> Result<Info> {
    let folder = model_folder(folder)?;
    let config = model_config(&folder)?;
    let tensors = folder.join(TENSORS);
    let header = model_header(&folder, &config)?;
    let Origin { photos, held_out, steps, .. } = Origin::of(&header.text);
    let mut info = Info::new(&folder, State::Model, config, Some(&header))?;
    let pass = photos.map(|photos| steps_of_a_pass(&info.config, photos));
    let trained = &mut info.trained;
    (trained.photos, trained.held_out, trained.steps) = (photos, held_out, steps);
    trained.passes = steps.zip(pass).map(|(steps, pass)| steps as f64 / pass as f64);
    info.written = written(&tensors);
    Ok(info)
}

fn of_run(run: &Run) -> Result<Info> {
    let config = run.settings()?.finish().map_err(|error| {
        let problem = format!("its config.toml cannot be used by this version ({error})");
        Error::model(run.folder(), problem, "use the version that wrote it, or mend the key")
    })?;
    let header_of = |path: &Path| path.exists().then(|| read_header(path)).transpose();
    let model = run.model().join(TENSORS);
    let header = header_of(&model)?;
    let manifest = run.manifest_path().exists().then(|| run.manifest()).transpose()?;

    let training = is_held(run.folder());
    let found = if training { Found::Unseen } else { head(run)? };
    let is_unsaved = found == Found::Nothing && header.is_none();
    let is_lost = found == Found::Nothing && header.is_some();
    let head = match found {
        Found::Head(head) => Some(head),
        _ => None,
    };
    let saved = head.as_ref().map(|head| Standing::of(head, &run.checkpoint())).transpose()?;
    let mut trained = trained(run, &config, manifest, saved.map(|saved| saved.step), training);
    trained.seconds = saved.map(|saved| saved.seconds).or(trained.seconds);
    trained.model_steps = header.as_ref().and_then(|header| Origin::of(&header.text).steps);
    let limit = 60.0 * config.train.minutes;
    let by_steps = trained.steps.zip(trained.steps_planned).is_some_and(|(at, all)| at >= all);
    let by_time = limit > 0.0 && trained.seconds.is_some_and(|seconds| seconds >= limit);
    let how = match (training, (by_steps || by_time) && header.is_some()) {
        (true, _) => State::Training,
        _ if is_unsaved => State::Unsaved,
        _ if is_lost => State::Lost,
        (false, true) => State::Finished,
        (false, false) => State::Stopped,
    };
    let mut info = Info::new(run.folder(), how, config, header.as_ref())?;
    info.trained = trained;
    if is_unsaved {
        // The log may tell of steps that are lost.
        let nothing =
            Trained { steps: Some(0), seconds: None, passes: None, loss: None, ..info.trained };
        info.trained = nothing;
    }
    info.version = info.version.or_else(|| head?.get("version").cloned());
    let states = [run.checkpoint(), run.old_checkpoint()];
    info.written = written(&model).or_else(|| states.iter().find_map(|path| written(path)));
    Ok(info)
}

/// What the state of a run says.
#[derive(Debug, PartialEq)]
enum Found {
    /// Where it stands.
    Head(Head),
    /// There is none, or nothing was ever saved in it.
    Nothing,
    /// It cannot be opened, or says what this version does not understand.
    Unseen,
}

/// Where the run stands by its state: a process that trains holds it, and opening takes the right to write.
fn head(run: &Run) -> Result<Found> {
    let (path, old) = (run.checkpoint(), run.old_checkpoint());
    if !path.exists() && !old.exists() {
        return Ok(Found::Nothing);
    }
    if !path.exists() {
        let head = read_header(&old)?.text;
        let is_understood = Standing::of(&head, &old).is_ok();
        return Ok(if is_understood { Found::Head(head) } else { Found::Unseen });
    }
    // Training that starts now waits a moment for the folder; for the state alone it would not. Looking leaves nothing.
    let Ok(_lock) = Lock::pass(run.folder()) else { return Ok(Found::Unseen) };
    match StateStore::open(&path) {
        Ok(store) => Ok(store.head().cloned().map_or(Found::Nothing, Found::Head)),
        Err(Error::Read { .. } | Error::Write { .. } | Error::Input { .. }) => Ok(Found::Unseen),
        Err(error) => Err(error),
    }
}

/// `step` is that of the state; a run that is `training` is further than that.
fn trained(
    run: &Run,
    config: &Config,
    manifest: Option<Manifest>,
    step: Option<u64>,
    training: bool,
) -> Trained {
    let log = Log::read(run, if training { u64::MAX } else { step.unwrap_or(u64::MAX) });
    let last = log.last();
    let steps = if training { last.map(|line| line.step).max(step) } else { step };
    let mut trained = Trained {
        mirrored: config.data.flip,
        steps,
        seconds: last.map(|line| line.seconds),
        ..Trained::default()
    };
    let Some(manifest) = manifest else { return trained };
    let photos = manifest.learned;
    let pass = steps_of_a_pass(config, photos);
    trained.photos = Some(photos);
    trained.held_out = Some(manifest.held_out);
    trained.folder = Some(manifest.folder);
    trained.steps_planned = Some(config.train.passes as u64 * pass);
    trained.passes = steps.map(|steps| steps as f64 / pass as f64);
    let loss = steps.map(|steps| log.mean_since(steps.saturating_sub(pass)));
    trained.loss = loss.filter(|loss| loss.is_finite());
    trained
}

fn steps_of_a_pass(config: &Config, photos: usize) -> u64 {
    // How many photos there were is what a file says.
    let batches = Sampler::batches_of(config.data.rows(photos), config.train.batch);
    batches.saturating_mul(config.train.inner_steps) as u64
}

/// Learned numbers of the generator whose tensors `header` names.
fn parameters(header: &Header) -> usize {
    let of_the_generator = |name: &str| name.starts_with("g.") && !name.contains("running");
    let tensors = header.shapes.iter().filter(|(name, _)| of_the_generator(name));
    tensors.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

/// What lies in `folder`, the largest first; what is hidden is nothing of it.
pub(super) fn parts(folder: &Path) -> Vec<Part> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named =
        entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let mut parts: Vec<Part> = named
        .filter(|(name, _)| !name.starts_with('.'))
        .map(|(name, path)| Part { name, bytes: bytes_of(&path) })
        .collect();
    parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    parts
}

fn bytes_of(path: &Path) -> u64 {
    let files =
        WalkDir::new(path).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    files.filter_map(|file| file.metadata().ok()).map(|file| on_disk(&file)).sum()
}

/// Bytes of a file that are on the disk: the state has holes where it may still grow.
fn on_disk(file: &fs::Metadata) -> u64 {
    #[cfg(unix)]
    return file.len().min(512 * std::os::unix::fs::MetadataExt::blocks(file));
    #[cfg(not(unix))]
    return file.len();
}

fn written(path: &Path) -> Option<String> {
    let time = fs::metadata(path).ok()?.modified().ok()?;
    Some(humantime::format_rfc3339_seconds(time).to_string())
}
