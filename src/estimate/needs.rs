//! Memory and disk, from the configuration alone.
//!
//! ```text
//! a step      base + store + 3.7 theta + a batch of maps + photos
//! its end     base + store + 5.3 theta + a quarter of those maps + photos
//! photos      those of three minibatches + four bytes for each row, which are the order of a pass
//! store       rows that wait for a commit + pages that it keeps, no more than there are
//! restoring   base + 3 theta + a batch of maps + photos that wait, decoded + the one that is worked on: by their depth
//! ```
//! In a step theta is there with its gradient and packed copies; at the end with the model of the preview, as the state
//! that is saved and as the bytes of the file. Rows are on disk, however many they are. How often theta counts was
//! measured: the peak of resident memory of whole processes, the presets at several batch sizes (docs/results.md).

use crate::config::Config;
use crate::data::Sampler;
use crate::restore::Task;
use crate::store::state::{CACHE_BYTES, needs};

/// What every process takes: its code, buffers of the decoders, the font of the sheets.
const BASE: u64 = 40 << 20;

/// Bytes for each pixel of a photo that waits beside those of the photo itself: the same in numbers, and its mask. More
/// while it is decoded, mended or written: numbers again, and the photo so many times more.
const WAITING: u64 = 13;
const WORKED_ON: u64 = 37;
const COPIES: u64 = 1;

/// The same of a photo of which a region is mended: the photo so many times more, and its mask while it is read.
const AROUND: u64 = 4;
const MASK: u64 = 8;

/// Seconds for each byte of a result, to read its photo and to write it.
const SECONDS_BYTE: f64 = 0.035e-6;

/// Seconds beside the fit and the files for each pixel that is mended: one core of the machine of docs/results.md.
fn seconds_pixel(task: Task) -> f64 {
    match task {
        // What is enlarged is small.
        Task::Superres => 0.0,
        Task::Colorize => 0.17e-6,
        Task::Inpaint => 0.36e-6,
        Task::Denoise | Task::Jpeg => 0.47e-6,
    }
}

/// Minibatches of photos in memory: one is stepped on, one waits, one is being read.
const AHEAD: u64 = 3;

/// Bytes of a strip at its worst: three pictures of 512 pixels a side.
const STRIP: u64 = 3 * 3 * 512 * 512;

/// How much is to be trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// Rows phi: photos and their mirrored copies.
    pub rows: usize,
    /// Images in a minibatch.
    pub batch: usize,
}

impl Training {
    /// Minibatches in a pass.
    pub fn batches(&self) -> usize {
        Sampler::batches_of(self.rows, self.batch)
    }

    /// Images of a minibatch: as equal as they can be, so fewer than are allowed.
    pub fn images(&self) -> usize {
        self.rows.div_ceil(self.batches())
    }

    /// Bytes of memory.
    pub fn memory(&self, config: &Config) -> u64 {
        let sizes = Sizes::of(config);
        let photos = AHEAD * self.images() as u64 * sizes.image + 4 * self.rows as u64;
        let pages = (sizes.theta + self.rows as u64 * sizes.row).min(CACHE_BYTES as u64);
        let store = self.pending(config) + pages;
        let maps = self.images() as u64 * sizes.maps;
        BASE + photos + store + (sizes.theta * 37 / 10 + maps).max(self.end(config))
    }

    /// Bytes of memory that a step leaves to the end, and the end takes beyond them: the model once more, as bytes.
    pub fn reserve(&self, config: &Config) -> u64 {
        let sizes = Sizes::of(config);
        let step = sizes.theta * 37 / 10 + self.images() as u64 * sizes.maps;
        self.end(config).saturating_sub(step)
    }

    /// Bytes of the end beside the store, photos and the base.
    fn end(&self, config: &Config) -> u64 {
        let sizes = Sizes::of(config);
        sizes.theta * 53 / 10 + self.images() as u64 * sizes.maps / 4
    }

    /// Bytes of rows that wait for a commit at most: those of the last minibatch come on top of what may wait.
    fn pending(&self, config: &Config) -> u64 {
        let row = Sizes::of(config).row;
        let most = config.train.pending_bytes() + self.images() as u64 * row;
        most.min(self.rows as u64 * row)
    }

    /// Bytes of disk of the state.
    fn state(&self, config: &Config) -> u64 {
        let (theta, row_len) = (Sizes::of(config).theta, config.latent.row_len());
        needs(self.rows as u64, row_len, config.train.latents, theta, self.pending(config))
    }

