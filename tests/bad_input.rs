//! Bad input of every kind: one line that names the value and the remedy, exit code 2, nothing half-written.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::runs::picture;
use common::workshop::{BIN, Workshop, bytes, ok, refused, strs, text};
use image::GrayImage;
use lacuna::image::save_png;
use lacuna::store::state::StateStore;
use serde_json::Value;

#[test]
fn a_run_is_never_started_over_and_resuming_wants_the_same_architecture() {
    let workshop = Workshop::new();
    refused(&strs(&workshop.train("run", &[])), &["run", "--resume"]);
    let run = workshop.at("run");
    let resume =
        |setting: &'static str| ["train", "--resume", "--out", text(&run), "--set", setting];
    refused(&resume("train.batch=4"), &["train.batch", "larger"]);
    refused(&resume("latent.channels=[2, 4, 4, 6]"), &["latent", "differs"]);
    ok(&resume("train.passes=3"));
    let none = workshop.at("none");
    refused(&["train", "--resume", "--out", text(&none)], &["no run to resume"]);
    assert!(!none.exists());
}

#[test]
fn folders_presets_and_keys_that_cannot_be_used_are_named() {
    let workshop = Workshop::new();
    let (missing, empty, broken) =
        (workshop.at("missing"), workshop.at("empty"), workshop.at("broken"));
    let out = workshop.at("out");
    fs::create_dir(&empty).unwrap();
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("a.jpg"), b"nothing").unwrap();
    let train = |folder: &Path| {
        vec!["train".to_string(), text(folder).into(), "--out".into(), text(&out).into()]
    };
    refused(&strs(&train(&missing)), &["missing", "check that it exists"]);
    refused(&strs(&train(&empty)), &["empty", "no picture"]);
    refused(&strs(&train(&broken)), &["broken", "its one picture cannot be read"]);
    let with = |more: &[&str]| -> Vec<String> {
        train(&workshop.at("photos"))
            .into_iter()
            .chain(more.iter().map(|s| s.to_string()))
            .collect()
    };
    refused(&strs(&with(&["--preset", "photos"])), &["photos", "photos-64"]);
    refused(&strs(&with(&["--set", "train.bach=3"])), &["train.bach", "batch"]);
    refused(&strs(&with(&["--set", "train.batch=0"])), &["train.batch", "1 or more"]);
    refused(&strs(&with(&["--config", text(&missing)])), &["missing"]);
    refused(&strs(&with(&["--device", "tpu"])), &["tpu", "cpu"]);
    refused(&strs(&with(&["--threads", "0"])), &["threads", "1 or more"]);
    refused(
        &strs(&with(&["--set", "train.minutes=nan"])),
        &["train.minutes", "NaN is not allowed"],
    );
    refused(&strs(&with(&["--set", "train.minutes=-1"])), &["train.minutes", "-1 is out of range"]);
    refused(&strs(&train(&broken.join("a.jpg"))), &["a.jpg", "name the folder it lies in"]);
    let bad = workshop.at("bad.toml");
    fs::write(&bad, "[train]\nbach = 3\n").unwrap();
    refused(&strs(&with(&["--config", text(&bad)])), &["train.bach", "bad.toml"]);
    assert!(!out.exists(), "nothing may be written");
}

#[test]
fn models_that_cannot_be_used_are_named() {
    let workshop = Workshop::new();
    let photo = workshop.at("photos/00.png");
    let attempt = |words: &[&str]| {
        let arguments = workshop.restore("inpaint", &photo, "out", &["--hole", "center:6"]);
        refused(&strs(&arguments), words);
        assert!(!workshop.at("out").exists());
    };
    let file = workshop.at("run/model/model.safetensors");
    let config = workshop.at("run/model/config.json");
    let (whole, settings) = (bytes(file.clone()), bytes(config.clone()));
    let edited = |key: &str, at: usize, width: u64| {
        let mut json: Value = serde_json::from_slice(&settings).unwrap();
        let room = if key == "channels" { "latent" } else { "generator" };
        json[room][key][at] = width.into();
        json.to_string()
    };

    fs::write(&config, edited("tail", 0, 5)).unwrap();
    attempt(&["model.safetensors", "another architecture"]);
    fs::write(&config, edited("channels", 1, 5)).unwrap();
    attempt(&["model.safetensors", "expected"]);
    fs::write(&config, &settings).unwrap();

    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    attempt(&["model.safetensors", "no whole safetensors"]);
    let mut nan = whole.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&file, nan).unwrap();
    attempt(&["model.safetensors", "NaN"]);
    fs::remove_file(&file).unwrap();
    attempt(&["run", "before a model was saved"]);
    fs::remove_dir_all(workshop.at("run")).unwrap();
    attempt(&["run", "no such folder"]);
}

