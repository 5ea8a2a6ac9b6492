//! Events as a progress bar on a terminal, as lines in a log, or as JSON for machines.

use std::io::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lacuna::event::{Event, Observer};
pub(super) use lacuna::report::clock;

use super::interrupt;

/// Seconds between two lines of a log.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Listens to a run; also tells it when Ctrl-C was pressed.
pub(super) struct Progress {
    json: bool,
    bar: ProgressBar,
    last_line: Option<Instant>,
    /// When the first step was told of.
    began: Option<Instant>,
    /// The task that is measured, with what parts it from what follows.
    task: String,
    /// Pictures done and to do, in a restoration.
    pictures: (usize, usize),
}

impl Progress {
    pub fn new(json: bool) -> Self {
        let target = if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        // The bar gives way on a narrow terminal, the numbers stay.
        let style = ProgressStyle::with_template("{msg} {wide_bar:.dim}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { json, bar, last_line: None, began: None, task: String::new(), pictures: (0, 0) }
    }

    /// A line on stderr that stays, with the bar below it.
    pub fn say(&self, line: &str) {
        if self.json {
            return;
        }
        match self.bar.is_hidden() {
            true => print(line),
            false => self.bar.suspend(|| print(line)),
        }
    }

    /// Moves the bar; where there is none, a line now and then.
    fn show(&mut self, done: u64, of: u64, text: String) {
        self.bar.set_length(of);
        self.bar.set_position(done);
        let due = self.last_line.is_none_or(|last| last.elapsed() >= LOG_EVERY) || done == of;
        if self.bar.is_hidden() && due && !self.json {
            print(&text);
            self.last_line = Some(Instant::now());
        }
        self.bar.set_message(text);
    }

    fn tell(&mut self, event: &Event) {
        match event {
            Event::Step { step, steps, loss, images_per_second, seconds_left } => {
                // By time, not by steps: a run may end by either.
                let began = *self.began.get_or_insert_with(Instant::now);
                let (gone, left) = (began.elapsed().as_secs_f64(), *seconds_left);
                let share = if left > 0.0 { gone / (gone + left) } else { 1.0 };
                let text = format!(
                    "{:.0} %  step {step}  loss {loss:.4}  {images_per_second:.0} images/s  {} left",
                    100.0 * share,
                    clock(left)
                );
                let done = if step == steps { 1000 } else { (999.0 * share) as u64 };
                self.show(done, 1000, text);
            }
            Event::Fit { step, steps, active, energy } => {
                let (done, total) = self.pictures;
                let task = &self.task;
                let text = format!(
                    "{task}pictures {done}/{total}  step {step}/{steps}  {active} moving  energy {energy:.4}"
                );
                let (at, of) = (done * steps + step * (*active).max(1), total * steps);
                self.show(at.min(of) as u64, of as u64, text);
            }
            Event::Measuring { task, .. } => {
                self.task = format!("{}  ", task.name());
                self.last_line = None;
            }
            Event::Batch { done, total } => self.pictures = (*done, *total),
            Event::Recalibrated { batch, batches } => {
                let text = format!("running statistics {batch}/{batches}");
                self.show(*batch as u64, *batches as u64, text);
            }
            Event::Skipped { path, problem } => match problem.contains(&*path.to_string_lossy()) {
                true => self.say(&format!("skipped: {problem}")),
                false => self.say(&format!("skipped: `{}`: {problem}", path.display())),
            },
            Event::Failed { problem, .. } => self.say(&format!("error: {problem}")),
            Event::Photos { train, held_out, skipped, duplicates } => self.say(&format!(
                "{train} photos to learn from, {held_out} held out, {skipped} files skipped, {duplicates} copies"
            )),
            Event::Resumed { step, added, removed } => {
                let change = match (added, removed) {
                    (0, 0) => String::new(),
                    _ => format!("; {added} photos are new, {removed} are no longer there"),
                };
                self.say(&format!("going on from step {step}{change}"));
            }
            Event::Checkpoint { step, .. } => self.say(&format!("checkpoint at step {step}")),
            Event::Preview { path } => self.say(&format!("preview: {}", path.display())),
            Event::Model { folder } => self.say(&format!("model: {}", folder.display())),
            Event::Restored { output, steps, energy, .. } => self
                .say(&format!("{}  ({steps} steps, energy {energy:.4})", output.display())),
            Event::AlreadyDone { output, .. } => {
                self.say(&format!("{}  (done before)", output.display()));
            }
            Event::Report { path } => self.say(&format!("report: {}", path.display())),
            Event::Note { text } => self.say(&format!("note: {text}")),
            _ => {}
        }
    }
}

impl Observer for Progress {
    fn on(&mut self, event: Event) -> ControlFlow<()> {
        if self.json {
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

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A line on stderr; a reader that has gone is no reason to end the work.
pub(super) fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What was asked for, on stdout; whoever piped it into `head` may have gone, and the files are there all the same.
pub(super) fn print_result(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
