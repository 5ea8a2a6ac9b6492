//! What is said of memory, disk and time before work starts; `--memory` and `--estimate`.

use std::path::Path;

use burn::tensor::Device;
use bytesize::ByteSize;
use clap::Args;
use lacuna::config::Config;
use lacuna::data::Photos;
use lacuna::estimate::{
    Machine, Restoring, Training, disk_free, enough_disk, largest_batch, restoring_pace,
    split_minibatch, training_pace,
};
use lacuna::event::{Event, Observer, Silent};
use lacuna::image::{Header, MAX_PIXELS, MAX_SIDE, Picture, header};
use lacuna::method::Lcm;
use lacuna::report::mebibytes;
use lacuna::restore::job::{
    Input, Job, MaskSource, Record, check_early, list, probe_places, seems_done,
};
use lacuna::restore::{Region, Restorer, Task};
use lacuna::runtime::is_cpu;
use lacuna::train::{Info, Run};
use lacuna::{Error, Result};

use super::voice::detail;

/// How much may be taken.
#[derive(Debug, Args)]
pub(super) struct NeedsOptions {
    /// Memory that may be taken, as in 2GiB or 800MB; batches are split to fit [default: what is free]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory: Option<u64>,
    /// Say how much memory, disk and time it would take, and stop there
    #[arg(long)]
    pub estimate: bool,
}

pub(super) fn size(text: &str) -> Result<u64, String> {
    match text.parse::<ByteSize>() {
        Ok(ByteSize(0)) | Err(_) => Err("give a size, as in 2GiB or 800MB".into()),
        Ok(ByteSize(bytes)) => Ok(bytes),
    }
}

impl NeedsOptions {
    /// What this process may take in all: what was given, else what it has and what is free.
    pub fn limit(&self, device: &Device) -> u64 {
        // A device of its own has memory of its own.
        if !is_cpu(device) {
            return self.memory.unwrap_or(u64::MAX);
        }
        let now = Machine::here().read();
        let here = now.free.saturating_add(now.used);
        self.memory.map_or(here, |memory| memory.min(here))
    }

    /// Tells what training will need; its minibatches are split where they do not fit into `--memory`.
    ///
    /// # Errors
    /// Too little memory or disk.
    pub fn before_training(
        &self,
        config: Config,
        photos: &Photos,
        run: &Run,
        device: &Device,
        watch: &mut dyn Observer,
    ) -> Result<Config> {
        let needs = training(&config, photos);
        let inner = config.train.inner_steps as f64;
        // What a run that goes on has behind it, and on disk, where it will be replaced.
        let before = Info::open(run.folder()).ok();
        let (done, seconds, there) = before.map_or((0.0, 0.0, 0), |info| {
            let pass =
                Training { batch: info.config.train.batch, ..needs }.batches() as f64 * inner;
            let replaced = [run.checkpoint(), run.model()];
            let parts = info.parts.iter().filter(|part| {
                replaced.iter().any(|path| path.file_name() == Some(part.name.as_ref()))
            });
            let steps = info.trained.steps.unwrap_or(0) as f64;
            let seconds = info.trained.seconds.unwrap_or(0.0);
            (steps / pass, seconds, parts.map(|part| part.bytes).sum())
        });
        let passes = config.train.passes as f64 - done;
        let by_time = match config.train.minutes {
            0.0 => f64::INFINITY,
            minutes => 60.0 * minutes - seconds,
        };
        if passes <= 0.0 || by_time <= 0.0 {
            return Ok(config);
        }
        let limit = self.limit(device);
        let (whole, memory) = (config.train.batch, needs.memory(&config));
        if memory > limit && self.memory.is_none() {
            let problem = format!(
                "training needs about {} with minibatches of {whole}, {} are free",
                mebibytes(memory),
                mebibytes(limit)
            );
            let remedy = format!(
                "close other programs, or give --memory {}, which splits the minibatches",
                mebibytes(limit).replace(' ', "")
            );
            return Err(Error::input("memory", problem, remedy));
        }
        let split = split_minibatch(&config, needs, limit)?;
        let batch = split.train.batch;
        if batch != whole {
            let text = format!(
                "minibatches of {batch}, not {whole}, so that they fit into {}; train.lr_theta is {} accordingly",
                mebibytes(limit),
                split.train.lr_theta
            );
            let _ = watch.on(Event::Note { text });
        }
        let needs = Training { batch, ..needs };
        let pace = training_pace(&split, needs.images(), device)?.seconds_per_step;
        let seconds = (pace * passes * needs.batches() as f64 * inner).min(by_time);
        let disk = needs.disk(&config).saturating_sub(there);
        // Photos are read, and may be again, whatever a step takes.
        let memory = needs.memory(&config).max(PROGRAM + photos.decoding());
        tell(memory, disk, Some(seconds), run.folder(), watch)?;
        Ok(split)
    }

