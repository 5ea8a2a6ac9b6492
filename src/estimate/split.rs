//! The largest minibatch that fits.

use bytesize::ByteSize;

use super::Training;
use crate::config::Config;
use crate::error::{Error, Result};

/// `config` with its minibatches split until training on so much fits into `limit` bytes.
///
/// ```text
/// B -> B / k,   lr_theta -> lr_theta / k
/// ```
/// k small steps then move theta as far as one large one did (to first order), and phi_i as before, since its rate is
/// its own. What changes is that the batch statistics are those of fewer images.
///
/// # Errors
/// Not even single images fit.
pub fn split_minibatch(config: &Config, needs: Training, limit: u64) -> Result<Config> {
    let whole = config.train.batch;
    let memory = |batch| Training { batch, ..needs }.memory(config);
    let Some(batch) = (1..=whole).map(|parts| whole.div_ceil(parts)).find(|&b| memory(b) <= limit)
    else {
        let size = |bytes| ByteSize(bytes).display().iec();
        let problem = format!(
            "training needs about {} even with minibatches of one image, {} are there",
            size(memory(1)),
            size(limit)
        );
        let remedy = "give more with --memory, take fewer photos, or a smaller preset";
        return Err(Error::input("memory", problem, remedy));
    };
    let mut split = config.clone();
    split.train.batch = batch;
    split.train.lr_theta *= batch as f64 / whole as f64;
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
        let config = Layers::preset("celeba-128").unwrap().finish().unwrap();
        let needs = Training { photos: 1000, rows: 1000, batch: config.train.batch, cached: 0 };
        let limit = Training { batch: 4, ..needs }.memory(&config);
        let split = split_minibatch(&config, needs, limit).unwrap();
        assert_eq!(split.train.batch, 4);
        let per_image = |config: &Config| config.train.lr_theta / config.train.batch as f64;
        assert!((per_image(&split) - per_image(&config)).abs() < 1e-12);
        let all = split_minibatch(&config, needs, u64::MAX).unwrap();
        assert_eq!(all, config);
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
