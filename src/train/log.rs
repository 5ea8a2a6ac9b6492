//! The loss over the steps: a line every few steps, and a curve.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Run;
use crate::error::{Error, Result};
use crate::image::{PALETTE, Series, loss_curve, save_png};
use crate::store::write_with;

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

/// The most lines that are held in memory, 24 bytes each: of a run of days there would be a million.
const MOST: usize = 4096;

impl Run {
    /// The lines of its log, none where there is none; a line that was cut off is passed over. Of a long run neighbours
    /// are joined until they are at most 4,096, as if a line had been written less often.
    pub fn losses(&self) -> Vec<LogLine> {
        let mut lines = Lines::default();
        self.log_lines().for_each(|line| lines.push(line));
        lines.0
    }

    /// All lines of the file.
    fn log_lines(&self) -> impl Iterator<Item = LogLine> {
        let file = File::open(self.log()).into_iter();
        let lines = file.flat_map(|file| BufReader::new(file).lines().map_while(io::Result::ok));
        lines.filter_map(|line| serde_json::from_str(&line).ok())
    }
}

/// Lines, at most [`MOST`].
#[derive(Debug, Default)]
struct Lines(Vec<LogLine>);

impl Lines {
    fn push(&mut self, line: LogLine) {
        if self.0.len() >= MOST {
            let mut before = 0;
            self.0 = self.0.chunks(2).map(|pair| joined(pair, &mut before)).collect();
        }
        self.0.push(line);
    }
}

/// The line that would stand for `lines`, the first of which counts the steps after `before`.
fn joined(lines: &[LogLine], before: &mut u64) -> LogLine {
    let last = lines[lines.len() - 1];
    let (mut sum, start) = (0.0, *before);
    for line in lines {
        sum += f64::from(line.loss) * line.step.saturating_sub(*before) as f64;
        *before = line.step;
    }
    let steps = last.step.saturating_sub(start).max(1);
    LogLine { loss: (sum / steps as f64) as f32, ..last }
}

/// The log of a run, in memory and in `log.jsonl`.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    curve: PathBuf,
    lines: Lines,
    /// Sum and number of the losses since the last line.
    open: (f64, u32),
}

impl Log {
    /// The log up to `step`: what a killed run wrote after its last checkpoint will be written again.
    pub fn resume(run: &Run, step: u64) -> Result<Self> {
        let mut kept = run.log_lines().filter(|line| line.step <= step);
        write_with(run.log(), |out| {
            kept.try_for_each(|line| out.write_all(json(&line).as_bytes()))
        })?;
        Ok(Self::read(run, step))
    }

    /// The same without a change to the file.
    pub fn read(run: &Run, step: u64) -> Self {
        let mut lines = Lines::default();
        run.log_lines().filter(|line| line.step <= step).for_each(|line| lines.push(line));
        Self { path: run.log(), curve: run.curve(), lines, open: (0.0, 0) }
    }

    /// Counts the loss of step `step`; where it is the `last` one before a commit it always ends a line.
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
        for line in &self.lines.0 {
            if line.step > step {
                let covered = line.step.saturating_sub(before);
                sum += f64::from(line.loss) * covered as f64;
                steps += covered;
            }
            before = line.step;
        }
        match steps {
            0 => self.lines.0.last().map_or(f32::NAN, |line| line.loss),
            _ => (sum / steps as f64) as f32,
        }
    }

    /// The newest line.
    pub fn last(&self) -> Option<&LogLine> {
        self.lines.0.last()
    }

    pub fn lines(&self) -> &[LogLine] {
        &self.lines.0
    }

    /// Draws the curve.
    pub fn draw(&self) -> Result<()> {
        let points =
            self.lines.0.iter().map(|line| (line.step as f64, f64::from(line.loss))).collect();
        let name = "loss on the minibatch".to_string();
        let series = [Series { name, points, colour: PALETTE[0] }];
        let curve = loss_curve("Training", &series, "joint steps", true, 960, 540);
        save_png(&self.curve, curve)
    }
}

fn json(line: &LogLine) -> String {
    serde_json::to_string(line).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_stays_small_and_its_means_are_those_of_all_lines() {
        let mut lines = Lines::default();
        let total = 3 * MOST as u64 + 8;
        for line in 1..=total {
            // Lines of 10 steps, and of 3 before a commit.
            let step = 10 * line + if line % 5 == 0 { 3 } else { 0 };
            lines.push(LogLine { step, loss: line as f32, seconds: line as f64 });
        }
        assert!(lines.0.len() <= MOST && lines.0.len() > MOST / 2);
        assert!(lines.0.is_sorted_by(|a, b| a.step < b.step));
        let last = lines.0.last().unwrap();
        assert_eq!((last.seconds, last.step), (total as f64, 10 * total));
        // The loss rises by one every ten steps, and so does the mean of any stretch.
        let run = Run::at(std::path::Path::new("none"));
        let log = Log { lines, ..Log::read(&run, 0) };
        let all = f64::from(log.mean_since(0));
        assert!((all - total as f64 / 2.0).abs() < 1.0, "{all}");
        let half = f64::from(log.mean_since(5 * total));
        assert!((half - 0.75 * total as f64).abs() < 5.0, "{half}");
    }
}
