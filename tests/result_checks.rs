//! A restorer that makes nonsense: nothing of it counts as a success, and no other picture suffers.

mod common;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::slice::from_ref;

use burn::tensor::Device;
use common::runs::{picture, tiny};
use image::{RgbImage, Rgba, RgbaImage};
use lacuna::degrade::{Hole, Punch};
use lacuna::event::{Event, Observer};
use lacuna::image::{Picture, save_png};
use lacuna::restore::job::{Job, MaskSource, Record, Summary, run};
use lacuna::restore::{Evidence, Restored, Restorer, Stop, Task, in_photo};
use lacuna::runtime::stream;
use lacuna::{Error, Result};

/// Makes `image` of everything; fails where the evidence is brighter than `limit` on average.
struct Makes {
    image: Picture,
    limit: f32,
}

impl Restorer for Makes {
    fn restore(
        &self,
        evidence: &[Evidence],
        _: &mut dyn Observer,
    ) -> Result<Option<Vec<Restored>>> {
        let one = |evidence: &Evidence| {
            let mean: f32 = evidence.measured.clone().mean().into_scalar();
            if mean > self.limit {
                return Err(Error::input("restoration", "the energy is NaN", "lower its rate"));
            }
            Ok(Restored {
                image: self.image.clone(),
                energy: 0.1,
                residual: Picture::constant(16, 16, [0.0; 3])?,
                steps: 1,
                stop: Stop::Steps,
            })
        };
        evidence.iter().map(one).collect::<Result<Vec<_>>>().map(Some)
    }
}

fn job(task: Task, inputs: &[PathBuf], out: &Path) -> Job {
    Job {
        task,
        inputs: inputs.to_vec(),
        out: out.to_path_buf(),
        mask: MaskSource::Hole("center:6".parse::<Hole>().unwrap()),
        crop: None,
        shrink: false,
        // What the model makes, and nothing of the photo beside it.
        feather: Some(0),
        sigma: Some(1.0),
        seed: 0,
        waiting_pixels: lacuna::restore::job::WAITING_PIXELS,
        most_pixels: lacuna::image::MAX_PIXELS,
        batch: 8,
        fit: task.fit(&tiny(&[]).restore),
        settings: String::new(),
        model: (PathBuf::from("none"), String::new()),
    }
}

/// What becomes of `inputs`, and the problems that were reported.
fn attempt(task: Task, inputs: &[PathBuf], out: &Path, made: &Makes) -> (Summary, Vec<String>) {
    let job = job(task, inputs, out);
    let mut problems = Vec::new();
    let mut listen = |event: Event| {
        if let Event::Failed { problem, .. } = event {
            problems.push(problem);
        }
        ControlFlow::Continue(())
    };
    let summary = run(&job, made, &tiny(&[]), &Device::flex(), &mut listen).unwrap();
    (summary, problems)
}

fn left_in(out: &Path) -> usize {
    std::fs::read_dir(out).map_or(0, Iterator::count)
}

#[test]
fn nonsense_is_a_failure_with_a_reason_and_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let (photo, out) = (dir.path().join("a.png"), dir.path().join("out"));
    save_png(&photo, picture(1, 16).to_rgb8()).unwrap();
    let even = Picture::constant(16, 16, [0.5; 3]).unwrap();
    let wild = Picture::new(16, 16, (0..768).map(|i| i as f32 / 300.0).collect()).unwrap();
    // A picture, but for the part that goes into the hole.
    let centre = |at: usize| (5..11).contains(&(at / 16)) && (5..11).contains(&(at % 16));
    let black_hole = picture(2, 16).painted(centre, [0.0; 3]);
    for (task, image, words) in [
        (Task::Inpaint, &even, "even grey"),
        (Task::Denoise, &even, "even grey"),
        (Task::Colorize, &even, "even grey"),
        (Task::Jpeg, &wild, "out of [0, 1]"),
        (Task::Inpaint, &wild, "out of [0, 1]"),
        (Task::Inpaint, &black_hole, "of one colour that nothing around it has"),
    ] {
        let made = Makes { image: image.clone(), limit: 1.0 };
        let (summary, problems) = attempt(task, from_ref(&photo), &out, &made);
        assert_eq!((summary.mended, summary.failed), (0, 1), "{task:?} {words}");
        assert!(problems[0].contains(words) && problems[0].contains("a.png"), "{problems:?}");
        assert_eq!(left_in(&out), 0, "{task:?} {words}");
    }
    let made = Makes { image: picture(2, 16), limit: 1.0 };
    for task in [Task::Inpaint, Task::Denoise, Task::Colorize] {
        let out = dir.path().join(task.name());
        assert_eq!(attempt(task, from_ref(&photo), &out, &made).0.mended, 1, "{task:?}");
    }
}

