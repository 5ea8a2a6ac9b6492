//! Feature inversion: what the model takes a photo to be, if all it is told are VGG16's features of it (SPEC 3).
//!
//! ```text
//! photo, at the model's size --F--> y = F(photo) / r --Restorer--> x^ = the image of the model with these features
//!     E = mean (F(x) / r - y)^2:  the share of the features' mean square that x does not explain
//! NAME.jpg -> OUT/NAME.png, OUT/NAME.strip.png (original | inverted);  all of them -> features.json, features.sheet.png
//! ```
//! The fit, its rate and its stop are those of a restoration.

mod files;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;

use super::each;
use super::job::{Input, Summary, below, list, named, probe_places};
use super::{Energy, Evidence, Restorer};
use crate::config::{Config, FitConfig};
use crate::data::Id;
use crate::degrade::{Degradation, Features};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{Picture, batch_of, load_bytes, read_bytes};
use crate::store::Lock;
use crate::vgg16::{Relu, Vgg16};
use files::{Record, SHEET, sheet, write};

/// How long and how fast, where nothing else is asked for. Mean energies of drawn portraits after 100 steps, Oxford's
/// weights, by the rate: relu3_3 .115 (.004), .114 (.016); relu4_3 .115 (.004); relu5_3 .16 (.001), .51 (.004).
pub fn fit_of(layer: Relu) -> FitConfig {
    FitConfig { steps: 300, lr: if layer.block() == 5 { 0.001 } else { 0.004 } }
}

/// What to invert, and how.
#[derive(Debug, Clone)]
pub struct Inversion {
    /// Files and folders.
    pub inputs: Vec<PathBuf>,
    pub out: PathBuf,
    pub layer: Relu,
    /// Photos that are fitted together at most; changes nothing but the speed and the memory.
    pub batch: usize,
    pub fit: FitConfig,
    /// All other settings that the results depend on, as text.
    pub settings: String,
    /// The model, as it is named in the record: its folder, and a hash of its numbers.
    pub model: (PathBuf, String),
}

/// A photo that waits for its fit.
struct Waiting<'a> {
    input: &'a Input,
    /// At the model's size.
    original: Picture,
    fingerprint: String,
}

/// What `photo`, resized to the size of `features`, tells a model by its features alone.
///
/// # Errors
/// A photo of which VGG16 sees nothing in that layer.
pub fn evidence(
    photo: &Picture,
    features: &Features,
    config: &Config,
    device: &Device,
) -> Result<Evidence> {
    let target = batch_of(std::slice::from_ref(photo), device)?;
    let features = features.towards(target.clone())?;
    let measured = features.apply(target);
    let energy = Energy::squared(config.loss);
    Ok(Evidence { measured, degradation: Box::new(features), energy })
}

