//! Training: theta and all phi together, by plain SGD (SPEC 2).
//!
//! ```text
//! mod.rs   the loop: gather rows -> inner steps -> scatter rows, checkpoints in between
//! step.rs  one joint step; the running statistics recomputed
//! sgd.rs   the update
//! log.rs, clock.rs   what is told of it
//! finish.rs          previews, and the model at the end
//! run.rs             the folder of a run
//! ```

mod clock;
mod finish;
mod log;
mod run;
mod sgd;
mod step;

use std::collections::BTreeSet;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor};

use crate::config::Config;
use crate::data::{Photos, Row, Sampler};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{batch_of, numbers_of};
use crate::store::{Checkpoint, Lock};

use clock::Clock;
use log::Log;

pub use log::LogLine;
pub use run::{Manifest, Run};
pub use sgd::sgd;
pub use step::{Recalibration, Stepped, joint_step};

/// What became of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Joint steps done, over all resumed parts.
    pub steps: u64,
    /// Seconds of training, likewise.
    pub seconds: f64,
    /// False when the observer asked to stop before the end.
    pub finished: bool,
    /// The mean loss over the last lines of the log, about one pass.
    pub loss: f32,
    /// The finished model.
    pub model: PathBuf,
}

/// Trains on the photos of `photos` that are not held out, in the folder `run`, from its checkpoint if there
/// is one, else from the start; at the end `run.model()` holds the model.
///
/// When `watch` breaks off, a checkpoint is written and the model is finished as it stands.
///
/// # Errors
/// No photo left to train on, another process in the folder, a damaged checkpoint, a loss that is no number any
/// more, a full disk. The last checkpoint stays in all cases.
pub fn train(
    photos: &Photos,
    config: &Config,
    run: &Run,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Outcome> {
    // Who is trained on, in which order.
    let rows = rows_of(photos, config)?;
    let sampler = Sampler::new(rows, config.train.batch, config.train.seed, config.train.reshuffle);
    let inner = config.train.inner_steps as u64;
    let steps = config.train.passes as u64 * sampler.batches() as u64 * inner;

    // Where it starts.
    let _lock = Lock::take(run.folder())?;
    let mut state = start(config, run, &sampler, &device.clone().autodiff(), watch)?;
    run.write_config(config)?;
    run.write_manifest(photos)?;
    let mut log = Log::resume(run, state.step)?;
    let limit =
        if config.train.minutes > 0.0 { config.train.minutes * 60.0 } else { f64::INFINITY };
    if state.seconds >= limit {
        let text =
            format!("train.minutes = {} have passed; set more to go on", config.train.minutes);
        let _ = watch.on(Event::Note { text });
    }
    let mut clock = Clock::new(state.seconds);
    let mut minibatch = None;
    let mut stopped = false;

    while state.step < steps && clock.seconds() < limit && !stopped {
        // The minibatch: its photos and its rows, kept for `inner` steps.
        let visit = state.step / inner;
        let Minibatch { keys, target, phi } = match minibatch.take() {
            Some(minibatch) => minibatch,
            None => Minibatch::gather(&sampler.minibatch(visit), photos, &state, device)?,
        };

        // One step on theta and phi.
        let latent = &*state.model.latent;
        let generator = state.model.generator;
        let stepped = joint_step(generator, latent, phi, &target, &config.loss, &config.train);
        state.model.generator = stepped.generator;
        state.step += 1;
        let loss = mean(stepped.losses);
        if !loss.is_finite() {
            return Err(diverged(state.step, run));
        }

        // What is told and kept.
        clock.tick(keys.len());
        state.seconds = clock.seconds();
        log.add(state.step, loss, state.seconds, steps)?;
        stopped = watch.on(clock.event(&state, steps, loss, limit)).is_break();
        let last = stopped || state.step == steps || state.seconds >= limit;
        let due = clock.since_checkpoint() >= config.train.checkpoint_minutes * 60.0;
        let visited = state.step.is_multiple_of(inner);
        if visited || due || last {
            state.latents.scatter(&keys, &numbers_of(stepped.rows.clone()));
        }
        if due || last {
            save(&state, run, watch)?;
            log.draw()?;
            clock.checkpointed();
        }
        if due && !last {
            finish::preview(&state, &sampler, photos, run, device, watch)?;
        }
        if !visited {
            minibatch = Some(Minibatch { keys, target, phi: stepped.rows });
        }
    }

    // The model.
    finish::model(&state, &sampler, photos, run, device, watch)?;
    let pass = sampler.batches() as u64 * inner;
    let (steps, seconds) = (state.step, state.seconds);
    let loss = log.mean_since(state.step.saturating_sub(pass));
    Ok(Outcome { steps, seconds, finished: !stopped, loss, model: run.model() })
}

/// The rows that are trained on, mirrored copies among them where the configuration wants them.
fn rows_of(photos: &Photos, config: &Config) -> Result<Vec<Row>> {
    let train = photos.entries().iter().filter(|entry| !entry.held_out);
    let rows: Vec<Row> = train
        .flat_map(|entry| {
            let copies: &[bool] = if config.data.flip { &[false, true] } else { &[false] };
            copies.iter().map(|&flipped| Row { id: entry.id.clone(), flipped })
        })
        .collect();
    if rows.is_empty() {
        return Err(Error::config(
            "data.hold_out",
            format!("{} holds out all {} photos", config.data.hold_out, photos.entries().len()),
            "add photos, or set it to 0",
        ));
    }
    Ok(rows)
}

/// The checkpoint of the run, or the state before the first step. What a run depends on may not have changed.
fn start(
    config: &Config,
    run: &Run,
    sampler: &Sampler,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Checkpoint> {
    if !run.checkpoint().exists() {
        return Checkpoint::fresh(config, device);
    }
    config.check_resumes(&run.settings()?.finish()?)?;
    let state = Checkpoint::open(&run.checkpoint(), config, device)?;
    // A row whose photo is not there is kept: the folder may be mounted again tomorrow.
    let keys: BTreeSet<String> = sampler.order().iter().map(Row::key).collect();
    let added = keys.iter().filter(|key| !state.latents.contains(key)).count();
    let removed = state.latents.rows().keys().filter(|key| !keys.contains(*key)).count();
    let _ = watch.on(Event::Resumed { step: state.step, added, removed });
    Ok(state)
}

fn save(state: &Checkpoint, run: &Run, watch: &mut dyn Observer) -> Result<()> {
    state.save(&run.checkpoint())?;
    let _ = watch.on(Event::Checkpoint { step: state.step, path: run.checkpoint() });
    Ok(())
}

/// Photos and rows that are stepped on together.
struct Minibatch {
    keys: Vec<String>,
    /// `[B, 3, S, S]`
    target: Tensor<4>,
    /// `[B, P]`
    phi: Tensor<2>,
}

impl Minibatch {
    fn gather(rows: &[Row], photos: &Photos, state: &Checkpoint, device: &Device) -> Result<Self> {
        let keys: Vec<String> = rows.iter().map(Row::key).collect();
        let phi = state.model.rows(state.latents.gather(&keys)).to_device(device);
        let target = batch_of(&finish::pictures(rows, photos)?, device)?;
        Ok(Self { keys, target, phi })
    }
}

fn mean(losses: Tensor<1>) -> f32 {
    let losses = numbers_of(losses);
    losses.iter().sum::<f32>() / losses.len() as f32
}

fn diverged(step: u64, run: &Run) -> Error {
    let what = format!("training in `{}`", run.folder().display());
    let remedy = "lower train.lr_theta or train.lr_phi and --resume from the last checkpoint";
    Error::input(what, format!("the loss is no number any more at step {step}"), remedy)
}
