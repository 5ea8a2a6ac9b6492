//! The program as a person at the terminal meets it: what it writes, what it says, how it ends.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::runs::{TINY, picture, write_photos};
use image::{GrayImage, Luma, RgbImage, Rgba, RgbaImage};
use lacuna::image::save_png;
use serde_json::Value;

const BIN: &str = env!("CARGO_BIN_EXE_lacuna");

fn lacuna(arguments: &[&str]) -> Output {
    Command::new(BIN).args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn ok(arguments: &[&str]) -> Output {
    let output = lacuna(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// One line on stderr that holds every one of `words`, exit code 2.
fn refused(arguments: &[&str], words: &[&str]) {
    let output = lacuna(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error:")).collect();
    assert_eq!(errors.len(), 1, "{arguments:?}: {stderr}");
    for word in words {
        assert!(errors[0].contains(word), "{arguments:?}: no `{word}` in: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

/// A folder with photos and a tiny trained run.
struct Workshop {
    dir: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Self {
        let workshop = Self { dir: tempfile::tempdir().unwrap() };
        write_photos(&workshop.at("photos"), 5, 24);
        ok(&workshop.train("run", &[]).iter().map(String::as_str).collect::<Vec<_>>());
        workshop
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `train` into `run` with the tiny settings and `more`.
    fn train(&self, run: &str, more: &[&str]) -> Vec<String> {
        let (photos, run) = (self.at("photos"), self.at(run));
        let mut arguments: Vec<String> =
            ["train", text(&photos), "--out", text(&run), "--preset", "bench-64"]
                .map(String::from)
                .to_vec();
        for assignment in TINY.iter().chain(more) {
            arguments.extend(["--set".to_string(), assignment.to_string()]);
        }
        arguments
    }

    /// `restore TASK --model RUN INPUT --out OUT` and `more`.
    fn restore(&self, task: &str, input: &Path, out: &str, more: &[&str]) -> Vec<String> {
        let (run, out) = (self.at("run"), self.at(out));
        let arguments = ["restore", task, "--model", text(&run), text(input), "--out", text(&out)];
        arguments.iter().chain(more).map(|argument| argument.to_string()).collect()
    }
}

fn strs(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

fn bytes(path: PathBuf) -> Vec<u8> {
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn one_and_two_threads_give_the_same_bytes() {
    let workshop = Workshop::new();
    let run = |threads: &str, arguments: Vec<String>| {
        let mut command = Command::new(BIN);
        let output = command.args(arguments).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    // Layers as wide as those of the presets: small ones are never split among threads.
    let wide = ["generator.down=[64, 64]", "generator.up=[64, 64, 32]", "generator.tail=[16, 3]"];
    for threads in ["1", "2"] {
        run(threads, workshop.train(&format!("threads-{threads}"), &wide));
        let photos = workshop.at("photos");
        let out = format!("out-{threads}");
        run(threads, workshop.restore("inpaint", &photos, &out, &["--hole", "center:40%"]));
    }
    for file in ["model/model.safetensors", "model/README.md", "preview.png", "manifest.json"] {
        let of = |threads: &str| bytes(workshop.at(&format!("threads-{threads}")).join(file));
        assert!(of("1") == of("2"), "{file}");
    }
    for file in ["00.png", "00.raw.png", "04.residual.png", "04.strip.png"] {
        let of = |threads: &str| bytes(workshop.at(&format!("out-{threads}")).join(file));
        assert!(of("1") == of("2"), "{file}");
    }
}

#[test]
fn a_folder_is_mended_with_its_tree_and_what_is_done_is_skipped() {
    let workshop = Workshop::new();
    let photos = workshop.at("damaged");
    save_png(photos.join("a/b/deep.png"), picture(7, 40).to_rgb8()).unwrap();
    save_png(photos.join("top.png"), picture(8, 16).to_rgb8()).unwrap();
    fs::write(photos.join("broken.png"), b"none").unwrap();
    let arguments = workshop.restore("inpaint", &photos, "out", &["--hole", "center:6"]);
    let output = lacuna(&strs(&arguments));
    assert_eq!(output.status.code(), Some(2), "one input is broken");
    let out = workshop.at("out");
    for name in ["a/b/deep", "top"] {
        for ending in ["png", "raw.png", "residual.png", "strip.png"] {
            assert!(out.join(format!("{name}.{ending}")).is_file(), "{name}.{ending}");
        }
    }
    let record: Value = serde_json::from_slice(&bytes(out.join("restore.json"))).unwrap();
    let deep = &record["images"]["a/b/deep.png"];
    assert_eq!((deep["missing_pixels"].as_u64(), deep["width"].as_u64()), (Some(36), Some(40)));

    let again = lacuna(&strs(&arguments));
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains("0 mended, 2 done before, 1 failed"), "{said}");
    let more_steps = [&strs(&arguments)[..], &["--steps", "2"]].concat();
    let said = String::from_utf8(lacuna(&more_steps).stderr).unwrap();
    assert!(said.contains("2 mended, 0 done before"), "{said}");
}

#[test]
fn the_pasted_photo_keeps_every_known_pixel_and_its_size() {
    let workshop = Workshop::new();
    let photo = RgbImage::from_fn(37, 29, |x, y| image::Rgb([x as u8 * 6, y as u8 * 8, 99]));
    let mask = GrayImage::from_fn(37, 29, |x, y| {
        Luma([if (9..20).contains(&x) && (5..15).contains(&y) { 255 } else { 0 }])
    });
    let (photo_path, mask_path) = (workshop.at("photo.png"), workshop.at("mask.png"));
    photo.save(&photo_path).unwrap();
    mask.save(&mask_path).unwrap();
    let alpha = RgbaImage::from_fn(37, 29, |x, y| {
        let [r, g, b] = photo.get_pixel(x, y).0;
        Rgba([r, g, b, 255 - mask.get_pixel(x, y)[0]])
    });
    alpha.save(workshop.at("alpha.png")).unwrap();
    ok(&strs(&workshop.restore("inpaint", &photo_path, "m", &["--mask", text(&mask_path)])));
    ok(&strs(&workshop.restore("inpaint", &workshop.at("alpha.png"), "a", &[])));
    let mended = image::open(workshop.at("m/photo.png")).unwrap().to_rgb8();
    let from_alpha = image::open(workshop.at("a/alpha.png")).unwrap();
    for (x, y, pixel) in mended.enumerate_pixels() {
        if mask.get_pixel(x, y)[0] == 0 {
            assert_eq!(pixel, photo.get_pixel(x, y));
        }
    }
    // The alpha channel says the same as the mask, so the result is the same, and opaque.
    assert_eq!(from_alpha.to_rgb8(), mended);
    assert!(from_alpha.to_rgba8().pixels().all(|pixel| pixel[3] == 255));
}

#[test]
fn degraded_copies_are_what_restore_reads() {
    let workshop = Workshop::new();
    let photos = workshop.at("photos");
    let truth = workshop.at("truth");
    let small = workshop.at("small");
    ok(&[
        "degrade",
        "superres",
        text(&photos),
        "--size",
        "16",
        "--factor",
        "2",
        "--out",
        text(&small),
        "--truth",
        text(&truth),
    ]);
    assert_eq!(image::image_dimensions(small.join("00.png")).unwrap(), (8, 8));
    assert_eq!(image::image_dimensions(truth.join("00.png")).unwrap(), (16, 16));
    ok(&strs(&workshop.restore("superres", &small, "large", &[])));
    assert_eq!(image::image_dimensions(workshop.at("large/00.png")).unwrap(), (16, 16));
    for task in ["inpaint", "colorize", "denoise", "jpeg"] {
        let out = workshop.at(&format!("degraded-{task}"));
        ok(&["degrade", task, text(&photos), "--out", text(&out), "--hole", "random:0.5"]);
        ok(&strs(&workshop.restore(task, &out, &format!("mended-{task}"), &["--steps", "2"])));
        let size = image::image_dimensions(workshop.at(&format!("mended-{task}/00.png"))).unwrap();
        assert_eq!(size, (24, 24));
    }
}

#[test]
fn json_lines_are_objects_with_an_event() {
    let workshop = Workshop::new();
    let mut arguments = workshop.train("json", &[]);
    arguments.push("--json".into());
    let stdout = String::from_utf8(ok(&strs(&arguments)).stdout).unwrap();
    let events: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    for name in ["photos", "step", "checkpoint", "recalibrated", "model", "preview"] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn a_run_is_never_started_over_and_resuming_wants_the_same_architecture() {
    let workshop = Workshop::new();
    refused(&strs(&workshop.train("run", &[])), &["run", "--resume"]);
    let run = workshop.at("run");
    let resume =
        |setting: &'static str| ["train", "--resume", "--out", text(&run), "--set", setting];
    refused(&resume("train.batch=2"), &["train.batch", "differs"]);
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
    refused(&strs(&train(&broken)), &["broken", "none of its 1 pictures"]);
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
    let config = workshop.at("run/model/config.toml");
    let (whole, settings) = (bytes(file.clone()), fs::read_to_string(&config).unwrap());

    fs::write(&config, settings.replace("tail = [4, 3]", "tail = [5, 3]")).unwrap();
    attempt(&["model.safetensors", "another architecture"]);
    fs::write(&config, settings.replace("channels = [2, 4, 6]", "channels = [2, 5, 6]")).unwrap();
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
    attempt(&["run", "no model.safetensors"]);
    fs::remove_dir_all(workshop.at("run")).unwrap();
    attempt(&["run", "no such folder"]);
}

#[test]
fn pictures_that_cannot_be_used_are_named_and_leave_nothing_behind() {
    let workshop = Workshop::new();
    let attempt = |path: &Path, more: &[&str], words: &[&str]| {
        let arguments = workshop.restore("inpaint", path, "out", more);
        let output = lacuna(&strs(&arguments));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        for word in words {
            assert!(stderr.contains(word), "no `{word}` in: {stderr}");
        }
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
    attempt("denoise", &["--lr", "nan"], &["restore.denoise.lr"]);
    attempt("inpaint", &["--mask", "nowhere.png"], &["nowhere.png"]);
    refused(
        &strs(&workshop.restore("denoise", &workshop.at("none.png"), "out", &[])),
        &["none.png"],
    );
    assert!(!workshop.at("out").exists());
}

/// A write that fails as on a full disk: no file of the process may grow beyond 2 KiB.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_the_old_state_stays() {
    let workshop = Workshop::new();
    let run = workshop.at("run");
    let before = bytes(run.join("checkpoint.safetensors"));
    let limited = |arguments: &[String]| {
        let script = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";
        let output = Command::new("sh").args(["-c", script, BIN]).args(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("cannot write") && stderr.contains("free some space"), "{stderr}");
    };
    let resume = ["train", "--resume", "--out", text(&run), "--set", "train.passes=4"];
    limited(&resume.map(String::from));
    assert!(bytes(run.join("checkpoint.safetensors")) == before);
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
