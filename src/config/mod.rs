//! The configuration of a run: a preset, then a file over it, then single keys over that.
//!
//! ```text
//! presets/NAME.toml --merge--> --config FILE --merge--> --set a.b=v --> Config, checked, written into the run
//! ```
//! A preset names every key, so a key that is not in it is unknown, wherever it comes from.

mod changes;
mod layers;

use serde::{Deserialize, Serialize};

pub use changes::Changes;
pub use layers::{Layers, PRESETS};

use crate::error::{Error, Result};
use crate::generator::GeneratorConfig;
use crate::latent::LatentConfig;
use crate::loss::LossConfig;
use crate::nn::Precision;
use crate::restore::Task;
use crate::store::state::{PENDING_BYTES, RowFormat};

/// Most steps, passes or images: products of two of them do not overflow.
const MOST: usize = 1_000_000_000;

/// All that a run depends on besides the photos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Side of the square images in pixels; photos are resized to it without cropping.
    pub size: usize,
    /// Absent where nothing is said of the model, so that settings written before it are what they were.
    #[serde(default, skip_serializing_if = "ModelConfig::is_empty")]
    pub model: ModelConfig,
    pub latent: LatentConfig,
    pub generator: GeneratorConfig,
    pub loss: LossConfig,
    pub data: DataConfig,
    pub train: TrainConfig,
    pub restore: RestoreConfig,
}

/// What is said of the model and goes with it wherever it is copied; nothing is computed by it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// The terms on which it may be used, in free text; empty says nothing, here and below.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub license: String,
    /// What the photos are called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub data_name: String,
    /// Where they are from: an address, a book, a person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub data_source: String,
    /// The terms on which they may be used.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub data_license: String,
}

impl ModelConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which photos are trained on, and as what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Share of the photos never trained on, 0..1, chosen by their content.
    pub hold_out: f64,
    /// Mirrored copies as images of their own.
    pub flip: bool,
    /// Stretch each image to its own darkest and brightest number, as the published program does.
    pub stretch: bool,
}

impl DataConfig {
    /// Rows phi of so many photos: one each, and one for each mirrored copy.
    pub fn rows(&self, photos: usize) -> usize {
        photos.saturating_mul(if self.flip { 2 } else { 1 })
    }
}

/// The loop (SPEC 2.1); rates are per image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    pub seed: u64,
    /// Images in a minibatch.
    pub batch: usize,
    /// Joint steps on one minibatch before the next.
    pub inner_steps: usize,
    /// Every pass in an order of its own. The published program shuffles once; on a small set an image then
    /// has the same company, and the same batch statistics, for ever.
    pub reshuffle: bool,
    /// How often every image is visited.
    pub passes: usize,
    /// Stop after so many minutes of training; 0 is no limit.
    pub minutes: f64,
    /// SGD rate of theta, on the batch mean of the loss.
    pub lr_theta: f64,
    /// SGD rate of phi, on each image's own loss: 1.0 / 10 in the published run of batch 10.
    pub lr_phi: f64,
    /// Share of the newest batch in the running statistics.
    pub bn_momentum: f64,
    /// Recompute the running statistics over the training images (at most some 2,000 of them) before a model is
    /// saved (SPEC 1.5).
    pub recalibrate: bool,
    /// Minutes between checkpoints.
    pub checkpoint_minutes: f64,
    /// MiB of rows phi that may wait in memory: a checkpoint is written then too.
    #[serde(default = "TrainConfig::usual_pending")]
    pub pending_mb: f64,
    /// How many models of the last checkpoints are kept beside the run's own; 0 keeps none.
    #[serde(default)]
    pub keep: usize,
    /// What the rows phi are kept as between two visits; bf16 takes half the disk.
    #[serde(default)]
    pub latents: RowFormat,
    /// What the convolutions of the generator multiply. Weights and rows are f32 whatever it is, so it may change
    /// from one part of a run to the next.
    #[serde(default)]
    pub precision: Precision,
}

impl TrainConfig {
    fn usual_pending() -> f64 {
        (PENDING_BYTES >> 20) as f64
    }

