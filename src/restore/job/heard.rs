//! What happens in a job, passed on, and what the page tells of it kept.

use std::ops::ControlFlow;

use crate::event::{Event, Observer};
use crate::report::{Section, counted};

/// Lines that are kept.
const KEPT: usize = 500;

/// Passes on what happens, and keeps what the page tells of it.
pub(super) struct Heard<'a> {
    watch: &'a mut dyn Observer,
    /// Files that were not mended, and why; things worth knowing; how many more of both there were.
    pub left_out: Vec<(String, String)>,
    pub notes: Vec<String>,
    pub more: usize,
}

impl<'a> Heard<'a> {
    pub fn new(watch: &'a mut dyn Observer) -> Self {
        Self { watch, left_out: Vec::new(), notes: Vec::new(), more: 0 }
    }
}

impl Observer for Heard<'_> {
    fn on(&mut self, event: Event) -> ControlFlow<()> {
        let is_full = self.left_out.len() + self.notes.len() >= KEPT;
        match &event {
            Event::Failed { .. } | Event::Skipped { .. } | Event::Note { .. } if is_full => {
                self.more += 1;
            }
            Event::Failed { path, problem } | Event::Skipped { path, problem } => {
                self.left_out.push((path.display().to_string(), problem.clone()));
            }
            Event::Note { text } => self.notes.push(text.clone()),
            _ => {}
        }
        self.watch.on(event)
    }
}

impl Heard<'_> {
    pub fn is_quiet(&self) -> bool {
        self.left_out.is_empty() && self.notes.is_empty()
    }

    /// What was left out, and what else is worth knowing.
    pub fn section(&self) -> Section {
        /// More notes than this are folded away.
        const NOTES: usize = 4;
        let mut section = Section::new("What else happened");
        if !self.left_out.is_empty() {
            // A problem names its file first where the file is at fault.
            let short = |(path, problem): &(String, String)| {
                let problem = problem.strip_prefix(&format!("`{path}`: ")).unwrap_or(problem);
                (path.clone(), problem.to_string())
            };
            let lines: Vec<_> = self.left_out.iter().map(short).collect();
            section = section.subheading("Left out, and why").settings(&lines);
        }
        if !self.notes.is_empty() {
            section = section.subheading("Worth knowing");
            section = match self.notes.len() {
                ..=NOTES => section.list(&self.notes),
                n => section.folded(&counted(n, "note"), &self.notes.join("\n")),
            };
        }
        match self.more {
            0 => section,
            more => section.paragraph(&format!("And {more} more.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;

    #[test]
    fn what_went_wrong_is_passed_on_and_kept_up_to_a_limit() {
        let mut count = 0;
        let mut watch = |_: Event| {
            count += 1;
            ControlFlow::Continue(())
        };
        let mut heard = Heard::new(&mut watch);
        for i in 0..700 {
            let path = format!("{i}.png").into();
            let _ = heard.on(Event::Failed { path, problem: format!("`{i}.png`: broken") });
        }
        assert_eq!((heard.left_out.len(), heard.more), (500, 200));
        assert_eq!(count, 700);
        let mut silent = Silent;
        assert!(Heard::new(&mut silent).is_quiet());
    }
}
