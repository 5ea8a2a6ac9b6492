//! A map's channels in blocks for the weight gradient.

use crate::parts::{Shared, for_each, piece};
use crate::pool::Scratch;

/// Channels from which on rows lie so far apart that they fall on each other in the first cache.
const WIDE: usize = 256;

/// Channels in blocks of `block`: as they lie, or copied so that the pixels of a block lie side by side. A last block
/// of fewer channels reaches back into the one before it, or is filled up with zeros where there is none.
pub(crate) struct Panels<'a> {
    as_they_lie: &'a [f32],
    copied: Scratch,
    channels: usize,
    block: usize,
    pixels: usize,
}

impl<'a> Panels<'a> {
    pub fn new(numbers: &'a [f32], channels: usize, block: usize) -> Self {
        let pixels = numbers.len() / channels;
        let blocks = channels.div_ceil(block);
        let copy = channels >= WIDE || channels < block;
        let mut copied = Scratch::new(if copy { blocks * pixels * block } else { 0 });
        if copy {
            const PART: usize = 256;
            let shared = Shared::new(&mut copied);
            for_each(blocks * pixels.div_ceil(PART), |at| {
                let (part, at) = (piece(pixels, PART, at / blocks), at % blocks);
                let (first, kept) = (first_of(at, block, channels), block.min(channels));
                let start = at * pixels * block;
                // SAFETY: a part of a block is one task's alone.
                let to =
                    unsafe { shared.part(start + part.start * block..start + part.end * block) };
                let from = numbers[part.start * channels..].chunks(channels);
                for (to, from) in to.chunks_exact_mut(block).zip(from) {
                    to[..kept].copy_from_slice(&from[first..first + kept]);
                    to[kept..].fill(0.0);
                }
            });
        }
        Self { as_they_lie: numbers, copied, channels, block, pixels }
    }

    /// Numbers from one pixel to the next.
    pub fn stride(&self) -> usize {
        if self.copied.is_empty() { self.channels } else { self.block }
    }

    /// The numbers of a block of channels, pixel 0 first.
    pub fn block(&self, block: usize) -> &[f32] {
        if self.copied.is_empty() {
            &self.as_they_lie[first_of(block, self.block, self.channels)..]
        } else {
            &self.copied[block * self.pixels * self.block..][..self.pixels * self.block]
        }
    }
}

/// The first channel of a block.
pub(crate) fn first_of(at: usize, block: usize, channels: usize) -> usize {
    (at * block).min(channels.saturating_sub(block))
}
