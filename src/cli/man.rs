//! `lacuna man`

use std::io;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use lacuna::report::counted;
use lacuna::store::write_atomically;
use lacuna::{Error, Result};

use super::voice::{print, print_result};
use super::{Ending, command, help};

/// Write the manual: a page to stdout, or all pages into a folder.
#[derive(Debug, Args)]
#[command(after_long_help = help::MAN)]
pub(super) struct ManArguments {
    /// The page of a subcommand, as in `restore` or `data-check` [default: that of the program]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    page: Option<String>,
    /// Folder for all pages, `lacuna.1`, `lacuna-train.1` and so on
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: ManArguments) -> Result<Ending> {
    let pages = pages();
    if let Some(folder) = &arguments.out {
        for (name, page) in &pages {
            write_atomically(folder.join(format!("{name}.1")), page.as_bytes())?;
        }
        print(&format!("{}: {}", counted(pages.len(), "page"), folder.display()));
        return Ok(Ending::Done);
    }
    let wanted = arguments.page.map_or("lacuna".to_string(), |page| format!("lacuna-{page}"));
    match pages.iter().find(|(name, _)| *name == wanted) {
        Some((_, page)) => print_result(page.trim_end()),
        None => {
            let names = pages.iter().filter_map(|(name, _)| name.strip_prefix("lacuna-"));
            let remedy = format!("name one of {}", names.collect::<Vec<_>>().join(", "));
            return Err(Error::input(format!("page `{wanted}`"), "there is none of it", remedy));
        }
    }
    Ok(Ending::Done)
}

/// Every page with its name.
fn pages() -> Vec<(String, String)> {
    let mut program = command().disable_help_subcommand(true);
    program.build();
    let commands = all(&program);
    let name =
        |command: &Command| command.get_display_name().unwrap_or(command.get_name()).to_string();
    let names: Vec<String> = commands.iter().map(|command| name(command)).collect();
    let page = |command: &Command| {
        let mut bytes = Vec::new();
        // Writing into memory does not fail.
        let _ = page(command, &names, &mut bytes);
        (name(command), String::from_utf8_lossy(&bytes).into_owned())
    };
    commands.into_iter().map(page).collect()
}

/// `command` and all below it, each before those below it.
fn all(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|command| command.get_name() != "help");
    std::iter::once(command).chain(below.flat_map(all)).collect()
}

fn page(command: &Command, names: &[String], out: &mut Vec<u8>) -> io::Result<()> {
    let own = command.get_display_name().unwrap_or(command.get_name()).to_string();
    let man = Man::new(command.clone())
        .title(own.to_uppercase())
        .source(concat!("lacuna ", env!("CARGO_PKG_VERSION")))
        .manual("Lacuna");
    man.render_title(out)?;
    man.render_name_section(out)?;
    synopsis(command).to_writer(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    let below = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::default();
    verbatim(&below, &mut roff);
    if !below.contains("Exit codes:") {
        let at = help::LACUNA.find("Exit codes:").unwrap_or(0);
        verbatim(&help::LACUNA[at..], &mut roff);
    }
    roff.control("SH", ["SEE ALSO"]);
    let others = names.iter().filter(|name| **name != own);
    let others: Vec<String> = others.map(|name| format!("{name}(1)")).collect();
    roff.text([roman(others.join(", "))]);
    roff.to_writer(out)
}

/// What can stand on the command line, every option with the name of its value.
fn synopsis(command: &Command) -> Roff {
    let name = command.get_bin_name().or(command.get_display_name()).unwrap_or_default();
    let mut line = vec![bold(name), roman(" ")];
    let value = |argument: &Arg| -> Vec<Inline> {
        let takes = argument.get_action().takes_values();
        let names = argument.get_value_names().unwrap_or_default().iter().filter(|_| takes);
        names.flat_map(|name| [roman(" "), italic(name.to_string())]).collect()
    };
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let mut words = match (argument.get_long(), argument.get_short()) {
            (Some(long), _) => vec![bold(format!("--{long}"))],
            (None, Some(short)) => vec![bold(format!("-{short}"))],
            (None, None) => Vec::new(),
        };
        let is_positional = words.is_empty();
        words.extend(value(argument).into_iter().skip(usize::from(is_positional)));
        let is_many = argument.get_num_args().is_some_and(|number| number.max_values() > 1);
        if is_positional && is_many || matches!(argument.get_action(), ArgAction::Append) {
            words.push(roman("..."));
        }
        match argument.is_required_set() {
            true => line.extend(words),
            false => {
                line.push(roman("["));
                line.extend(words);
                line.push(roman("]"));
            }
        }
        line.push(roman(" "));
    }
    if command.has_subcommands() {
        line.push(italic("COMMAND"));
    }
    let mut roff = Roff::default();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text(line);
    roff
}

/// The paragraphs of `text` as they stand, each under its heading, if its first line is one.
fn verbatim(text: &str, roff: &mut Roff) {
    for paragraph in text.split("\n\n") {
        let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        let lines = match first.strip_suffix(':') {
            Some(heading) => {
                // `Files in RUN`: what is not the heading's own word is no word to be written large.
                let (heading, of) = heading.split_once(" in ").unwrap_or((heading, ""));
                let heading = if heading == "Exit codes" { "Exit status" } else { heading };
                roff.control("SH", [heading.to_uppercase().as_str()]);
                if !of.is_empty() {
                    roff.text([roman(format!("In {of}:"))]);
                }
                rest
            }
            None => {
                roff.control("PP", []);
                paragraph
            }
        };
        roff.control("nf", []);
        for line in lines.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subcommand_and_every_option_of_it_has_its_place_in_the_manual() {
        let pages = pages();
        let mut program = command();
        program.build();
        for command in all(&program).into_iter().skip(1) {
            let name = command.get_display_name().unwrap().to_string();
            let (_, page) = pages.iter().find(|(page, _)| *page == name).expect(&name);
            for section in ["NAME", "SYNOPSIS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"] {
                assert!(
                    page.contains(&format!(".SH \"{section}\""))
                        || page.contains(&format!(".SH {section}")),
                    "{name}: {section}"
                );
            }
            for long in command.get_arguments().filter_map(|argument| argument.get_long()) {
                let shown = format!("\\-\\-{}", long.replace('-', "\\-"));
                assert!(page.contains(&shown), "{name}: {long}");
            }
        }
        assert_eq!(pages.len(), all(&program).len());
        assert!(pages.iter().any(|(name, _)| name == "lacuna-data-check"));
        let (_, restore) = pages.iter().find(|(page, _)| page == "lacuna-restore").unwrap();
        let synopsis = restore.split(".SH").find(|part| part.contains("SYNOPSIS")).unwrap();
        for option in
            ["\\-\\-model\\fR \\fIRUN", "\\-\\-mask\\fR \\fIFILE", "\\-\\-shrink\\fR]", "\\fITASK"]
        {
            assert!(synopsis.contains(option), "{option} in {synopsis}");
        }
    }
}
