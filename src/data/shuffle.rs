//! A set of numbers dealt out in an order drawn by a seed, pass after pass.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::runtime::{stream, uniform};

/// Deals out minibatches of the numbers below `len`. What it deals follows from their number, the seed and the visit's
/// number, so there is no state to save but that number. It takes four bytes of memory for each.
#[derive(Debug)]
pub(super) struct Shuffle {
    len: u32,
    batches: usize,
    seed: u64,
    reshuffle: bool,
    dealt: Mutex<Dealt>,
}

/// The order of a pass.
#[derive(Debug)]
struct Dealt {
    pass: u64,
    order: Vec<u32>,
}

impl Shuffle {
    /// Cuts the numbers into minibatches of at most `batch`, as equal as they can be: a last one of a single image would
    /// have no batch statistics. `reshuffle`: every pass in an order of its own, else all in that of the first.
    pub fn new(len: u32, batch: usize, seed: u64, reshuffle: bool) -> Self {
        let batches = batches_of(len as usize, batch);
        let dealt = Mutex::new(Dealt { pass: 0, order: shuffled(Vec::new(), len, seed, 0) });
        Self { len, batches, seed, reshuffle, dealt }
    }

    pub fn len(&self) -> u32 {
        self.len
    }

    /// Minibatches in one pass.
    pub fn batches(&self) -> usize {
        self.batches
    }

    /// The first `count` numbers of the first pass.
    pub fn first(&self, count: usize) -> Vec<u32> {
        self.some(0, 0..count.min(self.len as usize))
    }

    /// The minibatch of visit number `visit`, counted from 0 over all passes.
    pub fn minibatch(&self, visit: u64) -> Vec<u32> {
        let (pass, at) = (visit / self.batches as u64, visit % self.batches as u64);
        let end = |at: u64| (u128::from(at) * u128::from(self.len) / self.batches as u128) as usize;
        self.some(if self.reshuffle { pass } else { 0 }, end(at)..end(at + 1))
    }

    fn some(&self, pass: u64, places: std::ops::Range<usize>) -> Vec<u32> {
        let mut dealt = self.dealt();
        if dealt.pass != pass {
            let order = std::mem::take(&mut dealt.order);
            *dealt = Dealt { pass, order: shuffled(order, self.len, self.seed, pass) };
        }
        dealt.order[places].to_vec()
    }

    fn dealt(&self) -> MutexGuard<'_, Dealt> {
        self.dealt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Minibatches of at most `batch` that `len` images make.
pub(super) fn batches_of(len: usize, batch: usize) -> usize {
    len.div_ceil(batch.max(1)).max(1)
}

/// Fisher-Yates in the memory of `space`, the numbers drawn by our own stream: a library's shuffle may change with its
/// version.
fn shuffled(mut space: Vec<u32>, len: u32, seed: u64, pass: u64) -> Vec<u32> {
    space.clear();
    space.reserve_exact(len as usize);
    space.extend(0..len);
    let mut rng = stream(seed, &format!("sampler/{pass}"));
    for last in (1..space.len()).rev() {
        let pick = (f64::from(uniform(&mut rng)) * (last + 1) as f64) as usize;
        space.swap(last, pick.min(last));
    }
    space
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(shuffle: &Shuffle, pass: u64) -> Vec<u32> {
        let batches = shuffle.batches() as u64;
        (0..batches).flat_map(|at| shuffle.minibatch(pass * batches + at)).collect()
    }

    #[test]
    fn a_pass_visits_every_number_once_in_batches_of_nearly_equal_size() {
        for (n, batch) in [(33, 16), (231, 16), (5, 16), (16, 16), (7, 1)] {
            let shuffle = Shuffle::new(n, batch, 3, true);
            let sizes: Vec<usize> =
                (0..shuffle.batches() as u64).map(|v| shuffle.minibatch(v).len()).collect();
            let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
            assert!(*most <= batch && most - least <= 1, "{sizes:?}");
            for at in [0, 2, 1] {
                let mut seen = pass(&shuffle, at);
                assert_ne!(seen, (0..n).collect::<Vec<_>>());
                seen.sort_unstable();
                assert_eq!(seen, (0..n).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_order_is_what_it_always_was() {
        // A run goes on only if it is. By a Python program: BLAKE3 of seed and name as the key of ChaCha with 8 rounds,
        // 24 bits a number, Fisher-Yates from the end.
        let shuffle = Shuffle::new(12, 5, 7, true);
        assert_eq!(shuffle.first(12), [3, 0, 8, 7, 9, 2, 4, 1, 11, 5, 6, 10]);
        assert_eq!(pass(&shuffle, 2), [5, 11, 9, 7, 4, 6, 2, 1, 10, 0, 3, 8]);
    }

    #[test]
    fn the_order_follows_from_the_number_and_the_seed_alone() {
        let order = |seed| Shuffle::new(50, 8, seed, false).first(50);
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn the_next_pass_repeats_the_first_or_has_an_order_of_its_own() {
        let pass = |reshuffle, at| pass(&Shuffle::new(40, 6, 1, reshuffle), at);
        assert_eq!(pass(false, 3), pass(false, 0));
        assert_eq!(pass(true, 0), pass(false, 0));
        assert_ne!(pass(true, 1), pass(true, 0));
        assert_ne!(pass(true, 2), pass(true, 1));
    }

    #[test]
    fn visits_may_come_in_any_order() {
        let (one, other) = (Shuffle::new(40, 6, 1, true), Shuffle::new(40, 6, 1, true));
        let forward: Vec<_> = (0..30).map(|visit| one.minibatch(visit)).collect();
        let mut backward: Vec<_> = (0..30).rev().map(|visit| other.minibatch(visit)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
        assert_eq!(one.first(40), other.first(40));
    }
}
