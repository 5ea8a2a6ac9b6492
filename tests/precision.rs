//! Training and restoration in bf16: as in f32 up to what rounding costs, repeatable, and gone on with where it stopped.

mod common;

use std::ops::ControlFlow;

use burn::tensor::Device;
use common::runs::{picture, rows_of, tiny, write_photos};
use lacuna::config::Layers;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::event::{Event, Silent};
use lacuna::method::Lcm;
use lacuna::nn::Precision;
use lacuna::restore::{FitSettings, Restorer, Task};
use lacuna::train::{Outcome, Run, train};
use lacuna::{Model, store::Checkpoint};
use lacuna_kernels::{Level, bf16};

/// Trains until `stop_at`, or to the end of a run of `settings`; what was noted.
fn run_of(run: &Run, settings: &[&str], stop_at: Option<u64>) -> (Outcome, Vec<String>) {
    let folder = run.folder().parent().unwrap().join("photos");
    write_photos(&folder, 5, 16);
    let config = match run.exists() {
        true => run.settings().unwrap().finish().unwrap(),
        false => tiny(settings),
    };
    let photos = Photos::scan(&folder, PhotoConfig::from(&config), &mut Silent).unwrap();
    let mut notes = Vec::new();
    let mut watch = |event: Event| match event {
        Event::Note { text } => {
            notes.push(text);
            ControlFlow::Continue(())
        }
        Event::Step { step, .. } if Some(step) == stop_at => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let outcome = train(&photos, &config, run, &Device::flex(), &mut watch).unwrap();
    (outcome, notes)
}

fn theta(model: &Model) -> Vec<f32> {
    model.state().into_values().flat_map(|data| data.try_into_vec::<f32>().unwrap()).collect()
}

const BF16: [&str; 2] = ["train.precision=bf16", "train.passes=20"];

#[test]
fn a_run_in_bf16_learns_as_one_in_f32_does() {
    let dir = tempfile::tempdir().unwrap();
    let [single, half] = ["f32", "bf16"].map(|name| Run::at(dir.path().join(name)));
    let (in_f32, notes) = run_of(&single, &BF16[1..], None);
    assert!(notes.is_empty(), "{notes:?}");
    let (in_bf16, notes) = run_of(&half, &BF16, None);
    let apart = (in_f32.loss - in_bf16.loss).abs();
    // Small nets soon part ways, for whatever reason.
    assert!(apart > 0.0 && apart < 0.15 * in_f32.loss, "{} {}", in_f32.loss, in_bf16.loss);
    // Said once, where it is so.
    let emulated = notes.iter().filter(|note| note.contains("bf16 is emulated")).count();
    assert_eq!(emulated, usize::from(!Level::best().has_bf16()), "{notes:?}");
    // The weights that are kept are those of f32.
    let weights = theta(&Model::open(half.folder(), &Device::flex()).unwrap());
    let coarse = weights.iter().filter(|&&weight| bf16(weight) == weight).count();
    assert!(coarse < weights.len() / 4, "{coarse} of {}", weights.len());
}

#[test]
fn a_stopped_run_goes_on_in_its_precision_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let [whole, stopped] = ["whole", "stopped"].map(|name| Run::at(dir.path().join(name)));
    run_of(&whole, &BF16, None);
    run_of(&stopped, &BF16, Some(4));
    let config = stopped.settings().unwrap().finish().unwrap();
    assert_eq!(config.train.precision, Precision::Bf16);
    run_of(&stopped, &[], None);
    let state = |run: &Run| {
        let state = Checkpoint::open(&run.checkpoint(), &config, &Device::flex()).unwrap();
        (theta(&state.model), rows_of(&state), state.step)
    };
    assert!(state(&whole) == state(&stopped));
}

#[test]
fn a_fit_in_bf16_ends_near_that_in_f32() {
    let device = Device::flex();
    let restored = |precision| {
        let config = tiny(&["train.precision=bf16", &format!("restore.precision={precision}")]);
        let model = Model::draw(&config, &device).unwrap();
        let evidence = Task::Denoise.evidence(&picture(1, 16), None, &config, &device).unwrap();
        let settings = FitSettings::new(config.restore.denoise, &config);
        let lcm = Lcm::new(model, settings).unwrap();
        lcm.restore(&[evidence], &mut Silent).unwrap().unwrap().remove(0)
    };
    let (single, half) = (restored("f32"), restored("bf16"));
    let apart = (single.energy - half.energy).abs() / single.energy;
    assert!(apart > 0.0 && apart < 0.02, "{} {}", single.energy, half.energy);
}

#[test]
fn another_precision_is_an_error_that_names_those_there_are() {
    let mut layers = Layers::preset("photos-64").unwrap();
    layers.set("train.precision=fp8").unwrap();
    let message = layers.finish().unwrap_err().to_string();
    for word in ["fp8", "f32", "bf16"] {
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn settings_without_a_precision_are_those_of_f32() {
    let config = tiny(&[]);
    let older: String = config
        .to_toml()
        .lines()
        .filter(|line| !line.contains("precision"))
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(Layers::text(&older, "older").unwrap().finish().unwrap(), config);
}