/// Inverts the photos of `job` by `restorer`, whose model has the configuration `config` and is on `device`. What is
/// finished when `watch` breaks off stays, and the same job again goes on from there.
///
/// # Errors
/// Inputs that cannot be listed, a result that cannot be written or would replace a file that is none, another process
/// that works in the output folder, a model too small for the layer.
pub fn invert(
    job: &Inversion,
    restorer: &dyn Restorer,
    vgg16: &Vgg16,
    config: &Config,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Summary> {
    let inputs = list(&job.inputs, &job.out, watch)?;
    probe_places(&inputs)?;
    let features = Features::new(vgg16, job.layer, [config.size; 2])?;
    let _lock = Lock::pass(&job.out)?;
    let mut record = Record::open(&job.out)?;
    check_replaced(&inputs, job, &record)?;
    let (hash, mut summary, mut waiting) = (vgg16.digest(), Summary::default(), Vec::new());
    for (at, input) in inputs.iter().enumerate() {
        match prepare(input, job, config, &hash) {
            Ok(one) if is_done(&one, job, &record) => {
                summary.skipped += 1;
                let (input, output) = (input.path.clone(), input.result());
                summary.stopped = watch.on(Event::AlreadyDone { input, output }).is_break();
            }
            Ok(one) => match evidence(&one.original, &features, config, device) {
                Ok(evidence) => waiting.push((one, evidence)),
                Err(error) => failed(input, named(&input.path, error), &mut summary, watch),
            },
            Err(error) => failed(input, error, &mut summary, watch),
        }
        let is_full = waiting.len() >= job.batch.max(1) || at + 1 == inputs.len();
        if is_full && !waiting.is_empty() && !summary.stopped {
            let done = summary.mended + summary.failed;
            let _ = watch.on(Event::Batch { done, total: inputs.len() - summary.skipped });
            let batch = std::mem::take(&mut waiting);
            let (pictures, evidence): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let started = Instant::now();
            let Some(restored) = each(restorer, &evidence, watch) else {
                summary.stopped = true;
                break;
            };
            let seconds = started.elapsed().as_secs_f64() / restored.len() as f64;
            for (one, restored) in pictures.into_iter().zip(restored) {
                match restored {
                    Ok(restored) => {
                        let entry = write(&one, &restored, seconds, job, (vgg16, &hash))?;
                        record.images.insert(below(&one.input.result(), &job.out), entry);
                        record.save(&job.out)?;
                        summary.mended += 1;
                        let (input, output) = (one.input.path.clone(), one.input.result());
                        let (steps, energy) = (restored.steps, restored.energy);
                        let event = Event::Restored { input, output, steps, energy };
                        summary.stopped |= watch.on(event).is_break();
                    }
                    Err(error) => {
                        failed(one.input, named(&one.input.path, error), &mut summary, watch)
                    }
                }
            }
        }
        if summary.stopped {
            break;
        }
    }
    summary.left = inputs.len() - summary.mended - summary.skipped - summary.failed;
    // With nothing left to do it is done, not stopped.
    summary.stopped &= summary.left > 0;
    sheet(&inputs, job, config.size, watch)?;
    Ok(summary)
}

fn failed(input: &Input, error: Error, summary: &mut Summary, watch: &mut dyn Observer) {
    summary.failed += 1;
    let (path, problem) = (input.path.clone(), error.to_string());
    summary.stopped |= watch.on(Event::Failed { path, problem }).is_break();
}

/// Reads `input` and brings it to the model's size.
fn prepare<'a>(
    input: &'a Input,
    job: &Inversion,
    config: &Config,
    vgg16: &str,
) -> Result<Waiting<'a>> {
    let bytes = read_bytes(&input.path)?;
    let original = load_bytes(&bytes, &input.path)?.picture()?;
    let original = original.into_resized(config.size, config.size)?;
    let mut hasher = blake3::Hasher::new();
    let (fit, layer) = (format!("{:?}", job.fit), job.layer.to_string());
    for part in [&bytes[..], fit.as_bytes(), layer.as_bytes(), vgg16.as_bytes()] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.update(job.settings.as_bytes());
    hasher.update(job.model.1.as_bytes());
    let fingerprint = hasher.finalize().to_hex()[..32].to_string();
    Ok(Waiting { input, original, fingerprint })
}

fn is_done(one: &Waiting, job: &Inversion, record: &Record) -> bool {
    let entry = record.images.get(&below(&one.input.result(), &job.out));
    let files = [one.input.result(), one.input.strip()];
    entry.is_some_and(|entry| entry.fingerprint == one.fingerprint)
        && files.iter().all(|file| file.is_file())
}

/// No file is replaced but what was written for a result, and that only as it was written.
fn check_replaced(inputs: &[Input], job: &Inversion, record: &Record) -> Result<()> {
    for input in inputs {
        let result = input.result();
        let refuse = |file: &Path, problem: &str| {
            let what = format!("output `{}`", file.display());
            let remedy = "move it away, or choose another folder with --out";
            Err(Error::input(what, problem, remedy))
        };
        if result == job.out.join(SHEET) {
            return refuse(&result, "the sheet of all has that name");
        }
        let Some(entry) = record.images.get(&below(&result, &job.out)) else {
            match [result, input.strip()].iter().find(|file| file.exists()) {
                Some(file) => {
                    return refuse(file, "it exists and is no result of feature inversion");
                }
                None => continue,
            }
        };
        if result.exists() {
            let bytes = fs::read(&result).map_err(Error::read(&result))?;
            if entry.written != Id::of(&bytes) {
                return refuse(&result, "it was changed since it was written");
            }
        }
    }
    Ok(())
}
