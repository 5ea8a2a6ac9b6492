//! How far something is: one line that is drawn over and over on a terminal, a line now and then in a log.

use std::time::{Duration, Instant};

use anstyle::Style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::voice::{self, Loudness};

/// Seconds between two lines of a log: the first come soon, those of a run of days do not fill the disk.
const LOG_EVERY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

/// Columns of a bar that is worth drawing.
const BAR: (usize, usize) = (8, 40);

/// One thing that is told, and what stays where there is no room for all: the smallest rank.
pub(super) struct Part {
    rank: u8,
    text: String,
}

pub(super) fn part(rank: u8, text: impl Into<String>) -> Part {
    Part { rank, text: text.into() }
}

/// As many of `parts`, in their order, as fit into `columns`; the first in rank is cut where it alone is too long.
fn fitting(parts: &[Part], columns: usize) -> String {
    const GAP: usize = 2;
    let width = |part: &Part| part.text.chars().count();
    let mut ranked: Vec<usize> = (0..parts.len()).filter(|&at| width(&parts[at]) > 0).collect();
    ranked.sort_by_key(|&at| parts[at].rank);
    let (mut shown, mut used) = (Vec::new(), 0);
    for at in ranked {
        let more = width(&parts[at]) + if shown.is_empty() { 0 } else { GAP };
        if used + more <= columns || shown.is_empty() {
            used += more;
            shown.push(at);
        }
    }
    shown.sort_unstable();
    let texts: Vec<&str> = shown.into_iter().map(|at| parts[at].text.as_str()).collect();
    texts.join("  ").chars().take(columns).collect()
}

/// `parts` and a bar, `share` of it full, in one line that never reaches the last of `columns`: terminals disagree on
/// what happens there.
fn line(parts: &[Part], share: f64, columns: usize) -> String {
    let text = fitting(parts, columns.saturating_sub(1));
    let room = columns.saturating_sub(2 + text.chars().count()).min(BAR.1);
    if room < BAR.0 {
        return text;
    }
    let full = (share.clamp(0.0, 1.0) * room as f64) as usize;
    let dim = if voice::colours() { Style::new().dimmed() } else { Style::new() };
    format!("{text} {dim}{}{}{dim:#}", "█".repeat(full), "░".repeat(room - full))
}

/// Where progress is drawn.
pub(super) struct Bar {
    bar: ProgressBar,
    columns: fn() -> usize,
    began: Instant,
    last_line: Option<Instant>,
    /// Neither bar nor lines.
    silent: bool,
}

impl Bar {
    /// On stderr; `silent` shows nothing at all.
    pub fn new(silent: bool) -> Self {
        let silent = silent || voice::loudness() == Loudness::Quiet;
        let target =
            if silent { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self::on(target, columns_of_stderr, silent)
    }

    fn on(target: ProgressDrawTarget, columns: fn() -> usize, silent: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self { bar, columns, began: Instant::now(), last_line: None, silent }
    }

    /// A line that stays, above the bar.
    pub fn say(&self, line: &str) {
        match self.bar.is_hidden() {
            true => voice::print(line),
            false => self.bar.suspend(|| voice::print(line)),
        }
    }

    /// Tells how far it is: `share` of all, 0..1. In a log a line only now and then, and for the `last`.
    pub fn show(&mut self, parts: &[Part], share: f64, last: bool) {
        if !self.bar.is_hidden() {
            self.bar.set_message(line(parts, share, (self.columns)()));
        } else if !self.silent && (last || self.is_due()) {
            voice::print(&fitting(parts, usize::MAX));
            self.last_line = Some(Instant::now());
        }
    }

    /// The next thing that is shown has a line in a log.
    pub fn begin(&mut self) {
        self.last_line = None;
    }

    fn is_due(&self) -> bool {
        let every = (self.began.elapsed() / 20).clamp(LOG_EVERY.0, LOG_EVERY.1);
        self.last_line.is_none_or(|last| last.elapsed() >= every)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Columns of the terminal, asked for anew for every line: it may be drawn wider or narrower at any time.
fn columns_of_stderr() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map(|(width, _)| usize::from(width.0)).filter(|&columns| columns > 0).unwrap_or(80)
}

/// How long something goes on, by how far it came since it was first looked at.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    from: f64,
}

impl Pace {
    pub fn from(done: f64) -> Self {
        Self { began: Instant::now(), from: done }
    }

    /// Seconds until `all`, from `done` on; `None` while nothing can be said yet.
    pub fn left(&self, done: f64, all: f64) -> Option<f64> {
        left(self.began.elapsed().as_secs_f64(), done - self.from, all - done)
    }
}

fn left(seconds: f64, came: f64, to_go: f64) -> Option<f64> {
    // In less than that the first piece of work, which is slower than others, counts too much.
    (seconds > 0.5 && came > 0.0).then(|| seconds / came * to_go.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    fn training() -> Vec<Part> {
        vec![
            part(0, "42 %"),
            part(4, "step 5040"),
            part(2, "loss 0.0123"),
            part(3, "45 images/s"),
            part(1, "3 min 20 s left"),
        ]
    }

    #[test]
    fn what_matters_most_stays_on_a_narrow_terminal() {
        let of = |columns| fitting(&training(), columns);
        assert_eq!(of(usize::MAX), "42 %  step 5040  loss 0.0123  45 images/s  3 min 20 s left");
        assert_eq!(of(40), "42 %  loss 0.0123  3 min 20 s left");
        assert_eq!(of(21), "42 %  3 min 20 s left");
        assert_eq!(of(20), "42 %  loss 0.0123");
        assert_eq!((of(4), of(2), of(0)), ("42 %".into(), "42".into(), String::new()));
    }

    #[test]
    fn a_line_with_its_bar_stays_off_the_last_column() {
        for columns in 0..200 {
            let line = line(&training(), 0.42, columns);
            let shown = anstream::adapter::strip_str(&line).to_string();
            let width = shown.chars().count();
            assert!(width < columns || columns == 0 && width == 0, "{columns}: {shown}");
        }
        assert!(line(&training(), 0.5, 80).contains("█░"));
        assert_eq!(line(&training(), 2.0, 200).matches('█').count(), BAR.1);
    }

    /// What a terminal of this size shows after lines and progress in turn.
    fn screen(columns: u16) -> String {
        let term = InMemoryTerm::new(10, columns);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(term.clone()), 255);
        let columns: fn() -> usize = match columns {
            20 => || 20,
            40 => || 40,
            _ => || 80,
        };
        let mut bar = Bar::on(target, columns, false);
        for step in 0..20 {
            bar.show(&training(), f64::from(step) / 20.0, false);
            std::thread::sleep(Duration::from_millis(6));
        }
        let shown = term.contents();
        drop(bar);
        assert_eq!(term.contents(), "", "nothing is left of it");
        shown
    }

    #[test]
    fn progress_takes_one_line_of_a_terminal_however_narrow_it_is() {
        for columns in [20, 40, 80] {
            let shown = screen(columns);
            assert_eq!(shown.lines().count(), 1, "{columns}: {shown}");
            assert!(shown.starts_with("42 %"), "{columns}: {shown}");
        }
    }

    #[test]
    fn time_left_follows_the_pace_since_it_was_first_looked_at() {
        assert_eq!(left(10.0, 2.0, 6.0), Some(30.0));
        assert_eq!((left(0.1, 2.0, 6.0), left(10.0, 0.0, 6.0)), (None, None));
    }
}