    /// Bytes of disk: the state, the model and the one that replaces it, models that are kept, the manifest, the log and
    /// pictures. What photos take that were decoded is there by the time that this is asked.
    pub fn disk(&self, config: &Config) -> u64 {
        /// Of a line of the manifest: an id in digits, a path.
        const LINE: u64 = 192;
        let models = 2 + config.train.keep as u64 + u64::from(config.train.keep > 0);
        let manifest = LINE * self.rows as u64;
        self.state(config) + models * Sizes::of(config).theta + manifest + (16 << 20)
    }
}

/// How much is to be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restoring {
    /// Pictures fitted together.
    pub batch: usize,
    /// Pixels of the photos that wait together, from which on no more are read.
    pub waiting: u64,
    /// Pixels of the largest photo.
    pub largest: u64,
    /// Bytes of a pixel, in the photo that has most.
    pub bytes: u64,
    /// Pixels that are mended of each photo, where it is not all of it.
    pub region: Option<u64>,
    /// Whether a mask is read with each photo.
    pub mask: bool,
    /// Bytes of all results, decoded.
    pub results: u64,
    /// Pixels of all photos.
    pub all: u64,
    /// All photos.
    pub photos: usize,
}

impl Restoring {
    /// Bytes of memory.
    pub fn memory(&self, config: &Config) -> u64 {
        let sizes = Sizes::of(config);
        let waits = WAITING + self.bytes;
        let works = WORKED_ON + COPIES * self.bytes;
        // The one with which they are enough waits too.
        let waiting = (self.waiting + self.largest).min(self.all).max(self.largest);
        let photos = match self.region {
            None => waiting * waits + self.largest * works,
            // Of the photo around a region there is nothing in numbers.
            Some(region) => {
                let around = waiting * self.bytes + self.largest * self.around();
                around + region * (self.batch as u64 * waits + works)
            }
        };
        BASE + 3 * sizes.theta + self.batch as u64 * sizes.maps + photos
    }

    /// Pixels of the largest photo, of these bytes and with this region, that can be mended within `limit` bytes.
    pub fn most_pixels(&self, config: &Config, limit: u64) -> u64 {
        let fixed = Self { batch: 1, waiting: 0, largest: 0, ..*self }.memory(config);
        let each = match self.region {
            None => WAITING + WORKED_ON + (1 + COPIES) * self.bytes,
            Some(_) => self.bytes + self.around(),
        };
        limit.saturating_sub(fixed) / each
    }

    /// Bytes for each pixel of a photo of which a region is mended, while that is done.
    fn around(&self) -> u64 {
        AROUND * self.bytes + if self.mask { MASK } else { 0 }
    }

    /// Bytes of disk: the mended picture, its strip and the small ones, as PNGs that nothing makes smaller; a page of all.
    pub fn disk(&self, config: &Config) -> u64 {
        let small = 2 * 3 * (config.size * config.size) as u64;
        let strips = (3 * self.all).min(self.photos as u64 * STRIP);
        self.results + strips + self.photos as u64 * (small + (16 << 10)) + (1 << 20)
    }

    /// Seconds that all photos take beside their fit.
    pub fn seconds(&self, task: Task) -> f64 {
        let mended = self.region.map_or(self.all, |region| region * self.photos as u64);
        mended as f64 * seconds_pixel(task) + self.results as f64 * SECONDS_BYTE
    }
}

/// Bytes of what a model is made of.
struct Sizes {
    theta: u64,
    /// As it is stored.
    row: u64,
    image: u64,
    /// Of one image on its way to its gradient.
    maps: u64,
}

impl Sizes {
    fn of(config: &Config) -> Self {
        const NUMBER: u64 = size_of::<f32>() as u64;
        let [_, side, _] = config.latent.shape();
        let g = config.generator.footprint(side);
        let f = config.latent.footprint();
        let image = 3 * config.size * config.size;
        // Four pictures of the loss: the image, the target, their difference, its pyramid.
        let maps = g.normed + g.bare + 2 * f + 4 * image;
        Self {
            theta: config.generator.parameters(config.latent.shape()) as u64 * NUMBER,
            row: (config.latent.row_len() * config.train.latents.bytes()) as u64,
            image: image as u64 * NUMBER,
            // And a fifth: pieces of convolutions, gradients that wait for each other.
            maps: maps as u64 * NUMBER * 6 / 5,
        }
    }
}