#[test]
fn pictures_that_cannot_be_used_are_named_and_leave_nothing_behind() {
    let workshop = Workshop::new();
    let attempt = |path: &Path, more: &[&str], words: &[&str]| {
        let arguments = workshop.restore("inpaint", path, "out", more);
        refused(&strs(&arguments), words);
        let left = fs::read_dir(workshop.at("out")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{words:?}");
    };
    let hole = ["--hole", "center:6"];
    let photo = workshop.at("photos/00.png");

    let mask = workshop.at("mask.png");
    GrayImage::new(10, 10).save(&mask).unwrap();
    attempt(&photo, &["--mask", text(&mask)], &["mask.png", "10 x 10", "24 x 24"]);
    GrayImage::new(24, 24).save(&mask).unwrap();
    attempt(&photo, &["--mask", text(&mask)], &["nothing in it is to be filled"]);
    attempt(&photo, &[], &["00.png", "no alpha channel", "--mask"]);
    attempt(&photo, &["--hole", "center:24"], &["24"]);

    let jpeg = workshop.at("cut.jpg");
    picture(1, 64).to_rgb8().save(&jpeg).unwrap();
    let whole = bytes(jpeg.clone());
    fs::write(&jpeg, &whole[..whole.len() * 2 / 3]).unwrap();
    attempt(&jpeg, &hole, &["cut.jpg", "cut short"]);

    // A PNG whose header says 60,000 x 60,000; the checksum is right, the pixels are missing.
    let huge = workshop.at("huge.png");
    let mut png = bytes(photo.clone());
    png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    fs::write(&huge, png).unwrap();
    attempt(&huge, &hole, &["huge.png", "60000 x 60000"]);
}

#[test]
fn wrong_arguments_are_refused_before_anything_is_read() {
    let workshop = Workshop::new();
    let photo = workshop.at("photos/00.png");
    let attempt = |task: &str, more: &[&str], words: &[&str]| {
        refused(&strs(&workshop.restore(task, &photo, "out", more)), words);
    };
    attempt("inpaint", &["--hole", "middle"], &["middle", "center:50"]);
    attempt("colorize", &["--hole", "center:6"], &["colorize", "inpaint"]);
    attempt("denoise", &["--steps", "0"], &["restore.denoise.steps"]);
    attempt("denoise", &["--lr", "nan"], &["restore.denoise.lr", "NaN is not allowed"]);
    attempt("denoise", &["--lr", "-1"], &["restore.denoise.lr", "-1 is out of range"]);
    attempt("denoise", &["--steps", "-1"], &["--steps", "whole number"]);
    attempt("denoise", &["--batch", "0"], &["--batch", "1 or more"]);
    let (folder, out) = (workshop.at("photos"), workshop.at("out"));
    let degrade = ["degrade", "denoise", text(&folder), "--out", text(&out), "--sigma", "-1"];
    refused(&degrade, &["sigma -1", "(0, 1]"]);
    let numbers = |more: &[&str], words: &[&str]| {
        let degrade = ["degrade", "jpeg", text(&folder), "--out", text(&out)];
        refused(&[&degrade[..], more].concat(), words);
    };
    numbers(&["--size", "0"], &["--size", "0 is out of range", "1 or more"]);
    for quality in ["0", "101", "256", "-1"] {
        numbers(&["--quality", quality], &["--quality", quality, "1 to 100"]);
    }
    numbers(&["--seed", "-3"], &["--seed", "it is negative", "0 or more"]);
    numbers(&["--seed", "1.5"], &["--seed", "it is not a whole number"]);
    numbers(&["--seed", "99999999999999999999"], &["--seed", "it is too large"]);
    numbers(&["--seed", "many"], &["--seed", "it is no number"]);
    attempt("denoise", &["--threads", "-1"], &["--threads", "it is negative"]);
    attempt("inpaint", &["--mask", "nowhere.png"], &["nowhere.png"]);
    refused(
        &strs(&workshop.restore("denoise", &workshop.at("none.png"), "out", &[])),
        &["none.png"],
    );
    assert!(!workshop.at("out").exists());
}

#[test]
fn a_copy_never_takes_the_place_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["photos/x.png", "photos/a/x.png"] {
        save_png(at(name), picture(name.len() as u64, 24).to_rgb8()).unwrap();
    }
    fs::create_dir(at("there")).unwrap();
    let mut pairs = vec![
        ("new", "new"),
        ("new", "./new"),
        ("new", "photos/../new"),
        ("new", "new/b/.."),
        ("there", "./there"),
        // Truth of the one and copy of the other.
        ("new", "new/a"),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("there"), at("link")).unwrap();
        pairs.push(("link/new", "there/new"));
    }
    for (out, truth) in pairs {
        let mut command = Command::new(BIN);
        command.current_dir(dir.path()).args(["degrade", "denoise", "photos", "--out", out]);
        let output = command.args(["--truth", truth]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{out} {truth}: {stderr}");
        assert!(stderr.contains("both write it; choose two folders"), "{out} {truth}: {stderr}");
        assert!(!at("new").exists() && fs::read_dir(at("there")).unwrap().next().is_none());
    }
}

