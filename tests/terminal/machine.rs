//! What `--json` tells a machine.

use std::fs;

use lacuna::image::save_png;
use serde_json::Value;

use crate::common::runs::picture;
use crate::common::workshop::{Workshop, lacuna, ok, strs, text};

/// Every event of a command.
fn events(arguments: &[&str]) -> Vec<Value> {
    let output = lacuna(&[arguments, &["--json"]].concat());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_last_event_of_a_command_counts_what_it_did() {
    let workshop = Workshop::new();
    fs::write(workshop.at("photos/old.tif"), b"II*").unwrap();
    fs::write(workshop.at("photos/broken.png"), b"none").unwrap();
    let photos = workshop.at("photos");
    let last = |arguments: &[&str]| {
        let last = events(arguments).pop().unwrap();
        assert!(last["event"] == "done" && last["seconds"].as_f64().unwrap() > 0.0, "{last}");
        ["done", "done_before", "failed", "left", "skipped"].map(|key| last[key].as_u64().unwrap())
    };
    let one = ["--steps", "1"];
    let restore = workshop.restore("denoise", &photos, "out", &one);
    assert_eq!(last(&strs(&restore)), [5, 0, 1, 0, 1]);
    assert_eq!(last(&strs(&restore)), [0, 5, 1, 0, 1]);
    let copies = workshop.at("copies");
    assert_eq!(
        last(&["degrade", "denoise", text(&photos), "--out", text(&copies)]),
        [5, 0, 1, 0, 1]
    );
    // TINY: two passes of two minibatches of three steps; two files are no photos.
    assert_eq!(last(&strs(&workshop.train("new", &["data.hold_out=0"]))), [12, 0, 0, 0, 2]);
    let (new, report) = (workshop.at("new"), workshop.at("report"));
    let resume = ["train", "--resume", "--out", text(&new), "--set", "train.passes=3"];
    assert_eq!(last(&resume), [6, 12, 0, 0, 2]);
    let others = workshop.at("others");
    save_png(others.join("new.png"), picture(9, 24).to_rgb8()).unwrap();
    let evaluate = ["evaluate", "--model", text(&new), "--data", text(&others), "--out"];
    let tasks = ["--tasks", "colorize,denoise"];
    let counts = last(&[&evaluate[..], &[text(&report)], &tasks, &one].concat());
    assert_eq!(counts[..4], [2, 0, 0, 0]);
}

#[test]
fn what_was_done_before_counts_in_no_time_that_is_told() {
    let workshop = Workshop::new();
    let photos = workshop.at("photos");
    let restore = workshop.restore("denoise", &photos, "out", &["--steps", "3"]);
    ok(&strs(&restore));
    save_png(photos.join("new.png"), picture(9, 24).to_rgb8()).unwrap();
    let events = events(&strs(&restore));
    let batches: Vec<&Value> = events.iter().filter(|event| event["event"] == "batch").collect();
    assert_eq!(batches.len(), 1);
    assert_eq!((batches[0]["done"].as_u64(), batches[0]["total"].as_u64()), (Some(0), Some(1)));
}
