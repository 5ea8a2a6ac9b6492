//! Runs of earlier versions go on. `tests/fixtures/run-0.1.0` was trained by lacuna 0.1.0, which kept its state in one
//! safetensors file: two passes over four photos and their mirrored copies.

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use common::runs::rows_of;
use lacuna::config::Config;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::event::{Event, Silent};
use lacuna::store::{Checkpoint, open_tensors};
use lacuna::train::{Run, train};

const OLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/run-0.1.0");
const STEPS: u64 = 18;

fn config(more: &[&str]) -> Config {
    let mut layers = Run::at(OLD).settings().unwrap();
    more.iter().for_each(|setting| layers.set(setting).unwrap());
    layers.finish().unwrap()
}

#[test]
fn every_number_of_the_old_file_is_in_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (Path::new(OLD).join("checkpoint.safetensors"), dir.path().join("state.redb"));
    let device = Device::flex();
    Checkpoint::import(&old, &new, &config(&[]), &device).unwrap();
    let state = Checkpoint::open(&new, &config(&[]), &device).unwrap();
    assert_eq!((state.step, state.batch), (STEPS, 3));

    let (mut tensors, text) = open_tensors(&old).unwrap();
    assert_eq!(text["seconds"], state.seconds.to_bits().to_string());
    let numbers = tensors.remove("latents").unwrap().try_into_vec::<f32>().unwrap();
    let rows = rows_of(&state);
    let names: Vec<&str> = text["keys"].split_whitespace().collect();
    assert_eq!((rows.len(), names.len()), (8, 8));
    for (name, row) in names.iter().zip(numbers.chunks_exact(numbers.len() / 8)) {
        assert_eq!(rows.iter().find(|(key, _)| key.to_string() == *name).unwrap().1, row);
    }
    assert!(state.model.state() == tensors);
}

#[test]
fn a_run_is_taken_over_when_it_is_resumed_and_the_old_file_goes() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["checkpoint.safetensors", "config.toml"] {
        fs::copy(Path::new(OLD).join(name), dir.path().join(name)).unwrap();
    }
    let (run, config) = (Run::at(dir.path()), config(&["train.passes=3"]));
    let folder = Path::new(OLD).join("photos");
    let photos = Photos::scan(&folder, PhotoConfig::from(&config), &mut Silent).unwrap();
    let (mut resumed, mut notes) = (None, String::new());
    let mut watch = |event: Event| {
        match event {
            Event::Resumed { step, added, removed } => resumed = Some((step, added, removed)),
            Event::Note { text } => notes += &text,
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let outcome = train(&photos, &config, &run, &Device::flex(), &mut watch).unwrap();
    assert_eq!((resumed, outcome.steps), (Some((STEPS, 0, 0)), STEPS / 2 * 3));
    assert!(notes.contains("checkpoint.safetensors of an earlier version is taken"), "{notes}");
    assert!(!dir.path().join("checkpoint.safetensors").exists() && run.checkpoint().is_file());
}

#[test]
fn an_old_file_that_is_damaged_is_an_error_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("checkpoint.safetensors"), dir.path().join("state.redb"));
    let whole = fs::read(Path::new(OLD).join("checkpoint.safetensors")).unwrap();
    fs::write(&old, &whole[..whole.len() - 100]).unwrap();
    let error = Checkpoint::import(&old, &new, &config(&[]), &Device::flex()).unwrap_err();
    assert!(error.to_string().contains("checkpoint.safetensors"), "{error}");
    assert!(old.exists() && !new.exists());
}
