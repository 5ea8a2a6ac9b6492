//! A restoration of files: damaged pictures in, mended ones out, batch after batch.
//!
//! ```text
//! list inputs -> (refused? done before?) -> read, mask, region, evidence -> Restorer -> result, checked
//!                                   -> raw, residual, strip, result -> restore.json, a page of all: report.html
//! ```

mod card;
mod check;
mod heard;
mod inputs;
mod mask;
mod page;
mod prepare;
mod record;
mod refuse;
mod result;
mod tell;
mod write;

use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::Device;

use crate::config::{Config, FitConfig};
use crate::degrade::Hole;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::store::Lock;

use super::{Evidence, Region, Restorer, Task, each};

use heard::Heard;
pub use inputs::{Input, list, probe_places};
pub(crate) use mask::known_in;
use page::Report;
use prepare::{Damaged, Files};
pub use record::{Mended, Record};
pub use refuse::check_early;
use refuse::check_replaced;
pub(super) use refuse::named;

/// What says which pixels are to be filled.
#[derive(Debug, Clone, PartialEq)]
pub enum MaskSource {
    /// The picture's own alpha channel: what is not opaque is missing.
    Alpha,
    /// A mask, white and opaque where to fill; or a folder of masks named like the pictures.
    File(PathBuf),
    /// A hole in the pixels of the input; a random one is another for each picture.
    Hole(Hole),
}

/// Pixels that wait usually, decoded, some forty bytes each with their results: a batch of scans would fill the memory of
/// a laptop.
pub const WAITING_PIXELS: u64 = 64_000_000;

/// Width of a seam in pixels of the model, where the job names none. Wider ones are hardly better: the error in holes
/// of three kinds is within 3 % of the least (docs/results.md).
pub const SEAM: usize = 8;

/// What to mend and how.
#[derive(Debug, Clone)]
pub struct Job {
    pub task: Task,
    /// Files and folders.
    pub inputs: Vec<PathBuf>,
    pub out: PathBuf,
    /// For inpainting.
    pub mask: MaskSource,
    /// The region of each input that is mended; the rest of it stays bit for bit. Of a picture that is enlarged the
    /// region alone is the result. A mask is of the whole photo, a hole in the region.
    pub crop: Option<Region>,
    /// Whether a photo or region larger than the model is mended at the model's size and then enlarged; refused without.
    /// Colours need no leave: they may be soft, the brightness is the photo's own.
    pub shrink: bool,
    /// Width of the soft seam on the hole's side of its rim, in pixels of the input; without it [`SEAM`] pixels of the
    /// model.
    pub feather: Option<usize>,
    /// Standard deviation of the noise, of a range of 1, for denoising; found in each photo without it.
    pub sigma: Option<f64>,
    /// Of random holes.
    pub seed: u64,
    /// Pictures that are fitted together at most; changes nothing but the speed and the memory.
    pub batch: usize,
    /// Pixels of the photos that wait for a batch to be full, at most; the same holds of it.
    pub waiting_pixels: u64,
    /// Pixels of a photo at most: a larger one, for which memory would not suffice, fails by itself.
    pub most_pixels: u64,
    pub fit: FitConfig,
    /// All other settings that the results depend on, as text.
    pub settings: String,
    /// The model, as it is named in the record: its folder, and a hash of its numbers.
    pub model: (PathBuf, String),
}

/// What became of a job.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    pub mended: usize,
    /// Mended earlier with the same settings.
    pub skipped: usize,
    /// Inputs that could not be used; each was reported.
    pub failed: usize,
    /// Inputs that were not come to.
    pub left: usize,
    /// The observer asked to stop.
    pub stopped: bool,
}

