//! One step of training and of restoration, and the memory it takes: `cargo bench`.
//!
//! Each case runs in a process of its own, so that its peak memory is its own. Printed are the median over the
//! steps, the range, and the peak of resident memory (Linux). `cargo bench -- celeba` runs the cases whose name
//! holds the word.

use std::process::Command;
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use lacuna::Model;
use lacuna::config::{Config, Layers};
use lacuna::image::{Picture, batch_of};
use lacuna::method::Lcm;
use lacuna::restore::{FitSettings, Plateau, Restorer, Task};
use lacuna::runtime::{stream, uniform};
use lacuna::train::joint_step;

/// Preset, images in a batch, steps that count.
const CASES: [(&str, usize, usize); 3] =
    [("bench-64", 16, 20), ("photos-64", 16, 20), ("celeba-128", 10, 5)];
const PHASES: [&str; 2] = ["training", "restoration"];
const CHILD: &str = "LACUNA_BENCH_CASE";

fn main() {
    if let Ok(case) = std::env::var(CHILD) {
        return child(&case);
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    println!(
        "{:<24}{:>8}{:>14}{:>20}{:>12}",
        "step of", "batch", "median ms", "range ms", "peak MiB"
    );
    let itself = std::env::current_exe().expect("a running program has a path");
    for (preset, batch, _) in CASES {
        for phase in PHASES {
            let name = format!("{preset} {phase}");
            if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
                continue;
            }
            let output = Command::new(&itself).env(CHILD, &name).output().expect("it starts again");
            let text = String::from_utf8_lossy(&output.stdout);
            print!("{name:<24}{batch:>8}{text}");
            if !output.status.success() {
                println!("  failed: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
}

fn child(case: &str) {
    let (preset, phase) = case.split_once(' ').expect("a case is a preset and a phase");
    let &(_, batch, steps) = CASES.iter().find(|case| case.0 == preset).expect("a known case");
    let config = Layers::preset(preset).and_then(Layers::finish).expect("presets load");
    let mut times = match phase {
        "training" => training(&config, batch, steps),
        _ => restoration(&config, batch, steps),
    };
    times.sort_by(f64::total_cmp);
    let range = format!("{:.1}-{:.1}", times[0], times[times.len() - 1]);
    println!("{:>14.1}{range:>20}{:>12}", times[times.len() / 2], peak_mebibytes());
}

/// Milliseconds of each joint step, after two that do not count.
fn training(config: &Config, batch: usize, steps: usize) -> Vec<f64> {
    let plain = Device::flex();
    let model = Model::draw(config, &plain.clone().autodiff()).expect("presets make models");
    let target = batch_of(&noise(config.size, batch), &plain).expect("pictures of one size");
    let row = model.fixed.start.repeat(batch);
    let mut rows =
        Tensor::from_data(TensorData::new(row, [batch, config.latent.row_len()]), &plain);
    let (mut generator, latent) = (model.generator, model.latent);
    let mut times = Vec::new();
    for _ in 0..steps + 2 {
        let started = Instant::now();
        let step = joint_step(generator, &*latent, rows, &target, &config.loss, &config.train);
        let losses = step.losses.into_data();
        times.push(started.elapsed().as_secs_f64() * 1e3);
        assert!(losses.convert::<f32>().iter::<f32>().all(f32::is_finite));
        (generator, rows) = (step.generator, step.rows);
    }
    times.split_off(2)
}

/// Milliseconds of each step of inpainting, after two that do not count.
fn restoration(config: &Config, batch: usize, steps: usize) -> Vec<f64> {
    let device = Device::flex();
    let model = Model::draw(config, &device).expect("presets make models");
    let side = config.size;
    let known: Vec<bool> = (0..side * side).map(|at| at % side > side / 4).collect();
    let evidence =
        |picture: &Picture| Task::Inpaint.evidence(picture, Some(&known), config, &device);
    let evidence: Vec<_> =
        noise(side, batch).iter().map(|p| evidence(p).expect("the mask fits")).collect();
    let mut fit = config.restore.inpaint;
    fit.steps = steps + 2;
    let settings = FitSettings { fit, plateau: Plateau { window: 0, tolerance: 0.0 } };
    let restorer = Lcm::new(model, settings).expect("the model can be frozen");
    let (mut times, mut last) = (Vec::new(), Instant::now());
    let mut watch = |_| {
        times.push(last.elapsed().as_secs_f64() * 1e3);
        last = Instant::now();
        std::ops::ControlFlow::Continue(())
    };
    restorer.restore(&evidence, &mut watch).expect("the energy stays finite");
    times.split_off(2)
}

fn noise(side: usize, batch: usize) -> Vec<Picture> {
    let mut rng = stream(0, "bench");
    let mut picture = || {
        let numbers = (0..3 * side * side).map(|_| uniform(&mut rng)).collect();
        Picture::new(side, side, numbers).expect("finite numbers of the right length")
    };
    (0..batch).map(|_| picture()).collect()
}

/// The peak of resident memory so far; 0 where the system does not tell.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