    /// Bytes of rows that may wait.
    pub fn pending_bytes(&self) -> u64 {
        (self.pending_mb * f64::from(1 << 20)) as u64
    }
}

/// How phi is fitted to what is known of a damaged photo (SPEC 3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreConfig {
    pub inpaint: FitConfig,
    pub superres: FitConfig,
    pub colorize: FitConfig,
    pub denoise: FitConfig,
    pub jpeg: FitConfig,
    /// Weight of known pixels near the hole in the squared error; 5 in the published program, 1 is even.
    pub ring_weight: f64,
    /// How near, in pixels of the model.
    pub ring_pixels: usize,
    /// An image stops by itself when its loss fell by less than `plateau_tolerance` of itself in so
    /// many steps; 0 never stops early.
    pub plateau_window: usize,
    pub plateau_tolerance: f64,
    /// As in training, for the fits of restoration; the two need not agree.
    #[serde(default)]
    pub precision: Precision,
}

/// Length and rate of one fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitConfig {
    /// Most steps.
    pub steps: usize,
    /// SGD rate of phi, per image.
    pub lr: f64,
}

impl FitConfig {
    /// Checks what the types cannot; `key` is where it stands.
    ///
    /// # Errors
    /// No steps, or a rate that is not above 0.
    pub fn check(&self, key: &str) -> Result<()> {
        let steps = (1..=MOST).contains(&self.steps);
        range(
            &format!("{key}.steps"),
            self.steps as f64,
            steps,
            "1 or more, at most 1,000,000,000",
        )?;
        range(&format!("{key}.lr"), self.lr, self.lr > 0.0, "above 0")
    }
}

impl Config {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first key with a value outside its range, or widths that do not make an image of `size`.
    pub fn check(&self) -> Result<()> {
        // First: what follows reckons with sizes that it has bounds for.
        self.latent.check()?;
        let side = self.generator.image_side(self.latent.shape()[1])?;
        if side != self.size {
            let problem = format!("{} is asked for, the widths make {side}", self.size);
            return Err(Error::config(
                "size",
                problem,
                "change it, latent.side, or the number of widths",
            ));
        }
        let positive = |key: &str, value: f64| range(key, value, value > 0.0, "above 0");
        let count = |key: &str, value: usize| {
            range(
                key,
                value as f64,
                (1..=MOST).contains(&value),
                "1 or more, at most 1,000,000,000",
            )
        };
        let data = self.data.hold_out;
        range("data.hold_out", data, (0.0..1.0).contains(&data), "in 0..1")?;
        let train = &self.train;
        count("train.batch", train.batch)?;
        count("train.inner_steps", train.inner_steps)?;
        count("train.passes", train.passes)?;
        range("train.minutes", train.minutes, train.minutes >= 0.0, "0 or more")?;
        positive("train.lr_theta", train.lr_theta)?;
        positive("train.lr_phi", train.lr_phi)?;
        let momentum = train.bn_momentum;
        range("train.bn_momentum", momentum, momentum > 0.0 && momentum <= 1.0, "in (0, 1]")?;
        positive("train.checkpoint_minutes", train.checkpoint_minutes)?;
        positive("train.pending_mb", train.pending_mb)?;
        for (key, weight) in [("loss.laplacian", self.loss.laplacian), ("loss.mse", self.loss.mse)]
        {
            range(key, weight, weight >= 0.0, "0 or more")?;
        }
        let sum = self.loss.laplacian + self.loss.mse;
        range("loss", sum, sum > 0.0, "above 0 in laplacian or mse")?;
        let restore = &self.restore;
        for task in Task::ALL {
            task.fit(restore).check(&format!("restore.{}", task.name()))?;
        }
        positive("restore.ring_weight", restore.ring_weight)?;
        let pixels = restore.ring_pixels;
        range("restore.ring_pixels", pixels as f64, pixels <= MOST, "0 to 1,000,000,000")?;
        let tolerance = restore.plateau_tolerance;
        range("restore.plateau_tolerance", tolerance, tolerance >= 0.0, "0 or more")
    }

