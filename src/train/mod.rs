//! Training: theta and all phi together, by plain SGD (SPEC 2).
//!
//! ```text
//! mod.rs   the loop: gather rows -> inner steps -> scatter rows, checkpoints in between
//! ahead.rs the photos of the next minibatches, read meanwhile
//! step.rs  one joint step; the running statistics recomputed
//! sgd.rs   the update
//! log.rs, clock.rs   what is told of it
//! finish.rs          previews, and the model at the end
//! page.rs            the report
//! resume.rs          where a run starts, and whether anything is left to do
//! run.rs, manifest.rs   the folder of a run, who was trained on
//! snapshot.rs        a copy of the run; the model at the last checkpoints
//! info.rs            what is known of a run or a model without opening it
//! tensorboard/       a listener that writes what TensorBoard reads
//! ```

mod ahead;
mod clock;
mod export;
mod finish;
mod info;
mod log;
mod manifest;
mod page;
mod resume;
mod run;
mod sgd;
mod snapshot;
mod step;
#[cfg(feature = "tensorboard")]
pub mod tensorboard;

use std::path::PathBuf;
use std::thread;

use burn::tensor::{Device, Tensor};

use crate::config::{Config, TrainConfig};
use crate::data::{Photos, Sampler};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{batch_of, numbers_of};
use crate::report::Kind;
use crate::runtime::release_buffers;
use crate::store::state::RowKey;
use crate::store::{Checkpoint, Lock, clear_partials};

use ahead::{Ahead, Visit};
use clock::Clock;
use finish::Shown;
use log::Log;
use page::{Standing, Told};

pub use export::Export;
pub use info::{Info, Part, State, TaskFit, Trained};
pub use log::LogLine;
pub use manifest::{Manifest, Noted};
pub use run::Run;
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
    /// The mean loss over about one pass; NaN before the first step.
    pub loss: f32,
    /// The finished model.
    pub model: PathBuf,
}

