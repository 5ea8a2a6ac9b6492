//! The largest minibatch that fits.

use super::Training;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::report::mebibytes;

/// `config` with its minibatches split until training on so much fits into `limit` bytes.
///
/// ```text
/// n minibatches in a pass -> k n,   lr_theta -> lr_theta / k
/// ```
/// k small steps then move theta as far as one large one did (to first order), and phi_i as before, since its rate is
/// its own. What changes is that the batch statistics are those of fewer images. A fifth of the limit is left for what
/// the reckoning may be wrong by.
///
/// # Errors
/// Not even single images fit.
pub fn split_minibatch(config: &Config, needs: Training, limit: u64) -> Result<Config> {
    let whole = config.train.batch;
    let memory = |batch| Training { batch, ..needs }.memory(config);
    if memory(whole) <= limit {
        return Ok(config.clone());
    }
    // More than there are rows is no larger than that.
    let all = whole.min(needs.rows.max(1));
    let mut parts = (2..=all).map(|parts| all.div_ceil(parts));
    let Some(batch) = parts.find(|&batch| memory(batch) <= limit - limit / 5) else {
        let problem = format!(
            "training needs about {} even with minibatches of one image, {} are there",
            mebibytes(memory(1)),
            mebibytes(limit)
        );
        let remedy = "give more with --memory, take fewer photos, or a smaller preset";
        return Err(Error::input("memory", problem, remedy));
    };
    let mut split = config.clone();
    split.train.batch = batch;
    let batches = |batch| Training { batch, ..needs }.batches() as f64;
    split.train.lr_theta *= batches(whole) / batches(batch);
    Ok(split)
}

/// The most pictures, at most `wanted`, that `memory` says fit into `limit` bytes; 1 where none does.
pub fn largest_batch(wanted: usize, limit: u64, memory: impl Fn(usize) -> u64) -> usize {
    (1..=wanted).rev().find(|&batch| memory(batch) <= limit).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;

    #[test]
    fn a_split_minibatch_fits_and_moves_theta_as_far_in_a_pass() {
        let mut config = Layers::preset("celeba-128").unwrap().finish().unwrap();
        config.train.batch = 200;
        // 240 rows in minibatches of 200 at most are two of 120; of 100 at most, three of 80.
        for (rows, most) in [(1000, 40), (240, 100)] {
            let needs = Training { rows, batch: config.train.batch };
            let limit = Training { batch: most, ..needs }.memory(&config) * 5 / 4 + 4;
            assert!(limit < needs.memory(&config));
            let split = split_minibatch(&config, needs, limit).unwrap();
            assert!((most / 2..=most).contains(&split.train.batch), "{}", split.train.batch);
            let moved = |config: &Config| {
                let needs = Training { batch: config.train.batch, ..needs };
                config.train.lr_theta * needs.batches() as f64
            };
            assert!((moved(&split) - moved(&config)).abs() < 1e-9);
        }
    }

    #[test]
    fn what_fits_is_not_split_and_what_cannot_fit_is_an_error_however_large_the_minibatch() {
        let mut config = Layers::preset("celeba-128").unwrap().finish().unwrap();
        config.train.batch = usize::MAX;
        let needs = Training { rows: 9, batch: config.train.batch };
        assert_eq!(split_minibatch(&config, needs, u64::MAX).unwrap(), config);
        let message = split_minibatch(&config, needs, 1 << 20).unwrap_err().to_string();
        assert!(message.contains("1.0 MiB are there") && message.contains("--memory"), "{message}");
    }

    #[test]
    fn a_batch_is_as_large_as_fits() {
        let memory = |batch| 10 * batch as u64;
        let largest = |limit| largest_batch(8, limit, memory);
        assert_eq!([5, 10, 39, 40, 1000].map(largest), [1, 1, 3, 4, 8]);
    }
}
