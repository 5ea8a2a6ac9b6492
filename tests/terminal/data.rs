//! `lacuna data check`: what it prints, what machines get, and its exit code.

use std::path::Path;

use lacuna::data::drawn::portrait;
use lacuna::image::save_png;

use crate::common::workshop::{lacuna, ok, refused};

/// Fifteen portraits, of which `celebahq:` holds out the last; that one is drawn as number `last`, and mirrored.
fn folder(last: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for index in 0..14 {
        let picture = portrait(5, index, 64).unwrap();
        save_png(dir.path().join(format!("{index:02}.png")), picture.to_rgb8()).unwrap();
    }
    let mirrored = portrait(5, last, 64).unwrap().flipped();
    save_png(dir.path().join("99.png"), mirrored.to_rgb8()).unwrap();
    dir
}

fn set(dir: &Path) -> String {
    format!("celebahq:{}", dir.display())
}

#[test]
fn a_set_without_copies_is_counted_and_all_is_well() {
    let dir = folder(14);
    let output = ok(&["data", "check", &set(dir.path())]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    for row in [
        "pictures   15: 14 to learn from, 1 held out",
        "formats    15 png",
        "sizes      smallest 64 x 64, median 64 x 64, largest 64 x 64; sides of 64 to 64",
        "skipped    0 files",
        "same bytes none",
        "near       none",
    ] {
        assert!(stdout.lines().any(|line| line == row), "{row} in {stdout}");
    }
    let taken = ok(&["data", "check", &set(dir.path()), "--take", "4", "--hold-out", "0"]);
    let taken = String::from_utf8(taken.stdout).unwrap();
    assert!(taken.contains("pictures   4: "), "{taken}");
}

#[test]
fn a_copy_across_the_split_is_marked_and_is_the_exit_code() {
    let dir = folder(3);
    let output = lacuna(&["data", "check", &set(dir.path())]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("near       1 group of 2 files, 1 across the split"), "{stdout}");
    let group: Vec<&str> = stdout.lines().skip_while(|line| *line != "! ~").collect();
    assert_eq!(group[1], "    03.png  (learned)");
    assert!(group[2].starts_with("    99.png  (held out, 1.00, mirrored"), "{group:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("note: 1 group of copies on both sides of the split"), "{stderr}");

    let output = lacuna(&["data", "check", &set(dir.path()), "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["event"] == "comparing"));
    let report = lines.last().unwrap();
    assert_eq!((&report["event"], &report["pictures"]), (&"checked".into(), &15.into()));
    assert_eq!(report["near"][0]["members"][1]["held_out"], true);
}

#[test]
fn what_cannot_be_checked_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().to_str().unwrap();
    refused(&["data", "check", empty], &["there is no picture in it"]);
    refused(&["data", "check", empty, "--hold-out", "1.5"], &["share held out", "1.5"]);
    refused(&["data", "check", empty, "--take", "0"], &["--take"]);
    refused(&["data", "check", "nowhere"], &["nowhere"]);
}
