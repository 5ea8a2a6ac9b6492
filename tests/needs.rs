//! Memory, disk and time: said before, kept to, and nothing lost where memory does not suffice.

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::runs::{picture, tiny, write_photos};
use common::workshop::{BIN, Workshop, bytes, lacuna, ok, refused, strs, text};
use image::{DynamicImage, ImageBuffer, Rgba};
use lacuna::config::{Config, Layers};
use lacuna::data::{PhotoConfig, Photos};
use lacuna::estimate::{Guard, Reading, Restoring};
use lacuna::event::Silent;
use lacuna::image::save_png;
use lacuna::runtime::{stream, uniform};
use lacuna::train::{Run, train};
use serde_json::Value;

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The configuration that a run was started with.
fn config(workshop: &Workshop, run: &str) -> Config {
    Run::at(workshop.at(run)).settings().unwrap().finish().unwrap()
}

#[test]
fn an_estimate_is_all_that_estimate_gives() {
    let workshop = Workshop::new();
    let mut arguments = workshop.train("new", &[]);
    arguments.push("--estimate".into());
    let told = stderr(&ok(&strs(&arguments)));
    let line = told.lines().find(|line| line.starts_with("needs about")).unwrap();
    for word in ["of memory", "of disk", "free", " s"] {
        assert!(line.contains(word), "{line}");
    }
    assert!(!workshop.at("new").exists());

    let photos = workshop.at("photos");
    let more = ["--hole", "center:40%", "--estimate", "--json"];
    let output = ok(&strs(&workshop.restore("inpaint", &photos, "out", &more)));
    let lines = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let needs = events.iter().find(|event| event["event"] == "needs").unwrap();
    assert!(needs["memory"].as_u64().unwrap() > 0 && needs["seconds"].as_f64().unwrap() > 0.0);
    assert!(!workshop.at("out").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_where_nothing_can_be_written_is_named_and_no_disk_is_blamed() {
    let workshop = Workshop::new();
    let (run, photos, out) = (workshop.at("run"), workshop.at("photos"), "/proc/lacuna");
    let (run, photos) = (text(&run), text(&photos));
    let words = ["cannot write `/proc/lacuna`", "choose another folder"];
    for command in [
        vec!["restore", "denoise", "--shrink", "--model", run, photos, "--out", out],
        vec!["restore", "denoise", "--shrink", "--model", run, photos, "--out", out, "--estimate"],
        vec!["degrade", "denoise", photos, "--out", out],
        vec!["train", photos, "--out", out],
        vec!["evaluate", "--model", run, "--data", photos, "--out", out],
    ] {
        let told = stderr(&lacuna(&command));
        assert!(!told.contains("disk") && !told.contains("free some space"), "{told}");
        refused(&command, &words);
    }
}

#[test]
fn minibatches_are_split_to_fit_and_the_run_says_so() {
    let workshop = Workshop::new();
    let (photos, out) = (workshop.at("many"), workshop.at("split"));
    write_photos(&photos, 64, 24);
    let mut arguments = vec![
        "train",
        text(&photos),
        "--out",
        text(&out),
        "--preset",
        "bench-64",
        "--memory",
        "150MiB",
    ];
    let settings = [
        "train.batch=64",
        "train.inner_steps=1",
        "train.passes=1",
        "data.hold_out=0",
        "data.flip=false",
    ];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    let told = stderr(&ok(&arguments));
    let split = config(&workshop, "split");
    assert!(told.contains(&format!("minibatches of {}, not 64", split.train.batch)), "{told}");
    assert!(split.train.batch < 64);
    // As far in a pass as one minibatch of all would have moved theta.
    let whole = Layers::preset("bench-64").unwrap().finish().unwrap().train.lr_theta;
    let batches = 64usize.div_ceil(split.train.batch) as f64;
    assert!((split.train.lr_theta * batches - whole).abs() < 1e-9, "{}", split.train.lr_theta);
}

#[test]
fn too_little_memory_for_anything_is_refused_before_the_work() {
    let workshop = Workshop::new();
    let mut arguments = workshop.train("none", &[]);
    arguments.extend(["--memory".into(), "5MB".into()]);
    refused(&strs(&arguments), &["memory", "even with minibatches of one image", "--memory"]);
    assert!(!workshop.at("none/model").exists());
    let photos = workshop.at("photos");
    let more = ["--hole", "center:40%", "--memory", "5MB"];
    refused(
        &strs(&workshop.restore("inpaint", &photos, "out", &more)),
        &["memory", "a photo of 576 pixels"],
    );
    for nonsense in ["0", "-1", "much", "3 apples"] {
        let mut arguments = workshop.train("none", &[]);
        arguments.push(format!("--memory={nonsense}"));
        let output = lacuna(&strs(&arguments));
        assert_eq!(output.status.code(), Some(2), "{nonsense}");
        assert!(stderr(&output).contains("as in 2GiB"), "{}", stderr(&output));
    }
}

#[test]
fn the_memory_that_is_given_changes_no_result_of_a_restoration() {
    let workshop = Workshop::new();
    let photos = workshop.at("photos");
    let hole = ["--hole", "center:40%"];
    ok(&strs(&workshop.restore("inpaint", &photos, "free", &hole)));
    let needs = Restoring {
        batch: 2,
        waiting: 1200,
        largest: 576,
        bytes: 3,
        all: 2880,
        ..Restoring::default()
    };
    let memory = format!("{}B", needs.memory(&config(&workshop, "run")));
    // Resident memory may be more than was reckoned, in a test's tiny model most of it is the program itself.
    let more = [&hole[..], &["--memory", &memory]].concat();
    let more = [&more[..], &["-v"]].concat();
    let told = stderr(&ok(&strs(&workshop.restore("inpaint", &photos, "tight", &more))));
    assert!(told.contains("batches of 2"), "{told}");
    for name in ["00.png", "02.raw.png", "04.png"] {
        let of = |out: &str| bytes(workshop.at(out).join(name));
        assert!(of("free") == of("tight"), "{name}");
    }
}

#[test]
fn training_that_runs_out_of_memory_is_an_error_and_goes_on_with_smaller_minibatches() {
    let workshop = Workshop::new();
    let config = tiny(&["train.passes=4"]);
    let run = Run::at(workshop.at("short"));
    let device = lacuna::runtime::device("cpu").unwrap();
    let folder = workshop.at("photos");
    let photos = Photos::scan(&folder, PhotoConfig::from(&config), &mut Silent).unwrap();
    // The machine has enough at the first look only; looks are half a second apart.
    let mut looks = 0;
    let mut silent = Silent;
    let mut slow = |event| {
        std::thread::sleep(std::time::Duration::from_millis(60));
        lacuna::event::Observer::on(&mut silent, event)
    };
    let mut guard = Guard::reading(&mut slow, None, || {
        looks += 1;
        Reading { used: 1, free: if looks > 1 { 1 } else { u64::MAX } }
    });
    let outcome = train(&photos, &config, &run, &device, &mut guard).unwrap();
    assert!(!outcome.finished && outcome.steps > 0);
    let message = guard.verdict("go on").unwrap_err().to_string();
    assert!(message.contains("memory") && message.contains("free"), "{message}");

    // Nothing is lost: the same run goes on, here with minibatches of two. But for what a killed process would have
    // told of steps that it did not save.
    let (out, done) = (workshop.at("short"), outcome.steps);
    let path = out.join("log.jsonl");
    let mut log = String::from_utf8(bytes(path.clone())).unwrap();
    let mut line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    (line["step"], line["loss"]) = ((done + 1).into(), 9.0.into());
    log.push_str(&format!("{line}\n"));
    std::fs::write(&path, log).unwrap();
    let resume = ["train", "--resume", "--out", text(&out), "--set", "train.batch=2"];
    ok(&resume);
    let resumed = self::config(&workshop, "short");
    assert_eq!(resumed.train.batch, 2);
    let log = String::from_utf8(bytes(out.join("log.jsonl"))).unwrap();
    assert!(!log.contains("9.0"), "{log}");
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    // Five photos are three minibatches of two, not two of three; four passes of three inner steps.
    assert_eq!(last["step"].as_u64(), Some(4 * 3 * 3));
    assert!(done < 4 * 2 * 3);
    refused(
        &["train", "--resume", "--out", text(&out), "--set", "train.batch=3"],
        &["train.batch", "larger"],
    );
}

#[test]
fn memory_that_runs_short_after_the_last_step_is_no_error_of_a_finished_run() {
    let workshop = Workshop::new();
    // Nothing is left to do, so that nothing has to fit either.
    let out = workshop.at("run");
    let told = stderr(&ok(&["train", "--resume", "--out", text(&out), "--memory", "5MB"]));
    assert!(told.contains("the model stays as it is") && !told.contains("needs about"), "{told}");
}

#[test]
fn a_photo_too_large_for_the_memory_fails_alone() {
    let workshop = Workshop::new();
    let folder = workshop.at("mixed");
    write_photos(&folder, 1, 24);
    picture(7, 3000).to_rgb8().save(folder.join("large.jpg")).unwrap();
    let more = ["--memory", "200MiB"];
    let output = lacuna(&strs(&workshop.restore("denoise", &folder, "out", &more)));
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("large.jpg") && told.contains("3000 x 3000"), "{told}");
    assert!(workshop.at("out/00.png").is_file());
}

/// The peak of resident memory of a process that runs `arguments`, and what it said on stderr.
#[cfg(target_os = "linux")]
fn peak(arguments: &[String]) -> (u64, String) {
    let mut command = Command::new(BIN);
    let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        peak = peak.max(kibibytes.unwrap_or(0) << 10);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    (peak, stderr(&output))
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_told_of_memory_is_near_what_is_taken() {
    let workshop = Workshop::new();
    let photos = workshop.at("many");
    write_photos(&photos, 40, 64);
    let out = workshop.at("large");
    let (photos, out) = (text(&photos).to_string(), text(&out).to_string());
    // Maps and theta, not the program itself, are most of it.
    let settings = ["train.batch=40", "train.inner_steps=1", "train.passes=2", "data.flip=false"];
    let mut arguments: Vec<String> =
        ["train", &photos, "--out", &out, "--preset", "bench-64"].map(String::from).to_vec();
    for setting in settings {
        arguments.extend(["--set".into(), setting.into()]);
    }
    let (taken, told) = peak(&arguments);
    let line = told.lines().find(|line| line.starts_with("needs about")).unwrap();
    let number: f64 = line.split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!(line.contains("MiB of memory"), "{line}");
    let ratio = number / (taken as f64 / f64::from(1 << 20));
    assert!((0.8..1.6).contains(&ratio), "{line}, taken {} MiB", taken >> 20);
}

#[cfg(target_os = "linux")]
#[test]
fn a_deep_photo_takes_no_more_memory_and_disk_than_is_told() {
    let workshop = Workshop::new();
    let photo = workshop.at("deep.png");
    // Noise, which no PNG makes smaller, and a hole.
    let mut rng = stream(5, "deep");
    let mut noise = || (40_000.0 * uniform(&mut rng)) as u16;
    let opaque =
        |x: u32, y: u32| u16::from(x.abs_diff(800) > 300 || y.abs_diff(600) > 250) * 65_535;
    let pixel = |x, y| Rgba([noise(), noise(), noise(), opaque(x, y)]);
    let image: DynamicImage = ImageBuffer::from_fn(1600, 1200, pixel).into();
    save_png(&photo, image).unwrap();
    for (task, more) in [("inpaint", &[][..]), ("denoise", &["--crop", "0,0,200,200"])] {
        let more = [&["--steps", "1"], more].concat();
        let (taken, told) = peak(&workshop.restore(task, &photo, task, &more));
        let line = told.lines().find(|line| line.starts_with("needs about")).unwrap();
        let mebibytes =
            |word: usize| line.split_whitespace().nth(word).unwrap().parse::<f64>().unwrap();
        let files = fs::read_dir(workshop.at(task)).unwrap().map(|file| file.unwrap());
        let disk: u64 = files.map(|file| file.metadata().unwrap().len()).sum();
        let ratios = [(2, taken), (9, disk)]
            .map(|(word, bytes)| mebibytes(word) / (bytes as f64 / f64::from(1 << 20)));
        assert!(ratios.iter().all(|ratio| (1.0..1.6).contains(ratio)), "{task} {line}: {ratios:?}");
    }
}