    /// What saving takes beyond a step of training, in bytes.
    pub fn reserve(&self, config: &Config, photos: &Photos) -> u64 {
        training(config, photos).reserve(config)
    }

    /// Tells what `job` will need, and splits its batches so that they fit.
    ///
    /// Photos that are refused for what can be known at once count in nothing, those that were mended before not in time and
    /// disk.
    ///
    /// # Errors
    /// Too little memory or disk; inputs that cannot be listed; with `--estimate`, nothing but refused ones.
    pub fn before_restoring(
        &self,
        job: &mut Job,
        restorer: &Lcm,
        watch: &mut dyn Observer,
    ) -> Result<()> {
        let config = &restorer.model().config;
        let mut inputs = list(&job.inputs, &job.out, &mut Silent)?;
        let mut refused = None;
        inputs.retain(|input| {
            let error = check_early(input, job, config.size).err();
            let is_fine = error.is_none();
            refused = refused.take().or(error);
            is_fine
        });
        if inputs.is_empty() {
            // Each is told of when its turn comes.
            return refused.filter(|_| self.estimate).map_or(Ok(()), Err);
        }
        // Before a word of what the disk has: nothing may be written there at all.
        probe_places(&inputs)?;
        let record = Record::open(&job.out)?;
        let seen: Vec<(&Input, Size)> =
            inputs.iter().filter_map(|input| Some((input, Size::of(input)?))).collect();
        let pixels: Vec<u64> = seen.iter().map(|(_, size)| size.pixels).collect();
        let bytes = seen.iter().map(|(_, size)| size.bytes).max().unwrap_or(0);
        let limit = self.limit(&restorer.model().device);
        // One that lies in no photo is refused when its turn comes.
        let area = |region: Region| region.width.saturating_mul(region.height) as u64;
        let region = job.crop.map(|region| area(region).min(MAX_PIXELS));
        let mask = matches!(job.mask, MaskSource::File(_));
        let none = Restoring { batch: 1, bytes, region, mask, ..Restoring::default() };
        let most = none.most_pixels(config, limit);
        let smallest = pixels.iter().min().copied().unwrap_or(1);
        if smallest > most {
            let needed = Restoring { largest: smallest, ..none };
            let problem = format!(
                "a photo of {smallest} pixels needs about {}, {} are there",
                mebibytes(needed.memory(config)),
                mebibytes(limit)
            );
            let remedy = "give more with --memory, close other programs, or mend a smaller copy";
            return Err(Error::input("memory", problem, remedy));
        }
        // A larger one fails by itself, when its turn comes.
        job.most_pixels = job.most_pixels.min(most);
        let pixels: Vec<u64> = pixels.into_iter().filter(|&pixels| pixels <= most).collect();
        let (largest, all) = (pixels.iter().max().copied().unwrap_or(0), pixels.iter().sum());
        let least = Restoring { largest, all, ..none };
        let wanted = job.batch.min(inputs.len()).max(1);
        job.batch =
            largest_batch(wanted, limit, |batch| Restoring { batch, ..least }.memory(config));
        let fits = |waiting: u64| Restoring { batch: job.batch, waiting, ..least }.memory(config);
        let waiting = all.min(job.waiting_pixels);
        // Halved until they fit; a single photo always does.
        let halves = std::iter::successors(Some(waiting), |pixels| Some(pixels / 2));
        job.waiting_pixels = halves.take(40).find(|&pixels| fits(pixels) <= limit).unwrap_or(0);
        let needs = Restoring { batch: job.batch, waiting: job.waiting_pixels, ..least };
        detail(&format!("batches of {}, {} pixels waiting at most", job.batch, needs.waiting));
        let is_open = |input: &Input| !seems_done(input, job, &record);
        let open = inputs.iter().filter(|input| is_open(input)).count();
        let at_work: Vec<Size> =
            seen.iter().filter(|(input, _)| is_open(input)).map(|&(_, size)| size).collect();
        let work = Restoring {
            all: at_work.iter().map(|size| size.pixels).sum(),
            results: at_work.iter().map(|size| size.result(job, config.size)).sum(),
            photos: at_work.len(),
            ..needs
        };
        let steps = open.div_ceil(job.batch) * job.fit.steps;
        let seconds = match open {
            0 => Some(0.0),
            _ => pace(job, restorer)?.map(|pace| pace * steps as f64 + work.seconds(job.task)),
        };
        tell(needs.memory(config), work.disk(config), seconds, &job.out, watch)
    }
}

