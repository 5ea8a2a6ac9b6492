//! `lacuna info`

use std::io::Write;
use std::path::PathBuf;

use anstyle::Style;
use clap::Args;
use indicatif::{DecimalBytes, HumanCount};
use lacuna::report::{counted, quoted};
use lacuna::train::{Info, Run, State};
use lacuna::{Error, Result};

use super::progress::clock;
use super::voice::{harmless, print_result};
use super::{Ending, help};

/// Say what is known of a run or a model.
///
/// What it is, what it learned, how far it is, what it can be asked for, how large it is. Nothing is written, and the
/// run may be in training.
#[derive(Debug, Args)]
#[command(after_long_help = help::INFO)]
pub(super) struct InfoArguments {
    /// The run, or a model's folder by itself
    #[arg(value_name = "RUN")]
    folder: PathBuf,
    /// One JSON object, with all settings, for machines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: InfoArguments) -> Result<Ending> {
    let info = Info::open(&arguments.folder)?;
    if arguments.json {
        let json = serde_json::to_string_pretty(&info);
        print_result(&json.map_err(|error| Error::write("stdout")(error.into()))?);
        return Ok(Ending::Done);
    }
    let bold = Style::new().bold();
    let mut out = anstream::stdout().lock();
    for (label, text) in table(&info) {
        // A reader that has gone has seen what it wanted.
        let _ = writeln!(out, "{bold}{label:<10}{bold:#} {}", harmless(&text));
    }
    Ok(Ending::Done)
}

/// Labels and what stands beside them; further lines of one label have none.
fn table(info: &Info) -> Vec<(&'static str, String)> {
    let training = info.state == State::Training;
    let unknown = || match training {
        true => "not yet, it is still training".to_string(),
        false => "not known".to_string(),
    };
    let count = |number: usize| HumanCount(number as u64).to_string();
    let trained = &info.trained;
    let [channels, height, width] = info.latent;
    let mut rows = vec![
        (
            if info.state == State::Model { "model" } else { "run" },
            info.folder.display().to_string(),
        ),
        ("state", state(info)),
        ("system", format!("{}, latent convolutional model", info.system)),
        ("images", format!("{0} x {0} pixels", info.size)),
        ("generator", format!("{} parameters", count(info.generator_parameters))),
        (
            "a photo",
            format!("{} numbers, a latent of {channels} x {height} x {width}", count(info.row_len)),
        ),
        ("settings", info.settings.to_string()),
    ];
    let learned = trained.photos.map(|photos| {
        let mirrored = if trained.mirrored { " and their mirrored copies" } else { "" };
        let held_out = trained.held_out.map_or_else(unknown, count);
        format!("{}{mirrored}; held out: {held_out}", counted(photos, "photo"))
    });
    rows.push(("learned", learned.unwrap_or_else(unknown)));
    let said = &info.config.model;
    let said =
        [("", &said.data_name), ("from ", &said.data_source), ("licence: ", &said.data_license)];
    let said = said.into_iter().filter(|(_, text)| !text.is_empty());
    rows.extend(under("data", said.map(|(label, text)| format!("{label}{text}"))));
    rows.extend(trained.folder.as_ref().map(|folder| ("from", folder.display().to_string())));
    // Nothing is on disk before the first steps.
    let first = || if training { effort(info, 0) } else { unknown() };
    rows.push(("training", trained.steps.map_or_else(first, |steps| effort(info, steps))));
    let loss = trained.loss.map(|loss| format!("{loss:.4}, mean over the last pass"));
    rows.push(("loss", loss.unwrap_or_else(unknown)));
    let version = info.version.as_ref().map_or_else(unknown, |version| format!("lacuna {version}"));
    rows.push(("written", info.written.clone().unwrap_or_else(unknown)));
    rows.push(("by", version));
    let license = info.license.clone();
    rows.push(("licence", license.unwrap_or_else(|| "none given, see `train --license`".into())));
    let tasks = info.tasks.iter().map(|fit| {
        let steps = counted(fit.steps, "step");
        format!("{:<9} at most {steps} at rate {}", fit.task.name(), fit.lr)
    });
    rows.extend(under("tasks", tasks));
    let parts = info
        .parts
        .iter()
        .map(|part| format!("{:>10}  {}", DecimalBytes(part.bytes).to_string(), part.name));
    rows.extend(under("on disk", parts));
    rows
}

fn under(
    label: &'static str,
    lines: impl Iterator<Item = String>,
) -> impl Iterator<Item = (&'static str, String)> {
    lines.enumerate().map(move |(at, line)| (if at == 0 { label } else { "" }, line))
}

fn state(info: &Info) -> String {
    match info.state {
        State::Model => "a model without its run".to_string(),
        State::Training if Run::at(&info.folder).has_model() => {
            "training now; the model here is that of its last stop".to_string()
        }
        State::Training => "training now; its model appears when training ends".to_string(),
        State::Finished => match info.trained.steps.zip(info.trained.steps_planned) {
            Some((at, all)) if at < all => "finished, its minutes have passed".to_string(),
            _ => "finished".to_string(),
        },
        State::Stopped => {
            let older = older_model(info).map_or_else(String::new, |steps| {
                format!("; its model is that of step {steps}, until training ends by itself")
            });
            format!("stopped{older}; go on: {}", resuming(info))
        }
        State::Lost => {
            let name = lacuna::store::state::NAME;
            format!("its state, {name}, is gone: its model can be used, and it cannot go on")
        }
        State::Unsaved => {
            format!("cut off before its first checkpoint; begin anew: {}", resuming(info))
        }
    }
}

/// The step of the model, where the run is further than that.
fn older_model(info: &Info) -> Option<u64> {
    let (model, run) = info.trained.model_steps.zip(info.trained.steps)?;
    (model < run).then_some(model)
}

/// The command that goes on with a run.
pub(super) fn resuming(info: &Info) -> String {
    // Without a manifest nothing says where the photos are.
    let photos = if info.trained.folder.is_some() { "" } else { "PHOTOS " };
    format!("lacuna train {photos}--resume --out {}", quoted(&info.folder))
}

fn effort(info: &Info, steps: u64) -> String {
    let trained = &info.trained;
    let planned = trained.steps_planned.map(|planned| format!(" of {}", HumanCount(planned)));
    let passes = trained.passes.map(|passes| format!(", {passes:.1} passes"));
    let time = trained.seconds.map(|seconds| format!(", {}", clock(seconds)));
    let [planned, passes, time] = [planned, passes, time].map(Option::unwrap_or_default);
    let step = if steps == 1 && planned.is_empty() { "step" } else { "steps" };
    format!("{}{planned} {step} of generator and latents jointly{passes}{time}", HumanCount(steps))
}
