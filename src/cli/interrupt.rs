//! Ctrl-C: the first asks for a clean stop, the second ends the program at once.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use lacuna::store::abandon_writes;

use super::voice::{Loudness, loudness, print};

static PRESSED: AtomicUsize = AtomicUsize::new(0);

/// When the first came. A second one right behind it is the same wish, sent to the process and to its group.
static FIRST: OnceLock<Instant> = OnceLock::new();
const ONE_WISH: Duration = Duration::from_millis(100);

/// What the first does now.
static STOPPING: Mutex<&str> = Mutex::new("stopping");

/// Says what the first does from here on.
pub(super) fn first_does(stopping: &'static str) {
    if let Ok(mut now) = STOPPING.lock() {
        *now = stopping;
    }
}

/// Starts to listen to Ctrl-C and to a polite kill; `stopping` says what the first does.
pub(super) fn listen(stopping: &'static str) {
    first_does(stopping);
    let handler = move || match PRESSED.fetch_add(1, Ordering::SeqCst) {
        0 => {
            let _ = FIRST.set(Instant::now());
            // Where the terminal wrote `^C` into the line of the progress bar.
            if std::io::stderr().is_terminal() && loudness() > Loudness::Quiet {
                let _ = writeln!(std::io::stderr());
            }
            let stopping = STOPPING.lock().map_or("stopping", |now| *now);
            print(&format!("{stopping}; press Ctrl-C again to stop at once"));
        }
        _ if FIRST.get().is_some_and(|first| first.elapsed() < ONE_WISH) => {}
        _ => {
            abandon_writes();
            print("stopped at once: what was done since the last save is lost");
            process::exit(130)
        }
    };
    // Without a handler Ctrl-C still ends the program, only less cleanly: nothing to fail over.
    let _ = ctrlc::set_handler(handler);
}

/// Whether to go on.
pub(super) fn asked() -> ControlFlow<()> {
    match PRESSED.load(Ordering::SeqCst) {
        0 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    }
}
