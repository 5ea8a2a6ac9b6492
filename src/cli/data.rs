//! `lacuna data check`

use std::ffi::OsString;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use clap::{Args, Subcommand};
use indicatif::HumanCount;
use lacuna::config::Layers;
use lacuna::data::check::{Group, Member, Report, check};
use lacuna::data::source::SetSpec;
use lacuna::report::counted;
use lacuna::{Error, Result, runtime};
use serde::Serialize;

use super::options::whole;
use super::progress::Progress;
use super::voice::{harmless, print, print_result};
use super::{Ending, help};

/// Look at a data set before it is learned from.
#[derive(Debug, Args)]
#[command(after_long_help = help::DATA)]
pub(super) struct DataArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Check(CheckArguments),
}

/// Count it, and find what is in it twice.
///
/// Reads every picture, and says how many there are, of which sizes and formats, what is left out and why, and which
/// are the same: the same bytes, or the same picture made smaller, compressed again, mirrored or cropped a little.
/// Copies of which one is learned from and another held out are marked: they make what is measured look better than it
/// is. Nothing is written.
#[derive(Debug, Args)]
#[command(after_long_help = help::DATA)]
struct CheckArguments {
    /// Folder of photos, or a data set: PATH or KIND:PATH. KIND is folder, celeba, lsun, celebahq,
    /// webdataset, zip or tar
    photos: OsString,
    /// Only the first so many, in the order of the set
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    take: Option<usize>,
    /// Share that is held out, as data.hold_out of train [default: the setting of the small presets, 0.1]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    hold_out: Option<f64>,
    /// CPU threads; results do not depend on their number [default: all cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    threads: Option<usize>,
    /// One JSON object a line on stdout for every event, the report as the last, for machines
    #[arg(long)]
    json: bool,
}

/// The last line of `--json`.
#[derive(Serialize)]
#[serde(tag = "event", rename = "checked")]
struct Checked<'a> {
    #[serde(flatten)]
    report: &'a Report,
}

pub(super) fn run(arguments: DataArguments) -> Result<Ending> {
    let What::Check(arguments) = arguments.what;
    if arguments.take == Some(0) {
        return Err(Error::input("--take", "0 leaves no photo", "give a number 1 or more"));
    }
    if let Some(threads) = arguments.threads {
        runtime::set_threads(threads)?;
    }
    let hold_out = match arguments.hold_out {
        Some(share) => share,
        None => Layers::preset("photos-64")?.finish()?.data.hold_out,
    };
    let set = SetSpec { take: arguments.take, ..SetSpec::typed(&arguments.photos)? };
    let mut progress = Progress::new(arguments.json);
    let report = check(&set, hold_out, &mut progress)?;
    if arguments.json {
        let line = serde_json::to_string(&Checked { report: &report });
        print_result(&line.map_err(|error| Error::write("stdout")(error.into()))?);
    } else {
        let name = arguments.photos.to_string_lossy();
        // A reader that has gone has seen what it wanted.
        let _ = tell(&name, &report, &mut anstream::stdout().lock());
    }
    let across = report.across().count();
    if across == 0 {
        return Ok(Ending::Done);
    }
    if !arguments.json {
        print(&format!(
            "note: {} of copies on both sides of the split, so that what is measured on held-out photos looks better than \
             it is: leave all but one of each out",
            counted(across, "group")
        ));
    }
    Ok(Ending::WithFailures)
}

/// Labels and what stands beside them, then the groups.
fn tell(name: &str, report: &Report, out: &mut impl Write) -> std::io::Result<()> {
    let bold = Style::new().bold();
    let mut row =
        |label: &str, text: &str| writeln!(out, "{bold}{label:<10}{bold:#} {}", harmless(text));
    let count = |number: usize| HumanCount(number as u64).to_string();
    row("set", name)?;
    let unused = match report.unused {
        0 => String::new(),
        n => format!(", {} the set does not use", count(n)),
    };
    let [pictures, train, held_out] = [report.pictures, report.train, report.held_out].map(count);
    row("pictures", &format!("{pictures}: {train} to learn from, {held_out} held out{unused}"))?;
    let formats = report.formats.iter().map(|(format, &n)| format!("{} {format}", count(n)));
    row("formats", &formats.collect::<Vec<_>>().join(", "))?;
    let size = |[width, height]: [u32; 2]| format!("{width} x {height}");
    let sizes = report.sizes;
    row(
        "sizes",
        &format!(
            "smallest {}, median {}, largest {}; sides of {} to {}",
            size(sizes.smallest),
            size(sizes.median),
            size(sizes.largest),
            sizes.sides[0],
            sizes.sides[1]
        ),
    )?;
    // Each was named, with its reason, as it was found.
    row("skipped", &counted(report.skipped.len(), "file"))?;
    row("same bytes", &groups(&report.duplicates))?;
    row("near", &groups(&report.near))?;
    for (sign, found) in [("=", &report.duplicates), ("~", &report.near)] {
        found.iter().try_for_each(|group| tell_group(sign, group, out))?;
    }
    Ok(())
}

/// So many groups, of so many pictures.
fn groups(groups: &[Group]) -> String {
    let members = groups.iter().map(|group| group.members.len()).sum::<usize>();
    let across = groups.iter().filter(|group| group.across).count();
    match groups.len() {
        0 => "none".to_string(),
        n => format!("{} of {members} files, {across} across the split", counted(n, "group")),
    }
}

fn tell_group(sign: &str, group: &Group, out: &mut impl Write) -> std::io::Result<()> {
    let red = AnsiColor::Red.on_default().bold();
    let mark = if group.across { format!("{red}!{red:#}") } else { " ".to_string() };
    writeln!(out, "{mark} {sign}")?;
    for Member { name, held_out, similarity, mirrored } in &group.members {
        let side = if *held_out { "held out" } else { "learned" };
        let like = similarity.map_or(String::new(), |similarity| format!(", {similarity:.2}"));
        let mirrored = if *mirrored { ", mirrored" } else { "" };
        writeln!(out, "    {}  ({side}{like}{mirrored})", harmless(name))?;
    }
    Ok(())
}
