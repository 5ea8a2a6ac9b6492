//! `lacuna interpolate`

use std::path::{Path, PathBuf};

use clap::Args;
use lacuna::config::FitConfig;
use lacuna::event::{Event, Observer};
use lacuna::explore::{End, cross_fade, fit_ends, frames, gif_bytes, times};
use lacuna::image::{Picture, Sheet, load, save_png};
use lacuna::report::counted;
use lacuna::restore::FitSettings;
use lacuna::store::{probe, write_atomically};
use lacuna::{Error, Prior, Result};
use serde_json::{Value, json};

use super::options::{RunOptions, open_model, whole};
use super::progress::{Counts, Progress};
use super::{Ending, help};

/// Steps at most: a photo settles before, and nothing in it is damage that should not be learned.
const STEPS: usize = 1000;
/// Frames of the animation from one of the strip to the next.
const BETWEEN: usize = 4;
/// Hundredths of a second that a frame stays, and an end.
const FRAME: u16 = 6;
const END: u16 = 80;
/// Sides of a picture at least, in the strip and in the animation.
const LEAST_SIDE: usize = 64;
const MOVING_SIDE: usize = 128;
/// Frames at most.
const MOST_FRAMES: usize = 64;
const FILES: [&str; 3] = ["strip.png", "between.gif", "interpolate.json"];

/// Go from one photo to another by the model, beside a cross-fade.
///
/// Both are fitted as `restore` does; from one to the other what is fitted changes little by little, and the model makes a
/// picture of each step.
#[derive(Debug, Args)]
#[command(after_long_help = help::INTERPOLATE)]
pub(super) struct InterpolateArguments {
    /// The photo to begin with
    a: PathBuf,
    /// The photo to end with
    b: PathBuf,
    /// The run, or the model folder in it
    #[arg(long, value_name = "RUN")]
    model: PathBuf,
    /// Another model, whose frames stand below
    #[arg(long, value_name = "OTHER")]
    with: Option<PathBuf>,
    /// Folder for the results; no file is ever replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Frames of the strip, 2 to 64; the animation has three more between two of them
    #[arg(long, value_name = "N", default_value_t = 9, allow_negative_numbers = true, value_parser = whole::<usize>)]
    frames: usize,
    /// Most steps of the fit; a photo that has settled stops before
    #[arg(long, default_value_t = STEPS, allow_negative_numbers = true, value_parser = whole::<usize>)]
    steps: usize,
    /// Rate of the fit, per image [default: the model's setting for inpaint]
    #[arg(long, allow_negative_numbers = true)]
    lr: Option<f64>,
    #[command(flatten)]
    options: RunOptions,
}

/// A row of the strip: what it is called, and its frames, those of the animation.
struct Way {
    name: String,
    frames: Vec<Picture>,
    ends: [Picture; 2],
}

pub(super) fn run(arguments: InterpolateArguments) -> Result<Ending> {
    let out = &arguments.out;
    if !(2..=MOST_FRAMES).contains(&arguments.frames) {
        let problem = format!("{} is out of range", arguments.frames);
        return Err(Error::input("--frames", problem, format!("give 2 to {MOST_FRAMES}")));
    }
    if let Some(name) = FILES.iter().find(|name| out.join(name).exists()) {
        let what = format!("output `{}`", out.display());
        let problem = format!("it holds an interpolation already, {name}");
        return Err(Error::input(what, problem, "choose another folder with --out"));
    }
    probe(out)?;
    let device = arguments.options.device()?;
    let mut progress = Progress::new(arguments.options.json);
    let photos = [&arguments.a, &arguments.b].map(|path| load(path)?.picture());
    let photos: Vec<Picture> = photos.into_iter().collect::<Result<_>>()?;

    let mut ways: Vec<Way> = Vec::new();
    let mut said: Vec<Value> = Vec::new();
    for folder in std::iter::once(&arguments.model).chain(&arguments.with) {
        let prior = open_model(folder, &device, &mut progress)?.frozen()?;
        let Some([a, b]) = ends(&arguments, &prior, &photos, &mut progress)? else {
            return Ok(Ending::Interrupted);
        };
        said.push(told(&arguments, folder, [&a, &b], &mut progress));
        let count = BETWEEN * (arguments.frames - 1) + 1;
        let frames = frames(&prior, &a.row, &b.row, count)?;
        let (fade, photos) = (cross_fade(&a.picture, &b.picture, count)?, [a.picture, b.picture]);
        ways.push(Way { name: name_of(folder, &arguments), frames, ends: photos.clone() });
        if ways.len() == 1 {
            ways.push(Way { name: "pixels".into(), frames: fade, ends: photos });
        }
    }
    write(&arguments, &ways, &said, &mut progress)?;
    progress.end(Counts { done: 2, ..Counts::default() });
    Ok(Ending::Done)
}

