//! `lacuna info` on runs, models, and what is neither.

use std::fs;

use lacuna::runtime::device;
use lacuna::store::{Checkpoint, Lock};
use lacuna::train::Run;
use serde_json::Value;

use crate::common::workshop::{Workshop, bytes, ok, refused, strs, text};

fn json(folder: &std::path::Path) -> Value {
    serde_json::from_slice(&ok(&["info", "--json", text(folder)]).stdout).unwrap()
}

#[test]
fn a_run_and_its_model_say_what_they_are() {
    let workshop = Workshop::new();
    let mut train = workshop.train("mine", &["data.hold_out=0.4", "train.minutes=9"]);
    train.extend(["--license".to_string(), "CC BY 4.0".to_string()]);
    for said in ["model.data_name=waves", "model.data_source=a test", "model.data_license=CC0"] {
        train.extend(["--set".to_string(), said.to_string()]);
    }
    ok(&strs(&train));
    let run = workshop.at("mine");
    let info = json(&run);
    let manifest: Value = serde_json::from_slice(&bytes(run.join("manifest.json"))).unwrap();
    let photos = manifest["photos"].as_array().unwrap();
    let held_out = photos.iter().filter(|photo| photo["held_out"] == true).count() as u64;
    let learned = photos.len() as u64 - held_out;
    let trained = &info["trained"];
    assert_eq!(
        (trained["photos"].as_u64(), trained["held_out"].as_u64()),
        (Some(learned), Some(held_out))
    );
    // TINY: three inner steps, two passes, minibatches of three.
    let steps = 2 * 3 * learned.div_ceil(3);
    assert_eq!(
        (trained["steps"].as_u64(), trained["steps_planned"].as_u64()),
        (Some(steps), Some(steps))
    );
    assert_eq!((&info["state"], trained["passes"].as_f64()), (&"finished".into(), Some(2.0)));
    assert!(trained["loss"].as_f64().unwrap() > 0.0 && trained["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(
        (&info["license"], &info["version"]),
        (&"CC BY 4.0".into(), &env!("CARGO_PKG_VERSION").into())
    );
    assert_eq!(info["settings"]["preset"], "bench-64");
    let changes = info["settings"]["changes"].as_array().unwrap();
    assert!(changes.contains(&"train.batch=3".into()), "{changes:?}");
    assert_eq!(
        (info["size"].as_u64(), info["row_len"].as_u64()),
        (Some(16), Some(2 * 4 * 9 + 4 * 6 * 9 + 2 * 4))
    );
    let parts = info["parts"].as_array().unwrap();
    let checkpoint = parts.iter().find(|part| part["name"] == "state.redb").unwrap();
    // What is on the disk of it: it may have holes.
    let length = fs::metadata(run.join("state.redb")).unwrap().len();
    assert!((1..=length).contains(&checkpoint["bytes"].as_u64().unwrap()));
    assert_eq!(info["tasks"][0]["steps"].as_u64(), Some(6));
    let written = info["written"].as_str().unwrap();
    assert!(written.ends_with('Z') && written.len() == 20, "{written}");

    // The model by itself knows all but what only the run has.
    fs::rename(run.join("model"), workshop.at("exported")).unwrap();
    let model = json(&workshop.at("exported"));
    assert_eq!(model["state"], "model");
    for key in ["license", "version", "generator_parameters", "settings", "tasks", "row_len"] {
        assert_eq!(model[key], info[key], "{key}");
    }
    for key in ["photos", "held_out", "steps", "passes"] {
        assert_eq!(model["trained"][key], trained[key], "{key}");
    }
    assert!(model["trained"]["loss"].is_null());
    assert!(
        String::from_utf8(bytes(workshop.at("exported/README.md")))
            .unwrap()
            .contains("## Licence\n\nCC BY 4.0\n")
    );

    let table = String::from_utf8(ok(&["info", text(&workshop.at("exported"))]).stdout).unwrap();
    for words in [
        "16 x 16 pixels",
        "CC BY 4.0",
        "data       waves\n           from a test\n           licence: CC0\n",
        "preset bench-64 with",
        "inpaint   at most 6 steps",
        "model.safetensors",
        "loss       not known",
    ] {
        assert!(table.contains(words), "{words} in {table}");
    }
}

#[test]
fn a_licence_can_be_given_later_and_changes_no_result() {
    let workshop = Workshop::new();
    let (run, photos) = (workshop.at("run"), workshop.at("photos"));
    let restore = workshop.restore("denoise", &photos, "out", &["--steps", "2"]);
    ok(&strs(&restore));
    assert!(json(&run)["license"].is_null());
    ok(&["train", "--resume", "--out", text(&run), "--license", "MIT"]);
    assert_eq!(json(&run.join("model"))["license"], "MIT");
    let said = String::from_utf8(ok(&strs(&restore)).stderr).unwrap();
    assert!(said.contains("0 mended, 5 done before"), "{said}");
}

#[test]
fn a_run_in_training_and_one_that_was_cut_off_are_told_apart() {
    let workshop = Workshop::new();
    let run = workshop.at("run");
    let lock = Lock::take(&run).unwrap();
    assert_eq!(json(&run)["state"], "training");
    // The first minutes: no checkpoint yet, and no model.
    fs::remove_file(run.join("state.redb")).unwrap();
    fs::rename(run.join("model"), workshop.at("model")).unwrap();
    let early = json(&run);
    let (with, without) = (json(&workshop.at("model")), &early["generator_parameters"]);
    assert_eq!((&early["state"], without), (&"training".into(), &with["generator_parameters"]));
    assert!(early["trained"]["steps"].as_u64().unwrap() > 0);
    drop(lock);
    let table = String::from_utf8(ok(&["info", text(&run)]).stdout).unwrap();
    assert!(table.contains("begin anew: lacuna train --resume --out"), "{table}");
}

#[test]
fn a_run_that_was_killed_before_its_first_checkpoint_says_that_nothing_is_kept_and_what_to_do() {
    let workshop = Workshop::new();
    let (run, photo) = (workshop.at("run"), workshop.at("photos/00.png"));
    fs::remove_dir_all(run.join("model")).unwrap();
    let restore = workshop.restore("denoise", &photo, "out", &[]);
    let resume = format!("lacuna train --resume --out {}", text(&run));
    // A checkpoint and no model: it goes on.
    assert_eq!(json(&run)["state"], "stopped");
    refused(&strs(&restore), &["cut off before a model was saved", &resume]);
    // A state in which nothing was committed.
    let config = Run::at(&run).settings().unwrap().finish().unwrap();
    fs::remove_file(run.join("state.redb")).unwrap();
    drop(Checkpoint::create(&run.join("state.redb"), &config, &device("cpu").unwrap()).unwrap());
    let told = |command: &str| {
        let info = json(&run);
        assert_eq!(
            (&info["state"], info["trained"]["steps"].as_u64()),
            (&"unsaved".into(), Some(0))
        );
        assert!(info["trained"]["loss"].is_null(), "{info}");
        let table = String::from_utf8(ok(&["info", text(&run)]).stdout).unwrap();
        let words = format!("cut off before its first checkpoint; begin anew: {command}");
        assert!(table.contains(&words) && table.contains("training   0 of 12 steps"), "{table}");
        refused(
            &strs(&restore),
            &["cut off before the first checkpoint", "nothing is kept", command],
        );
    };
    told(&resume);
    // Nothing but the settings, and nothing that names the photos.
    fs::remove_file(run.join("state.redb")).unwrap();
    told(&resume);
    let manifest = bytes(run.join("manifest.json"));
    fs::remove_file(run.join("manifest.json")).unwrap();
    let (photos, command) =
        (workshop.at("photos"), format!("lacuna train PHOTOS --resume --out {}", text(&run)));
    let info = String::from_utf8(ok(&["info", text(&run)]).stdout).unwrap();
    assert!(info.contains(&command), "{info}");
    refused(&strs(&restore), &[&command]);
    ok(&["train", text(&photos), "--resume", "--out", text(&run)]);
    assert_eq!(
        (json(&run)["state"].clone(), bytes(run.join("manifest.json"))),
        ("finished".into(), manifest)
    );
}

#[test]
fn what_is_damaged_or_something_else_is_an_error_that_says_so() {
    let workshop = Workshop::new();
    let run = workshop.at("run");
    let attempt = |words: &[&str]| refused(&["info", text(&run)], words);
    refused(&["info", text(&workshop.at("nowhere"))], &["no such folder"]);
    refused(&["info", text(&workshop.at("photos"))], &["no model.safetensors in it"]);
    let damage = |name: &str, content: &[u8]| {
        let whole = bytes(run.join(name));
        fs::write(run.join(name), content).unwrap();
        whole
    };
    let cut = |name: &str| bytes(run.join(name))[..300].to_vec();
    for (name, words) in
        [("state.redb", "damaged"), ("model/model.safetensors", "no whole safetensors")]
    {
        let whole = damage(name, &cut(name));
        attempt(&[name, words]);
        fs::write(run.join(name), whole).unwrap();
    }
    let whole = damage("manifest.json", b"{");
    attempt(&["manifest.json", "damaged"]);
    fs::write(run.join("manifest.json"), whole).unwrap();
    let whole = damage("config.toml", b"size = 16\n");
    attempt(&["run", "config.toml cannot be used by this version"]);
    fs::write(run.join("config.toml"), whole).unwrap();
    fs::write(run.join("model/config.json"), b"{}").unwrap();
    refused(&["info", text(&run.join("model"))], &["config.json", "no configuration"]);
    ok(&["info", text(&run)]);
}