/// How large a photo is.
#[derive(Debug, Clone, Copy)]
struct Size {
    pixels: u64,
    /// Of a pixel, decoded; and of one that has got colours.
    bytes: u64,
    coloured: u64,
}

impl Size {
    /// Of a photo that can be read; what cannot or is too large is told of when its turn comes.
    fn of(input: &Input) -> Option<Self> {
        let Header { width, height, has_alpha, channels, bytes } = header(&input.path)?;
        let pixels = u64::from(width) * u64::from(height);
        let is_read = width.max(height) <= MAX_SIDE && pixels <= MAX_PIXELS;
        let bytes = u64::from(bytes);
        let coloured = bytes / u64::from(channels) * (3 + u64::from(has_alpha));
        is_read.then_some(Self { pixels, bytes, coloured })
    }

    /// Bytes of what `job` makes of it by a model of `side` pixels a side, decoded.
    fn result(self, job: &Job, side: usize) -> u64 {
        match job.task {
            Task::Superres => (side * side) as u64 * self.bytes,
            Task::Colorize => self.pixels * self.coloured,
            _ => self.pixels * self.bytes,
        }
    }
}

/// How much there is to train on.
fn training(config: &Config, photos: &Photos) -> Training {
    Training { rows: config.data.rows(photos.learned()), batch: config.train.batch }
}

/// Seconds for a step on a whole batch of `job`.
fn pace(job: &Job, restorer: &Lcm) -> Result<Option<f64>> {
    let model = restorer.model();
    let (config, task) = (&model.config, job.task);
    let side = if task == Task::Superres { config.size.div_ceil(2) } else { config.size };
    let grey = Picture::new(side, side, vec![0.5; 3 * side * side])?;
    let known: Vec<bool> = (0..side * side).map(|at| at % side < side / 2).collect();
    let known = (task == Task::Inpaint).then_some(&known[..]);
    let evidence = (0..job.batch).map(|_| task.evidence(&grey, known, config, &model.device));
    let evidence = evidence.collect::<Result<Vec<_>>>()?;
    let restorer: &dyn Restorer = restorer;
    Ok(restoring_pace(restorer, &evidence)?.map(|pace| pace.seconds_per_step))
}

/// Bytes of memory that the program takes before it does anything.
const PROGRAM: u64 = 48 << 20;

/// Reports the needs, after a look whether the disk has them.
pub(super) fn tell(
    memory: u64,
    disk: u64,
    seconds: Option<f64>,
    folder: &Path,
    watch: &mut dyn Observer,
) -> Result<()> {
    let (memory_free, disk_free) = (Machine::here().read().free, disk_free(folder));
    let _ = watch.on(Event::Needs { memory, memory_free, disk, disk_free, seconds });
    enough_disk(disk, disk_free, folder)
}
