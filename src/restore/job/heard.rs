//! What happens in a job, passed on, and what the page tells of it kept.

use std::ops::ControlFlow;
use std::path::Path;

use super::tell::{Kind, Remark};
use crate::event::{Event, Observer};
use crate::report::Section;

/// Lines that are kept.
const KEPT: usize = 500;

/// Passes on what happens, and keeps what the page tells of it.
pub(super) struct Heard<'a> {
    watch: &'a mut dyn Observer,
    /// Files that were not mended, and why; things worth knowing; how many more of both there were.
    pub left_out: Vec<(String, String)>,
    pub notes: Vec<String>,
    pub more: usize,
    /// What holds of photos one by one, and how many of its kinds were told.
    kinds: Vec<Kind>,
    told: usize,
}

impl<'a> Heard<'a> {
    pub fn new(watch: &'a mut dyn Observer) -> Self {
        let (left_out, notes, kinds) = (Vec::new(), Vec::new(), Vec::new());
        Self { watch, left_out, notes, more: 0, kinds, told: 0 }
    }

    /// Counts a remark on the photo `path`, and passes it on for those who want each.
    pub fn remark(&mut self, path: &Path, remark: Remark) {
        let text = format!("`{}` {}", path.display(), remark.one);
        let _ = self.watch.on(Event::Remark { path: path.to_path_buf(), text });
        Kind::count(&mut self.kinds, path, remark);
    }

    /// Tells every kind of remark once: to be asked for when no photo follows.
    pub fn tell_remarks(&mut self) {
        for kind in self.kinds.iter().skip(self.told) {
            let (pictures, text) = (kind.pictures(), kind.text());
            let _ = self.watch.on(Event::Remarks { pictures, text });
        }
        self.told = self.kinds.len();
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
        self.left_out.is_empty() && self.notes.is_empty() && self.kinds.is_empty()
    }

    /// What was left out, and what else is worth knowing.
    pub fn section(&self) -> Section {
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
        let notes: Vec<String> =
            self.notes.iter().cloned().chain(self.kinds.iter().map(Kind::text)).collect();
        if !notes.is_empty() {
            section = section.subheading("Worth knowing").list(&notes);
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

    #[test]
    fn each_kind_of_remark_is_told_once_and_every_remark_for_those_who_want_it() {
        let (mut notes, mut remarks) = (Vec::new(), 0);
        let mut watch = |event: Event| {
            match event {
                Event::Remarks { pictures, text } => notes.push((pictures, text)),
                Event::Remark { .. } => remarks += 1,
                _ => {}
            }
            ControlFlow::Continue(())
        };
        let mut heard = Heard::new(&mut watch);
        for i in 0..300 {
            let remark = Remark { one: format!("is {i}"), all: "are numbers".into() };
            heard.remark(Path::new(&format!("{i}.png")), remark);
        }
        heard.tell_remarks();
        heard.tell_remarks();
        let page = format!("{:?}", heard.section());
        let all = (300, "300 photos are numbers; first: `0.png`".to_string());
        assert_eq!((notes, remarks), (vec![all], 300));
        assert!(page.contains("300 photos are numbers") && !page.contains("299.png"), "{page}");
    }
}
