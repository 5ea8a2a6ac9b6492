//! What a person at the terminal is told: once, of the right thing, with names that can be typed.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use base64::prelude::{BASE64_STANDARD, Engine};
use common::runs::{picture, write_photos};
use common::workshop::{BIN, Workshop, bytes, lacuna, ok, refused, strs, text};
use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use lacuna::image::save_png;
use lacuna::store::Lock;
use serde_json::Value;

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn said(arguments: &[&str]) -> String {
    stderr(&ok(arguments))
}

/// What a machine is told.
fn events(arguments: &[&str]) -> Vec<Value> {
    let lines = String::from_utf8(ok(arguments).stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The program in `folder`, as somebody who stands there.
fn at(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BIN).args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn what_holds_of_many_photos_is_said_once_and_each_is_in_the_record() {
    let workshop = Workshop::new();
    let photos = workshop.at("photos");
    let restore = workshop.restore("denoise", &photos, "out", &["--steps", "1", "--batch", "2"]);
    let told = said(&strs(&restore));
    let notes = told.lines().filter(|line| line.starts_with("note:"));
    let notes: Vec<&str> = notes.filter(|note| !note.contains("noise")).collect();
    let first = photos.join("00.png");
    let line = format!(
        "note: 5 photos are larger than the model: they are mended at the model's 16 x 16, then enlarged; first: `{}`",
        text(&first)
    );
    assert_eq!(notes, [line.as_str()]);
    let record: Value = serde_json::from_slice(&bytes(workshop.at("out/restore.json"))).unwrap();
    for name in ["00.png", "04.png"] {
        let note = &record["images"][name]["notes"][0];
        assert!(note.as_str().unwrap().starts_with("is 24 x 24: it is mended"), "{note}");
    }
    let page = fs::read_to_string(workshop.at("out/report.html")).unwrap();
    assert_eq!(page.matches("then enlarged").count(), 1);
    assert!(
        page.contains("<li>5 photos are larger")
            && page.contains("<code>/")
            && !page.contains("`/")
    );

    let more = ["--steps", "2", "-v"];
    let loud = said(&strs(&workshop.restore("denoise", &photos, "out", &more)));
    assert_eq!(loud.matches("is 24 x 24: it is mended").count(), 5, "{loud}");
    assert_eq!(loud.matches("note:").count(), 10, "each once: {loud}");
    let json = ["--steps", "3", "--json"];
    let events = events(&strs(&workshop.restore("denoise", &photos, "out", &json)));
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((named("remark"), named("remarks"), named("note")), (10, 0, 0));
    let one = said(&strs(&workshop.restore("denoise", &first, "one", &["--steps", "1"])));
    assert!(one.contains("00.png` is 24 x 24: it is mended") && !one.contains("1 photo"), "{one}");
}

#[test]
fn what_this_job_may_not_do_is_refused_though_an_earlier_one_did_it() {
    let workshop = Workshop::new();
    let (run, photo, out) = (workshop.at("run"), workshop.at("photos/00.png"), workshop.at("out"));
    let plain = ["restore", "denoise", "--model", text(&run), text(&photo), "--out", text(&out)];
    let words = ["the photo is 24 x 24", "--shrink"];
    // What was refused has no needs, and no folder.
    let output = lacuna(&plain);
    let told = stderr(&output);
    assert!(!told.contains("needs about") && !told.contains("out\n"), "{told}");
    assert!(told.contains("0 mended, 0 done before, 1 failed\n") && !out.exists(), "{told}");
    refused(&[&plain[..], &["--estimate"]].concat(), &words);
    let shrink = [&plain[..], &["--shrink"]].concat();
    ok(&shrink);
    refused(&plain, &words);
    let again = said(&shrink);
    assert!(again.contains("(done before)"), "{again}");
    // Nothing is left to do, so it takes no time.
    assert!(again.contains(", under a second"), "{again}");
    let words = ["00.png", "no alpha channel", "--mask"];
    let inpaint = ["restore", "inpaint", "--model", text(&run), text(&photo), "--shrink"];
    let output = lacuna(&[&inpaint[..], &["--out", text(&workshop.at("none"))]].concat());
    let told = stderr(&output);
    assert!(words.iter().all(|word| told.contains(word)) && !told.contains("needs"), "{told}");
}

#[test]
fn a_run_that_is_still_training_says_so_where_its_model_is_asked_for() {
    let workshop = Workshop::new();
    let (run, photo) = (workshop.at("run"), workshop.at("photos/00.png"));
    let restore = workshop.restore("denoise", &photo, "out", &["--steps", "1"]);
    let lock = Lock::take(&run).unwrap();
    let told = said(&strs(&restore));
    assert!(told.contains("note: `") && told.contains("the model of its last stop"), "{told}");
    fs::rename(run.join("model"), workshop.at("model")).unwrap();
    let words = ["run", "still training", "appears when training ends"];
    refused(&strs(&restore), &words);
    let evaluate =
        ["evaluate", "--model", text(&run), "--out", text(&workshop.at("e"))].map(String::from);
    refused(&strs(&evaluate), &words);
    let inner = run.join("model");
    refused(&["restore", "denoise", "--model", text(&inner), text(&photo), "--out", "o"], &words);

    // The first moments: nothing but the settings is there.
    for file in ["state.redb", "log.jsonl"] {
        fs::remove_file(run.join(file)).unwrap();
    }
    let info = String::from_utf8(ok(&["info", text(&run)]).stdout).unwrap();
    assert!(info.contains("its model appears when training ends"), "{info}");
    assert!(info.contains("training   0 of 12 steps") && !info.contains("not known"), "{info}");
    drop(lock);
    let message = stderr(&lacuna(&strs(&restore)));
    assert!(!message.contains("still training"), "{message}");
}

#[test]
fn results_among_the_photos_are_refused_by_name_and_with_a_remedy() {
    let workshop = Workshop::new();
    let (run, photos) = (workshop.at("run"), workshop.at("photos"));
    let here = workshop.at("");
    let restore = ["restore", "denoise", "--shrink", "--model", text(&run), text(&photos), "--out"];
    let itself = ["--out `", "it is the folder of the photos itself", "as in `--out"];
    refused(&[&restore[..], &[text(&photos)]].concat(), &itself);
    refused(&[&restore[..], &[text(&photos.join("../photos"))]].concat(), &itself);
    refused(&[&restore[..], &[text(&here)]].concat(), &["--out `", "lies in it", "--out mended"]);
    refused(&["degrade", "denoise", text(&photos), "--out", text(&photos)], &itself);
    refused(&["train", text(&photos), "--out", text(&photos)], &itself);
    let data = ["evaluate", "--model", text(&run), "--data", text(&photos), "--out"];
    refused(&[&data[..], &[text(&photos)]].concat(), &itself);
    assert_eq!(fs::read_dir(&photos).unwrap().count(), 5);
    // Inside they can be: what was mended before is no photo.
    let inside = photos.join("mended");
    let all = [&restore[..], &[text(&inside), "--steps", "1"]].concat();
    ok(&all);
    assert!(said(&all).contains("0 mended, 5 done before, 0 failed"));
}

#[test]
fn two_restorations_into_one_folder_are_told_apart_and_no_lock_is_left() {
    let workshop = Workshop::new();
    let (photos, out) = (workshop.at("photos"), workshop.at("out"));
    let restore = workshop.restore("denoise", &photos, "out", &["--steps", "1"]);
    let lock = Lock::take(&out).unwrap();
    refused(
        &strs(&restore),
        &["folder `", text(&out), "another process works in it", "choose another"],
    );
    drop(lock);
    // As after a kill: the file is there, and nobody holds it.
    assert!(out.join(".lock").exists());
    assert!(said(&strs(&restore)).contains("5 mended"));
    assert!(!out.join(".lock").exists());
}

#[test]
fn an_evaluation_ends_with_an_aligned_table_and_the_names_of_its_files() {
    let workshop = Workshop::new();
    let others = workshop.at("others");
    save_png(others.join("new.png"), picture(9, 24).to_rgb8()).unwrap();
    let (run, out) = (workshop.at("run"), workshop.at("report"));
    let head = ["evaluate", "--model", text(&run), "--out", text(&out), "--data", text(&others)];
    let output = ok(&[&head[..], &["--tasks", "colorize", "--hole", "center:6"]].concat());
    let table = String::from_utf8(output.stdout.clone()).unwrap();
    let bars = |line: &str| -> Vec<usize> {
        line.char_indices().filter(|&(_, c)| c == '|').map(|(at, _)| at).collect()
    };
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines.len() == 5 && lines.iter().all(|line| bars(line) == bars(lines[0])), "{table}");
    let told = stderr(&output);
    for file in ["table.md", "scores.csv", "sheet-colorize.png"] {
        assert!(told.contains(&format!("written: {}", text(&out.join(file)))), "{file}: {told}");
    }
}

#[test]
fn photos_that_an_evaluation_has_to_enlarge_are_counted() {
    let workshop = Workshop::new();
    let others = workshop.at("others");
    for (name, side) in [("a", 15), ("b", 16), ("c", 9), ("d", 40)] {
        save_png(others.join(name).with_extension("png"), picture(9, side).to_rgb8()).unwrap();
    }
    let (run, report) = (workshop.at("run"), workshop.at("report"));
    let evaluate = ["evaluate", "--model", text(&run), "--data", text(&others), "--out"];
    let few = ["--tasks", "colorize", "--steps", "1"];
    let told = said(&[&evaluate[..], &[text(&report)], &few].concat());
    let note = "note: 2 photos are smaller than the model's 16 x 16: they are enlarged first";
    assert!(told.contains(note) && told.matches("note:").count() == 1, "{told}");
}

#[test]
fn paths_are_named_as_they_were_typed_also_when_a_run_goes_on() {
    let workshop = Workshop::new();
    let here = workshop.at("");
    fs::write(workshop.at("photos/old.tif"), b"II*").unwrap();
    fs::write(workshop.at("photos/broken.png"), b"none").unwrap();
    fs::copy(workshop.at("photos/00.png"), workshop.at("photos/copy.png")).unwrap();
    let words = ["skipped: `photos/old.tif`: TIF", "skipped: `photos/broken.png`: its content"];
    let all = |told: &str| assert!(words.iter().all(|word| told.contains(word)), "{told}");
    let mut train: Vec<String> = workshop.train("new", &[]);
    (train[1], train[3]) = ("photos".into(), "new".into());
    let output = at(&here, &strs(&train));
    let told = stderr(&output);
    all(&told);
    assert!(
        told.contains("5 photos to learn from, 0 held out, 2 files skipped, 1 copy\n"),
        "{told}"
    );
    let resume = ["train", "--resume", "--out", "new", "--set", "train.passes=3"];
    let output = at(&here, &resume);
    assert!(output.status.success(), "{}", stderr(&output));
    all(&stderr(&output));
    let page = fs::read_to_string(workshop.at("new/report.html")).unwrap();
    assert!(page.contains("<dt>folder</dt><dd>photos</dd>"), "the folder as it was typed");
    assert!(page.contains("photos/broken.png: its content is no") && !page.contains("`photos"));
    let restore = ["restore", "denoise", "--model", "run", "photos", "--shrink", "--out", "out"];
    let told = stderr(&at(&here, &restore));
    assert!(
        told.contains("skipped: `photos/old.tif`") && told.contains("error: `photos/broken.png`")
    );
}

#[test]
fn a_photo_is_what_its_content_says_in_training_and_in_restoration() {
    let workshop = Workshop::new();
    let photos = workshop.at("mixed");
    write_photos(&photos, 2, 24);
    fs::rename(photos.join("00.png"), photos.join("IMG_1.HEIC")).unwrap();
    fs::write(photos.join("IMG_2.HEIC"), b"\0\0\0\x18ftypheic").unwrap();
    let mut train = workshop.train("new", &[]);
    train[1] = text(&photos).into();
    let told = said(&strs(&train));
    assert!(
        told.contains("2 photos to learn from, 0 held out, 1 file skipped, 0 copies"),
        "{told}"
    );
    assert!(
        told.contains("note: 2 photos to learn from: so few") && told.contains("a few hundred")
    );
    let told = said(&strs(&workshop.restore("denoise", &photos, "out", &["--steps", "1"])));
    assert!(told.contains("2 mended, 0 done before, 0 failed"), "{told}");
    assert!(told.contains("IMG_2.HEIC`: HEIC is not read"), "{told}");
    assert!(workshop.at("out/IMG_1.png").is_file());
}

#[test]
fn minutes_that_are_none_are_named_with_their_range() {
    let workshop = Workshop::new();
    let photos = workshop.at("photos");
    let train = |minutes: &str, words: &[&str]| {
        let arguments = ["train", text(&photos), "--out", "nowhere", "--minutes", minutes];
        refused(&arguments, &[words, &["--minutes", "0 (no limit) or more"]].concat());
    };
    train("-1", &["-1", "it is negative"]);
    train("abc", &["abc", "it is no number"]);
    train("NaN", &["NaN", "it is no number"]);
    train("inf", &["inf", "it is too large"]);
    refused(&["demo", "--minutes", "-2"], &["-2", "it is negative", "--minutes"]);
    assert!(!workshop.at("nowhere").exists());
}

#[test]
fn a_region_in_which_the_mask_says_nothing_is_named() {
    let workshop = Workshop::new();
    let (photo, white) = (workshop.at("photos/00.png"), workshop.at("mask.png"));
    let mask = |white_up_to: u32| {
        GrayImage::from_fn(24, 24, |x, _| Luma([if x < white_up_to { 255 } else { 0 }]))
            .save(&white)
            .unwrap();
        let more = ["--crop", "9,5,14,12", "--mask", text(&white)];
        workshop.restore("inpaint", &photo, "out", &more)
    };
    let words = ["00.png", "region 9,5,14,12", "nothing in it is to be filled", "--crop X,Y,W,H"];
    refused(&strs(&mask(4)), &words);
    refused(&strs(&mask(24)), &["region 9,5,14,12", "all of it", "larger region"]);
    ok(&strs(&mask(12)));
}

#[test]
fn a_mask_of_another_size_is_named_with_its_photo() {
    let workshop = Workshop::new();
    let masks = workshop.at("masks");
    fs::create_dir(&masks).unwrap();
    let mask = |side: u32| GrayImage::from_fn(side, side, |x, _| Luma([255 * u8::from(x < 9)]));
    for name in ["00", "01", "02", "03", "04"] {
        let side = if name == "03" { 23 } else { 24 };
        mask(side).save(masks.join(name).with_extension("png")).unwrap();
    }
    let more = ["--mask", text(&masks), "--steps", "1"];
    let output = lacuna(&strs(&workshop.restore("inpaint", &workshop.at("photos"), "out", &more)));
    let told = stderr(&output);
    let line = told.lines().find(|line| line.starts_with("error:")).unwrap();
    for words in [text(&masks.join("03.png")), text(&workshop.at("photos/03.png")), "23 x 23"] {
        assert!(line.contains(words), "{words} in {line}");
    }
    assert!(told.contains("4 mended, 0 done before, 1 failed"), "{told}");
}

/// The picture on the page that shows `name` before it was mended.
fn before(page: &Path) -> RgbImage {
    let page = fs::read_to_string(page).unwrap();
    // The picture before lies on the one after, so it follows it.
    let uri = page.split(";base64,").nth(2).unwrap();
    let bytes = BASE64_STANDARD.decode(uri.split('"').next().unwrap()).unwrap();
    image::load_from_memory(&bytes).unwrap().to_rgb8()
}

#[test]
fn the_page_shows_a_scratch_as_it_came_and_squares_only_where_nothing_came() {
    let workshop = Workshop::new();
    let hole = |x: u32, y: u32| (8..16).contains(&x) && (4..20).contains(&y);
    let photo = picture(3, 24).to_rgb8();
    let scratched = RgbImage::from_fn(24, 24, |x, y| {
        if hole(x, y) { Rgb([255, 0, 0]) } else { *photo.get_pixel(x, y) }
    });
    scratched.save(workshop.at("scan.png")).unwrap();
    let (mask, white) = (workshop.at("mask.png"), |x, y| if hole(x, y) { 255 } else { 0 });
    GrayImage::from_fn(24, 24, |x, y| Luma([white(x, y)])).save(&mask).unwrap();
    let more = ["--mask", text(&mask)];
    ok(&strs(&workshop.restore("inpaint", &workshop.at("scan.png"), "m", &more)));
    assert!(before(&workshop.at("m/report.html")) == scratched);

    let cut = RgbaImage::from_fn(24, 24, |x, y| {
        let [r, g, b] = scratched.get_pixel(x, y).0;
        Rgba([r, g, b, if hole(x, y) { 0 } else { 255 }])
    });
    cut.save(workshop.at("cut.png")).unwrap();
    ok(&strs(&workshop.restore("inpaint", &workshop.at("cut.png"), "c", &[])));
    let shown = before(&workshop.at("c/report.html"));
    for (x, y, pixel) in shown.enumerate_pixels() {
        let [r, g, b] = pixel.0;
        match hole(x, y) {
            true => assert!(r == g && g == b && (150..=190).contains(&r), "{x},{y}"),
            false => assert_eq!(pixel, scratched.get_pixel(x, y)),
        }
    }
}
