//! `report.html` of `train` and `restore`: when it is written, what it replaces, what it tells.

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use burn::tensor::Device;
use common::runs::{picture, tiny, write_photos};
use common::workshop::{Workshop, bytes, ok, refused, strs, text};
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize};
use lacuna::data::{PhotoConfig, Photos};
use lacuna::event::{Event, Silent};
use lacuna::image::{load, save_png};
use lacuna::train::{Run, train};

const MINE: &[u8] = b"<!doctype html><title>mine</title>";

/// The pictures of `page` below the heading `name`: before, after, and what is beside them.
fn shown(page: &str, name: &str) -> Vec<RgbImage> {
    let section = page.split(&format!("<h3>{name}</h3>")).nth(1).unwrap();
    let uris = section.split("<h3>").next().unwrap().split(";base64,").skip(1);
    let bytes = uris.map(|uri| BASE64_STANDARD.decode(uri.split('"').next().unwrap()).unwrap());
    let mut shown: Vec<RgbImage> =
        bytes.map(|bytes| image::load_from_memory(&bytes).unwrap().to_rgb8()).collect();
    // In a slider the picture before lies on the one after, so it follows it.
    shown.swap(0, 1);
    shown
}

/// What the page shows of `input` in `out` after `task`, and what it shows of it after the next job into that folder.
fn fresh_and_read_again(
    workshop: &Workshop,
    (task, input): (&str, &Path),
    out: &str,
    more: &[&str],
) -> [Vec<RgbImage>; 2] {
    let name = input.with_extension("png");
    let name = text(Path::new(name.file_name().unwrap()));
    let next = workshop.at("next/next.png");
    save_png(&next, picture(30, 24).to_rgb8()).unwrap();
    [input, &next].map(|input| {
        ok(&strs(&workshop.restore(task, input, out, more)));
        shown(&fs::read_to_string(workshop.at(out).join("report.html")).unwrap(), name)
    })
}

#[test]
fn of_a_region_the_same_part_is_shown_before_and_after() {
    let workshop = Workshop::new();
    let input = workshop.at("photos/00.png");
    let photo = load(&input).unwrap().original.to_rgb8();
    // One in the shape of the photo and one in another.
    for (crop, [x, y, w, h]) in [("3,5,12,12", [3, 5, 12, 12]), ("9,5,14,12", [9, 5, 14, 12])] {
        let of = |image: &RgbImage| crop_imm(image, x, y, w, h).to_image();
        for (task, hole) in [("denoise", &[][..]), ("inpaint", &["--hole", "center:4"])] {
            let (out, more) = (format!("{task}-{crop}"), [&["--crop", crop], hole].concat());
            let [fresh, again] = fresh_and_read_again(&workshop, (task, &input), &out, &more);
            let mended = load(workshop.at(&out).join("00.png")).unwrap().original.to_rgb8();
            assert!(fresh[1] == of(&mended), "{out}");
            let is_filled = |x, y| task == "inpaint" && fresh[2].get_pixel(x, y).0 == [255; 3];
            let given = of(&photo);
            let before = fresh[0].enumerate_pixels().zip(given.pixels());
            let mut differing = before.filter(|((_, _, shown), given)| shown != given);
            assert!(differing.all(|((x, y, _), _)| is_filled(x, y)), "{out}");
            if task == "inpaint" {
                assert_eq!(fresh[2].dimensions(), (w, h));
                assert_eq!(fresh[2].pixels().filter(|pixel| pixel.0 == [255; 3]).count(), 16);
            }
            assert!(fresh == again, "{out}");
        }
    }
    // An enlarged region is all of its result.
    for (crop, [x, y, w, h]) in [("9,5,8,8", [9, 5, 8, 8]), ("9,5,8,6", [9, 5, 8, 6])] {
        let (out, more) = (format!("superres-{crop}"), ["--crop", crop]);
        let [fresh, again] = fresh_and_read_again(&workshop, ("superres", &input), &out, &more);
        let mended = load(workshop.at(&out).join("00.png")).unwrap().original.to_rgb8();
        let part = crop_imm(&photo, x, y, w, h).to_image();
        assert!(fresh[0] == resize(&part, 2 * w, 2 * h, FilterType::Nearest), "{out}");
        assert!(fresh[1] == mended && fresh == again, "{out}");
    }
}

