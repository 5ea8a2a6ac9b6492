//! Work split among threads.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

thread_local! {
    /// Whether this thread works alone on what it does.
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `task(i)` for every `i` below `count` on rayon's threads; with one thread or one task, in place.
pub(crate) fn for_each(count: usize, task: impl Fn(usize) + Sync + Send) {
    map_each(count, task);
}

/// `task(i)` for every `i` below `count`, in their order, run as [`for_each`] does.
pub(crate) fn map_each<T: Send>(count: usize, task: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    if count < 2 || rayon::current_num_threads() == 1 || ALONE.get() {
        (0..count).map(task).collect()
    } else {
        (0..count).into_par_iter().with_max_len(1).map(task).collect()
    }
}

/// The same; where there are enough tasks for all threads, each stays on its own: work that is split further only
/// for others to wait costs more than it saves.
pub(crate) fn map_each_whole<T: Send>(
    count: usize,
    task: impl Fn(usize) -> T + Sync + Send,
) -> Vec<T> {
    let enough = count >= rayon::current_num_threads();
    map_each(count, |i| {
        let before = ALONE.replace(enough);
        let result = task(i);
        ALONE.set(before);
        result
    })
}

/// The `i`-th of the pieces of `size` that `length` falls into.
pub(crate) fn piece(length: usize, size: usize, i: usize) -> Range<usize> {
    i * size..((i + 1) * size).min(length)
}

/// A slice that several tasks write to, each its own numbers.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    start: *mut f32,
    length: usize,
    slice: PhantomData<&'a mut [f32]>,
}

// SAFETY: a `Shared` only hands out what its users promise to keep apart, see [`Shared::part`].
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: PhantomData }
    }

    /// The numbers of `range`.
    ///
    /// # Safety
    /// No two tasks hold overlapping ranges at a time.
    ///
    /// # Panics
    /// A range beyond the end.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part(&self, range: Range<usize>) -> &'a mut [f32] {
        assert!(range.start <= range.end && range.end <= self.length);
        // SAFETY: inside the slice by the assertion, alone by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}