#[test]
fn an_output_that_is_a_file_is_refused_before_the_work() {
    let workshop = Workshop::new();
    let (run, photos, file) = (workshop.at("run"), workshop.at("photos"), workshop.at("file"));
    fs::write(&file, b"kept").unwrap();
    let words = ["file", "is a file; name a folder"];
    for out in [file.clone(), file.join("below")] {
        let end = ["--out", text(&out)];
        refused(&[&["train", text(&photos)][..], &end].concat(), &words);
        refused(&[&["evaluate", "--model", text(&run)][..], &end].concat(), &words);
        refused(&[&["degrade", "denoise", text(&photos)][..], &end].concat(), &words);
        refused(&[&["demo"][..], &end].concat(), &words);
        let restore = ["restore", "denoise", "--model", text(&run), text(&photos)];
        refused(&[&restore[..], &end].concat(), &words);
    }
    assert_eq!(fs::read(&file).unwrap(), b"kept");
}

/// A write that fails as on a full disk: no file of the process may grow beyond 2 KiB.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_the_old_state_stays() {
    let workshop = Workshop::new();
    let run = workshop.at("run");
    // Not the bytes of the file: opening it notes in it that it is open.
    let state = || {
        let store = StateStore::open(&run.join("state.redb")).unwrap();
        let rows: Vec<_> = store.rows().unwrap().map(Result::unwrap).collect();
        (store.head().cloned(), store.tensors().unwrap(), rows)
    };
    let before = state();
    let limited = |arguments: &[String]| {
        let script = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";
        let output = Command::new("sh").args(["-c", script, BIN]).args(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("cannot write") && stderr.contains("free some space"), "{stderr}");
    };
    let resume = ["train", "--resume", "--out", text(&run), "--set", "train.passes=4"];
    limited(&resume.map(String::from));
    assert!(state() == before);
    let partial = |folder: &Path| {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().contains("partial")).count()
    };
    assert_eq!(partial(&run), 0);
    let photos = workshop.at("photos");
    limited(&workshop.restore("inpaint", &photos, "out", &["--hole", "center:6"]));
    assert_eq!(partial(&workshop.at("out")), 0);
    assert!(!workshop.at("out/restore.json").exists());
}

/// The checksum of PNG chunks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 }
        })
    })
}
