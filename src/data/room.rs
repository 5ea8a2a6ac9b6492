//! Room in memory for photos that are being decoded: a photo of 100 megapixels takes 1.6 GB until it is as small as the
//! model sees it, and as many threads as there are would each take that.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::source::Content;
use crate::image::{MAX_PIXELS, size_of};

/// Bytes a pixel: three numbers of 4 bytes, and what the file holds.
const PIXEL: u64 = 16;

/// Bytes that are given out at a time; a photo that takes more is decoded alone.
const MOST: u64 = 512 << 20;

/// Gives out memory for photos, and knows the most that was out at a time.
#[derive(Debug, Default)]
pub(super) struct Room {
    out: Mutex<Out>,
    back: Condvar,
}

#[derive(Debug, Default)]
struct Out {
    now: u64,
    most: u64,
}

/// A place for one photo; whoever holds it starts no work of other threads and waits for none.
#[derive(Debug)]
pub(super) struct Place<'a> {
    room: &'a Room,
    bytes: u64,
}

impl Room {
    /// A place to decode `content` in, as soon as there is one.
    pub fn take(&self, content: &Content) -> Place<'_> {
        let pixels = match content {
            Content::Encoded(bytes) => {
                size_of(bytes).map_or(0, |(width, height)| u64::from(width) * u64::from(height))
            }
            Content::Raw { height, width, .. } => *height as u64 * *width as u64,
        };
        // What claims more than is read is refused before it takes anything.
        self.take_bytes(pixels.min(MAX_PIXELS) * PIXEL)
    }

    fn take_bytes(&self, bytes: u64) -> Place<'_> {
        let is_full = |out: &mut Out| out.now > 0 && out.now.saturating_add(bytes) > MOST;
        let out = self.back.wait_while(self.out(), is_full);
        let mut out = out.unwrap_or_else(PoisonError::into_inner);
        out.now += bytes;
        out.most = out.most.max(out.now);
        Place { room: self, bytes }
    }

    /// The most bytes that were out at a time.
    pub fn most(&self) -> u64 {
        self.out().most
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.room.out().now -= self.bytes;
        self.room.back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn many_threads_hold_no_more_than_there_is_and_a_large_photo_is_alone() {
        let room = Room::default();
        let (small, large) = (MOST / 4, 3 * MOST);
        thread::scope(|scope| {
            for at in 0..40 {
                let room = &room;
                scope.spawn(move || {
                    let bytes = if at == 17 { large } else { small };
                    let _place = room.take_bytes(bytes);
                    let now = room.out().now;
                    assert!(now <= MOST || now == large, "{now}");
                    thread::yield_now();
                });
            }
        });
        assert_eq!(room.most(), large);
        assert_eq!(room.out().now, 0);
    }
}
