//! Ends work cleanly when memory runs short.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::Machine;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::report::mebibytes;

/// Between two looks: a look takes some tenth of a millisecond, a step of the smallest model ten.
const EVERY: Duration = Duration::from_millis(500);

/// What is to stay free at least: below it the system begins to kill.
const RESERVE: u64 = 128 << 20;

/// Memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Resident, of this process.
    pub used: u64,
    /// What any process can still have.
    pub free: u64,
}

/// Passes events on, and asks to stop as soon as memory runs short; the work then ends as by Ctrl-C, with all that is
/// done kept.
pub struct Guard<'a> {
    watch: &'a mut dyn Observer,
    read: Box<dyn FnMut() -> Reading + 'a>,
    /// Bytes that this process may take.
    limit: Option<u64>,
    /// Bytes that are to stay free, so that what was done can still be saved.
    reserve: u64,
    looked: Option<Instant>,
    problem: Option<String>,
}

impl<'a> Guard<'a> {
    /// A guard before `watch`. `limit`: bytes that this process may take, beside what the machine has; `reserve`: bytes
    /// that saving takes beyond the work.
    pub fn new(watch: &'a mut dyn Observer, limit: Option<u64>, reserve: u64) -> Self {
        let mut machine = Machine::here();
        Self {
            reserve: reserve.max(RESERVE),
            ..Self::reading(watch, limit, move || machine.read())
        }
    }

    /// The same by readings of the caller's own.
    pub fn reading(
        watch: &'a mut dyn Observer,
        limit: Option<u64>,
        read: impl FnMut() -> Reading + 'a,
    ) -> Self {
        let read = Box::new(read);
        Self { watch, read, limit, reserve: RESERVE, looked: None, problem: None }
    }

    /// What came of it: nothing, or an error that says what `remedy` says. To be asked of work that did not come to its
    /// end: memory may also have run short after the last step.
    ///
    /// # Errors
    /// The work was stopped for want of memory.
    pub fn verdict(self, remedy: &str) -> Result<()> {
        match self.problem {
            None => Ok(()),
            Some(problem) => Err(Error::input("memory", problem, remedy)),
        }
    }

    fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        let Reading { used, free } = (self.read)();
        self.problem = match self.limit {
            Some(limit) if used > limit => {
                Some(format!("{} are taken of the {} given", mebibytes(used), mebibytes(limit)))
            }
            _ if free < self.reserve => {
                Some(format!("only {} are free, the work ended", mebibytes(free)))
            }
            _ => None,
        };
    }
}

impl Observer for Guard<'_> {
    fn on(&mut self, event: Event) -> ControlFlow<()> {
        let flow = self.watch.on(event);
        if self.problem.is_none() {
            self.look();
        }
        if self.problem.is_some() { ControlFlow::Break(()) } else { flow }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;

    fn after(reading: Reading, limit: Option<u64>) -> (bool, Result<()>) {
        let mut silent = Silent;
        let mut guard = Guard::reading(&mut silent, limit, || reading);
        let stopped = guard.on(Event::Note { text: String::new() }).is_break();
        (stopped, guard.verdict("do this"))
    }

    #[test]
    fn work_goes_on_while_there_is_memory() {
        let reading = Reading { used: 100 << 20, free: 1 << 30 };
        let (stopped, verdict) = after(reading, Some(200 << 20));
        assert!(!stopped && verdict.is_ok());
    }

    #[test]
    fn it_stops_above_the_limit_and_when_the_machine_has_little_left() {
        for (reading, limit, what) in [
            (Reading { used: 300 << 20, free: 1 << 30 }, Some(200 << 20), "200.0 MiB given"),
            (Reading { used: 300 << 20, free: 50 << 20 }, None, "only 50.0 MiB are free"),
        ] {
            let (stopped, verdict) = after(reading, limit);
            let message = verdict.unwrap_err().to_string();
            assert!(stopped && message.contains(what) && message.contains("do this"), "{message}");
        }
    }
}