#[test]
fn a_photo_of_one_colour_may_stay_so() {
    let dir = tempfile::tempdir().unwrap();
    let photo = dir.path().join("wall.png");
    save_png(&photo, RgbImage::from_pixel(16, 16, image::Rgb([128; 3]))).unwrap();
    let made = Makes { image: Picture::constant(16, 16, [0.5; 3]).unwrap(), limit: 1.0 };
    for task in [Task::Inpaint, Task::Denoise] {
        let out = dir.path().join(task.name());
        let (summary, problems) = attempt(task, from_ref(&photo), &out, &made);
        assert_eq!(summary.mended, 1, "{task:?}: {problems:?}");
    }
}

#[test]
fn a_fit_that_fails_takes_no_other_picture_along() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    save_png(at("a.png"), picture(1, 16).to_rgb8()).unwrap();
    let bright = RgbImage::from_fn(16, 16, |x, y| image::Rgb([250 + (x + y) as u8 % 4; 3]));
    save_png(at("b.png"), bright).unwrap();
    save_png(at("c.png"), picture(2, 16).to_rgb8()).unwrap();
    let made = Makes { image: picture(3, 16), limit: 0.9 };
    let inputs = ["a.png", "b.png", "c.png"].map(at);
    let (summary, problems) = attempt(Task::Denoise, &inputs, &at("out"), &made);
    assert_eq!((summary.mended, summary.failed), (2, 1));
    assert!(problems.len() == 1 && problems[0].contains("NaN"), "{problems:?}");
    assert!(at("out/a.png").is_file() && at("out/c.png").is_file());
    assert!(!at("out/b.png").exists() && !at("out/b.raw.png").exists());
    let record = std::fs::read_to_string(at("out/restore.json")).unwrap();
    assert!(record.contains("\"a.png\"") && !record.contains("b.png"));
}

#[test]
fn who_breaks_off_between_two_results_keeps_the_first_and_the_same_job_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, out) = (dir.path().join("photos"), dir.path().join("out"));
    (0..4).for_each(|i| {
        save_png(photos.join(format!("{i}.png")), picture(i, 16).to_rgb8()).unwrap();
    });
    let made = Makes { image: picture(9, 16), limit: 1.0 };
    let job = job(Task::Denoise, &[photos], &out);
    let count = |most: usize| {
        let mut restored = 0;
        let mut listen = |event: Event| {
            restored += usize::from(matches!(event, Event::Restored { .. }));
            if restored == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        run(&job, &made, &tiny(&[]), &Device::flex(), &mut listen).unwrap()
    };
    // All four are in one batch.
    let first = count(1);
    assert_eq!((first.mended, first.failed, first.stopped), (1, 0, true));
    assert_eq!(Record::open(&out).unwrap().images.len(), 1);
    assert!(out.join("0.png").is_file() && !out.join("1.raw.png").exists());
    // Broken off at the last, nothing is left to do.
    let rest = count(3);
    assert_eq!((rest.mended, rest.skipped, rest.stopped), (3, 1, false));
}