/// Trains on the photos of `photos` that are not held out, in the folder `run`, from its checkpoint if there
/// is one, else from the start; at the end `run.model()` holds the model.
///
/// When `watch` breaks off, a checkpoint is written and the model is finished as it stands. Where no step is left
/// to take and the model is there, nothing is written but where the photos lie, if that changed.
///
/// # Errors
/// A folder without most of the photos that the run has learned, no photo left to train on, another process or another
/// one's `report.html` in the folder of the run, a precision that `device` has not, a damaged checkpoint, a loss that is
/// no number any more, a full disk. The last checkpoint stays in all
/// cases.
pub fn train(
    photos: &Photos,
    config: &Config,
    run: &Run,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Outcome> {
    config.train.precision.check(device)?;
    // Who is trained on, in which order.
    let sampler = sampler(photos, config)?;
    let inner = config.train.inner_steps as u64;
    let steps = config.train.passes as u64 * sampler.batches() as u64 * inner;

    // Where it starts, and whether there is anything to do.
    let _lock = Lock::take(run.folder())?;
    clear_partials(run.folder());
    Kind::Train.check(&run.report())?;
    let (mut state, saved) =
        resume::start(photos, config, run, &sampler, &device.clone().autodiff(), watch)?;
    let limit =
        if config.train.minutes > 0.0 { config.train.minutes * 60.0 } else { f64::INFINITY };
    let pass = sampler.batches() as u64 * inner;
    let outcome = |state: &Checkpoint, log: &Log, finished| {
        let (steps, seconds) = (state.step, state.seconds);
        let loss = log.mean_since(steps.saturating_sub(pass));
        Outcome { steps, seconds, finished, loss, model: run.model() }
    };
    let report = |standing, state: &Checkpoint, log: &Log, shown: &Shown| {
        let Outcome { steps: step, seconds, loss, .. } = outcome(state, log, true);
        let lines = log.lines();
        Told { standing, photos, config, run, device, lines, shown, step, steps, seconds, loss }
            .write()
    };
    if let Some(text) = resume::nothing_left(&state, steps, limit, config) {
        let complete = resume::has_its_model(&state, config, run, device);
        let text = if complete { format!("{text}; the model stays as it is") } else { text };
        let _ = watch.on(Event::Note { text });
        if complete {
            run.follow(photos, &state)?;
            return Ok(outcome(&state, &Log::read(run, state.step), true));
        }
    }
    if let Some(text) = config.train.precision.note() {
        let _ = watch.on(Event::Note { text });
    }
    run.write_config(config)?;
    run.write_manifest(photos, &state)?;
    let mut log = Log::resume(run, saved)?;
    let mut clock = Clock::new(state.seconds);
    let mut minibatch = None;
    let mut stopped = false;

    let visits = state.step / inner..steps.div_ceil(inner);
    let state = thread::scope(|scope| {
        let ahead = Ahead::read(scope, &sampler, photos, visits)?;
        // By the seconds of the state, not of the clock: what ends the loop is then what `last` saw, and the last step is
        // never without its checkpoint.
        while state.step < steps && state.seconds < limit && !stopped {
            // The minibatch: its photos and its rows, kept for `inner` steps.
            let Minibatch { keys, target, phi } = match minibatch.take() {
                Some(minibatch) => minibatch,
                None => Minibatch::gather(&ahead.next()?, &state, device)?,
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
            stopped = watch.on(clock.event(&state, steps, loss, limit)).is_break();
            let last = stopped || state.step == steps || state.seconds >= limit;
            let due = clock.since_checkpoint() >= config.train.checkpoint_minutes * 60.0;
            let visited = state.step.is_multiple_of(inner);
            if visited || due || last {
                state.scatter(&keys, &numbers_of(stepped.rows.clone()), visited)?;
            }
            // Rows that wait take memory; a state without all rows of its minibatch is none.
            let full = visited && state.pending_bytes() >= config.train.pending_bytes();
            // A line ends with every commit, so that no step is missing from the means of a run that goes on from it.
            log.add(state.step, loss, state.seconds, due || full || last)?;
            if due || full || last {
                save(&mut state, run, watch)?;
                clock.paused();
            }
            if due || last {
                snapshot::keep(&state, photos, run)?;
                clock.checkpointed();
            }
            if due && !last {
                log.draw()?;
                let shown = finish::preview(&state, &sampler, photos, run, device, watch)?;
                report(Standing::Running, &state, &log, &shown)?;
            }
            if !visited {
                minibatch = Some(Minibatch { keys, target, phi: stepped.rows });
            }
        }
        Ok(state)
    })?;

    // The curve, also where the last process was killed before it drew it, the model, and the page of all.
    log.draw()?;
    let shown = finish::model(&state, &sampler, photos, run, device, watch)?;
    report(if stopped { Standing::Stopped } else { Standing::Finished }, &state, &log, &shown)?;
    let _ = watch.on(Event::Report { path: run.report() });
    Ok(outcome(&state, &log, !stopped))
}

/// Deals out who is trained on, mirrored copies among them where the configuration wants them.
fn sampler<'a>(photos: &'a Photos, config: &Config) -> Result<Sampler<'a>> {
    if photos.learned() == 0 {
        return Err(Error::config(
            "data.hold_out",
            format!("{} holds out all {} photos", config.data.hold_out, photos.count()),
            "add photos, or set it to 0",
        ));
    }
    let TrainConfig { batch, seed, reshuffle, .. } = config.train;
    Sampler::new(photos, config.data.flip, batch, seed, reshuffle)
}

fn save(state: &mut Checkpoint, run: &Run, watch: &mut dyn Observer) -> Result<()> {
    let _ = watch.on(Event::Saving { step: state.step });
    // Theta takes as much again while it is written.
    release_buffers();
    state.commit()?;
    let _ = watch.on(Event::Checkpoint { step: state.step, path: run.checkpoint() });
    Ok(())
}

/// Photos and rows that are stepped on together.
struct Minibatch {
    keys: Vec<RowKey>,
    /// `[B, 3, S, S]`
    target: Tensor<4>,
    /// `[B, P]`
    phi: Tensor<2>,
}

impl Minibatch {
    fn gather(visit: &Visit, state: &Checkpoint, device: &Device) -> Result<Self> {
        let keys = finish::keys(&visit.rows);
        let phi = state.model.rows(state.gather(&keys)?).to_device(device);
        Ok(Self { keys, target: batch_of(&visit.pictures, device)?, phi })
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
