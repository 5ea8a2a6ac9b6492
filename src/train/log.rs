//! The loss over the steps: a line every few steps, and a curve.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Run;
use crate::error::{Error, Result};
use crate::image::{PALETTE, Series, loss_curve, save_png};
use crate::store::write_atomically;

/// Steps between two lines.
pub(super) const EVERY: u64 = 10;

/// One line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Joint steps done.
    pub step: u64,
    /// The batch mean of the loss, mean over the steps since the line before.
    pub loss: f32,
    /// Seconds of training so far.
    pub seconds: f64,
}

impl Run {
    /// The lines of its log, none where there is none; a line that was cut off is passed over.
    pub fn losses(&self) -> Vec<LogLine> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

/// The log of a run, in memory and in `log.jsonl`.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    curve: PathBuf,
    lines: Vec<LogLine>,
    /// Sum and number of the losses since the last line.
    open: (f64, u32),
}

impl Log {
    /// The log up to `step`: what a killed run wrote after its last checkpoint will be written again.
    pub fn resume(run: &Run, step: u64) -> Result<Self> {
        let log = Self::read(run, step);
        let text: String = log.lines.iter().map(json).collect();
        write_atomically(run.log(), text.as_bytes())?;
        Ok(log)
    }

    /// The same without a change to the file.
    pub fn read(run: &Run, step: u64) -> Self {
        let lines = run.losses().into_iter().filter(|line| line.step <= step).collect();
        Self { path: run.log(), curve: run.curve(), lines, open: (0.0, 0) }
    }

    /// Counts the loss of step `step`; the `last` one of this part of the run always ends a line, so that no
    /// step is missing from the mean, however short the part was.
    pub fn add(&mut self, step: u64, loss: f32, seconds: f64, last: bool) -> Result<()> {
        self.open = (self.open.0 + f64::from(loss), self.open.1 + 1);
        if !step.is_multiple_of(EVERY) && !last {
            return Ok(());
        }
        let line = LogLine { step, loss: (self.open.0 / f64::from(self.open.1)) as f32, seconds };
        self.open = (0.0, 0);
        self.lines.push(line);
        let file = OpenOptions::new().append(true).create(true).open(&self.path);
        file.and_then(|mut file| file.write_all(json(&line).as_bytes()))
            .map_err(Error::write(&self.path))
    }

    /// The mean loss over the steps of the lines after step `step`; of the last line where there is none.
    pub fn mean_since(&self, step: u64) -> f32 {
        let (mut sum, mut steps, mut before) = (0.0, 0, 0);
        for line in &self.lines {
            if line.step > step {
                let covered = line.step.saturating_sub(before);
                sum += f64::from(line.loss) * covered as f64;
                steps += covered;
            }
            before = line.step;
        }
        match steps {
            0 => self.lines.last().map_or(f32::NAN, |line| line.loss),
            _ => (sum / steps as f64) as f32,
        }
    }

    /// The newest line.
    pub fn last(&self) -> Option<&LogLine> {
        self.lines.last()
    }

    pub fn lines(&self) -> &[LogLine] {
        &self.lines
    }

    /// Draws the curve.
    pub fn draw(&self) -> Result<()> {
        let points =
            self.lines.iter().map(|line| (line.step as f64, f64::from(line.loss))).collect();
        let name = "loss on the minibatch".to_string();
        let series = [Series { name, points, colour: PALETTE[0] }];
        let curve = loss_curve("Training", &series, "joint steps", true, 960, 540);
        save_png(&self.curve, curve)
    }
}

fn json(line: &LogLine) -> String {
    serde_json::to_string(line).unwrap_or_default() + "\n"
}
