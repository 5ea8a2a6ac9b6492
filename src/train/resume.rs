//! Where a run starts, and whether anything is left to do.

use std::fs;
use std::path::PathBuf;

use burn::tensor::Device;

use super::Run;
use super::manifest::Noted;
use crate::config::Config;
use crate::data::{Entry, Id, Photos, Sampler};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::model::Model;
use crate::store::state;
use crate::store::{CHECKPOINT, Checkpoint};

/// The checkpoint of the run, or the state before the first step; and the step that was saved, which is the state's but
/// where minibatches have become smaller since. What a run depends on may not have changed.
pub(super) fn start(
    photos: &Photos,
    config: &Config,
    run: &Run,
    sampler: &Sampler,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<(Checkpoint, u64)> {
    let (path, legacy) = (run.checkpoint(), run.old_checkpoint());
    if !path.exists() && !legacy.exists() {
        if run.has_model() {
            let problem = format!("its model is there, and its state, `{}`, is gone", state::NAME);
            let remedy =
                "copy that back, or train anew into another folder; the model can be used as it is";
            return Err(Error::model(run.folder(), problem, remedy));
        }
        // First, so that there is never a state whose settings are not known.
        run.write_config(config)?;
        return Ok((Checkpoint::create(&path, config, device)?, 0));
    }
    let old = run.settings()?.finish()?;
    config.check_resumes(&old)?;
    if !path.exists() {
        Checkpoint::import(&legacy, &path, &old, device)?;
        let (old, new) = (CHECKPOINT, state::NAME);
        let text = format!("{old} of an earlier version is taken over into {new}, and removed");
        let _ = watch.on(Event::Note { text });
    }
    if legacy.exists() {
        fs::remove_file(&legacy).map_err(Error::write(&legacy))?;
    }
    let mut state = Checkpoint::open(&path, &old, device)?;
    state.model.config = config.clone();
    let Before { folder, all, still } = Before::of(run, &state, photos)?;
    // A row whose photo is not there is kept: the folder may be mounted again tomorrow.
    let (added, removed) = (photos.learned() - still, all - still);
    if 2 * removed > all {
        return Err(foreign(photos, run, folder, removed, all));
    }
    // The step that was saved: what the log tells of later ones is lost.
    let saved = state.step;
    let _ = watch.on(Event::Resumed { step: saved, added, removed });
    recount(&mut state, sampler, config);
    Ok((state, saved))
}

/// Counts the steps of `state` in the minibatches of `config`, where they are smaller than those it was trained on: a
/// pass has more of them then, and what was trained stays as many passes.
fn recount(state: &mut Checkpoint, sampler: &Sampler, config: &Config) {
    let (old, new) = (state.batch, config.train.batch);
    state.batch = new;
    if old == new {
        return;
    }
    let rows = sampler.rows();
    let batches = |batch| Sampler::batches_of(rows, batch) as u64;
    let inner = config.train.inner_steps as u64;
    let visits = state.step / inner * batches(new) / batches(old);
    state.step = visits * inner + state.step % inner;
}

/// The photos that the run learned when it was last at work.
#[derive(Default)]
struct Before {
    /// Where they lay, if that is known.
    folder: Option<PathBuf>,
    all: usize,
    /// Those of them that are still there to learn from.
    still: usize,
}

impl Before {
    /// By the manifest: the checkpoint has no row yet of a photo that the first pass did not come to. By the checkpoint where
    /// there is no manifest. Photos that left the folder earlier do not count: that was no change since.
    fn of(run: &Run, state: &Checkpoint, photos: &Photos) -> Result<Self> {
        let mut before = Self::default();
        let read = run.read_manifest(&mut |noted| match noted {
            Noted::Photo(Entry { id, held_out: false, .. }) => before.count(&id, photos),
            _ => Ok(()),
        });
        if let Ok(manifest) = read {
            return Ok(Self { folder: Some(manifest.folder), ..before });
        }
        let (mut before, mut last) = (Self::default(), None);
        for key in state.keys()? {
            let id = key?.id();
            // A mirrored copy follows its photo.
            if last.replace(id) != Some(id) {
                before.count(&id, photos)?;
            }
        }
        Ok(before)
    }

    fn count(&mut self, id: &Id, photos: &Photos) -> Result<()> {
        self.all += 1;
        self.still += usize::from(photos.learns(id)?);
        Ok(())
    }
}

/// Going on would write another set of photos over the run, whose rows fit none of them.
fn foreign(
    photos: &Photos,
    run: &Run,
    folder: Option<PathBuf>,
    removed: usize,
    all: usize,
) -> Error {
    let what = format!("folder `{}`", photos.root().display());
    let run = run.folder().display();
    let problem =
        format!("{removed} of the {all} photos that the run `{run}` learned are not in it");
    let learned = folder.map_or(String::new(), |folder| format!(", `{}`", folder.display()));
    let remedy = format!(
        "name the folder it learned from{learned}, or start another run with another --out"
    );
    Error::input(what, problem, remedy)
}

/// Why no step is left to take and what to do about it; `None` where one is left. `limit` is in seconds.
pub(super) fn nothing_left(
    state: &Checkpoint,
    steps: u64,
    limit: f64,
    config: &Config,
) -> Option<String> {
    if state.step >= steps {
        return Some(format!("all {steps} steps are done; raise train.passes to go on"));
    }
    (state.seconds >= limit).then(|| {
        format!(
            "train.minutes = {} have passed; `--minutes 0` goes on to the end of its passes, a larger number for \
             longer",
            config.train.minutes
        )
    })
}

/// Whether the model of the run is that of the checkpoint, whole, with the settings of `config` that can be changed
/// without a step, and the pictures and the page that come with it. A process that was killed after its last checkpoint leaves
/// older ones or none. The running statistics of a model were recomputed and are its own.
pub(super) fn has_its_model(
    state: &Checkpoint,
    config: &Config,
    run: &Run,
    device: &Device,
) -> bool {
    if ![run.preview(), run.curve(), run.report()].iter().all(|file| file.is_file()) {
        return false;
    }
    let Ok(model) = Model::open(&run.model(), device) else { return false };
    let settings = |config: &Config| {
        let Config { restore, model, .. } = config.clone();
        (restore, model, config.loss, config.train.recalibrate)
    };
    let (ours, saved) = (state.model.state(), model.state());
    settings(&model.config) == settings(config)
        && ours.iter().all(|(name, data)| name.contains("running") || saved.get(name) == Some(data))
}
