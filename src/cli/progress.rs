//! Events as a progress bar on a terminal, as lines in a log, or as JSON for machines.

use std::io::Write;
use std::ops::ControlFlow;
use std::time::Instant;

use lacuna::event::{Event, Observer};
pub(super) use lacuna::report::clock;
use lacuna::report::{counted, mebibytes};
use lacuna::restore::Task;
use lacuna::train::Outcome;

use super::bar::{Bar, Pace, part};
use super::interrupt;
use super::plan::Plan;
use super::voice::{self, Loudness};

pub(super) use super::voice::print_result;

/// What a command did, in pictures, or in steps of training.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub done: usize,
    pub done_before: usize,
    pub failed: usize,
    pub left: usize,
}

/// Listens to a run; also tells it when Ctrl-C was pressed.
pub(super) struct Progress {
    json: bool,
    bar: Bar,
    /// When the command began, and how many files it has passed over.
    started: Instant,
    skipped: usize,
    /// Steps that a run had behind it, and those that it is to have in all.
    steps: (u64, u64),
    /// When the first step was told of.
    began: Option<Instant>,
    /// The task that is measured.
    task: String,
    plan: Plan,
    /// Pictures done and to do, in a restoration.
    pictures: (usize, usize),
    /// Pictures in the batch that is fitted.
    batch: usize,
    /// Of what is under way: reading photos, or fitting.
    pace: Option<Pace>,
}

impl Progress {
    pub fn new(json: bool) -> Self {
        let (began, pace) = (None, None);
        Self {
            json,
            bar: Bar::new(json),
            started: Instant::now(),
            skipped: 0,
            steps: (0, 0),
            began,
            task: String::new(),
            plan: Plan::default(),
            pictures: (0, 0),
            batch: 0,
            pace,
        }
    }

    /// Tasks that will be measured one after the other, with the most steps of each: the time that is left is that of all.
    pub fn plan(&mut self, tasks: Vec<(Task, usize)>) {
        (self.plan, self.pace) = (Plan::of(tasks), None);
    }

    /// `task` begins, on so many pictures.
    fn measuring(&mut self, task: Task, pictures: usize) {
        self.task = task.name().to_string();
        if !self.plan.begin(task, pictures) {
            self.pace = None;
        }
        self.bar.begin();
    }

    /// A line on stderr that stays, with the bar below it.
    pub fn say(&self, line: &str) {
        if !self.json {
            self.bar.say(line);
        }
    }

    /// A line for those who asked for more with `-v`.
    pub fn detail(&self, line: &str) {
        if voice::loudness() == Loudness::Verbose {
            self.say(line);
        }
    }

    /// The last that is heard of a command: people have their own line, so this one is for machines.
    pub fn end(&mut self, counts: Counts) {
        let Counts { done, done_before, failed, left } = counts;
        let (skipped, seconds) = (self.skipped, self.started.elapsed().as_secs_f64());
        let _ = self.on(Event::Done { done, done_before, failed, left, skipped, seconds });
    }

    /// The same of training.
    pub fn end_of_training(&mut self, outcome: &Outcome) {
        let (before, planned) = self.steps;
        // A run may end by its time.
        let left = if outcome.finished { 0 } else { planned.saturating_sub(outcome.steps) };
        let [done, done_before, left] =
            [outcome.steps.saturating_sub(before), before, left].map(|steps| steps as usize);
        self.end(Counts { done, done_before, left, ..Counts::default() });
    }

    /// What is left, by the pace at which `done` of `all` came about; empty at first.
    fn time_left(&mut self, done: f64, all: f64) -> String {
        let pace = self.pace.get_or_insert_with(|| Pace::from(done));
        pace.left(done, all).map_or(String::new(), |seconds| format!("{} left", clock(seconds)))
    }

