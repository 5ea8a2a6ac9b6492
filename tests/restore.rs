//! Restoration: a picture's result is its own, bit for bit, and it beats the bare measurement.

mod common;

use burn::tensor::Device;
use common::runs::{picture, tiny, write_photos};
use lacuna::Model;
use lacuna::config::{FitConfig, Layers};
use lacuna::data::{PhotoConfig, Photos};
use lacuna::event::Silent;
use lacuna::method::Lcm;
use lacuna::restore::{Evidence, FitSettings, Plateau, Restored, Restorer, Stop, Task};
use lacuna::store::Origin;
use lacuna::train::{Run, train};

/// A model that has seen a few photos.
fn trained(folder: &std::path::Path) -> Model {
    write_photos(&folder.join("photos"), 6, 16);
    let config = tiny(&["train.passes=40"]);
    let photos =
        Photos::scan(&folder.join("photos"), PhotoConfig::from(&config), &mut Silent).unwrap();
    let run = Run::at(folder.join("run"));
    train(&photos, &config, &run, &Device::flex(), &mut Silent).unwrap();
    Model::open(run.folder(), &Device::flex()).unwrap()
}

fn restorer(model: &Model, steps: usize, plateau: Plateau) -> Lcm {
    let model =
        Model::from_state(&model.config, model.state(), &model.device, "m".as_ref()).unwrap();
    Lcm::new(model, FitSettings { fit: FitConfig { steps, lr: 0.1 }, plateau }).unwrap()
}

/// Evidence of every task, each of another picture.
fn evidence(model: &Model) -> Vec<Evidence> {
    let hole: Vec<bool> = (0..256).map(|at| at % 5 != 0).collect();
    (0..7)
        .map(|i| {
            let task = Task::ALL[i % 5];
            let side = if task == Task::Superres { 8 } else { 16 };
            let known = (task == Task::Inpaint).then_some(&hole[..]);
            task.evidence(&picture(i as u64, side), known, &model.config, &model.device).unwrap()
        })
        .collect()
}

const NEVER: Plateau = Plateau { window: 0, tolerance: 0.0 };

#[test]
fn the_batch_a_picture_is_in_changes_nothing_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let model = trained(dir.path());
    // Pictures settle at different steps, so that the batch shrinks on the way.
    let settled = Plateau { window: 3, tolerance: 0.002 };
    let lcm = restorer(&model, 40, settled);
    let restore = |evidence: &[Evidence]| -> Vec<Restored> {
        lcm.restore(evidence, &mut Silent).unwrap().unwrap()
    };
    let all = evidence(&model);
    let together = restore(&all);
    let alone: Vec<Restored> =
        all.iter().flat_map(|one| restore(std::slice::from_ref(one))).collect();
    let steps: Vec<usize> = together.iter().map(|restored| restored.steps).collect();
    assert!(steps.iter().any(|&n| n != steps[0]), "all stopped at {steps:?}");
    for (i, (together, alone)) in together.iter().zip(&alone).enumerate() {
        assert!(together == alone, "picture {i}");
    }
}

/// As wide as the presets: the ways of the backend's products and convolutions depend on their sizes.
#[test]
fn company_changes_nothing_in_a_model_of_the_usual_size_either() {
    let device = Device::flex();
    let config = Layers::preset("bench-64").unwrap().finish().unwrap();
    let lcm = restorer(&Model::draw(&config, &device).unwrap(), 2, NEVER);
    let known: Vec<bool> = (0..64 * 64).map(|at| at % 64 > 20).collect();
    let evidence: Vec<Evidence> = (0..8)
        .map(|i| Task::Inpaint.evidence(&picture(i, 64), Some(&known), &config, &device).unwrap())
        .collect();
    let together = lcm.restore(&evidence, &mut Silent).unwrap().unwrap();
    for (i, one) in together.iter().enumerate().step_by(3) {
        let alone = lcm.restore(&evidence[i..i + 1], &mut Silent).unwrap().unwrap();
        assert!(alone[0] == *one, "picture {i}");
    }
}

#[test]
fn known_pixels_come_near_the_evidence_and_more_steps_come_nearer() {
    let dir = tempfile::tempdir().unwrap();
    let model = trained(dir.path());
    let energies = |steps: usize| -> Vec<f32> {
        let restored = restorer(&model, steps, NEVER).restore(&evidence(&model), &mut Silent);
        restored.unwrap().unwrap().iter().map(|restored| restored.energy).collect()
    };
    let (few, many) = (energies(2), energies(60));
    for (few, many) in few.iter().zip(&many) {
        assert!(many < few, "{few} -> {many}");
    }
}

#[test]
fn a_settled_picture_stops_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let model = trained(dir.path());
    let lcm = restorer(&model, 5000, Plateau { window: 5, tolerance: 0.05 });
    let restored = lcm.restore(&evidence(&model), &mut Silent).unwrap().unwrap();
    for one in restored {
        assert!(one.stop == Stop::Plateau && one.steps < 5000);
    }
}

#[test]
fn a_saved_model_renders_what_it_rendered_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let model = trained(dir.path());
    let render = |model: &Model| model.render(model.rows(model.fixed.start.clone())).to_data();
    model.save(&dir.path().join("again"), "", &Origin::default()).unwrap();
    let again = Model::open(&dir.path().join("again"), &Device::flex()).unwrap();
    assert_eq!(render(&model), render(&again));
    assert_eq!(model.digest(), again.digest());
}

#[test]
fn evidence_that_says_nothing_or_too_much_is_an_error() {
    let config = tiny(&[]);
    let device = Device::flex();
    let message = |task: Task, side: usize, known: Option<&[bool]>| {
        task.evidence(&picture(1, side), known, &config, &device).unwrap_err().to_string()
    };
    assert!(message(Task::Inpaint, 16, None).contains("mask"));
    assert!(message(Task::Inpaint, 16, Some(&[true; 256])).contains("nothing"));
    assert!(message(Task::Colorize, 16, Some(&[true; 256])).contains("takes no mask"));
    assert!(message(Task::Superres, 17, None).contains("17 x 17"));
    assert!(message(Task::Superres, 16, None).contains("nothing to enlarge"));
}
