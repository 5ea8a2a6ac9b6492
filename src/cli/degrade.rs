//! `lacuna degrade`

use std::path::PathBuf;

use ::image::{Rgba, RgbaImage};
use clap::Args;
use lacuna::data::Id;
use lacuna::degrade::{Corruption, Grey, Hole, Jpeg, Noise, Punch, Shrink};
use lacuna::event::{Event, Observer};
use lacuna::image::{Picture, load_bytes, read_bytes, save_png};
use lacuna::restore::Task;
use lacuna::restore::job::{Input, list};
use lacuna::{Error, Result, runtime};

use super::Ending;
use super::interrupt;
use super::progress::Progress;
use super::restore::TaskName;

/// Make damaged copies of whole photos, for experiments.
///
/// For NAME.jpg writes OUT/NAME.png: with a transparent hole (inpaint), smaller (superres), grey (colorize), noisy
/// (denoise), or after JPEG compression (jpeg). `restore` reads them as they are.
///
///   lacuna degrade inpaint photos/ --hole center:40% --out damaged
///   lacuna degrade superres photos/ --factor 8 --size 64 --out small --truth whole
///   lacuna degrade denoise photos/ --sigma 0.1 --out noisy
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct DegradeArguments {
    /// What to do to them
    task: TaskName,
    /// Photos and folders of photos
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// Folder for the copies
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// inpaint: center:50 (pixels), center:40%, half:left, random:0.95
    #[arg(long, default_value = "center:40%")]
    hole: String,
    /// superres: how many times smaller
    #[arg(long, default_value_t = 8)]
    factor: usize,
    /// denoise: standard deviation of the noise, of a range of 1
    #[arg(long, default_value_t = 0.1)]
    sigma: f32,
    /// jpeg: quality, 1..100
    #[arg(long, default_value_t = 10)]
    quality: u8,
    /// Resize to SIZE x SIZE pixels first, as training does
    #[arg(long)]
    size: Option<usize>,
    /// Also write the whole photos, at the size before the damage, into this folder
    #[arg(long, value_name = "DIR")]
    truth: Option<PathBuf>,
    /// Of noise and random holes
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(arguments: DegradeArguments) -> Result<Ending> {
    let task = Task::from(arguments.task);
    let hole: Hole = arguments.hole.parse()?;
    let corruption: Box<dyn Corruption> = match task {
        Task::Inpaint => Box::new(Punch::new(hole)),
        Task::Superres => Box::new(Shrink::new(arguments.factor)?),
        Task::Colorize => Box::new(Grey),
        Task::Denoise => Box::new(Noise::new(arguments.sigma)?),
        Task::Jpeg => Box::new(Jpeg::new(arguments.quality)?),
    };
    let mut progress = Progress::new(false);
    let inputs = list(&arguments.inputs, &arguments.out, &mut progress)?;
    let (mut made, mut failed) = (0, 0);
    for input in &inputs {
        if interrupt::asked().is_break() {
            return Ok(Ending::Interrupted);
        }
        let picture = match whole(input, arguments.size) {
            Ok(picture) => picture,
            Err(error) => {
                failed += 1;
                let (path, problem) = (input.path.clone(), error.to_string());
                let _ = progress.on(Event::Skipped { path, problem });
                continue;
            }
        };
        // Every photo has a stream of its own, so that a copy does not depend on the others.
        let mut rng = runtime::stream(arguments.seed, &format!("degrade/{}", picture.1));
        let picture = picture.0;
        match task {
            Task::Inpaint => {
                let (copy, known) = Punch::new(hole).punch(&picture, &mut rng)?;
                save_png(input.result(), transparent(&copy, &known))?;
            }
            _ => save_png(input.result(), corruption.corrupt(&picture, &mut rng)?.to_rgb8())?,
        }
        if let Some(folder) = &arguments.truth {
            let below = input.result();
            let below = below.strip_prefix(&arguments.out).unwrap_or(&below);
            save_png(folder.join(below), picture.to_rgb8())?;
        }
        made += 1;
    }
    progress.say(&format!("{made} copies, {failed} failed: {}", arguments.out.display()));
    Ok(if failed > 0 { Ending::WithFailures } else { Ending::Done })
}

fn whole(input: &Input, size: Option<usize>) -> Result<(Picture, Id)> {
    let bytes = read_bytes(&input.path)?;
    let picture = load_bytes(&bytes, &input.path)?.picture()?;
    let picture = match size {
        Some(size) => picture.resized(size, size).map_err(|_| {
            Error::input(format!("--size {size}"), "there is no such size", "as in 64")
        })?,
        None => picture,
    };
    Ok((picture, Id::of(&bytes)))
}

/// `copy` with alpha 0 where nothing is known.
fn transparent(copy: &Picture, known: &[bool]) -> RgbaImage {
    let mut image = RgbaImage::new(copy.width() as u32, copy.height() as u32);
    for ((to, from), &known) in image.pixels_mut().zip(copy.to_rgb8().pixels()).zip(known) {
        *to = Rgba([from[0], from[1], from[2], if known { 255 } else { 0 }]);
    }
    image
}
