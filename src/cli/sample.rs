//! `lacuna sample`

use std::path::PathBuf;

use clap::Args;
use lacuna::estimate::Restoring;
use lacuna::event::{Event, Observer};
use lacuna::explore::{Facts, Latents, SampleJob, Sampled, Sampler, SamplerSettings};
use lacuna::report::counted;
use lacuna::store::probe;
use lacuna::{Error, Result};

use super::needs::{NeedsOptions, tell};
use super::options::{RunOptions, open_model, run_of, whole};
use super::progress::{Counts, Progress};
use super::{Ending, help};

/// Bytes of latents that are held in memory, where nothing else is said; more are read anew in every pass.
const HELD: u64 = 512 << 20;

/// Draw pictures that never were, of the kind that a model learned.
///
/// The latents of the photos that were learned are described by a mixture of Gaussians over their principal components, and
/// others are drawn from it. That sampler is kept beside the model and used again; an export takes it along. The same seed
/// gives the same pictures, and more of them begin with those.
#[derive(Debug, Args)]
#[command(after_long_help = help::SAMPLE)]
pub(super) struct SampleArguments {
    /// The run; or a model's folder with a sampler, or with exported latents
    #[arg(long, value_name = "RUN")]
    model: PathBuf,
    /// Pictures to draw
    #[arg(short = 'n', long, value_name = "N", default_value_t = 64, allow_negative_numbers = true, value_parser = whole::<usize>)]
    count: usize,
    /// Folder for the pictures; no file is ever replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Of the pictures
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = whole::<u64>)]
    seed: u64,
    /// Fit the sampler anew, as the next options say
    #[arg(long)]
    refit: bool,
    /// Latents that are taken, mirrored copies among them
    #[arg(long, value_name = "N", default_value_t = 30_000, allow_negative_numbers = true, value_parser = whole::<usize>)]
    rows: usize,
    /// Principal components at most; never more than an eighth of the latents
    #[arg(long, value_name = "N", default_value_t = 512, allow_negative_numbers = true, value_parser = whole::<usize>)]
    dimensions: usize,
    /// Gaussians of the mixture
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true, value_parser = whole::<usize>)]
    gaussians: usize,
    /// Share of the photos whose latents are left out of the fit, to measure it, 0 to 0.9
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, allow_negative_numbers = true)]
    hold_out: f64,
    /// The sampler's file: used where it is there, else made [default: beside the model]
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    needs: NeedsOptions,
    #[command(flatten)]
    options: RunOptions,
}