    fn tell(&mut self, event: &Event) {
        match event {
            Event::Listing { found } => {
                let found = counted(*found, "photo");
                self.bar.show(&[part(0, format!("{found} found"))], 0.0, false);
            }
            Event::Reading { done, total } => {
                let left = self.time_left(*done as f64, *total as f64);
                let parts = [part(0, format!("reading photos {done}/{total}")), part(1, left)];
                self.bar.show(&parts, *done as f64 / (*total).max(1) as f64, false);
            }
            Event::Comparing { done, total } => {
                if *done == 0 {
                    self.pace = None;
                }
                let left = self.time_left(*done as f64, *total as f64);
                let parts = [part(0, format!("comparing {done}/{total}")), part(1, left)];
                self.bar.show(&parts, *done as f64 / (*total).max(1) as f64, done == total);
            }
            Event::Step { step, steps, loss, images_per_second, seconds_left } => {
                // By time, not by steps: a run may end by either.
                let began = *self.began.get_or_insert_with(Instant::now);
                let (gone, left) = (began.elapsed().as_secs_f64(), *seconds_left);
                let share = if left > 0.0 { gone / (gone + left) } else { 1.0 };
                let parts = [
                    part(0, format!("{:.0} %", 100.0 * share)),
                    part(4, format!("step {step}")),
                    part(2, format!("loss {loss:.4}")),
                    part(3, format!("{images_per_second:.0} images/s")),
                    part(1, format!("{} left", clock(left))),
                ];
                self.bar.show(&parts, share, step == steps);
            }
            Event::Fit { step, steps, active, energy } => self.fit(*step, *steps, *active, *energy),
            Event::Measuring { task, pictures } => self.measuring(*task, *pictures),
            Event::Batch { done, total } => self.pictures = (*done, *total),
            Event::Recalibrated { batch, batches } => {
                let parts = [part(0, format!("running statistics {batch}/{batches}"))];
                self.bar.show(&parts, *batch as f64 / *batches as f64, batch == batches);
            }
            Event::Skipped { path, problem } => match problem.contains(&*path.to_string_lossy()) {
                true => self.say(&format!("skipped: {problem}")),
                false => self.say(&format!("skipped: `{}`: {problem}", path.display())),
            },
            Event::Failed { problem, .. } => self.say(&format!("error: {problem}")),
            Event::Photos { train, held_out, skipped, duplicates } => {
                self.pace = None;
                self.say(&format!(
                    "{} to learn from, {held_out} held out, {} skipped, {}",
                    counted(*train, "photo"),
                    counted(*skipped, "file"),
                    counted(*duplicates, "copy")
                ));
            }
            Event::Resumed { step, added, removed } => {
                let change = match (added, removed) {
                    (0, 0) => String::new(),
                    _ => format!("; photos that are new: {added}, no longer there: {removed}"),
                };
                self.say(&format!("going on from step {step}{change}"));
            }
            Event::Checkpoint { step, .. } => self.say(&format!("checkpoint at step {step}")),
            Event::Preview { path } => self.say(&format!("preview: {}", path.display())),
            Event::Model { folder } => self.say(&format!("model: {}", folder.display())),
            Event::Restored { output, steps, energy, .. } => {
                let steps = counted(*steps, "step");
                self.say(&format!("{}  ({steps}, energy {energy:.4})", output.display()))
            }
            Event::Remark { text, .. } => self.detail(&format!("note: {text}")),
            // Whoever is told of each photo is not told of all once more.
            Event::Remarks { .. } if voice::loudness() == Loudness::Verbose => {}
            Event::Remarks { text, .. } => self.say(&format!("note: {text}")),
            Event::Damaged { output, .. } => self.say(&output.display().to_string()),
            Event::AlreadyDone { output, .. } => {
                self.say(&format!("{}  (done before)", output.display()));
            }
            Event::Needs { memory, memory_free, disk, disk_free, seconds } => {
                let free = |bytes: u64| format!("{} free", mebibytes(bytes));
                let of_disk =
                    disk_free.map_or(String::new(), |bytes| format!(" ({})", free(bytes)));
                let time = seconds.map_or(String::new(), |s| format!(", {}", clock(s)));
                self.say(&format!(
                    "needs about {} of memory ({}), {} of disk{of_disk}{time}",
                    mebibytes(*memory),
                    free(*memory_free),
                    mebibytes(*disk),
                ));
            }
            Event::Exported { done, total } => {
                let left = self.time_left(*done as f64, *total as f64);
                let parts = [part(0, format!("writing latents {done}/{total}")), part(1, left)];
                self.bar.show(&parts, *done as f64 / *total as f64, done == total);
            }
            Event::Gathered { done, total } => {
                let left = self.time_left(*done as f64, *total as f64);
                let parts = [part(0, format!("reading latents {done}/{total}")), part(1, left)];
                self.bar.show(&parts, *done as f64 / *total as f64, done == total);
            }
            Event::Components { pass, passes, done, total, explained } => {
                let share = *done as f64 / (*total).max(1) as f64;
                let parts = [
                    part(0, format!("components, pass {pass} of at most {passes}")),
                    part(2, format!("latents {done}/{total}")),
                    part(1, format!("{:.1} % explained", 100.0 * explained)),
                ];
                self.bar.show(&parts, share, false);
            }
            Event::Mixture { step, steps, log_likelihood } => {
                let parts = [
                    part(0, format!("mixture, step {step} of at most {steps}")),
                    part(1, format!("log-likelihood {log_likelihood:.3}")),
                ];
                self.bar.show(&parts, *step as f64 / *steps as f64, false);
            }
            Event::Sampler { facts } => {
                super::sample::lines(facts).iter().for_each(|l| self.say(l))
            }
            Event::Fitted { input, steps, mse, .. } => {
                let steps = counted(*steps, "step");
                self.say(&format!("{}  ({steps}, MSE {mse:.5})", input.display()));
            }
            Event::Sampled { done, total } => {
                let left = self.time_left(*done as f64, *total as f64);
                let parts = [part(0, format!("pictures {done}/{total}")), part(1, left)];
                self.bar.show(&parts, *done as f64 / *total as f64, done == total);
            }
            Event::Report { path } => self.say(&format!("report: {}", path.display())),
            Event::Note { text } => self.say(&format!("note: {text}")),
            _ => {}
        }
    }

