//! The order of training: shuffled by a seed, then minibatch after minibatch, pass after pass (SPEC 2.1).

use super::Id;
use crate::runtime::{stream, uniform};

/// What parts the name of a mirrored copy's row from its photo's.
const FLIP: &str = "/flip";

/// One row of the latent store: a photo, or its mirrored copy as an image of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub id: Id,
    pub flipped: bool,
}

impl Row {
    /// The name of the row in the store: the photo's id, `id/flip` for the mirrored copy.
    pub fn key(&self) -> String {
        if self.flipped { format!("{}{FLIP}", self.id) } else { self.id.to_string() }
    }

    /// The row of the name `key`, the inverse of [`key`](Self::key).
    pub fn named(key: &str) -> Self {
        match key.strip_suffix(FLIP) {
            Some(id) => Self { id: Id::written(id), flipped: true },
            None => Self { id: Id::written(key), flipped: false },
        }
    }
}

/// Deals out minibatches. What it deals follows from the set of rows, the seed and the visit's number, so
/// there is no state to save but that number.
#[derive(Debug, Clone)]
pub struct Sampler {
    /// The order of the first pass, and of all when they are alike.
    order: Vec<Row>,
    /// Where each minibatch ends in `order`.
    ends: Vec<usize>,
    seed: u64,
    reshuffle: bool,
}

impl Sampler {
    /// Shuffles `rows` (in any order, the result is the same) and cuts them into minibatches of at most
    /// `batch`, as equal as they can be: a last one of a single image would have no batch statistics.
    /// `reshuffle`: every pass in an order of its own, else all in that of the first.
    pub fn new(mut rows: Vec<Row>, batch: usize, seed: u64, reshuffle: bool) -> Self {
        rows.sort();
        let batches = Self::batches_of(rows.len(), batch);
        let ends = (1..=batches).map(|i| i * rows.len() / batches).collect();
        Self { order: shuffled(rows, seed, 0), ends, seed, reshuffle }
    }

    /// Minibatches that `rows` rows make.
    pub fn batches_of(rows: usize, batch: usize) -> usize {
        rows.div_ceil(batch.max(1)).max(1)
    }

    /// All rows in the order of the first pass.
    pub fn order(&self) -> &[Row] {
        &self.order
    }

    /// Minibatches in one pass.
    pub fn batches(&self) -> usize {
        self.ends.len()
    }

    /// The minibatch of visit number `visit`, counted from 0 over all passes.
    pub fn minibatch(&self, visit: u64) -> Vec<Row> {
        let (pass, at) = (visit / self.ends.len() as u64, visit % self.ends.len() as u64);
        let at = at as usize;
        let places = if at == 0 { 0 } else { self.ends[at - 1] }..self.ends[at];
        if pass == 0 || !self.reshuffle {
            return self.order[places].to_vec();
        }
        let mut sorted = self.order.clone();
        sorted.sort();
        shuffled(sorted, self.seed, pass)[places].to_vec()
    }
}

/// Fisher-Yates, the numbers drawn by our own stream: a library's shuffle may change with its version.
fn shuffled(mut rows: Vec<Row>, seed: u64, pass: u64) -> Vec<Row> {
    let mut rng = stream(seed, &format!("sampler/{pass}"));
    for last in (1..rows.len()).rev() {
        let pick = (f64::from(uniform(&mut rng)) * (last + 1) as f64) as usize;
        rows.swap(last, pick.min(last));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: u32) -> Vec<Row> {
        (0..n).map(|i| Row { id: Id::of(&i.to_le_bytes()), flipped: i % 3 == 0 }).collect()
    }

    #[test]
    fn a_row_is_found_by_its_name() {
        assert!(rows(6).into_iter().all(|row| Row::named(&row.key()) == row));
    }

    #[test]
    fn a_pass_visits_every_row_once_in_batches_of_nearly_equal_size() {
        for (n, batch) in [(33, 16), (231, 16), (5, 16), (16, 16), (7, 1)] {
            let sampler = Sampler::new(rows(n), batch, 3, true);
            let sizes: Vec<usize> =
                (0..sampler.batches() as u64).map(|v| sampler.minibatch(v).len()).collect();
            let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
            assert!(*most <= batch && most - least <= 1, "{sizes:?}");
            let mut seen: Vec<Row> =
                (0..sampler.batches() as u64).flat_map(|v| sampler.minibatch(v).to_vec()).collect();
            seen.sort();
            let mut all = rows(n);
            all.sort();
            assert_eq!(seen, all);
        }
    }

    #[test]
    fn the_order_follows_from_the_set_and_the_seed_alone() {
        let mut reversed = rows(50);
        reversed.reverse();
        let order = |rows, seed| Sampler::new(rows, 8, seed, false).order().to_vec();
        assert_eq!(order(rows(50), 1), order(reversed, 1));
        assert_ne!(order(rows(50), 1), order(rows(50), 2));
        assert_ne!(order(rows(50), 1), {
            let mut sorted = rows(50);
            sorted.sort();
            sorted
        });
    }

    #[test]
    fn the_next_pass_repeats_the_first_or_has_an_order_of_its_own() {
        let pass = |reshuffle: bool, pass: u64| -> Vec<Row> {
            let sampler = Sampler::new(rows(40), 6, 1, reshuffle);
            let batches = sampler.batches() as u64;
            (0..batches).flat_map(|at| sampler.minibatch(pass * batches + at)).collect()
        };
        assert_eq!(pass(false, 3), pass(false, 0));
        assert_eq!(pass(true, 0), pass(false, 0));
        assert_ne!(pass(true, 1), pass(true, 0));
        assert_ne!(pass(true, 2), pass(true, 1));
        let (mut one, mut other) = (pass(true, 5), pass(true, 6));
        one.sort();
        other.sort();
        assert_eq!(one, other);
    }
}
