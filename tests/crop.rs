//! A region of a photo, photos larger than the model, and the seam of a hole.

mod common;

use std::fs;
use std::path::Path;

use common::runs::picture;
use common::workshop::{Workshop, bytes, lacuna, ok, refused, strs, text};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb};
use lacuna::image::{load, save_png};
use serde_json::Value;

const CROP: [&str; 2] = ["--crop", "9,5,14,12"];

fn inside(x: usize, y: usize) -> bool {
    (9..23).contains(&x) && (5..17).contains(&y)
}

/// A photo of 16 bits, 40 x 30.
fn deep() -> DynamicImage {
    let soft = picture(3, 40);
    let value =
        |c: usize, x: u32, y: u32| (soft.get(c, y as usize, x as usize).unwrap() * 65_535.0) as u16;
    ImageBuffer::from_fn(40, 30, |x, y| Rgb([0, 1, 2].map(|c| value(c, x, y)))).into()
}

/// White where `hole` holds.
fn mask(path: &Path, width: u32, height: u32, hole: impl Fn(u32, u32) -> bool) {
    let white = |x, y| Luma([if hole(x, y) { 255 } else { 0 }]);
    GrayImage::from_fn(width, height, white).save(path).unwrap();
}

fn changed(a: &DynamicImage, b: &DynamicImage) -> Vec<(usize, usize)> {
    assert_eq!(a.color(), b.color());
    let bytes = usize::from(a.color().bytes_per_pixel());
    let pairs = a.as_bytes().chunks(bytes).zip(b.as_bytes().chunks(bytes)).enumerate();
    let width = a.width() as usize;
    pairs.filter(|(_, (a, b))| a != b).map(|(at, _)| (at % width, at / width)).collect()
}

#[test]
fn all_but_the_region_is_the_input_bit_for_bit_in_every_task() {
    let workshop = Workshop::new();
    let (path, white) = (workshop.at("deep.png"), workshop.at("mask.png"));
    save_png(&path, deep()).unwrap();
    mask(&white, 40, 30, |x, y| (12..18).contains(&x) && (3..12).contains(&y));
    let tasks: [(&str, Vec<&str>); 4] = [
        ("inpaint", vec!["--mask", text(&white)]),
        ("denoise", vec![]),
        ("jpeg", vec![]),
        ("colorize", vec![]),
    ];
    for (task, more) in tasks {
        let more = [&more[..], &CROP].concat();
        ok(&strs(&workshop.restore(task, &path, task, &more)));
        let mended = image::open(workshop.at(task).join("deep.png")).unwrap();
        let changed = changed(&mended, &deep());
        assert!(changed.iter().all(|&(x, y)| inside(x, y)), "{task}");
        match task {
            // The mask begins above the region; what lies there is not the region's.
            "inpaint" => assert_eq!(changed.len(), 6 * 7),
            // What a clean photo states, it keeps.
            _ => assert!(changed.len() > 14 * 12 / 2, "{task}: {}", changed.len()),
        }
        let raw = image::image_dimensions(workshop.at(task).join("deep.raw.png")).unwrap();
        assert_eq!(raw, (16, 16));
    }
    let record: Value =
        serde_json::from_slice(&bytes(workshop.at("inpaint/restore.json"))).unwrap();
    let entry = &record["images"]["deep.png"];
    assert_eq!(entry["crop"], "9,5,14,12");
    assert_eq!((entry["width"].as_u64(), entry["missing_pixels"].as_u64()), (Some(40), Some(42)));
}

#[test]
fn a_region_becomes_what_the_same_pixels_become_in_a_file_of_their_own() {
    let workshop = Workshop::new();
    let (whole, part) = (workshop.at("whole.png"), workshop.at("part.png"));
    save_png(&whole, deep()).unwrap();
    save_png(&part, deep().crop_imm(9, 5, 14, 12)).unwrap();
    for (task, more) in [("denoise", vec![]), ("inpaint", vec!["--hole", "center:4"])] {
        ok(&strs(&workshop.restore(task, &whole, task, &[&more[..], &CROP].concat())));
        ok(&strs(&workshop.restore(task, &part, task, &more)));
        let whole = image::open(workshop.at(task).join("whole.png")).unwrap();
        let part = image::open(workshop.at(task).join("part.png")).unwrap();
        assert_eq!(whole.crop_imm(9, 5, 14, 12), part, "{task}");
    }
    // Of an enlarged region nothing can be put back.
    ok(&strs(&workshop.restore("superres", &whole, "large", &["--crop", "9,5,8,6"])));
    assert_eq!(image::image_dimensions(workshop.at("large/whole.png")).unwrap(), (16, 12));
}

