//! Copies of a run, the models of its last checkpoints, and rows in bf16.

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use common::runs::{rows_of, tiny, write_photos};
use common::workshop::{Workshop, bytes, ok, refused, strs, text};
use lacuna::Model;
use lacuna::config::Config;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::event::Event;
use lacuna::store::{Checkpoint, Lock};
use lacuna::train::{Run, train};
use lacuna_kernels::bf16;

/// Trains the run in `folder` until `stop_at`, or to its end.
fn trained(folder: &Path, photos: &Path, config: &Config, stop_at: Option<u64>) -> Run {
    let photos = Photos::scan(photos, PhotoConfig::from(config), &mut lacuna::event::Silent);
    let mut watch = |event: Event| match event {
        Event::Step { step, .. } if Some(step) == stop_at => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let run = Run::at(folder);
    train(&photos.unwrap(), config, &run, &Device::flex(), &mut watch).unwrap();
    run
}

fn state(run: &Run) -> Checkpoint {
    let config = run.settings().unwrap().finish().unwrap();
    Checkpoint::open(&run.checkpoint(), &config, &Device::flex()).unwrap()
}

#[test]
fn a_copy_of_a_run_goes_on_as_the_run_does() {
    let workshop = Workshop::new();
    let (run, copy) = (workshop.at("run"), workshop.at("backup/copy"));
    ok(&["snapshot", text(&run), text(&copy)]);
    for name in ["config.toml", "manifest.json", "log.jsonl", "model/model.safetensors"] {
        assert!(bytes(run.join(name)) == bytes(copy.join(name)), "{name}");
    }
    for folder in [&run, &copy] {
        ok(&["train", "--resume", "--out", text(folder), "--set", "train.passes=4"]);
    }
    let model = |folder: &Path| bytes(folder.join("model/model.safetensors"));
    assert!(model(&run) == model(&copy));
    let hidden = fs::read_dir(workshop.at("backup")).unwrap();
    assert_eq!(hidden.count(), 1, "nothing but the copy");
}

#[test]
fn what_cannot_be_copied_is_refused_and_nothing_is_replaced() {
    let workshop = Workshop::new();
    let (run, copy) = (workshop.at("run"), workshop.at("copy"));
    let attempt =
        |run: &Path, words: &[&str]| refused(&["snapshot", text(run), text(&copy)], words);
    attempt(&workshop.at("photos"), &["photos", "it is no run"]);
    let lock = Lock::take(&run).unwrap();
    attempt(&run, &["it is training", "stop it first", "Ctrl-C"]);
    drop(lock);
    let whole = bytes(run.join("state.redb"));
    fs::write(run.join("state.redb"), &whole[..whole.len() / 2]).unwrap();
    attempt(&run, &["state.redb", "damaged"]);
    fs::write(run.join("state.redb"), whole).unwrap();
    assert!(!copy.exists());
    fs::create_dir(&copy).unwrap();
    attempt(&run, &["copy", "there already"]);
}

#[test]
fn a_run_whose_state_is_gone_keeps_its_model() {
    let workshop = Workshop::new();
    let run = workshop.at("run");
    let model = bytes(run.join("model/model.safetensors"));
    fs::remove_file(run.join("state.redb")).unwrap();
    refused(
        &["train", "--resume", "--out", text(&run)],
        &["state.redb", "is gone", "copy that back"],
    );
    let told = String::from_utf8(ok(&["info", text(&run)]).stdout).unwrap();
    assert!(told.contains("its model can be used, and it cannot go on"), "{told}");
    assert!(bytes(run.join("model/model.safetensors")) == model);
    assert!(!run.join("state.redb").exists());
    // One that was cut off before anything was saved begins anew, whatever it had begun to write.
    let begun = workshop.at("begun");
    fs::create_dir(&begun).unwrap();
    fs::write(begun.join(".config.toml.partial-77-0"), b"half").unwrap();
    ok(&strs(&workshop.train("begun", &[])));
    assert!(!begun.join(".config.toml.partial-77-0").exists());
}

#[test]
fn the_models_of_the_last_checkpoints_are_kept_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(&dir.path().join("photos"), 3, 16);
    // A checkpoint after every step: six of them.
    let config = tiny(&["train.keep=2", "train.checkpoint_minutes=1e-9"]);
    let run = trained(&dir.path().join("run"), &dir.path().join("photos"), &config, None);
    let mut kept: Vec<_> =
        fs::read_dir(run.snapshots()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    kept.sort();
    assert_eq!(kept, ["5", "6"]);
    let model = |step: &str| Model::open(&run.snapshots().join(step), &Device::flex()).unwrap();
    assert!(model("6").state() == state(&run).model.state());
    assert!(model("5").state() != model("6").state());
    for name in ["config.json", "model.safetensors", "README.md"] {
        assert!(run.snapshots().join("5").join(name).is_file(), "{name}");
    }
}

#[test]
fn rows_in_bf16_are_bf16_and_a_stopped_run_goes_on_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let photos = dir.path().join("photos");
    write_photos(&photos, 5, 16);
    let config = tiny(&["train.latents=bf16"]);
    let at = |name: &str| dir.path().join(name);
    let whole = trained(&at("whole"), &photos, &config, None);
    let rows = rows_of(&state(&whole));
    assert!(rows.values().flatten().all(|&number| bf16(number) == number));
    // As a run in f32 they would not be.
    let single = trained(&at("single"), &photos, &tiny(&[]), None);
    assert!(rows_of(&state(&single)).values().flatten().any(|&number| bf16(number) != number));

    // In the midst of a visit, of three steps, and at its end; with a checkpoint at every step.
    let often = tiny(&["train.latents=bf16", "train.checkpoint_minutes=1e-9"]);
    for (config, stop_at) in [(&config, 1), (&config, 4), (&config, 6), (&often, 5)] {
        let folder = at(&format!("stopped at {stop_at}"));
        trained(&folder, &photos, config, Some(stop_at));
        let run = trained(&folder, &photos, config, None);
        assert!(rows_of(&state(&run)) == rows, "stopped at {stop_at}");
        assert!(state(&run).model.state() == state(&whole).model.state(), "stopped at {stop_at}");
    }
}

#[test]
fn the_format_of_rows_is_chosen_once() {
    let workshop = Workshop::new();
    let more = ["--latents", "bf16", "--keep", "1"];
    ok(&[&strs(&workshop.train("half", &[]))[..], &more].concat());
    let half = Run::at(workshop.at("half"));
    let config = half.settings().unwrap().finish().unwrap();
    assert_eq!(config.train.keep, 1);
    assert!(rows_of(&state(&half)).values().flatten().all(|&number| bf16(number) == number));
    let resume = ["train", "--resume", "--out", text(half.folder()), "--latents", "f32"];
    refused(&resume, &["train.latents", "differs from the run"]);
}
