//! A model to be given away, with the latents of its photos where they are asked for.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use super::Run;
use crate::error::{Error, Result};
use crate::estimate::{Machine, disk_free, enough_disk};
use crate::event::{Event, Observer};
use crate::explore::Sampler;
use crate::store::state::{CACHE_BYTES, StateStore};
use crate::store::{
    Lock, Origin, Shards, Standing, card, copy_to_disk, is_held, latents_card, make_folder,
    model_config, model_folder, model_header, write_atomically,
};

/// What the README says of a sampler.
const SAMPLER_CARD: &str = "\n## Sampler\n\n\
    `sampler.safetensors`: principal components of the latents that were learned and a mixture of Gaussians over them, from \
    which `lacuna sample --model . --out DIR` draws pictures that never were. It holds a mean and directions over many photos, \
    no photo's own latent.\n";

/// What goes with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// The latents of all photos that were learned, in files of so many bytes at most.
    pub latents: Option<u64>,
}

impl Export {
    /// Writes the model of `run`, or that which lies in its folder, into the new folder `out`, whole or not at all. The
    /// README is written anew. However many latents there are, one is in memory.
    ///
    /// # Errors
    /// What cannot be exported: as [`Model::open`](crate::Model::open); with latents, a folder that is no run, one that is
    /// training, and a model that is older than the latents. `out` is there already; a disk without room for it;
    /// [`Error::Write`]; [`Error::Stopped`].
    pub fn write(self, run: &Run, out: &Path, watch: &mut dyn Observer) -> Result<()> {
        run.refuse_to_replace(out)?;
        if is_held(run.folder()) && !run.has_model() {
            let problem = "it is still training, and has no model yet";
            let remedy = "wait until training ends, or end it now by Ctrl-C, which keeps all that is learned";
            return Err(Error::model(run.folder(), problem, remedy));
        }
        let folder = model_folder(run.folder())?;
        let config = model_config(&folder)?;
        model_header(&folder, &config)?;
        let latents = self.latents.map(|bytes| Latents::of(run, bytes)).transpose()?;
        // One of an earlier model stays behind.
        let sampler = Sampler::belongs(&folder)?;

        let mut files: Vec<_> =
            ["config.json", "model.safetensors"].map(|name| folder.join(name)).to_vec();
        files.extend(sampler.then(|| folder.join(Sampler::NAME)));
        let sizes = files.iter().map(|file| fs::metadata(file).map_err(Error::read(file)));
        let sizes = sizes.map(|file| file.map(|file| file.len())).sum::<Result<u64>>()?;
        let disk =
            sizes + latents.as_ref().map_or(0, |latents| latents.shards.bytes()) + (64 << 10);
        if watch.on(needs(disk, out)).is_break() {
            return Err(Error::stopped("looking at what is needed"));
        }
        enough_disk(disk, disk_free(out), out)?;
        make_folder(out, |partial| {
            for file in &files {
                copy_to_disk(file, &partial.join(file.file_name().unwrap_or_default()))?;
            }
            // Of the copy: a run that is training may have saved a later model meanwhile.
            let origin = Origin::of(&model_header(partial, &config)?.text);
            let mut card = card(&config, &origin);
            if sampler {
                card.push_str(SAMPLER_CARD);
            }
            if let Some(Latents { store, shards, .. }) = &latents {
                let total = shards.rows;
                // Told of now and then: there may be millions.
                let each = (total / 200).max(1);
                let mut rows = |done: u64| match done.is_multiple_of(each) || done == total {
                    true => watch.on(Event::Exported { done, total }),
                    false => ControlFlow::Continue(()),
                };
                shards.write(store, partial, &mut rows)?;
                card.push_str(&latents_card(shards));
            }
            write_atomically(partial.join("README.md"), card.as_bytes())
        })
    }
}

/// The rows of a run that nobody else works on.
struct Latents {
    store: StateStore,
    shards: Shards,
    _lock: Lock,
}

impl Latents {
    fn of(run: &Run, bytes: u64) -> Result<Self> {
        let (store, _lock) = run.settled_rows("or leave --latents out")?;
        let shards = Shards::of(&store, bytes);
        if shards.rows == 0 {
            let remedy = "train it, or leave --latents out";
            return Err(Error::model(run.folder(), "it has learned no photo yet", remedy));
        }
        Ok(Self { store, shards, _lock })
    }
}

impl Run {
    /// The rows of the run, to be read while nobody else works on it, and of the same step as its model. `otherwise` says
    /// what else can be done of a folder that has none.
    ///
    /// # Errors
    /// A folder that is no run, one that is training, and a model that is older than the latents.
    pub(crate) fn settled_rows(&self, otherwise: &str) -> Result<(StateStore, Lock)> {
        if !self.exists() || !self.checkpoint().is_file() {
            let problem = "there is no run in it, and latents lie in runs";
            let remedy = format!("name the run itself, {otherwise}");
            return Err(Error::model(self.folder(), problem, remedy));
        }
        let lock = self.take_stopped()?;
        let folder = model_folder(self.folder())?;
        let model = Origin::of(&model_header(&folder, &model_config(&folder)?)?.text);
        let store = StateStore::open(&self.checkpoint())?;
        let head = store.head().cloned().unwrap_or_default();
        let step = Standing::of(&head, &self.checkpoint())?.step;
        if model.steps.is_some_and(|steps| steps != step) {
            let problem = format!(
                "its model is of step {}, its latents are of step {step}",
                model.steps.unwrap_or(0)
            );
            let remedy = "end its training by `lacuna train --resume --out`, which saves both";
            return Err(Error::model(self.folder(), problem, remedy));
        }
        Ok((store, lock))
    }
}

/// What it will take, to be said before.
fn needs(disk: u64, out: &Path) -> Event {
    /// The program, and buffers.
    const BASE: u64 = 48 << 20;
    let memory = BASE + CACHE_BYTES as u64;
    let (memory_free, disk_free) = (Machine::here().read().free, disk_free(out));
    Event::Needs { memory, memory_free, disk, disk_free, seconds: None }
}
