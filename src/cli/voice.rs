//! What the program says on stderr, how much of it and in which colours; what was asked for goes to stdout.
//!
//! | | stderr | stdout |
//! |---|---|---|
//! | `-q` | errors | the result |
//! | | notes, results, progress | the result |
//! | `-v` | what is decided and why too, each line with the seconds since the start | the result |

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write;
use std::sync::OnceLock;
use std::time::Instant;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loudness {
    Quiet,
    #[default]
    Normal,
    Verbose,
}

/// Options of every subcommand, before or after its name.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct VoiceOptions {
    /// Errors only; what was asked for is written all the same
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Also what is decided and why, and when
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: When,
}

/// When there are colours.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

static VOICE: OnceLock<(Loudness, Instant)> = OnceLock::new();

fn voice() -> &'static (Loudness, Instant) {
    VOICE.get_or_init(|| (Loudness::default(), Instant::now()))
}

impl VoiceOptions {
    /// From here on the program speaks like this.
    pub fn apply(&self) {
        let loudness = match (self.quiet, self.verbose) {
            (true, _) => Loudness::Quiet,
            (_, true) => Loudness::Verbose,
            _ => Loudness::Normal,
        };
        let _ = VOICE.set((loudness, Instant::now()));
        choice(self.color).write_global();
    }
}

pub(super) fn loudness() -> Loudness {
    voice().0
}

fn choice(when: When) -> ColorChoice {
    match when {
        When::Auto => ColorChoice::Auto,
        When::Always => ColorChoice::Always,
        When::Never => ColorChoice::Never,
    }
}

/// What `--color` asks of the parser itself, whose help and errors come before it has read the option.
pub(super) fn colour_of_the_parser(
    mut arguments: impl Iterator<Item = OsString>,
) -> clap::ColorChoice {
    let mut asked = clap::ColorChoice::Auto;
    while let Some(argument) = arguments.next() {
        let value = match argument.to_str() {
            Some("--") => break,
            Some("--color") => arguments.next(),
            Some(text) => text.strip_prefix("--color=").map(OsString::from),
            None => None,
        };
        let value = value.and_then(|value| value.to_str()?.parse().ok());
        asked = value.unwrap_or(asked);
    }
    asked
}

/// Whether stderr shows colours.
pub(super) fn colours() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

/// Lines that begin so are of a kind, which its colour shows.
fn kinds() -> [(&'static str, Style); 3] {
    let bold = |colour: AnsiColor| colour.on_default().bold();
    [
        ("error:", bold(AnsiColor::Red)),
        ("skipped:", bold(AnsiColor::Yellow)),
        ("note:", bold(AnsiColor::Cyan)),
    ]
}

/// A line on stderr, as loud as was asked for; a reader that has gone is no reason to end the work.
pub(super) fn print(line: &str) {
    let (loudness, began) = *voice();
    let is_error = line.starts_with("error:");
    if loudness == Loudness::Quiet && !is_error {
        return;
    }
    let when = match loudness == Loudness::Verbose && !is_error {
        true => {
            let dim = Style::new().dimmed();
            format!("{dim}[{:7.1} s]{dim:#} ", began.elapsed().as_secs_f64())
        }
        false => String::new(),
    };
    let _ = writeln!(anstream::stderr(), "{when}{}", coloured(&harmless(line)));
}

/// A line for those who want to know what is decided and why.
pub(super) fn detail(line: &str) {
    if loudness() == Loudness::Verbose {
        print(line);
    }
}

/// What was asked for, on stdout; whoever piped it into `head` may have gone, and the files are there all the same.
pub(super) fn print_result(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn coloured(line: &str) -> String {
    let of_kind = |(kind, style): (&str, Style)| {
        line.strip_prefix(kind).map(|rest| format!("{style}{kind}{style:#}{rest}"))
    };
    kinds().into_iter().find_map(of_kind).unwrap_or_else(|| line.to_string())
}

/// `text` on one line and without orders to the terminal: the name of a file may hold any.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    let each = text.chars().map(|c| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    each.collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_gives_no_orders_to_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31m\nb\u{9b}é"), "a\\u{1b}[31m\\nb\\u{9b}é");
        assert_eq!(harmless("plain"), "plain");
    }

    #[test]
    fn the_parser_has_the_colours_that_are_asked_for_anywhere_before_the_end_of_options() {
        let of = |line: &str| colour_of_the_parser(line.split(' ').map(OsString::from));
        assert_eq!(of("lacuna train --color always"), clap::ColorChoice::Always);
        assert_eq!(of("lacuna --color=never train"), clap::ColorChoice::Never);
        assert_eq!(of("lacuna --color=never --color=auto"), clap::ColorChoice::Auto);
        assert_eq!(of("lacuna train -- --color=never"), clap::ColorChoice::Auto);
        assert_eq!(of("lacuna --color=green --color"), clap::ColorChoice::Auto);
    }

    #[test]
    fn only_the_kind_of_a_line_is_coloured() {
        assert_eq!(coloured("error: no"), "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m no");
        assert_eq!(coloured("an error: no"), "an error: no");
    }
}