pub(super) fn run(arguments: SampleArguments) -> Result<Ending> {
    check(&arguments)?;
    let SampleArguments { count, seed, out, save, .. } = &arguments;
    let job = SampleJob { count: *count, seed: *seed, out: out.clone() };
    job.check()?;
    probe(out)?;
    let device = arguments.options.device()?;
    let mut progress = Progress::new(arguments.options.json);
    let model = open_model(&arguments.model, &device, &mut progress)?;
    let config = model.config.clone();
    let row_len = config.latent.row_len();
    let there = match arguments.refit {
        true => None,
        false => Sampler::open(&arguments.model, save.as_deref(), row_len)?,
    };
    let settings = SamplerSettings {
        dimensions: arguments.dimensions,
        components: arguments.gaussians,
        seed: 0,
    };
    let render = Restoring { batch: 8, ..Restoring::default() }.memory(&config);
    let disk = (*count * (3 * config.size * config.size + 1024)) as u64 * 2 + (1 << 20);
    let mut latents = None;
    let memory = match &there {
        Some(sampler) => render + 8 * sampler.facts.dimensions as u64 * row_len as u64,
        None => {
            let held = arguments.needs.memory.map_or(HELD, |memory| memory / 2);
            // An export may be called `model`, too.
            let run = run_of(&arguments.model);
            let folder = if run.exists() { run.folder() } else { &arguments.model };
            let rows = Latents::open(folder)?;
            let rows = rows.taking(arguments.rows, arguments.hold_out, held);
            let memory = render + Sampler::memory(&rows, &settings);
            latents = Some(rows);
            memory
        }
    };
    tell(memory, disk, None, out, &mut progress)?;
    let limit = arguments.needs.limit(&device);
    if memory > limit {
        let mebibytes = lacuna::report::mebibytes;
        let problem =
            format!("about {} are needed, {} are there", mebibytes(memory), mebibytes(limit));
        let remedy = "give fewer --rows or --dimensions, or close other programs";
        return Err(Error::input("memory", problem, remedy));
    }
    if arguments.needs.estimate {
        return Ok(Ending::Done);
    }
    let sampler = match (there, latents) {
        (Some(sampler), _) => sampler,
        (None, Some(mut latents)) => {
            let sampler = Sampler::fit(&mut latents, &settings, &mut progress)?;
            keep(&sampler, &arguments, &progress);
            sampler
        }
        // One of the two is there.
        (None, None) => return Ok(Ending::Failed),
    };
    let _ = progress.on(Event::Sampler { facts: sampler.facts.clone() });
    let prior = model.frozen()?;
    let Some(Sampled { pictures, sheet }) = job.run(&prior, &sampler, &mut progress)? else {
        progress.say(&format!("stopped: what is written stays in {}", out.display()));
        return Ok(Ending::Interrupted);
    };
    progress.say(&format!("written: {}, {}", counted(pictures, "picture"), sheet.display()));
    progress.end(Counts { done: pictures, ..Counts::default() });
    Ok(Ending::Done)
}

fn check(arguments: &SampleArguments) -> Result<()> {
    for (option, value) in [
        ("--rows", arguments.rows),
        ("--dimensions", arguments.dimensions),
        ("--gaussians", arguments.gaussians),
    ] {
        if value == 0 {
            return Err(Error::input(option, "0 is out of range", "give a number 1 or more"));
        }
    }
    if !(0.0..=0.9).contains(&arguments.hold_out) {
        let problem = format!("{} is out of range", arguments.hold_out);
        return Err(Error::input("--hold-out", problem, "give 0 to 0.9"));
    }
    Ok(())
}

/// A sampler that cannot be kept, beside a model that may only be read, is made again the next time.
fn keep(sampler: &Sampler, arguments: &SampleArguments, progress: &Progress) {
    match sampler.save(&arguments.model, arguments.save.as_deref()) {
        Ok(path) => progress.say(&format!("sampler: {}", path.display())),
        Err(error) => progress.say(&format!("note: the sampler is not kept: {error}")),
    }
}

/// What is said of a sampler.
pub(super) fn lines(facts: &Facts) -> [String; 3] {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let (rows, dimensions) =
        (counted(facts.rows, "latent"), counted(facts.dimensions, "dimension"));
    let of_others = facts.explained_held_out.map_or(String::new(), |share| {
        format!(", {} of the {} held out", percent(share), facts.held_out)
    });
    let likelihood = facts.log_likelihood_held_out.map_or(String::new(), |value| {
        let one = facts.log_likelihood_one_gaussian.unwrap_or(value);
        format!(", held out {value:.2} (by a single Gaussian {one:.2})")
    });
    let of_rows = facts
        .row_log_likelihood_held_out
        .map_or(String::new(), |value| format!(", held out {value:.3}"));
    [
        format!(
            "{rows}, {} of them mirrored: {dimensions} explain {} of their variance{of_others}",
            facts.mirrored,
            percent(facts.explained)
        ),
        format!(
            "{}, {} of EM: log-likelihood in these {:.2}{likelihood}",
            counted(facts.components, "Gaussian"),
            counted(facts.steps, "step"),
            facts.log_likelihood
        ),
        format!(
            "log-likelihood of all {} numbers of a latent, for each: {:.3}{of_rows}",
            facts.row_len, facts.row_log_likelihood
        ),
    ]
}