#[test]
fn a_photo_with_a_profile_is_shown_in_srgb() {
    let workshop = Workshop::new();
    for name in ["adobe.jpg", "deep-rgba.png"] {
        let input = Path::new("tests/fixtures").join(name);
        let [fresh, again] = fresh_and_read_again(&workshop, ("denoise", &input), name, &[]);
        let photo = load(&input).unwrap();
        let mended = load(workshop.at(name).join(input.with_extension("png").file_name().unwrap()));
        let mended = mended.unwrap();
        for (shown, photo) in fresh.iter().zip([&photo, &mended]) {
            let expected = photo.picture().unwrap().to_rgb8();
            assert!(expected != photo.original.to_rgb8(), "{name} is in sRGB anyway");
            assert!(*shown == expected, "{name}");
        }
        assert!(fresh == again, "{name}");
    }
}

#[test]
fn a_run_has_a_page_that_a_resumed_run_writes_anew() {
    let workshop = Workshop::new();
    let page = || fs::read_to_string(workshop.at("run/report.html")).unwrap();
    let first = page();
    for text in
        ["A model of 5 photos", "12 of 12", "passes = 2\n", "00.png", "lacuna restore inpaint"]
    {
        assert!(first.contains(text), "{text}");
    }
    let run = workshop.at("run");
    let resume = ["train", "--resume", "--out", text(&run)];
    ok(&resume);
    assert_eq!(page(), first, "nothing was left to do");
    ok(&[&resume[..], &["--set", "train.passes=3"]].concat());
    assert!(page().contains("18 of 18") && page().contains("passes = 3\n"));

    fs::write(run.join("report.html"), MINE).unwrap();
    let words = ["report.html", "is no report of `lacuna train`", "move it away"];
    refused(&[&resume[..], &["--set", "train.passes=4"]].concat(), &words);
    assert_eq!(bytes(run.join("report.html")), MINE);
}

#[test]
fn a_stopped_run_has_a_page_that_says_how_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(&dir.path().join("photos"), 5, 24);
    let config = tiny(&["train.checkpoint_minutes=0.000001"]);
    let photos =
        Photos::scan(&dir.path().join("photos"), PhotoConfig::from(&config), &mut Silent).unwrap();
    let run = Run::at(dir.path().join("run"));
    let mut while_it_ran = String::new();
    let mut watch = |event: Event| match event {
        Event::Step { step: 3, .. } => {
            while_it_ran = fs::read_to_string(run.report()).unwrap();
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    };
    assert!(!train(&photos, &config, &run, &Device::flex(), &mut watch).unwrap().finished);
    assert!(while_it_ran.contains("It is still learning") && while_it_ran.contains("2 of 12"));
    let stopped = fs::read_to_string(run.report()).unwrap();
    for text in ["It was stopped", "3 of 12", "lacuna train --resume --out ", "lacuna restore"] {
        assert!(stopped.contains(text), "{text}");
    }
}

#[test]
fn a_job_replaces_its_own_page_and_no_other_file() {
    let workshop = Workshop::new();
    let photos = workshop.at("photos");
    let restore = |out: &str| workshop.restore("inpaint", &photos, out, &["--hole", "center:6"]);
    let out = workshop.at("mine");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("report.html"), MINE).unwrap();
    let words = ["report.html", "is no report of `lacuna restore`", "--out"];
    refused(&strs(&restore("mine")), &words);
    assert_eq!(bytes(out.join("report.html")), MINE);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    // The page of a run is a stranger's too.
    refused(&strs(&restore("run")), &words);

    ok(&strs(&restore("out")));
    let page = || fs::read_to_string(workshop.at("out/report.html")).unwrap();
    let first = page();
    ok(&strs(&restore("out")));
    assert!(page() == first, "all was done before");

    // Another job into the same folder: its page shows what is there already, with the hole that was filled.
    let more = workshop.at("more");
    save_png(more.join("new.png"), picture(30, 24).to_rgb8()).unwrap();
    ok(&strs(&workshop.restore("inpaint", &more, "out", &["--hole", "center:6"])));
    let both = page();
    assert!(both.contains("6 photos mended") && both.contains("<h3>new.png</h3>"));
    let of = |page: &str, name: &str| {
        let section = page.split(&format!("<h3>{name}</h3>")).nth(1).unwrap();
        section.split("<h3>").next().unwrap().to_string()
    };
    assert!(of(&first, "00.png") == of(&both, "00.png"));
}

#[test]
fn of_many_pictures_every_one_is_on_the_page() {
    let workshop = Workshop::new();
    write_photos(&workshop.at("many"), 61, 16);
    let many = workshop.at("many");
    ok(&strs(&workshop.restore("denoise", &many, "out", &["--steps", "1", "--batch", "61"])));
    let page = fs::read_to_string(workshop.at("out/report.html")).unwrap();
    assert!(
        page.contains("61 photos mended") && page.contains("The first, and those of the highest")
    );
    for number in 0..61 {
        assert!(page.contains(&format!("href=\"./{number:02}.png\"")), "{number}");
    }
}
