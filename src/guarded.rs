//! Work of other people's code on anybody's files: where it panics there is an error, and nothing is printed.
//!
//! Decoders, parsers and the database are meant not to panic; they are large, and the files are anybody's. Each panic
//! ends here. By then the process's panic hook has run, which prints by default: whether it does so is the program's
//! decision and not a library's, so that a program asks [`is_guarded`] in its hook, as `lacuna`'s own does.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

thread_local! {
    /// How many [`guarded`] this thread is in. A panic is raised, and its hook runs, on the thread of the work.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// What `work` gives; if it panicked, what it said.
///
/// It must own or hand back all that it changes, so that nothing half-made is seen after an unwind, and do its work on
/// this thread.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> thread::Result<T> {
    DEPTH.set(DEPTH.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    done
}

/// Whether a panic of this thread would be caught and become an error: then a panic hook has nothing to tell.
///
/// ```
/// let usual = std::panic::take_hook();
/// std::panic::set_hook(Box::new(move |panic| {
///     if !lacuna::is_guarded() {
///         usual(panic)
///     }
/// }));
/// # let _ = std::panic::take_hook();
/// ```
pub fn is_guarded() -> bool {
    DEPTH.get() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer_and_known_as_caught_on_its_own_thread_alone() {
        assert!(!is_guarded());
        let inside = guarded(|| {
            let other = thread::spawn(is_guarded).join().unwrap();
            // Not `panic!`, whose line the test harness would print.
            let caught = guarded(|| std::panic::resume_unwind(Box::new("no"))).map(|()| "");
            (is_guarded(), other, caught.unwrap_err().downcast_ref::<&str>().copied())
        });
        assert_eq!(inside.unwrap(), (true, false, Some("no")));
        assert!(!is_guarded());
    }
}
