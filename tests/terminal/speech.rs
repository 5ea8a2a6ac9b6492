//! Colours, loudness, exit codes, and what is written into a log.

use std::fs;
use std::process::{Command, Output};

use lacuna::image::save_png;

use crate::common::runs::picture;
use crate::common::workshop::{BIN, Workshop, lacuna, ok, strs, text};

/// The program with other words in the environment.
fn with(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(BIN);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").envs(environment.iter().copied()).args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_pipe_has_colours_only_where_they_are_asked_for() {
    // An error of the program, an error of the parser, help.
    let wrong: [&[&str]; 3] = [&["info", "nowhere"], &["info"], &["info", "--help"]];
    let red = "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m";
    for arguments in wrong {
        let coloured = |environment: &[(&str, &str)], more: &[&str]| {
            let output = with(environment, &[arguments, more].concat());
            [output.stdout, output.stderr].concat().contains(&0x1b)
        };
        assert!(!coloured(&[], &[]), "{arguments:?}");
        assert!(!coloured(&[], &["--color", "never"]), "{arguments:?}");
        assert!(coloured(&[], &["--color", "always"]), "{arguments:?}");
        assert!(coloured(&[], &["--color=always"]), "{arguments:?}");
        assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]), "{arguments:?}");
        assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]), "{arguments:?}");
        // What stands on the command line goes before what the environment says.
        assert!(coloured(&[("NO_COLOR", "1")], &["--color", "always"]), "{arguments:?}");
        assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]), "{arguments:?}");
    }
    let output = with(&[], &["info", "nowhere", "--color", "always"]);
    assert!(stderr(&output).starts_with(red), "{}", stderr(&output));
}

#[test]
fn quiet_leaves_errors_and_what_was_asked_for() {
    let workshop = Workshop::new();
    fs::write(workshop.at("photos/old.tif"), b"II*").unwrap();
    let train = workshop.train("quiet", &["data.hold_out=0.5"]);
    let output = ok(&[&strs(&train)[..], &["-q"]].concat());
    assert!(output.stderr.is_empty() && output.stdout.is_empty(), "{}", stderr(&output));
    let (run, report) = (workshop.at("quiet"), workshop.at("report"));
    let evaluate = ["--quiet", "evaluate", "--tasks", "colorize", "--model", text(&run)];
    let output = ok(&[&evaluate[..], &["--out", text(&report)]].concat());
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("| colorize | lcm  "));

    fs::write(workshop.at("photos/broken.png"), b"none").unwrap();
    let photos = workshop.at("photos");
    let restore = workshop.restore("denoise", &photos, "out", &["--steps", "1", "-q"]);
    let output = lacuna(&strs(&restore));
    let lines: Vec<&str> = stderr(&output).lines().collect();
    assert!(lines.len() == 1 && lines[0].starts_with("error:"), "{lines:?}");
    assert!(lines[0].contains("broken.png"), "{lines:?}");
    let output = lacuna(&["-q", "-v", "info", "nowhere"]);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("cannot be used with"));
}

#[test]
fn verbose_says_what_is_decided_and_when() {
    let workshop = Workshop::new();
    let more = ["-v", "--threads", "1"];
    let train = workshop.train("loud", &[]);
    let mut command = Command::new(BIN);
    let output = command.args(&train).args(more).env("LACUNA_CPU", "portable").output().unwrap();
    let said = stderr(&output);
    let words = ["device cpu: kernels portable", "1 thread, as --threads asks", "settings: preset"];
    for word in words.into_iter().chain(["train.batch=3", "checkpoint at step"]) {
        assert!(said.contains(word), "{word} in {said}");
    }
    assert!(said.lines().all(|line| line.starts_with('[') && line.contains(" s] ")), "{said}");
    let restore =
        workshop.restore("denoise", &workshop.at("photos"), "out", &["--steps", "3", "-v"]);
    let output = ok(&strs(&restore));
    assert!(stderr(&output).contains("at most 3 steps at rate"), "{}", stderr(&output));
}

#[test]
fn a_log_has_lines_and_no_orders_to_a_terminal() {
    let workshop = Workshop::new();
    // The name of a file may hold what would turn a terminal red, or move its cursor.
    fs::write(workshop.at("photos/\u{1b}[31mred\r.png"), b"none").unwrap();
    let output = ok(&strs(&workshop.train("log", &[])));
    let said = stderr(&output);
    assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
    assert!(said.contains("skipped:") && said.contains("\\u{1b}[31mred\\r.png"), "{said}");
    for words in ["reading photos 0/6", "images/s", "loss 0.", "running statistics 2/2"] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn exit_codes_tell_a_partial_failure_from_a_failure_of_all() {
    let workshop = Workshop::new();
    let code = |arguments: &[&str]| lacuna(arguments).status.code().unwrap();
    let folder = workshop.at("damaged");
    save_png(folder.join("a.png"), picture(7, 24).to_rgb8()).unwrap();
    let restore = workshop.restore("denoise", &folder, "out", &["--steps", "1"]);
    let degrade = |out: &str| {
        let (folder, out) = (workshop.at("damaged"), workshop.at(out));
        code(&["degrade", "denoise", text(&folder), "--out", text(&out)])
    };
    assert_eq!((code(&strs(&restore)), degrade("copies-0")), (0, 0));
    fs::write(folder.join("broken.png"), b"none").unwrap();
    // What was mended before counts as mended.
    assert_eq!((code(&strs(&restore)), degrade("copies-1")), (1, 1));
    fs::remove_file(folder.join("a.png")).unwrap();
    fs::remove_dir_all(workshop.at("out")).unwrap();
    assert_eq!((code(&strs(&restore)), degrade("copies-2")), (2, 2));
    assert_eq!((code(&["--help"]), code(&["--version"])), (0, 0));
    assert_eq!((code(&[]), code(&["trian"]), code(&["train", "--frobnicate"])), (2, 2, 2));
    assert_eq!(code(&["info", text(&workshop.at("nowhere"))]), 2);
}
