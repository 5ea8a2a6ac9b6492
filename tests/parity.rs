//! The model against independent runs of it, in the format and within the limits of
//! `tests/reference/README.md`; `LACUNA_REFERENCE` names another folder to read.

mod common;

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use common::reference::{Reference, worst};
use lacuna::generator::Hourglass;
use lacuna::latent::LatentSpace;
use lacuna::loss::{LossConfig, Pyramid};
use lacuna::nn::{Precision, State, load_state, state_of};
use lacuna::train::sgd;

const FORWARD: f32 = 2e-5;
const GRADIENT: f32 = 2e-2;
const LATER_LOSSES: f32 = 5e-2;
const AFTER: f32 = 5e-3;

#[test]
fn parity_with_every_reference_run() {
    let folder = std::env::var_os("LACUNA_REFERENCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference"),
        PathBuf::from,
    );
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no *.safetensors", folder.display());
    for file in files {
        check(&Reference::open(&file), &file);
    }
}

fn check(reference: &Reference, file: &Path) {
    let device = Device::flex().autodiff();
    let latent = reference.latent_config().init(reference.numbers("s"), &device).unwrap();
    let mut net = reference.generator("before", &device);
    let mut rows = reference.rows("before.phi", &device).require_grad();
    let target = reference.tensor::<4>("target", &device);

    let z = latent.decode(rows.clone());
    let mut first = reference.error("eval.z", z.clone());
    first = first.max(reference.error("eval.image", net.forward(z)));

    let (mut gradients, mut later) = (0f32, 0f32);
    for step in 0..reference.config.steps {
        let z = latent.decode(rows.clone());
        let (image, statistics) = net.forward_train(z.clone(), Precision::F32);
        let of = |laplacian, mse| {
            let loss = LossConfig { laplacian, mse, pyramid: Pyramid::Published };
            loss.per_image(image.clone(), target.clone())
        };
        let (lap, squared, losses) = (of(1.0, 0.0), of(0.0, 1.0), of(1.0, 1.0));
        let expected = reference.row("train.loss_per_image", step);
        let error = worst(&losses.to_data().try_to_vec().unwrap(), &expected);
        if step == 0 {
            first = first
                .max(reference.error("train.z", z))
                .max(reference.error("train.image", image))
                .max(reference.error("train.lap_l1", lap))
                .max(reference.error("train.mse", squared))
                .max(error);
        } else {
            later = later.max(error);
        }
        // One backward pass serves both: phi gets the gradient of the sum, theta that of the mean.
        let mut grads = losses.sum().backward();
        if step == 0 {
            gradients = gradient_error(reference, &net, &rows, &grads);
        }
        net = sgd(net, &mut grads, reference.config.lr_theta / reference.config.batch as f64);
        net.update_running(&statistics, reference.config.bn_momentum);
        let step = rows.grad(&grads).expect("rows are tracked").mul_scalar(reference.config.lr_phi);
        rows = latent.project(rows.inner() - step).autodiff().require_grad();
    }
    let after = reference.error("after.eval.image", net.forward(latent.decode(rows)));
    println!(
        "{}: first step {first:.1e}, gradients {gradients:.1e}, later losses {later:.1e}, after {after:.1e}",
        file.display()
    );
    assert!(first <= FORWARD, "z, images and losses of the first step differ by {first:e}");
    assert!(gradients <= GRADIENT, "gradients differ by {gradients:e}");
    assert!(later <= LATER_LOSSES, "losses of the later steps differ by {later:e}");
    assert!(after <= AFTER, "the image after all steps differs by {after:e}");
}

fn gradient_error(
    reference: &Reference,
    net: &Hourglass,
    rows: &Tensor<2>,
    grads: &Gradients,
) -> f32 {
    let mut error = 0f32;
    let row_gradient = rows.grad(grads).expect("rows are tracked");
    for (name, part) in reference.split_rows(row_gradient) {
        error = error.max(reference.error(&format!("grad.phi.{name}"), part));
    }
    let batch = reference.config.batch as f32;
    let mut compared = 0;
    for (name, gradient) in common::gradients_of(net, grads) {
        let name = format!("grad.{}", reference.name_of(&name));
        if let Some(expected) = reference.find(&name) {
            let mean: Vec<f32> = gradient.iter().map(|x| x / batch).collect();
            error = error.max(worst(&mean, &expected));
            compared += 1;
        }
    }
    assert_eq!(compared, reference.count("grad.g."), "some gradients of g were not compared");
    error
}

#[test]
fn a_state_loads_back_bit_for_bit_and_a_foreign_one_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let reference = Reference::open(&folder.join("tiny.safetensors"));
    let device = Device::flex();
    let net = reference.generator("before", &device);
    let state = state_of(&net);
    let again = load_state(reference.generator("after", &device), &state).unwrap();
    assert_eq!(state_of(&again), state);

    let mut foreign: State = state.clone();
    foreign.insert("last.weight".into(), TensorData::new(vec![0f32; 4], [2, 2]));
    let message = load_state(again, &foreign).unwrap_err();
    assert!(message.contains("last.weight") && message.contains("[2, 2]"), "{message}");
    assert!(net.num_params() > 0);
}
