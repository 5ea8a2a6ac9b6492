//! What the library reports while it works; the terminal and other front ends only listen.

use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::Serialize;

use crate::explore::Facts;
use crate::restore::Task;

/// One thing that happened. As JSON each is an object with its name under `event`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// A folder is being walked through: so many pictures were found by now.
    Listing { found: usize },
    /// So many of the `total` pictures of a folder have been read.
    Reading { done: usize, total: usize },
    /// So many of the `total` pictures of a set have been compared with all the others.
    Comparing { done: usize, total: usize },
    /// A file was left out; `problem` says why and what to do.
    Skipped { path: PathBuf, problem: String },
    /// A picture that was to be mended or damaged cannot be; `problem` names it and what to do.
    Failed { path: PathBuf, problem: String },
    /// What the work that begins will need, about: bytes of memory and disk, and seconds; and how many bytes of
    /// each are free, where the system tells.
    Needs { memory: u64, memory_free: u64, disk: u64, disk_free: Option<u64>, seconds: Option<f64> },
    /// All files of a folder have been looked at.
    Photos { train: usize, held_out: usize, skipped: usize, duplicates: usize },
    /// Training goes on from a checkpoint; photos to learn from that came or went since the run was last at work.
    Resumed { step: u64, added: usize, removed: usize },
    /// One joint step is done: the batch mean of the loss before it.
    Step { step: u64, steps: u64, loss: f32, images_per_second: f64, seconds_left: f64 },
    /// What is needed to go on from here is being written; a kill from here on finds this state or the one before.
    Saving { step: u64 },
    /// All that is needed to go on from here is on disk.
    Checkpoint { step: u64, path: PathBuf },
    /// A picture to look at was written.
    Preview { path: PathBuf },
    /// The running statistics are being recomputed, batch by batch.
    Recalibrated { batch: usize, batches: usize },
    /// The model can be used from `folder`.
    Model { folder: PathBuf },
    /// The measuring of a task begins, on so many pictures.
    Measuring { task: Task, pictures: usize },
    /// A result is judged and written: of what (a task, or `reconstruct-learned`, `reconstruct-held-out`), of which
    /// picture, by which system, and its first measure where that has a number.
    Measured { part: String, image: String, system: String, error: Option<f64> },
    /// So many of `total` pictures are done, the next batch begins. Those that need no work count in neither.
    Batch { done: usize, total: usize },
    /// One step of fitting a batch of damaged pictures: how many still move, and their mean energy.
    Fit { step: usize, steps: usize, active: usize, energy: f32 },
    /// A picture is mended and written.
    Restored { input: PathBuf, output: PathBuf, steps: usize, energy: f32 },
    /// A damaged copy of a picture is written.
    Damaged { input: PathBuf, output: PathBuf },
    /// A picture was mended earlier with the same settings and is left as it is.
    AlreadyDone { input: PathBuf, output: PathBuf },
    /// So many of `total` latents are written beside a model.
    Exported { done: u64, total: u64 },
    /// So many of `total` latents are read.
    Gathered { done: usize, total: usize },
    /// So many of `total` latents of one of at most so many passes, in which their principal components are found: these
    /// have so much of the variance by now.
    Components { pass: usize, passes: usize, done: usize, total: usize, explained: f64 },
    /// A step of EM: mean log-likelihood of a latent.
    Mixture { step: usize, steps: usize, log_likelihood: f64 },
    /// A sampler is there, fitted now or before.
    Sampler { facts: Facts },
    /// A picture is fitted by the model in `model`, and so far from what it makes of it.
    Fitted { input: PathBuf, model: PathBuf, steps: usize, mse: f64 },
    /// So many of `total` drawn pictures are written.
    Sampled { done: usize, total: usize },
    /// Something unusual about one picture, which stops nothing.
    Remark { path: PathBuf, text: String },
    /// The same remark on so many pictures in one line, for whoever does not tell each [`Remark`](Event::Remark).
    Remarks { pictures: usize, text: String },
    /// A page to look at was written.
    Report { path: PathBuf },
    /// Something worth knowing that stops nothing.
    Note { text: String },
    /// The last of a command that no error ended: so many pictures (in training: joint steps) it did, found `done_before`,
    /// could not do, and did not come to; files that it passed over; seconds since it began. What
    /// measures counts a picture once for each task.
    Done {
        done: usize,
        done_before: usize,
        failed: usize,
        left: usize,
        skipped: usize,
        seconds: f64,
    },
}

/// Listens, and may ask to stop: `Break` ends the work cleanly, with all that is done kept.
pub trait Observer {
    fn on(&mut self, event: Event) -> ControlFlow<()>;
}

/// Any closure listens.
impl<F: FnMut(Event) -> ControlFlow<()>> Observer for F {
    fn on(&mut self, event: Event) -> ControlFlow<()> {
        self(event)
    }
}

/// Hears nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&mut self, _: Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
