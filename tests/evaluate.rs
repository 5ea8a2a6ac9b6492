//! `lacuna evaluate` from end to end: what is measured, what is left out, and on from where it was broken off.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::runs::{picture, write_photos};
use common::workshop::{BIN, Workshop, bytes, lacuna, ok, refused, strs, text};
use image::DynamicImage;
use lacuna::data::drawn::portrait;
use lacuna::image::{load, save_png};
use serde_json::Value;

fn said(arguments: &[&str]) -> String {
    String::from_utf8(ok(arguments).stderr).unwrap()
}

/// That two are equal, without pages of numbers where they are not.
fn same(one: &[String], other: &[String]) {
    let differ = one.iter().zip(other).find(|(a, b)| a != b);
    assert!(one.len() == other.len() && differ.is_none(), "{differ:?}");
}

/// The lines of the CSV without what a clock says.
fn csv(out: &Path) -> Vec<String> {
    let text = fs::read_to_string(out.join("scores.csv")).unwrap();
    let without = |line: &str| line.rsplit_once(',').unwrap().0.to_string();
    text.lines().map(without).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A workshop with photos that no run has seen.
fn with_others(count: u64) -> Workshop {
    let workshop = Workshop::new();
    for number in 0..count {
        let photo = picture(20 + number, 24).to_rgb8();
        save_png(workshop.at("others").join(format!("{number:02}.png")), photo).unwrap();
    }
    workshop
}

/// `evaluate` of `run` on the others, into `out`.
fn evaluate(workshop: &Workshop, run: &str, out: &str, more: &[&str]) -> Vec<String> {
    let (run, out, data) = (workshop.at(run), workshop.at(out), workshop.at("others"));
    let head = ["evaluate", "--model", text(&run), "--out", text(&out), "--data", text(&data)];
    // The photos are small waves, which are alike at 16 pixels.
    let usual = ["--hole", "center:6", "--factor", "2", "--include-near"];
    head.iter().chain(&usual).chain(more).map(|argument| argument.to_string()).collect()
}

#[test]
fn a_killed_evaluation_goes_on_and_ends_as_if_it_had_not_been() {
    let workshop = with_others(7);
    let tasks = ["--tasks", "inpaint,denoise", "--batch", "2", "--steps", "3"];
    ok(&strs(&evaluate(&workshop, "run", "whole", &tasks)));
    let whole = csv(&workshop.at("whole"));
    let out = workshop.at("killed");
    let command = evaluate(&workshop, "run", "killed", &[&tasks[..], &["--json"]].concat());
    for after in [1, 3, 9] {
        let mut child = Command::new(BIN).args(&command).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let measured = lines.map_while(Result::ok).filter(|line| line.contains("\"measured\""));
        measured.take(after).for_each(drop);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // A kill may come in the middle of a line.
    let path = out.join("scores.jsonl");
    let lines = bytes(path.clone());
    fs::write(&path, &lines[..lines.len() - 9]).unwrap();
    let before = lines.iter().filter(|&&byte| byte == b'\n').count();
    assert!(before > 2, "{before}");
    let output = ok(&strs(&command));
    let stdout = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "done");
    assert!(last["done_before"].as_u64().unwrap() > 0, "{last}");
    assert_eq!(last["done"].as_u64().unwrap() + last["done_before"].as_u64().unwrap(), 14);
    same(&csv(&out), &whole);
    for file in ["sheet-inpaint.png", "sheet-denoise.png"] {
        assert_eq!(bytes(out.join(file)), bytes(workshop.at("whole").join(file)), "{file}");
    }
    // A kill leaves a file that was begun.
    let is_whole = |file: &walkdir::DirEntry| !file.file_name().to_string_lossy().starts_with('.');
    let pictures = |out: &Path| {
        walkdir::WalkDir::new(out.join("pictures")).into_iter().flatten().filter(is_whole).count()
    };
    assert_eq!(pictures(&out), pictures(&workshop.at("whole")));

    // All is done: nothing is done again, and nothing of what is written changes.
    let said = said(&strs(&evaluate(&workshop, "run", "killed", &tasks)));
    assert!(said.contains("0 measured, 14 done before, 0 failed, 0 left"), "{said}");
    same(&csv(&out), &whole);
    // The batch changes no number.
    let other = ["--tasks", "inpaint,denoise", "--batch", "7", "--steps", "3"];
    ok(&strs(&evaluate(&workshop, "run", "batch", &other)));
    same(&csv(&workshop.at("batch")), &whole);
}

#[test]
fn other_settings_and_a_model_that_changed_are_refused_where_there_are_results() {
    let workshop = with_others(2);
    let few = ["--tasks", "inpaint", "--steps", "2"];
    ok(&strs(&evaluate(&workshop, "run", "out", &few)));
    let again = |more: &[&str]| evaluate(&workshop, "run", "out", more);
    let words = |word| ["it holds an evaluation", word, "--out"];
    refused(&strs(&again(&["--tasks", "inpaint", "--steps", "3"])), &words("at most 2 steps"));
    refused(&strs(&again(&[&few[..], &["--seed", "1"]].concat())), &words("seed 0, and not"));
    let photos = workshop.at("more");
    write_photos(&photos, 1, 30);
    let mut elsewhere = again(&few);
    elsewhere[6] = text(&photos).into();
    // Those are the photos that were learned, in another size: other files.
    refused(&strs(&elsewhere), &words("on other photos"));

    // Another task comes to it, and what was there stays.
    let said_of_more = said(&strs(&again(&["--tasks", "colorize", "--steps", "2"])));
    assert!(said_of_more.contains("written:"), "{said_of_more}");
    let table = fs::read_to_string(workshop.at("out/table.md")).unwrap();
    assert!(table.contains("| inpaint | lcm |") && table.contains("| colorize | lcm |"), "{table}");

    // So does another model, by its own name; a model that learned on is another one under the same.
    ok(&strs(&workshop.train("second", &["train.seed=5"])));
    ok(&strs(&evaluate(&workshop, "second", "out", &few)));
    let table = fs::read_to_string(workshop.at("out/table.md")).unwrap();
    assert!(
        table.contains("| inpaint | lcm |") && table.contains("| inpaint | second |"),
        "{table}"
    );
    let run = workshop.at("run");
    ok(&["train", "--resume", "--out", text(&run), "--set", "train.passes=3"]);
    refused(&strs(&again(&few)), &words("it has changed since"));
}

#[test]
fn what_was_learned_is_left_out_and_what_is_nearly_the_same_is_flagged() {
    let workshop = Workshop::new();
    // Portraits: the waves of the other tests have no fine structure.
    let (photos, others) = (workshop.at("portraits"), workshop.at("others"));
    let save = |path: &Path, index: u64| {
        let photo = portrait(3, index, 64).unwrap();
        save_png(path, photo.to_rgb8()).unwrap();
        photo
    };
    (0..6).for_each(|index| drop(save(&photos.join(format!("{index}.png")), index)));
    let mut train = workshop.train("run-of-portraits", &["size=64", "latent.side=16"]);
    train[1] = text(&photos).into();
    ok(&strs(&train));
    // One is new, one is learned under another name, one is a learned one mirrored and smaller.
    save(&others.join("new.png"), 30);
    fs::copy(photos.join("2.png"), others.join("renamed.png")).unwrap();
    let mirrored = portrait(3, 4, 64).unwrap().flipped().resized(50, 50).unwrap();
    save_png(others.join("planted.png"), mirrored.to_rgb8()).unwrap();

    let (run, out) = (workshop.at("run-of-portraits"), workshop.at("out"));
    let head = ["evaluate", "--model", text(&run), "--data", text(&others), "--tasks", "colorize"];
    let into = ["--steps", "2", "--out", text(&out)];
    let told = said(&[&head[..], &into].concat());
    for words in [
        "1 of 3 photos was learned, and is left out: renamed.png",
        "1 photo is nearly the same as a photo that was learned",
        "counts in no mean (`--include-near` counts it): planted.png (like 4.png)",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let lines = csv(&out);
    assert!(!lines.iter().any(|line| line.contains("renamed.png")), "{lines:?}");
    let near = |name: &str| {
        let line =
            lines.iter().find(|line| line.contains(name) && line.contains("\"lcm\"")).unwrap();
        line.contains("\"4.png\"")
    };
    assert!(near("planted.png") && !near("new.png"), "{lines:?}");
    let pictures = |out: &Path| json(&out.join("table.json"))["summaries"][0]["pictures"].clone();
    assert_eq!(pictures(&out), 1);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("<dt>planted.png</dt>") && page.contains("mirrored"));
    // Nothing is measured again to count it.
    let told = said(&[&head[..], &into, &["--include-near"]].concat());
    assert!(told.contains("0 measured, 2 done before"), "{told}");
    assert_eq!(pictures(&out), 2);

    // With nothing to flag that is said too.
    fs::remove_file(others.join("planted.png")).unwrap();
    fs::remove_file(others.join("renamed.png")).unwrap();
    let other = workshop.at("clear");
    let told = said(&[&head[..], &["--steps", "2", "--out", text(&other)]].concat());
    let clear = "the one photo was not learned, and is not nearly the same as one that was";
    assert!(told.contains(clear), "{told}");
}

#[test]
fn an_exported_model_is_measured_and_it_is_said_that_nobody_knows_what_it_learned() {
    let workshop = with_others(2);
    let (run, model) = (workshop.at("run"), workshop.at("given"));
    ok(&["export", text(&run), "--out", text(&model)]);
    let few = ["--tasks", "colorize", "--steps", "2"];
    let told = said(&strs(&evaluate(&workshop, "given", "out", &few)));
    assert!(told.contains("what lcm has learned is not known"), "{told}");
    assert!(told.contains("comes without a manifest.json"), "{told}");
    let alone = workshop.at("alone");
    let words = ["given", "manifest.json", "--data"];
    refused(&["evaluate", "--model", text(&model), "--out", text(&alone)], &words);
    assert!(!alone.exists());

    // With a manifest it is checked: that of the run, which is what the model in the run goes by too.
    fs::copy(run.join("manifest.json"), model.join("manifest.json")).unwrap();
    fs::copy(workshop.at("photos/00.png"), workshop.at("others/learned.png")).unwrap();
    for name in ["given", "run/model"] {
        let out = format!("checked-{}", name.replace('/', "-"));
        let told = said(&strs(&evaluate(&workshop, name, &out, &few)));
        let words = "1 of 3 photos was learned, and is left out: learned.png";
        assert!(told.contains(words) && !told.contains("not known"), "{told}");
    }
}

#[test]
fn several_models_stand_side_by_side_and_one_that_cannot_be_opened_ends_nothing() {
    let workshop = with_others(6);
    ok(&strs(&workshop.train("second", &["train.seed=5"])));
    let (run, second, out) = (workshop.at("run"), workshop.at("second"), workshop.at("out"));
    let (others, wrong) = (workshop.at("others"), workshop.at("secund"));
    let command = |models: &str| -> Vec<String> {
        let head = ["evaluate", "--models", models, "--out", text(&out), "--data", text(&others)];
        let few = ["--tasks", "superres,jpeg", "--factor", "2", "--steps", "2", "--include-near"];
        head.iter().chain(&few).chain(&["--reconstruct", "2"]).map(|s| s.to_string()).collect()
    };
    let output = lacuna(&strs(&command(&format!("{},{}", text(&run), text(&wrong)))));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("secund") && told.contains("a model could not be opened"), "{told}");
    // Set right, the command does what is left.
    let told = said(&strs(&command(&format!("{},{}", text(&run), text(&second)))));
    assert!(told.contains("12 measured, 12 done before"), "{told}");
    let table = json(&out.join("table.json"));
    let of = |task: &str| -> Vec<&str> {
        let all = table["summaries"].as_array().unwrap().iter();
        all.filter(|one| one["task"] == task).map(|one| one["system"].as_str().unwrap()).collect()
    };
    let models = ["run", "run in the photo", "second", "second in the photo"];
    assert_eq!(of("superres"), [&["bicubic", "Lanczos"][..], &models].concat());
    assert_eq!(of("jpeg"), [&["as it is", "filter alone"][..], &models].concat());
    for one in table["summaries"].as_array().unwrap() {
        assert_eq!(one["pictures"], 6, "{one}");
        let is_model = models.contains(&one["system"].as_str().unwrap());
        assert_eq!(one["steps"].is_number(), is_model, "{one}");
    }
    let whole = table["reconstruction"].as_array().unwrap();
    assert_eq!(whole.len(), 2);
    for one in whole {
        for side in ["train", "test"] {
            assert_eq!(one[side]["pictures"], 2, "{one}");
            assert!(one[side]["mean"].as_f64().unwrap() > 0.0);
        }
    }
    let lines = csv(&out);
    assert_eq!(
        lines[0],
        "task,image,system,mse,known_mse,whole_mse,psnr,ssim,ms_ssim,perceptual,steps,near,id"
    );
    assert_eq!(lines.len(), 1 + 2 * 6 * 6);
    let Ok(sheet) = load(out.join("sheet-jpeg.png")) else { panic!("a sheet") };
    assert!(matches!(sheet.original, DynamicImage::ImageRgb8(_)));

    // All wrong is an error, and so are models of two sizes.
    let (a, b) = (workshop.at("a"), workshop.at("b"));
    let output = lacuna(&strs(&command(&format!("{},{}", text(&a), text(&b)))));
    assert_eq!(output.status.code(), Some(2));
    ok(&strs(&workshop.train("large", &["size=32", "latent.side=8"])));
    let large = workshop.at("large");
    let words = ["run makes 16 x 16 pixels, large makes 32 x 32"];
    refused(&strs(&command(&format!("{},{}", text(&run), text(&large)))), &words);
}

#[test]
fn files_of_someone_else_are_not_replaced_and_nothing_is_forgotten_but_pictures() {
    let workshop = with_others(2);
    let few = ["--tasks", "colorize", "--steps", "1"];
    for file in ["table.json", "report.html"] {
        let mine = workshop.at(&format!("mine-{file}"));
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join(file), b"mine").unwrap();
        let out = format!("mine-{file}");
        refused(&strs(&evaluate(&workshop, "run", &out, &few)), &[file, "--out"]);
        assert_eq!(bytes(mine.join(file)), b"mine");
        assert_eq!(fs::read_dir(&mine).unwrap().count(), 1, "nothing else is written");
    }
    let out = workshop.at("out");
    fs::create_dir_all(out.join("pictures/colorize/mine")).unwrap();
    ok(&strs(&evaluate(&workshop, "run", "out", &few)));
    assert!(out.join("pictures/colorize/mine").is_dir());
}