#[test]
fn the_same_region_of_every_photo_of_a_folder_and_an_error_where_it_does_not_fit() {
    let workshop = Workshop::new();
    let folder = workshop.at("folder");
    for (name, side) in [("a.png", 24), ("b/c.png", 30), ("small.png", 20)] {
        save_png(folder.join(name), picture(side as u64, side).to_rgb8()).unwrap();
    }
    let output = lacuna(&strs(&workshop.restore("denoise", &folder, "out", &CROP)));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for word in ["small.png", "9,5,14,12", "20 x 20", "2 mended, 0 done before, 1 failed"] {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
    assert!(workshop.at("out/b/c.png").is_file() && !workshop.at("out/small.png").exists());
}

#[test]
fn a_mask_is_of_the_whole_photo_and_a_region_is_four_numbers() {
    let workshop = Workshop::new();
    let (photo, white) = (workshop.at("photos/00.png"), workshop.at("mask.png"));
    let attempt = |more: &[&str], words: &[&str]| {
        refused(&strs(&workshop.restore("inpaint", &photo, "out", more)), words);
        assert!(!workshop.at("out/00.png").exists());
    };
    mask(&white, 14, 12, |x, _| x < 4);
    let with = [&CROP[..], &["--mask", text(&white)]].concat();
    attempt(&with, &["mask.png", "14 x 12", "24 x 24", "whole photo"]);
    mask(&white, 24, 24, |x, _| x < 4);
    attempt(&with, &["00.png", "nothing in it is to be filled"]);
    for crop in ["1,2,3", "1,2,0,4", "-1,2,3,4", "a,b,c,d"] {
        attempt(&["--crop", crop, "--hole", "center:4"], &["--crop", crop, "x,y,w,h"]);
    }
}

#[test]
fn what_is_larger_than_the_model_is_shrunk_only_when_asked() {
    let workshop = Workshop::new();
    let (run, photo) = (workshop.at("run"), workshop.at("photos/00.png"));
    let restore = |task: &'static str, more: &[&'static str]| -> Vec<String> {
        let out = workshop.at(&format!("{task}-out"));
        let head = ["restore", task, "--model", text(&run), text(&photo), "--out", text(&out)];
        head.iter().chain(more).map(|argument| argument.to_string()).collect()
    };
    let words = ["00.png", "24 x 24", "16 x 16", "--crop", "--shrink"];
    for task in ["inpaint", "denoise", "jpeg"] {
        let hole: &[&str] = if task == "inpaint" { &["--hole", "center:6"] } else { &[] };
        refused(&strs(&restore(task, hole)), &words);
        refused(&strs(&restore(task, &[hole, &["--crop", "1,1,17,9"]].concat())), &["17 x 9"]);
        ok(&strs(&restore(task, &[hole, &["--crop", "1,1,16,9"]].concat())));
    }
    // The brightness is the photo's own, so nothing is lost.
    ok(&strs(&restore("colorize", &[])));
    refused(&strs(&restore("superres", &["--shrink"])), &["superres", "--shrink"]);
}

#[test]
fn a_seam_lies_inside_the_hole_and_softens_the_step_at_its_rim() {
    let workshop = Workshop::new();
    let (path, white) = (workshop.at("deep.png"), workshop.at("mask.png"));
    save_png(&path, deep()).unwrap();
    let hole = |x: u32, y: u32| (8..28).contains(&x) && (6..24).contains(&y);
    mask(&white, 40, 30, hole);
    let mend = |out: &str, feather: &str| {
        let more = ["--mask", text(&white), "--feather", feather];
        ok(&strs(&workshop.restore("inpaint", &path, out, &more)));
        load(workshop.at(out).join("deep.png")).unwrap().original
    };
    let (hard, soft) = (mend("hard", "0"), mend("soft", "5"));
    // Without a word it is 8 pixels of the model, which has 16: 15 of the photo's 30.
    ok(&strs(&workshop.restore("inpaint", &path, "usual", &["--mask", text(&white)])));
    let record = fs::read_to_string(workshop.at("usual/restore.json")).unwrap();
    assert!(record.contains("\"feather\": 15"), "{record}");
    for (x, y) in changed(&soft, &deep()) {
        assert!(hole(x as u32, y as u32), "the known pixel {x},{y} changed");
    }
    let seam = changed(&soft, &hard);
    for &(x, y) in &seam {
        // The innermost 10 x 8 pixels are 5 and more from every known one.
        assert!(hole(x as u32, y as u32) && !((13..23).contains(&x) && (11..19).contains(&y)));
    }
    assert!(seam.len() > 200, "{}", seam.len());
    let step = |image: &DynamicImage| -> f64 {
        let image = image.to_rgb16();
        let apart = |a: (u32, u32), b: (u32, u32)| -> f64 {
            let (a, b) = (image.get_pixel(a.0, a.1), image.get_pixel(b.0, b.1));
            a.0.iter().zip(b.0).map(|(&a, b)| f64::from(a.abs_diff(b))).sum()
        };
        (8..28).map(|x| apart((x, 5), (x, 6)) + apart((x, 23), (x, 24))).sum()
    };
    assert!(step(&soft) < step(&hard) / 2.0, "{} {}", step(&soft), step(&hard));

    let attempt = |task: &str, more: &[&str], words: &[&str]| {
        refused(&strs(&workshop.restore(task, &path, "out", more)), words);
    };
    attempt("inpaint", &["--hole", "center:6", "--feather", "1025"], &["--feather", "0 to 1024"]);
    attempt("denoise", &["--sigma", "1.1"], &["--sigma", "0 to 1"]);
    attempt("jpeg", &["--sigma", "0.1"], &["jpeg", "leave --sigma out"]);
    attempt("denoise", &["--feather", "3"], &["denoise", "leave --feather out"]);
    assert!(fs::metadata(workshop.at("out")).is_err());
}
