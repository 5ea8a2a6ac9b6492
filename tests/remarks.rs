//! What is unusual in a photo that is mended, or in its mask, is said; what is usual is not.

mod common;

use std::fs;
use std::path::Path;

use common::runs::picture;
use common::workshop::{Workshop, bytes, lacuna, ok, strs, text};
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;

/// What is noted of a photo that is filled by `mask`.
fn notes(workshop: &Workshop, name: &str, mask: impl Into<DynamicImage>) -> Vec<String> {
    let (photo, path) = (workshop.at("photos/00.png"), workshop.at(name));
    mask.into().save(&path).unwrap();
    let more = ["--steps", "1", "--mask", text(&path)];
    let output = ok(&strs(&workshop.restore("inpaint", &photo, &format!("{name}.out"), &more)));
    let told = String::from_utf8(output.stderr).unwrap();
    let notes = told.lines().filter(|line| line.starts_with("note:"));
    notes.filter(|note| !note.contains("then enlarged")).map(String::from).collect()
}

#[test]
fn denoise_says_where_there_is_no_noise_and_the_page_shows_what_was_found() {
    let workshop = Workshop::new();
    let (photos, noisy) = (workshop.at("photos"), workshop.at("noisy"));
    ok(&["degrade", "denoise", text(&photos), "--sigma", "0.1", "--out", text(&noisy)]);
    let denoise = |photos: &Path, out: &str, more: &[&str]| {
        let more = [&["--steps", "1"], more].concat();
        let output = ok(&strs(&workshop.restore("denoise", photos, out, &more)));
        String::from_utf8(output.stderr).unwrap()
    };
    let told = denoise(&photos, "clean-out", &[]);
    assert!(
        told.contains("note: 5 photos show hardly any noise") && told.contains("--sigma"),
        "{told}"
    );
    assert!(!denoise(&noisy, "noisy-out", &[]).contains("hardly any noise"));
    assert!(!denoise(&photos, "named", &["--sigma", "0"]).contains("hardly any noise"));
    let record: Value =
        serde_json::from_slice(&bytes(workshop.at("noisy-out/restore.json"))).unwrap();
    let sigma = record["images"]["00.png"]["sigma"].as_f64().unwrap();
    assert!((sigma - 0.1).abs() < 0.03, "{sigma}");
    let page = fs::read_to_string(workshop.at("noisy-out/report.html")).unwrap();
    let shown = format!("<dd>{:.2} % of the range (standard deviation)</dd>", 100.0 * sigma);
    assert!(page.contains("<dt>noise taken out</dt>") && page.contains(&shown), "{shown}");
}

/// How much of a pixel a brush covers.
fn brush(x: u32, y: u32) -> f32 {
    (5.5 - (x as f32 - 9.3).hypot(y as f32 - 12.6)).clamp(0.0, 1.0)
}

#[test]
fn a_mask_of_two_values_is_no_news_however_it_was_painted_and_saved() {
    let workshop = Workshop::new();
    let byte = |v: f32| (255.0 * v + 0.5) as u8;
    let grey = GrayImage::from_fn(24, 24, |x, y| Luma([byte(brush(x, y))]));
    let layer = RgbaImage::from_fn(24, 24, |x, y| Rgba([255, 255, 90, byte(brush(x, y))]));
    let red = RgbImage::from_fn(24, 24, |x, y| {
        Rgb([255, byte(1.0 - brush(x, y)), byte(1.0 - brush(x, y))])
    });
    let none: Vec<String> = Vec::new();
    assert_eq!(notes(&workshop, "grey.png", grey.clone()), none);
    assert_eq!(notes(&workshop, "grey.jpg", grey), none);
    assert_eq!(notes(&workshop, "layer.png", layer), none);
    // White is filled, so that all but the red is new.
    for name in ["red.jpg", "red.png"] {
        let notes = notes(&workshop, name, red.clone());
        assert!(notes.len() == 1 && notes[0].contains("the wrong way round?"), "{notes:?}");
    }
}

