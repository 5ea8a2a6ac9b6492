//! `report.html` of `train` and `restore`: when it is written, what it replaces, what it tells.

mod common;

use std::fs;
use std::ops::ControlFlow;

use burn::tensor::Device;
use common::runs::{picture, tiny, write_photos};
use common::workshop::{Workshop, bytes, ok, refused, strs, text};
use lacuna::data::{PhotoConfig, Photos};
use lacuna::event::{Event, Silent};
use lacuna::image::save_png;
use lacuna::train::{Run, train};

const MINE: &[u8] = b"<!doctype html><title>mine</title>";

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
