use clap::Parser;

use super::*;
use crate::cli::{Arguments, command};

const ALL: [&str; 15] = [
    LACUNA,
    TRAIN,
    RESTORE,
    INVERT_FEATURES,
    DEGRADE,
    EVALUATE,
    INTERPOLATE,
    SAMPLE,
    DEMO,
    DATA,
    INFO,
    SNAPSHOT,
    EXPORT,
    COMPLETIONS,
    MAN,
];

/// Every command line of the examples in `text`, its continuations joined.
fn examples(text: &str) -> Vec<String> {
    let lines = text.replace(" \\\n   ", "");
    let examples = lines.lines().filter_map(|line| line.split_once("lacuna "));
    let alone = |(before, line): (&str, &str)| {
        let is_example = before.trim_matches(['<', '(', ' ']) == "source" || before == "  ";
        let line = line.split(['|', '>', ')']).next()?;
        is_example.then(|| format!("lacuna {}", line.trim()))
    };
    examples.filter_map(alone).collect()
}

#[test]
fn every_example_is_understood() {
    for text in ALL {
        let examples = examples(text);
        assert!(!examples.is_empty(), "{text}");
        for example in examples {
            match Arguments::try_parse_from(example.split_whitespace()) {
                Ok(_) => {}
                Err(error) if error.kind() == clap::error::ErrorKind::DisplayHelp => {}
                Err(error) => panic!("{example}: {error}"),
            }
        }
    }
}

#[test]
fn every_subcommand_has_examples_and_no_line_of_help_is_wider_than_the_terminal() {
    for columns in [40, 80] {
        let mut command = command().term_width(columns);
        command.build();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            let name = command.get_name();
            if name == "help" {
                continue;
            }
            let long = command.clone().render_long_help().to_string();
            let short = command.clone().render_help().to_string();
            assert!(long.contains("Examples:\n  ") && !short.contains("Examples:"), "{name}");
            assert!(long.contains("--color") && long.contains("--quiet"), "{name}");
            assert!(short.len() < long.len(), "{name}");
            // The terminal wraps the line of usage, which the parser leaves as it is.
            let below = command.get_after_long_help().unwrap().to_string();
            assert!(long.trim_end().ends_with(below.trim_end()), "broken at {columns}: {name}");
            for line in long.lines().chain(short.lines()) {
                // A single word that is longer, as a default or a list of values, has nowhere to break.
                let words = line.split_whitespace().count();
                assert!(
                    line.chars().count() <= columns || words <= 2 || line.starts_with("Usage:"),
                    "{name}: {line}"
                );
            }
        }
    }
}

#[test]
fn everything_on_the_command_line_is_described() {
    let mut command = command();
    command.build();
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            let (command, id) = (command.get_name(), argument.get_id());
            assert!(argument.get_help().is_some(), "{command} {id}");
        }
    }
}