#[test]
fn what_of_a_mask_lies_outside_the_region_is_told_of() {
    let workshop = Workshop::new();
    let (photo, path) = (workshop.at("photos/00.png"), workshop.at("mask.png"));
    GrayImage::from_fn(24, 24, |x, y| Luma([if (2..6).contains(&x) && y < 16 { 255 } else { 0 }]))
        .save(&path)
        .unwrap();
    let more = ["--steps", "1", "--mask", text(&path), "--crop", "0,0,16,4"];
    let output = ok(&strs(&workshop.restore("inpaint", &photo, "cropped", &more)));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("00.png` stays damaged outside the region: 75 % of what"), "{told}");
}

#[test]
fn a_result_that_somebody_worked_on_or_that_is_of_another_photo_is_not_replaced() {
    let workshop = Workshop::new();
    let (a, b) = (workshop.at("photos/00.png"), workshop.at("b/00.png"));
    fs::create_dir(workshop.at("b")).unwrap();
    fs::copy(workshop.at("photos/01.png"), &b).unwrap();
    let mend = |photo: &Path, steps: &str| {
        let more = ["--steps", steps, "--no-plateau"];
        let output = lacuna(&strs(&workshop.restore("denoise", photo, "out", &more)));
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let result = workshop.at("out/00.png");
    assert_eq!(mend(&a, "1").0, Some(0));
    // Again with other settings, and of the same photo after it was moved.
    assert_eq!(mend(&a, "2").0, Some(0));
    let moved = workshop.at("moved/00.png");
    fs::create_dir(workshop.at("moved")).unwrap();
    fs::copy(&a, &moved).unwrap();
    assert_eq!(mend(&moved, "3").0, Some(0));
    let before = bytes(result.clone());
    let (code, told) = mend(&b, "3");
    assert!(
        code == Some(2) && told.contains("holds the result of") && told.contains("moved"),
        "{told}"
    );
    assert!(bytes(result.clone()) == before);
    // A photo that was changed where it is has a new result.
    fs::copy(workshop.at("photos/02.png"), &moved).unwrap();
    assert_eq!(mend(&moved, "3").0, Some(0));
    let retouched = RgbImage::from_pixel(24, 24, Rgb([1, 2, 3]));
    retouched.save(&result).unwrap();
    let before = bytes(result.clone());
    let (code, told) = mend(&moved, "4");
    assert!(code == Some(2) && told.contains("was changed since it was written"), "{told}");
    assert!(bytes(result) == before);
}

#[test]
fn what_was_mended_into_the_folder_of_the_photos_is_not_learned() {
    let workshop = Workshop::new();
    let photos = workshop.at("photos");
    picture(7, 24).to_rgb8().save(photos.join("photo.jpg")).unwrap();
    let before = fs::read_dir(&photos).unwrap().count();
    let out = format!("{}", photos.display());
    let more = ["--steps", "1"];
    ok(&strs(&workshop.restore("denoise", &photos.join("photo.jpg"), &out, &more)));
    assert!(fs::read_dir(&photos).unwrap().count() > before + 3);
    let checked = ok(&["data", "check", text(&photos), "--json"]);
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(told.contains(&format!("\"pictures\":{before}")), "{told}");
}

#[test]
fn a_photo_and_a_mask_of_several_colours_are_told_of_with_what_to_do() {
    let workshop = Workshop::new();
    let third = |x: u32| match x {
        0..8 => Rgb([0, 0, 0]),
        8..16 => Rgb([250, 120, 10]),
        _ => Rgb([255, 255, 255]),
    };
    let colours = RgbImage::from_fn(24, 24, |x, _| third(x));
    let slope = RgbImage::from_fn(24, 24, |x, y| {
        Rgb([(10 * x) as u8, (10 * y) as u8, (5 * (x + y)) as u8])
    });
    for (name, mask) in [("colours.png", colours), ("photo.jpg", slope)] {
        let notes = notes(&workshop, name, mask);
        assert_eq!(notes.len(), 1, "{name}: {notes:?}");
        for words in [
            "00.png` has a mask of more than two values",
            name,
            " % of its pixels",
            "half or more",
            "paint",
        ] {
            assert!(notes[0].contains(words), "{words} in {}", notes[0]);
        }
    }
    // A photo with as much contrast as the photos of these tests have.
    let photo = notes(&workshop, "other.png", picture(8, 24).to_rgb8());
    assert_eq!(photo.len(), 1, "{photo:?}");
}