/// Both photos as the model has them. `None` when Ctrl-C was pressed.
fn ends(
    arguments: &InterpolateArguments,
    prior: &Prior,
    photos: &[Picture],
    progress: &mut Progress,
) -> Result<Option<[End; 2]>> {
    let lr = arguments.lr.unwrap_or(prior.config.restore.inpaint.lr);
    let fit = FitConfig { steps: arguments.steps, lr };
    fit.check("restore.interpolate")?;
    let _ = progress.on(Event::Batch { done: 0, total: photos.len() });
    let ends = fit_ends(prior, photos, &FitSettings::new(fit, &prior.config), progress)?;
    Ok(ends.and_then(|ends| ends.try_into().ok()))
}

/// Says how far the ends are from the photos, and returns it.
fn told(
    arguments: &InterpolateArguments,
    model: &Path,
    ends: [&End; 2],
    progress: &mut Progress,
) -> Value {
    let each = [&arguments.a, &arguments.b].into_iter().zip(ends).map(|(input, end)| {
        let (input, model, steps, mse) = (input.clone(), model.to_path_buf(), end.steps, end.mse);
        let said = json!({ "input": input, "mse": mse, "steps": steps, "stop": end.stop });
        let _ = progress.on(Event::Fitted { input, model, steps, mse });
        said
    });
    let ends: Vec<Value> = each.collect();
    json!({ "model": model, "ends": ends })
}

/// `model`, where there is one; else as it was typed.
fn name_of(folder: &Path, arguments: &InterpolateArguments) -> String {
    match arguments.with {
        None => "model".to_string(),
        Some(_) => folder.display().to_string(),
    }
}

fn write(
    arguments: &InterpolateArguments,
    ways: &[Way],
    said: &[Value],
    progress: &mut Progress,
) -> Result<()> {
    let [strip, gif, record] = FILES.map(|name| arguments.out.join(name));
    save_png(&strip, strip_of(ways, arguments.frames).render()?)?;
    write_atomically(&gif, &gif_bytes(&gif, &moving(ways)?)?)?;
    let record_of = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "frames": arguments.frames,
        "models": said,
    });
    let json = serde_json::to_vec_pretty(&record_of);
    write_atomically(&record, &json.map_err(|e| Error::write(&record)(e.into()))?)?;
    let rows = counted(ways.len(), "row");
    progress.say(&format!("written: {} ({rows}), {}", strip.display(), gif.display()));
    Ok(())
}

/// A photo, the frames from it to the other, the other: a row for each way.
fn strip_of(ways: &[Way], frames: usize) -> Sheet {
    let middle = times(frames).into_iter().map(|t| format!("{t:.2}"));
    let titles: Vec<String> =
        std::iter::once("A".to_string()).chain(middle).chain(std::iter::once("B".into())).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let side = ways.iter().map(|way| way.ends[0].height()).max().unwrap_or(1);
    let sheet = ways.iter().fold(Sheet::new(&titles), |sheet, Way { name, frames, ends }| {
        let shown = frames.iter().step_by(BETWEEN);
        let row: Vec<&Picture> = ends[..1].iter().chain(shown).chain(&ends[1..]).collect();
        sheet.row(Some(name), &row)
    });
    sheet.scale(LEAST_SIDE.div_ceil(side.max(1)))
}

/// All ways side by side, there and back.
fn moving(ways: &[Way]) -> Result<Vec<(::image::RgbImage, u16)>> {
    let titles: Vec<&str> = ways.iter().map(|way| way.name.as_str()).collect();
    let side = ways.iter().map(|way| way.ends[0].height()).max().unwrap_or(1);
    let count = ways.first().map_or(0, |way| way.frames.len());
    let frame = |at: usize| {
        let row: Vec<&Picture> = ways.iter().map(|way| &way.frames[at]).collect();
        let is_end = at == 0 || at + 1 == count;
        let sheet = Sheet::new(&titles).row(None, &row).scale(MOVING_SIDE.div_ceil(side.max(1)));
        Ok((sheet.render()?, if is_end { END } else { FRAME }))
    };
    (0..count).chain((1..count.saturating_sub(1)).rev()).map(frame).collect()
}