    /// Whether a run of the configuration `old` can go on with this one: what the rows and their order depend
    /// on must be the same, while length, rates and restoration may change, and a minibatch may become smaller:
    /// memory may be short.
    ///
    /// # Errors
    /// The first key that differs and may not.
    pub fn check_resumes(&self, old: &Config) -> Result<()> {
        let fixed = [
            ("size", self.size == old.size),
            ("latent", self.latent == old.latent),
            ("generator", self.generator == old.generator),
            ("data", self.data == old.data),
            ("train.seed", self.train.seed == old.train.seed),
            ("train.latents", self.train.latents == old.train.latents),
            ("train.batch", self.train.batch <= old.train.batch),
            ("train.reshuffle", self.train.reshuffle == old.train.reshuffle),
            ("train.inner_steps", self.train.inner_steps == old.train.inner_steps),
        ];
        match fixed.into_iter().find(|(_, same)| !same) {
            None => Ok(()),
            Some((key, _)) => Err(Error::config(
                key,
                match key {
                    "train.batch" => "it is larger than that of the run that is resumed",
                    _ => "it differs from the run that is resumed",
                },
                "leave it as it is, or start a run of its own",
            )),
        }
    }

    /// As TOML, every key named.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration holds only numbers, strings and tables")
    }
}

fn range(key: &str, value: f64, holds: bool, wanted: &str) -> Result<()> {
    if holds && value.is_finite() {
        return Ok(());
    }
    // NaN and infinity fail every one of these tests for the same reason, and it is not the range.
    let problem = if value.is_finite() { "is out of range" } else { "is not allowed" };
    Err(Error::config(key, format!("{value} {problem}"), format!("give a number {wanted}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_loads_and_makes_images_of_its_size() {
        for (name, _) in PRESETS {
            let config = Layers::preset(name).unwrap().finish().unwrap();
            assert!(name.ends_with(&config.size.to_string()), "{name}");
            assert_eq!(Layers::text(&config.to_toml(), name).unwrap().finish().unwrap(), config);
        }
    }

    #[test]
    fn the_published_models_have_the_stated_sizes() {
        // SPEC 1.2 and 1.3: numbers per image, parameters of g, latent, image. For bedrooms SPEC rounds the
        // conv weights, 30,361,440; the rest is the affine of the norms.
        for (name, row, parameters, latent, side) in [
            ("celeba-128", 24_448, 38_696_224, [64, 32, 32], 128),
            ("bedrooms-256", 61_440, 30_371_232, [64, 64, 64], 256),
            ("celebahq-1024", 135_424, 40_007_200, [64, 256, 256], 1024),
        ] {
            let config = Layers::preset(name).unwrap().finish().unwrap();
            assert_eq!((config.latent.row_len(), config.latent.shape()), (row, latent), "{name}");
            let rng = &mut crate::runtime::stream(0, "size");
            let net = config.generator.init(latent, rng, &burn::tensor::Device::flex()).unwrap();
            let state = crate::nn::state_of(&net);
            let learned = state.iter().filter(|(name, _)| !name.contains("running"));
            let count: usize = learned.map(|(_, data)| data.num_elements()).sum();
            assert_eq!((count, config.size), (parameters, side), "{name}");
        }
    }

    #[test]
    fn values_out_of_range_are_errors_that_name_their_key() {
        for (key, value) in [
            ("size", "63"),
            ("latent.box", "0"),
            ("data.hold_out", "1.5"),
            ("data.hold_out", "nan"),
            ("train.batch", "0"),
            ("train.lr_phi", "inf"),
            ("train.minutes", "-1"),
            ("train.minutes", "NaN"),
            ("loss.mse", "inf"),
            ("restore.inpaint.steps", "0"),
        ] {
            let mut layers = Layers::preset("bench-64").unwrap();
            layers.set(&format!("{key}={value}")).unwrap();
            let message = layers.finish().unwrap_err().to_string();
            assert!(message.contains(key), "{key}={value}: {message}");
            let infinite = value.parse().is_ok_and(|value: f64| !value.is_finite());
            assert_eq!(message.contains("is not allowed"), infinite, "{message}");
        }
    }
}