    fn fit(&mut self, step: usize, steps: usize, active: usize, energy: f32) {
        let (done, total) = self.pictures;
        if step == 1 {
            self.batch = active;
        }
        let (at, all) = ((done * steps + step * self.batch) as f64, (total * steps) as f64);
        let (at, all) = self.plan.reckon(at, all);
        let left = self.time_left(at, all);
        let parts = [
            part(3, self.task.clone()),
            part(0, format!("pictures {done}/{total}")),
            part(2, format!("step {step}/{steps}")),
            part(5, format!("{active} moving")),
            part(4, format!("energy {energy:.4}")),
            part(1, left),
        ];
        self.bar.show(&parts, at / all.max(1.0), step == steps && done + active >= total);
    }
}

impl Observer for Progress {
    fn on(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Skipped { .. } => self.skipped += 1,
            Event::Resumed { step, .. } => self.steps.0 = step,
            Event::Step { steps, .. } => self.steps.1 = steps,
            _ => {}
        }
        if self.json {
            // A machine hears every remark, and can count.
            if matches!(event, Event::Remarks { .. }) {
                return interrupt::asked();
            }
            let line = serde_json::to_string(&event).unwrap_or_default();
            // Whoever read the lines has gone: end as for Ctrl-C, with everything kept.
            if writeln!(std::io::stdout(), "{line}").is_err() {
                return ControlFlow::Break(());
            }
        } else {
            self.tell(&event);
        }
        interrupt::asked()
    }
}