/// Mends the pictures of `job` by `restorer`, whose model has the configuration `config` and is on `device`.
///
/// A picture that cannot be used, or whose result does not stand the checks, is reported as [`Event::Failed`] and counted;
/// nothing of it is written. What is finished when `watch`
/// breaks off stays, and the same job again goes on from there.
///
/// # Errors
/// Inputs that cannot be listed, a result that cannot be written, another process that works in the output folder.
pub fn run(
    job: &Job,
    restorer: &dyn Restorer,
    config: &Config,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Summary> {
    let watch = &mut Heard::new(watch);
    let inputs = list(&job.inputs, &job.out, watch)?;
    probe_places(&inputs)?;
    // Two jobs would each write the other's pictures out of the record.
    let _lock = Lock::pass(&job.out)?;
    inputs::check_strangers(&inputs)?;
    let mut report = Report::of(job)?;
    let mut record = Record::open(&job.out)?;
    check_other_tasks(&inputs, job, &record)?;
    let mut summary = Summary::default();
    let mut waiting: Vec<(Damaged, Evidence)> = Vec::new();
    // Those further on that will need no work: what is told of the time is of the others.
    let mut idle = inputs.iter().filter(|input| seems_done(input, job, &record)).count();
    for (at, input) in inputs.iter().enumerate() {
        idle -= usize::from(idle > 0 && seems_done(input, job, &record));
        let damaged = check_early(input, job, config.size)
            .and_then(|()| Files::read(input, job))
            .and_then(|files| match is_done(&files, job, &record) {
                true => Ok(None),
                false => check_replaced(&files, job, &record)
                    .and_then(|()| files.decode(job, config, device).map(Some)),
            });
        match damaged {
            Ok(None) => {
                summary.skipped += 1;
                let (input, output) = (input.path.clone(), input.result());
                if watch.on(Event::AlreadyDone { input, output }).is_break() {
                    summary.stopped = true;
                    break;
                }
            }
            Ok(Some((mut damaged, evidence))) => {
                for remark in tell::all(&damaged, job, config.size) {
                    damaged.notes.push(remark.one.clone());
                    watch.remark(&input.path, remark);
                }
                waiting.push((damaged, evidence));
            }
            Err(error) => {
                summary.failed += 1;
                let (path, problem) = (input.path.clone(), error.to_string());
                let _ = watch.on(Event::Failed { path, problem });
            }
        }
        if at + 1 == inputs.len() {
            watch.tell_remarks();
        }
        if is_full(&waiting, job) || at + 1 == inputs.len() {
            let batch = std::mem::take(&mut waiting);
            let size = batch.len();
            let done = summary.mended + summary.failed;
            let total = inputs.len() - summary.skipped - idle;
            let _ = watch.on(Event::Batch { done, total });
            match mend(batch, job, restorer, &mut record, &mut report, watch)? {
                Some(Done { mended, failed, stop }) => {
                    summary.mended += mended;
                    summary.failed += failed;
                    report.write(&record, job, (config, device), watch, false)?;
                    // With nothing left to do it is done, not stopped.
                    summary.stopped = stop && (mended + failed < size || at + 1 < inputs.len());
                }
                None => summary.stopped = true,
            }
            if summary.stopped {
                break;
            }
        }
    }
    watch.tell_remarks();
    summary.left = inputs.len() - summary.mended - summary.skipped - summary.failed;
    report.write(&record, job, (config, device), watch, true)?;
    if let Some(path) = report.path() {
        let _ = watch.on(Event::Report { path });
    }
    Ok(summary)
}

/// Whether what waits is mended before more is read.
fn is_full(waiting: &[(Damaged, Evidence)], job: &Job) -> bool {
    let pixels = waiting.iter().map(|(one, _)| one.pixels());
    waiting.len() >= job.batch.max(1) || pixels.sum::<u64>() >= job.waiting_pixels
}

/// What was mended for another task is not replaced: it may have been an evening's work.
fn check_other_tasks(inputs: &[Input], job: &Job, record: &Record) -> Result<()> {
    for input in inputs {
        let result = input.result();
        match record.images.get(&below(&result, &job.out)) {
            Some(entry) if entry.task != job.task.name() => {
                let what = format!("output `{}`", result.display());
                let problem = format!("it holds the result of another task, {}", entry.task);
                return Err(Error::input(what, problem, "choose another folder with --out"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_done(files: &Files, job: &Job, record: &Record) -> bool {
    let input = &files.input;
    let entry = record.images.get(&below(&input.result(), &job.out));
    entry.is_some_and(|entry| entry.fingerprint == files.fingerprint)
        && input.files().iter().all(|file| file.is_file())
}

/// Whether `input` was likely mended before, by its name and the settings of `job` in the record: that costs nothing, while
/// the content of a folder of scans would have to be read for it.
pub fn seems_done(input: &Input, job: &Job, record: &Record) -> bool {
    let is_same = |entry: &Mended| {
        let region = job.crop.map(|region| region.to_string());
        (entry.task == job.task.name() && entry.model_hash == job.model.1)
            && (entry.max_steps == job.fit.steps && entry.lr == job.fit.lr)
            && entry.crop == region
            && job.feather.is_none_or(|pixels| entry.feather == pixels)
            && job.sigma.is_none_or(|sigma| entry.sigma == Some(sigma))
    };
    record.images.get(&below(&input.result(), &job.out)).is_some_and(is_same)
        && input.files().iter().all(|file| file.is_file())
}

/// What became of a batch.
#[derive(Debug, Default)]
struct Done {
    mended: usize,
    failed: usize,
    /// `watch` broke off while results were made.
    stop: bool,
}

/// Mends a batch and writes it; `None` when `watch` broke off before there were results. Where it does so between two
/// of them, what is written stays and the rest is dropped.
fn mend(
    batch: Vec<(Damaged, Evidence)>,
    job: &Job,
    restorer: &dyn Restorer,
    record: &mut Record,
    report: &mut Report,
    watch: &mut dyn Observer,
) -> Result<Option<Done>> {
    let mut done = Done::default();
    if batch.is_empty() {
        return Ok(Some(done));
    }
    let started = Instant::now();
    let (pictures, evidence): (Vec<Damaged>, Vec<Evidence>) = batch.into_iter().unzip();
    let Some(restored) = each(restorer, &evidence, watch) else { return Ok(None) };
    let seconds = started.elapsed().as_secs_f64() / restored.len() as f64;
    for (picture, restored) in pictures.iter().zip(restored) {
        if done.stop {
            break;
        }
        let checked = restored.and_then(|restored| {
            check::check_raw(picture, &restored)?;
            let made = result::result(picture, &restored, job)?;
            check::check_result(picture, &restored, &made.mended, job)?;
            Ok((restored, made))
        });
        let (restored, made) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                let (path, problem) = (picture.input.path.clone(), error.to_string());
                done.failed += 1;
                done.stop = watch.on(Event::Failed { path, problem }).is_break();
                continue;
            }
        };
        done.mended += 1;
        let mut mended = write::results(picture, &restored, &made, job)?;
        mended.seconds = seconds;
        let (input, output) = (mended.input.clone(), picture.input.result());
        report.add(&below(&output, &job.out), &mended, job, picture);
        record.images.insert(below(&output, &job.out), mended);
        record.save(&job.out)?;
        let (steps, energy) = (restored.steps, restored.energy);
        done.stop = watch.on(Event::Restored { input, output, steps, energy }).is_break();
    }
    Ok(Some(done))
}

/// `path` as it is named in the record: below the output folder.
pub(super) fn below(path: &std::path::Path, out: &std::path::Path) -> PathBuf {
    path.strip_prefix(out).unwrap_or(path).to_path_buf()
}
