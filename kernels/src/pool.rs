//! Buffers used again: no page faults, no zeroing.
//!
//! A step asks for the same sizes as the step before. Memory fresh from the system is cleared page by page, which
//! takes a fifth of a step of the large models; a buffer that comes back has its pages already. What it holds is
//! old: whoever takes one writes all of it.

use std::sync::{Mutex, PoisonError};

/// Bytes kept at most: what a step of the largest model has to hand back at once.
const KEPT_BYTES: usize = 4 << 30;
/// Buffers kept at most, so that looking through them stays quick.
const KEPT: usize = 256;
/// Numbers below which the system's allocator is as good.
const SMALL: usize = 1 << 12;

/// Oldest first.
static POOL: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// A buffer of `length` numbers, with whatever is in them.
pub fn take(length: usize) -> Vec<f32> {
    if length >= SMALL {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        // Not much larger than needed, the newest first: it is the likeliest to be in cache.
        let fits = |buffer: &Vec<f32>| (length..=length + length / 4).contains(&buffer.capacity());
        if let Some(at) = pool.iter().rposition(fits) {
            let mut buffer = pool.remove(at);
            buffer.resize(length, 0.0);
            return buffer;
        }
    }
    vec![0.0; length]
}

/// Hands a buffer back for a later [`take`].
pub fn give(buffer: Vec<f32>) {
    if buffer.len() < SMALL {
        return;
    }
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    pool.push(buffer);
    let mut bytes: usize = pool.iter().map(|buffer| 4 * buffer.capacity()).sum();
    let mut dropped = 0;
    while pool.len() - dropped > KEPT || bytes > KEPT_BYTES {
        bytes -= 4 * pool[dropped].capacity();
        dropped += 1;
    }
    pool.drain(..dropped);
}

/// Gives all buffers that wait back to the system: other sizes come next, or other work.
pub fn release() {
    POOL.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// Fills all buffers that wait with NaN, so that a test sees who reads what it has not written.
pub fn poison() {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    pool.iter_mut().for_each(|buffer| buffer.fill(f32::NAN));
}

/// A buffer that hands itself back.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<f32>);

impl Scratch {
    pub fn new(length: usize) -> Self {
        Self(take(length))
    }

    pub fn zeros(length: usize) -> Self {
        let mut scratch = Self::new(length);
        scratch.fill(0.0);
        scratch
    }
}

impl std::ops::Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl std::ops::DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl Clone for Scratch {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_is_handed_back_is_taken_again() {
        // A size of its own: other tests use the pool too.
        let length = 123_457;
        let mut buffer = take(length);
        buffer.fill(7.0);
        let place = buffer.as_ptr();
        give(buffer);
        let shorter = take(length - 1000);
        assert_eq!((shorter.as_ptr(), shorter.len()), (place, length - 1000));
    }
}
