//! Where a step's time goes: seconds by kind of work, for the benchmarks alone.
//!
//! Off unless [`start`] was called; then every operation of the CPU kernels adds the time that it took.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

static ON: AtomicBool = AtomicBool::new(false);
static SECONDS: Mutex<BTreeMap<&'static str, f64>> = Mutex::new(BTreeMap::new());

/// Begins anew.
pub fn start() {
    SECONDS.lock().unwrap_or_else(PoisonError::into_inner).clear();
    ON.store(true, Ordering::Relaxed);
}

/// Ends, and gives the seconds of each kind of work since [`start`].
pub fn stop() -> BTreeMap<&'static str, f64> {
    ON.store(false, Ordering::Relaxed);
    std::mem::take(&mut *SECONDS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Counts the time until it is dropped as `kind`.
pub(super) fn span(kind: &'static str) -> Span {
    Span(ON.load(Ordering::Relaxed).then(|| (kind, Instant::now())))
}

/// See [`span`].
#[must_use]
pub(super) struct Span(Option<(&'static str, Instant)>);

impl Drop for Span {
    fn drop(&mut self) {
        if let Some((kind, began)) = self.0 {
            let took = began.elapsed().as_secs_f64();
            *SECONDS.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() +=
                took;
        }
    }
}
