//! The program as a person at the terminal meets it: what it writes, and that it repeats.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::runs::picture;
use common::workshop::{BIN, Workshop, bytes, lacuna, ok, refused, strs, text};
use image::{GrayImage, Luma, RgbImage, Rgba, RgbaImage};
use lacuna::image::save_png;
use serde_json::Value;

#[test]
fn one_and_two_threads_give_the_same_bytes() {
    let workshop = Workshop::new();
    let run = |threads: &str, arguments: Vec<String>| {
        let mut command = Command::new(BIN);
        let output = command.args(arguments).args(["--threads", threads]).output().unwrap();
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
fn a_precision_that_was_asked_for_is_kept_in_the_run() {
    let workshop = Workshop::new();
    let arguments = workshop.train("half", &["train.passes=2"]);
    let said = |arguments: &[&str]| String::from_utf8(ok(arguments).stderr).unwrap();
    let first = said(&[&strs(&arguments)[..], &["--precision", "bf16"]].concat());
    let run = workshop.at("half");
    let setting = || {
        let text = String::from_utf8(bytes(run.join("config.toml"))).unwrap();
        text.lines().filter(|line| *line == "precision = \"bf16\"").count()
    };
    assert_eq!(setting(), 1, "of training alone");
    let resume = ["train", "--resume", "--out", text(&run), "--set", "train.passes=3"];
    let again = said(&resume);
    let fit = workshop.restore("denoise", &workshop.at("photos"), "b", &["--precision", "bf16"]);
    let mended = said(&strs(&fit));
    let plain = said(&strs(&workshop.restore("denoise", &workshop.at("photos"), "f", &[])));
    assert!(!plain.contains("bf16"), "{plain}");
    if !lacuna_kernels::Level::best().has_bf16() {
        for said in [first, again, mended] {
            assert_eq!(said.matches("note: bf16 is emulated").count(), 1, "{said}");
        }
    }
    assert_eq!(setting(), 1);
    said(&[&resume[..4], &["--set", "train.passes=4", "--precision", "f32"]].concat());
    assert_eq!(setting(), 0);
    refused(&[&resume[..4], &["--precision", "fp8"]].concat(), &["fp8"]);
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
    assert_eq!(output.status.code(), Some(1), "one input is broken");
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
fn the_result_keeps_every_known_pixel_and_the_photos_size() {
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
    // Colour where none is expected may be the wrong file, and is told of.
    let told = |input: &Path, out: &str| {
        let output = ok(&strs(&workshop.restore("colorize", input, out, &["--steps", "2"])));
        String::from_utf8(output.stderr).unwrap().contains("colour already")
    };
    assert!(told(&photos, "coloured") && !told(&workshop.at("degraded-colorize"), "grey"));
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
fn a_run_is_measured_on_what_it_held_out_and_on_nothing_else() {
    let workshop = Workshop::new();
    let run = workshop.at("split");
    let train = workshop.train("split", &["data.hold_out=0.5"]);
    ok(&strs(&train));
    let manifest: Value = serde_json::from_slice(&bytes(run.join("manifest.json"))).unwrap();
    let held_out: Vec<&str> = (manifest["photos"].as_array().unwrap().iter())
        .filter(|photo| photo["held_out"].as_bool().unwrap())
        .map(|photo| photo["path"].as_str().unwrap())
        .collect();
    assert!(!held_out.is_empty() && held_out.len() < 5, "{held_out:?}");

    let out = workshop.at("report");
    let evaluate = |run: &Path, out: &Path| {
        lacuna(&[
            "evaluate",
            "--model",
            text(run),
            "--out",
            text(out),
            "--hole",
            "center:6",
            "--factor",
            "2",
        ])
    };
    let output = evaluate(&run, &out);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let scores = fs::read_to_string(out.join("scores.csv")).unwrap();
    let mut measured: Vec<&str> = scores
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).unwrap().trim_matches('"'))
        .collect();
    measured.sort_unstable();
    measured.dedup();
    assert_eq!(measured, held_out);
    let table = fs::read_to_string(out.join("table.md")).unwrap();
    for name in ["inpaint | lcm", "superres | bicubic", "colorize | grey", "inpaint | biharmonic"] {
        assert!(table.contains(name), "{name} in {table}");
    }
    assert!(out.join("sheet-colorize.png").is_file());

    let said = |run: &str, out: &str| {
        let output = evaluate(&workshop.at(run), &workshop.at(out));
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let stderr = said("run", "other");
    assert!(stderr.contains("holds no photo out"), "{stderr}");
    assert!(!workshop.at("other").exists());
    // The model in the run goes by the run.
    assert!(evaluate(&run.join("model"), &workshop.at("inner")).status.success());
    assert!(workshop.at("inner/table.md").is_file());
}

#[test]
fn a_run_is_measured_on_photos_of_ones_own_that_it_has_not_seen() {
    let workshop = Workshop::new();
    let others = workshop.at("others");
    fs::create_dir(&others).unwrap();
    save_png(others.join("new.png"), picture(9, 24).to_rgb8()).unwrap();
    let run = workshop.at("run");
    let of = |data: &Path, out: &Path| -> Vec<String> {
        let tasks = ["--tasks", "inpaint,inpaint", "--hole", "center:6", "--data", text(data)];
        let head = ["evaluate", "--model", text(&run), "--out", text(out)];
        head.into_iter().chain(tasks).map(String::from).collect()
    };
    let scores = |out: &str| {
        let output = ok(&strs(&of(&others, &workshop.at(out))));
        let scores = fs::read_to_string(workshop.at(out).join("scores.csv")).unwrap();
        assert!(scores.lines().skip(1).all(|line| line.contains("new.png")), "{scores}");
        // A task that was named twice is measured once.
        assert_eq!(scores.matches("\"lcm\"").count(), 1, "{scores}");
        (scores, String::from_utf8(output.stderr).unwrap())
    };
    let (with, said) = scores("report");
    assert!(said.contains("measuring 1 photo of `") && !said.contains("to learn from"), "{said}");
    assert!(with.contains("mean photo") && with.contains("eigenfaces"), "{with}");

    let photos = workshop.at("photos");
    let words = ["was trained on 5 of its 5 photos", "00.png, 01.png"];
    refused(&strs(&of(&photos, &workshop.at("refused"))), &words);
    for file in ["table.md", "scores.csv", "sheet-inpaint.png"] {
        let mine = workshop.at(&format!("with-{file}"));
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join(file), b"mine").unwrap();
        refused(&strs(&of(&others, &mine)), &["holds an evaluation already", file, "--out"]);
        assert_eq!(bytes(mine.join(file)), b"mine");
    }

    // Away, the photos that were learned are missed by what needs them and by nothing else.
    fs::rename(&photos, workshop.at("moved")).unwrap();
    let (without, said) = scores("report-without");
    assert!(said.contains("note: mean photo and eigenfaces are left out"), "{said}");
    assert!(!without.contains("mean photo") && without.contains("biharmonic"), "{without}");
    let resume = ["train", "--resume", "--out", text(&run)];
    refused(&resume, &["photos", "give the folder: `lacuna train PHOTOS --out", "--resume`"]);
}

#[test]
fn a_photo_that_was_learned_and_taken_away_is_never_measured() {
    let workshop = Workshop::new();
    let (run, away) = (workshop.at("run"), workshop.at("away"));
    fs::create_dir(&away).unwrap();
    fs::rename(workshop.at("photos/02.png"), away.join("02.png")).unwrap();
    ok(&["train", "--resume", "--out", text(&run), "--set", "train.passes=3"]);
    let report = workshop.at("report");
    let evaluate = ["evaluate", "--model", text(&run), "--out", text(&report)];
    let measured = [&evaluate[..], &["--hole", "center:6", "--data", text(&away)]].concat();
    refused(&measured, &["trained on 1 of its 1 photo", "02.png"]);
}

#[test]
fn a_reader_that_has_gone_is_no_reason_to_panic() {
    let workshop = Workshop::new();
    let (run, report, others) = (workshop.at("run"), workshop.at("report"), workshop.at("others"));
    save_png(others.join("new.png"), picture(9, 24).to_rgb8()).unwrap();
    let evaluate = ["evaluate", "--model", text(&run), "--out", text(&report)];
    let all = [&evaluate[..], &["--data", text(&others), "--tasks", "colorize"]].concat();
    let mut child =
        Command::new(BIN).args(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !stderr.contains("panicked"), "{stderr}");
    assert!(report.join("table.md").is_file());

    // Without stderr, where the error would stand, its exit code is still that of an error, not of a panic.
    let other = [&all[..], &["--steps", "2"]].concat();
    let mut child = Command::new(BIN).args(&other).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn the_demo_ends_with_the_path_of_its_page_and_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("demo");
    let demo = ["demo", "--out", text(&out), "--minutes", "0.01", "--portraits", "24"];
    for _ in 0..2 {
        let stdout = String::from_utf8(ok(&demo).stdout).unwrap();
        assert_eq!(stdout.lines().last(), Some(text(&out.join("report.html"))));
        let page = fs::read_to_string(out.join("report.html")).unwrap();
        for heading in ["A hole over the face", "Eight times smaller", "Without colour", "Settings"]
        {
            assert!(page.contains(heading), "{heading}");
        }
        for file in ["inpaint/sheet.png", "table.md", "scores.csv", "run/model/README.md"] {
            assert!(out.join(file).is_file(), "{file}");
        }
    }
    let mine = "<!doctype html><title>mine</title>";
    fs::write(out.join("report.html"), mine).unwrap();
    refused(&demo, &["report.html", "is no report of `lacuna demo`", "--out"]);
    assert_eq!(fs::read_to_string(out.join("report.html")).unwrap(), mine);
    // Other portraits would be learned beside those.
    let words = ["it holds a demo of 24 portraits (seed 0)", "choose another folder with --out"];
    refused(&["demo", "--out", text(&out), "--portraits", "30"], &words);
    refused(&["demo", "--out", text(&out), "--portraits", "24", "--seed", "1"], &words);
    let few = dir.path().join("few");
    refused(&["demo", "--out", text(&few), "--portraits", "2"], &["--portraits 2", "draw more"]);
    assert!(!few.exists());
    let mine = dir.path().join("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("table.md"), b"mine").unwrap();
    let words = ["it is not empty", "no demo.json", "choose another folder with --out"];
    refused(&["demo", "--out", text(&mine)], &words);
}