#[test]
fn a_grey_part_of_a_photo_with_colours_may_get_some_and_one_of_a_grey_photo_none() {
    let dir = tempfile::tempdir().unwrap();
    let made = Makes { image: picture(9, 16), limit: 1.0 };
    let grey = RgbImage::from_fn(32, 32, |x, y| image::Rgb([(x * 5 + y) as u8; 3]));
    let mut coloured = grey.clone();
    coloured.put_pixel(30, 30, image::Rgb([200, 20, 20]));
    for (name, photo, some) in [("grey", &grey, false), ("coloured", &coloured, true)] {
        for task in [Task::Denoise, Task::Inpaint] {
            let path = dir.path().join(format!("{name}.png"));
            photo.save(&path).unwrap();
            let out = dir.path().join(format!("{name}-{}", task.name()));
            let job = Job { crop: "0,0,16,16".parse().ok(), ..job(task, from_ref(&path), &out) };
            let summary =
                run(&job, &made, &tiny(&[]), &Device::flex(), &mut lacuna::event::Silent).unwrap();
            assert_eq!(summary.mended, 1);
            let mended = image::open(out.join(format!("{name}.png"))).unwrap().into_rgb8();
            let part = mended.enumerate_pixels().filter(|(x, y, _)| *x < 16 && *y < 16);
            let found = part.into_iter().any(|(_, _, p)| p[0] != p[1] || p[1] != p[2]);
            assert_eq!(found, some, "{name} {task:?}");
        }
    }
}

#[test]
fn a_mask_on_a_transparent_layer_is_what_is_painted_there() {
    let dir = tempfile::tempdir().unwrap();
    let (photo, mask, out) =
        (dir.path().join("a.png"), dir.path().join("mask.png"), dir.path().join("out"));
    save_png(&photo, picture(1, 16).to_rgb8()).unwrap();
    // White all over, clear but for 12 pixels, as a layer is exported.
    let painted = |x, y| (4..8).contains(&x) && (4..7).contains(&y);
    let layer =
        RgbaImage::from_fn(16, 16, |x, y| Rgba([255, 255, 255, 255 * u8::from(painted(x, y))]));
    layer.save(&mask).unwrap();
    let job = Job { mask: MaskSource::File(mask), ..job(Task::Inpaint, from_ref(&photo), &out) };
    let made = Makes { image: picture(9, 16), limit: 1.0 };
    run(&job, &made, &tiny(&[]), &Device::flex(), &mut lacuna::event::Silent).unwrap();
    let record = Record::open(&out).unwrap().images;
    assert_eq!(record.values().next().unwrap().missing_pixels, 12);
}

#[test]
fn what_is_measured_in_the_photo_is_what_a_job_writes() {
    let dir = tempfile::tempdir().unwrap();
    let made = Makes { image: picture(7, 16), limit: 1.0 };
    let truth = picture(1, 16);
    for task in Task::ALL {
        let damaged = match task {
            Task::Superres => truth.resized(8, 8).unwrap(),
            Task::Colorize => truth.greyed(),
            _ => truth.clone(),
        };
        let (path, out) = (dir.path().join(format!("{}.png", task.name())), dir.path().join("out"));
        save_png(&path, damaged.to_rgb8()).unwrap();
        let photo = Picture::from_rgb8(&damaged.to_rgb8()).unwrap();
        let job = Job { feather: None, sigma: None, ..job(task, from_ref(&path), &out) };
        let summary =
            run(&job, &made, &tiny(&[]), &Device::flex(), &mut lacuna::event::Silent).unwrap();
        assert_eq!(summary.mended, 1, "{task:?}");
        let written = image::open(out.join(path.file_name().unwrap())).unwrap().into_rgb8();
        let written = Picture::from_rgb8(&written).unwrap();

        let known = (task == Task::Inpaint).then(|| {
            let hole = Punch::new("center:6".parse::<Hole>().unwrap());
            hole.punch(&photo, &mut stream(0, "hole")).unwrap().1
        });
        let measured = in_photo(task, made.image.clone(), &photo, known.as_deref()).unwrap();
        let apart = measured.data().iter().zip(written.data()).map(|(a, b)| (a - b).abs());
        // A level of 255, as colours are whole numbers of a given sum.
        let worst = apart.fold(0.0, f32::max);
        assert!(worst < 1.01 / 255.0, "{task:?}: {}", worst * 255.0);
        let moved =
            measured.data().iter().zip(made.image.data()).any(|(a, b)| (a - b).abs() > 0.02);
        assert!(moved, "{task:?}");
    }
}
