//! One step of training and of restoration, and the memory it takes: `cargo bench`.
//!
//! `cargo bench --bench step -- --profile CASE PHASE` shows where the time of a step goes; `--serve CASE PHASE` is
//! what `step_pytorch.py` times in turn with PyTorch.
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
use lacuna::nn::profile;
use lacuna::restore::{Task, fit_step};
use lacuna::runtime::{stream, uniform};
use lacuna::train::joint_step;

/// Preset, images in a batch, steps that count.
const CASES: [(&str, usize, usize); 3] =
    [("bench-64", 16, 20), ("photos-64", 16, 20), ("celeba-128", 10, 5)];
const PHASES: [&str; 3] = ["training", "restoration", "latent"];
const CHILD: &str = "LACUNA_BENCH_CASE";

fn main() {
    if let Ok(case) = std::env::var(CHILD) {
        return child(&case);
    }
    let arguments: Vec<String> =
        std::env::args().filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--serve", preset, phase] => return serve(preset, phase),
        [_, "--profile", preset, phase] => return profile_step(preset, phase),
        _ => {}
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
    let (mut step, _, steps) = stepper(preset, phase);
    // Two that do not count: buffers are new, caches cold.
    step();
    step();
    let mut times: Vec<f64> = (0..steps).map(|_| step()).collect();
    times.sort_by(f64::total_cmp);
    let range = format!("{:.1}-{:.1}", times[0], times[times.len() - 1]);
    println!("{:>14.1}{range:>20}{:>12}", times[times.len() / 2], peak_mebibytes());
}

/// Takes one step and gives its milliseconds.
type Step = Box<dyn FnMut() -> f64>;

/// A case ready to run, its batch, and the steps that count.
fn stepper(preset: &str, phase: &str) -> (Step, usize, usize) {
    let &(_, batch, steps) = CASES.iter().find(|case| case.0 == preset).expect("a known case");
    let config = Layers::preset(preset).and_then(Layers::finish).expect("presets load");
    let step = match phase {
        "training" => training(&config, batch),
        "restoration" => restoration(&config, batch),
        "latent" => latent(&config, batch),
        _ => panic!("no phase `{phase}`; there are {PHASES:?}"),
    };
    (step, batch, steps)
}

fn milliseconds(step: impl FnOnce()) -> f64 {
    let started = Instant::now();
    step();
    started.elapsed().as_secs_f64() * 1e3
}

/// One joint step on theta and phi.
fn training(config: &Config, batch: usize) -> Step {
    let plain = Device::flex();
    let model = Model::draw(config, &plain.clone().autodiff()).expect("presets make models");
    let target = batch_of(&noise(config.size, batch), &plain).expect("pictures of one size");
    let rows = model.rows(model.fixed.start.repeat(batch)).inner();
    let (loss, train) = (config.loss, config.train.clone());
    let latent = model.latent;
    let mut state = Some((model.generator, rows));
    Box::new(move || {
        milliseconds(|| {
            let (generator, rows) = state.take().expect("a step leaves its state");
            let step = joint_step(generator, &*latent, rows, &target, &loss, &train);
            let losses = step.losses.into_data();
            assert!(losses.convert::<f32>().iter::<f32>().all(f32::is_finite));
            state = Some((step.generator, step.rows));
        })
    })
}

/// One step of inpainting: energy, gradient of the rows, SGD and box.
fn restoration(config: &Config, batch: usize) -> Step {
    let device = Device::flex();
    let model = Model::draw(config, &device).expect("presets make models");
    let side = config.size;
    let known: Vec<bool> = (0..side * side).map(|at| at % side > side / 4).collect();
    let evidence =
        |picture: &Picture| Task::Inpaint.evidence(picture, Some(&known), config, &device);
    let evidence: Vec<_> =
        noise(side, batch).iter().map(|p| evidence(p).expect("the mask fits")).collect();
    let model = model.frozen().expect("the model can be frozen");
    let mut rows = Some(model.rows(model.fixed.start.repeat(batch)).inner());
    let lr = config.restore.inpaint.lr;
    Box::new(move || {
        milliseconds(|| {
            let taken = rows.take().expect("a step leaves its rows");
            let (moved, energies) = fit_step(&model, &evidence, taken, lr);
            assert!(energies.iter().all(|energy| energy.is_finite()));
            rows = Some(moved);
        })
    })
}

/// The latent nets alone, forward and backward.
fn latent(config: &Config, batch: usize) -> Step {
    let model = Model::draw(config, &Device::flex().autodiff()).expect("presets make models");
    let rows = model.rows(model.fixed.start.repeat(batch)).inner();
    let latent = model.latent;
    let [channels, height, width] = latent.latent_shape();
    let count = batch * channels * height * width;
    let mut rng = stream(0, "upstream");
    let numbers: Vec<f32> = (0..count).map(|_| uniform(&mut rng) - 0.5).collect();
    // Channels last, as the latents lie on the CPU: their order must not cost more than the nets do.
    let data = TensorData::new(numbers, [batch, height, width, channels]);
    let upstream = Tensor::<4>::from_data(data, &Device::flex().autodiff());
    Box::new(move || {
        milliseconds(|| {
            let rows = rows.clone().autodiff().require_grad();
            let z = latent.decode(rows.clone()).permute([0, 2, 3, 1]);
            let gradients = (z * upstream.clone()).sum().backward();
            let gradient = rows.grad(&gradients).expect("rows are tracked").into_data();
            assert!(gradient.convert::<f32>().iter::<f32>().all(f32::is_finite));
        })
    })
}

/// Where the time of a step goes; the rest is burn's own operations and the book-keeping between them.
fn profile_step(preset: &str, phase: &str) {
    const STEPS: usize = 5;
    let (mut step, batch, _) = stepper(preset, phase);
    step();
    step();
    profile::start();
    let total: f64 = (0..STEPS).map(|_| step()).sum::<f64>() / STEPS as f64;
    let kinds = profile::stop();
    println!("{preset} {phase}, batch {batch}: ms a step, mean of {STEPS}");
    let mut rest = total;
    for (kind, seconds) in kinds {
        let took = seconds * 1e3 / STEPS as f64;
        rest -= took;
        println!("{kind:<40}{took:>10.2}{:>8.1} %", 100.0 * took / total);
    }
    println!(
        "{:<40}{rest:>10.2}{:>8.1} %\n{:<40}{total:>10.2}",
        "rest",
        100.0 * rest / total,
        "step"
    );
}

/// Takes orders on stdin: `go N` is answered by the milliseconds of N steps, `end` by the peak of memory.
fn serve(preset: &str, phase: &str) {
    let (mut step, ..) = stepper(preset, phase);
    for line in std::io::stdin().lines() {
        let line = line.expect("orders are text");
        match line.strip_prefix("go ").and_then(|count| count.parse::<usize>().ok()) {
            Some(count) => {
                let times: Vec<String> = (0..count).map(|_| format!("{:.4}", step())).collect();
                println!("[{}]", times.join(", "));
            }
            None => {
                println!("{{\"peak_mib\": {}}}", peak_mebibytes());
                return;
            }
        }
    }
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
