//! Time: what training has taken, how fast it is, how long it will take.

use std::time::Instant;

use crate::event::Event;
use crate::store::Checkpoint;

/// Weight of the newest step in the smoothed time of a step.
const NEWEST: f64 = 0.05;

/// Measures one part of a run, from its start or its checkpoint.
#[derive(Debug)]
pub(super) struct Clock {
    before: f64,
    started: Instant,
    last_step: Instant,
    last_checkpoint: Instant,
    /// Smoothed seconds of a step, images of the last one.
    step: Option<f64>,
    images: usize,
}

impl Clock {
    /// `before`: seconds that earlier parts of the run took.
    pub fn new(before: f64) -> Self {
        let now = Instant::now();
        Self { before, started: now, last_step: now, last_checkpoint: now, step: None, images: 0 }
    }

    /// Seconds of training over all parts.
    pub fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// A step on `images` images is done.
    pub fn tick(&mut self, images: usize) {
        let took = self.last_step.elapsed().as_secs_f64();
        self.last_step = Instant::now();
        self.images = images;
        self.step = Some(self.step.map_or(took, |old| old + NEWEST * (took - old)));
    }

    pub fn since_checkpoint(&self) -> f64 {
        self.last_checkpoint.elapsed().as_secs_f64()
    }

    /// Something was written; the time it took belongs to no step.
    pub fn paused(&mut self) {
        self.last_step = Instant::now();
    }

    /// A checkpoint is written, when it was due.
    pub fn checkpointed(&mut self) {
        self.last_checkpoint = Instant::now();
        self.paused();
    }

    /// What is told after a step. `limit` is the time limit in seconds.
    pub fn event(&self, state: &Checkpoint, steps: u64, loss: f32, limit: f64) -> Event {
        let step = self.step.unwrap_or(0.0);
        let by_steps = (steps - state.step) as f64 * step;
        let by_time = (limit - state.seconds).max(0.0);
        Event::Step {
            step: state.step,
            steps,
            loss,
            images_per_second: if step > 0.0 { self.images as f64 / step } else { 0.0 },
            seconds_left: by_steps.min(by_time),
        }
    }
}
