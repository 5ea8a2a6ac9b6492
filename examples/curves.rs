//! Draws the loss curves of some runs in one picture, named by their folders:
//! `cargo run --release --example curves -- OUT.png TITLE RUN [RUN ...]`

use std::fs;
use std::path::{Path, PathBuf};

use lacuna::image::{PALETTE, Series, loss_curve, save_png};
use lacuna::train::{LogLine, Run};
use lacuna::{Error, Result};

fn main() {
    if let Err(error) = run() {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, title, runs @ ..] = &arguments[..] else {
        return Err(Error::input("arguments", "2 or more are needed", "give OUT.png TITLE RUN .."));
    };
    let colours = PALETTE.into_iter().cycle();
    let series: Vec<Series> =
        runs.iter().zip(colours).map(|(run, colour)| curve(run, colour)).collect::<Result<_>>()?;
    let picture = loss_curve(title, &series, "joint steps", true, 960, 540);
    save_png(PathBuf::from(out), picture)
}

/// The losses that the run in `folder` has logged.
fn curve(folder: &str, colour: [u8; 3]) -> Result<Series> {
    let log = Run::at(folder).log();
    let text = fs::read_to_string(&log).map_err(Error::read(&log))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<LogLine>(line).ok());
    let points = lines.map(|line| (line.step as f64, f64::from(line.loss))).collect();
    let name = Path::new(folder).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Series { name, points, colour })
}
