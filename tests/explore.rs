//! Between two photos, and photos that never were: the program on a tiny run.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use common::runs::picture;
use common::workshop::{Workshop, bytes, lacuna, ok, refused, strs, text};
use lacuna::event::{Event, Silent};
use lacuna::explore::{
    Latents, SampleJob, Sampler, SamplerSettings, fit_ends, frames, gif_bytes, times,
};
use lacuna::image::load;
use lacuna::restore::FitSettings;
use lacuna::store::Lock;
use lacuna::{Error, Model};
use serde_json::Value;

const SETTINGS: SamplerSettings = SamplerSettings { dimensions: 512, components: 3, seed: 0 };

/// A workshop with a run of five photos and their mirrored copies.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    ok(&strs(&workshop.train("mirrored", &["data.flip=true"])));
    workshop
}

fn sample(model: &Path, out: &Path, more: &[&str]) {
    ok(&[&["sample", "--model", text(model), "--out", text(out)], more].concat());
}

/// Files of a folder by their names.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|e| (e.file_name().to_string_lossy().into_owned(), bytes(e.path()))).collect()
}

fn stop(_: Event) -> ControlFlow<()> {
    ControlFlow::Break(())
}

#[test]
fn the_same_seed_draws_the_same_bytes_with_the_store_without_it_and_from_an_export() {
    let workshop = workshop();
    let run = workshop.at("mirrored");
    let (first, again) = (workshop.at("first"), workshop.at("again"));
    sample(&run, &first, &["-n", "5", "--hold-out", "0", "--threads", "1"]);
    let found = files(&first);
    let names = ["0001.png", "0002.png", "0003.png", "0004.png", "0005.png", "sample.json"];
    assert!(found.len() == 7 && names.iter().all(|name| found.contains_key(*name)), "{found:?}");
    assert_eq!(load(first.join("0001.png")).unwrap().original.width(), 16);
    let facts: Value = serde_json::from_slice(&found["sample.json"]).unwrap();
    let facts = &facts["sampler"];
    assert_eq!((facts["rows"].as_u64(), facts["mirrored"].as_u64()), (Some(10), Some(5)));
    assert_eq!((facts["dimensions"].as_u64(), facts["held_out"].as_u64()), (Some(1), Some(0)));
    let explained = facts["explained"].as_f64().unwrap();
    assert!(explained > 0.0 && explained <= 1.0 && facts["explained_held_out"].is_null());

    let kept = bytes(run.join("model/sampler.safetensors"));
    let other = workshop.at("other.safetensors");
    let refit = ["-n", "1", "--refit", "--hold-out", "0", "--save", text(&other)];
    sample(&run, &workshop.at("refit"), &refit);
    assert!(bytes(other) == kept, "as many threads as there are give the same sampler as one");

    // The sampler is enough: the latents may go.
    let export = workshop.at("given");
    let latents = workshop.at("latents");
    ok(&["export", text(&run), "--latents", "--out", text(&latents)]);
    fs::rename(run.join("state.redb"), workshop.at("state.redb")).unwrap();
    sample(&run.join("model"), &again, &["-n", "5"]);
    assert!(files(&again) == found);
    ok(&["export", text(&run), "--out", text(&export)]);
    assert!(bytes(export.join("sampler.safetensors")) == kept);
    let readme = fs::read_to_string(export.join("README.md")).unwrap();
    assert!(readme.contains("## Sampler"));
    sample(&export, &workshop.at("few"), &["-n", "3"]);
    for name in &names[..3] {
        assert!(bytes(workshop.at("few").join(name)) == found[*name], "{name}");
    }
    sample(&export, &workshop.at("else"), &["-n", "1", "--seed", "1"]);
    assert!(bytes(workshop.at("else/0001.png")) != found["0001.png"]);

    // From the files of an export as from the store.
    let copy = workshop.at("copy.safetensors");
    let refit = ["-n", "1", "--refit", "--hold-out", "0", "--save", text(&copy)];
    sample(&latents, &workshop.at("of-files"), &refit);
    assert!(bytes(copy) == kept);
}

#[test]
fn rows_that_are_streamed_give_the_sampler_of_rows_in_memory_and_a_part_is_held_out_with_its_copies()
 {
    let workshop = workshop();
    let run = workshop.at("mirrored");
    let fit = |memory: u64| {
        let mut latents = Latents::open(&run).unwrap().taking(9, 0.0, memory);
        assert_eq!(latents.held_bytes() > 0, memory > 0);
        Sampler::fit(&mut latents, &SETTINGS, &mut Silent).unwrap()
    };
    let whole = fit(1 << 20);
    assert_eq!((whole.facts.rows, whole.facts.row_len), (9, 296));
    assert!(whole.facts.row_log_likelihood.is_finite());
    assert_eq!(fit(0), whole);
    for share in [0.3, 0.5, 0.7] {
        let latents = Latents::open(&run).unwrap().taking(10, share, 0);
        let [(rows, mirrored), (others, of_them)] =
            [false, true].map(|held_out| latents.side(held_out).count().unwrap());
        assert_eq!((rows + others, 2 * mirrored, 2 * of_them), (10, rows, others));
    }
    // A file keeps it bit for bit.
    let path = whole.save(&run, None).unwrap();
    assert_eq!(path, run.join("model/sampler.safetensors"));
    let opened = Sampler::open(&run, None, 296).unwrap().unwrap();
    assert_eq!((&opened.gmm, &opened.facts), (&whole.gmm, &whole.facts));
    assert_eq!(opened.draw(3, 4), whole.draw(3, 4));
    // That of another model is none.
    let other = workshop.at("run/model");
    fs::copy(&path, other.join("sampler.safetensors")).unwrap();
    assert!(!Sampler::belongs(&other).unwrap());
    assert!(Sampler::open(&other, None, 296).unwrap().is_none());
    let mut stopped = Latents::open(&run).unwrap().taking(9, 0.0, 0);
    let stopped = Sampler::fit(&mut stopped, &SETTINGS, &mut stop);
    assert!(matches!(stopped, Err(Error::Stopped { .. })));
    // Asked to stop, it keeps what it has written and says nothing of the rest.
    let prior = Model::open(&run, &Device::flex()).unwrap().frozen().unwrap();
    let job = SampleJob { count: 12, seed: 0, out: workshop.at("stopped") };
    assert_eq!(job.run(&prior, &whole, &mut stop).unwrap(), None);
    assert_eq!(files(&job.out).len(), 8);
}

#[test]
fn what_cannot_be_drawn_from_is_refused() {
    let workshop = workshop();
    let (run, out) = (workshop.at("mirrored"), workshop.at("out"));
    let attempt = |run: &Path, more: &[&str], words: &[&str]| {
        let arguments = ["sample", "--model", text(run), "--out", text(&out)];
        refused(&[&arguments[..], more].concat(), words);
    };
    attempt(
        &workshop.at("run"),
        &["--hold-out", "0"],
        &["5 latents are too few", "train on more photos"],
    );
    attempt(&run, &["-n", "0"], &["1 or more"]);
    attempt(&run, &["--rows", "0"], &["--rows", "1 or more"]);
    attempt(&run, &["--hold-out", "1"], &["--hold-out", "0 to 0.9"]);
    attempt(&run, &["--memory", "1MB"], &["memory", "are needed"]);
    let bare = workshop.at("bare");
    ok(&["export", text(&run), "--out", text(&bare)]);
    attempt(&bare, &[], &["no latents in it", "lacuna sample"]);
    let lock = Lock::take(&run).unwrap();
    attempt(&run, &[], &["it is training", "stop it first"]);
    drop(lock);
    assert!(!out.exists());
    let estimate = ["sample", "--model", text(&run), "--out", text(&out), "--estimate"];
    let told = String::from_utf8(ok(&estimate).stderr).unwrap();
    assert!(told.contains("needs about") && !out.exists(), "{told}");
    sample(&run, &out, &["-n", "1"]);
    attempt(&run, &[], &["holds samples already", "--out"]);
    let damaged = run.join("model/sampler.safetensors");
    let whole = bytes(damaged.clone());
    fs::write(&damaged, &whole[..whole.len() - 4]).unwrap();
    fs::remove_dir_all(&out).unwrap();
    attempt(&run, &[], &["sampler.safetensors"]);
}

#[test]
fn damaged_exports_of_latents_are_refused_by_name() {
    let workshop = workshop();
    let (run, out) = (workshop.at("mirrored"), workshop.at("given"));
    ok(&["export", text(&run), "--latents", "--shard-size", "4500", "--out", text(&out)]);
    let latents = |folder: &Path| {
        let mut latents = Latents::open(folder)?.taking(30, 0.0, 0);
        Sampler::fit(&mut latents, &SETTINGS, &mut Silent)
    };
    let whole = latents(&out).unwrap();
    assert_eq!(whole.facts.rows, 10);
    let index = out.join("latents.safetensors.index.json");
    let text_of = fs::read_to_string(&index).unwrap();
    let name =
        text_of.split('"').find(|name| name.starts_with("latents-00001")).unwrap().to_string();
    let file = bytes(out.join(&name));
    let damage = |bytes: &[u8], words: &str| {
        fs::write(out.join(&name), bytes).unwrap();
        let message = latents(&out).unwrap_err().to_string();
        assert!(message.contains(&name) && message.contains(words), "{message}");
    };
    damage(&file[..file.len() - 1], "others by its header");
    damage(&[&u64::MAX.to_le_bytes()[..], &file[8..]].concat(), "header");
    let mut infinite = file.clone();
    let header = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    infinite[8 + header..8 + header + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    damage(&infinite, "a row that is none");
    fs::write(out.join(&name), &file).unwrap();
    fs::write(&index, text_of.replace(&name, &format!("../{name}"))).unwrap();
    assert!(latents(&out).unwrap_err().to_string().contains("no file of its folder"));
}

#[test]
fn the_way_from_one_photo_to_another_begins_and_ends_with_what_the_model_makes_of_them() {
    let workshop = Workshop::new();
    let prior = Model::open(&workshop.at("run"), &Device::flex()).unwrap().frozen().unwrap();
    let photos = [picture(0, 24), picture(1, 16)];
    let mut settings = FitSettings::new(prior.config.restore.inpaint, &prior.config);
    settings.fit.steps = 60;
    let ends = fit_ends(&prior, &photos, &settings, &mut Silent).unwrap().unwrap();
    let before =
        FitSettings { fit: lacuna::config::FitConfig { steps: 1, ..settings.fit }, ..settings };
    let start = fit_ends(&prior, &photos, &before, &mut Silent).unwrap().unwrap();
    for (end, start) in ends.iter().zip(&start) {
        assert!(end.mse < start.mse, "{} of {}", end.mse, start.mse);
        assert_eq!(end.picture.height(), 16);
    }
    let way = frames(&prior, &ends[0].row, &ends[1].row, 11).unwrap();
    assert_eq!((way.len(), times(11).len()), (11, 11));
    assert_eq!((&way[0], &way[10]), (&ends[0].made, &ends[1].made));
    assert!(way[5] != way[0] && way[5] != way[10]);
    // Alone as beside others.
    assert_eq!(frames(&prior, &ends[0].row, &ends[1].row, 3).unwrap()[1], way[5]);
    assert!(fit_ends(&prior, &photos, &settings, &mut stop).unwrap().is_none());
    assert!(gif_bytes(Path::new("a.gif"), &[]).is_err());
}

#[test]
fn a_strip_an_animation_and_the_numbers_are_written_and_another_model_stands_below() {
    let workshop = workshop();
    let (run, other) = (workshop.at("run"), workshop.at("mirrored"));
    let (a, b) = (workshop.at("photos/00.png"), workshop.at("photos/01.png"));
    let go = |out: &Path, more: &[&str]| -> Value {
        let given = ["interpolate", text(&a), text(&b), "--model", text(&run), "--out", text(out)];
        let told = ok(&[&given[..], &["--steps", "8", "--frames", "4"], more].concat());
        assert!(String::from_utf8_lossy(&told.stderr).contains("MSE") || more.contains(&"--json"));
        serde_json::from_slice(&bytes(out.join("interpolate.json"))).unwrap()
    };
    let (one, two) = (workshop.at("one"), workshop.at("two"));
    let record = go(&one, &[]);
    let ends = record["models"][0]["ends"].as_array().unwrap();
    assert!(ends.len() == 2 && ends.iter().all(|end| end["mse"].as_f64().unwrap() > 0.0));
    assert_eq!(ends[0]["steps"].as_u64(), Some(8));
    let record = go(&two, &["--with", text(&other), "--threads", "1", "--json"]);
    assert_eq!(record["models"].as_array().unwrap().len(), 2);
    let size = |out: &Path| {
        let strip = load(out.join("strip.png")).unwrap().original;
        (strip.width(), strip.height())
    };
    let ((wide, low), (wider, high)) = (size(&one), size(&two));
    assert!(wider >= wide && high > low + 60, "{wide} x {low}, {wider} x {high}");
    let gif = bytes(one.join("between.gif"));
    assert!(gif.starts_with(b"GIF89a"));
    let again = workshop.at("again");
    go(&again, &["--threads", "1"]);
    assert!(files(&again) == files(&one));

    let refuse = |more: &[&str], words: &[&str]| {
        let out = workshop.at("none");
        let given = ["interpolate", text(&a), text(&b), "--model", text(&run), "--out", text(&out)];
        refused(&[&given[..], more].concat(), words);
        assert!(!out.exists());
    };
    refuse(&["--frames", "1"], &["--frames", "2 to 64"]);
    refuse(&["--steps", "0"], &["steps"]);
    refuse(&["--with", text(&workshop.at("photos"))], &["photos", "no model.safetensors"]);
    let given = ["interpolate", text(&a), text(&b), "--model", text(&run), "--out", text(&one)];
    refused(&given, &["holds an interpolation already", "--out"]);
    let missing = workshop.at("missing.png");
    let given = ["interpolate", text(&a), text(&missing), "--model", text(&run), "--out", "x"];
    refused(&given, &["missing.png"]);
}

#[test]
fn a_machine_hears_of_the_sampler_and_of_the_end() {
    let workshop = workshop();
    let (run, out) = (workshop.at("mirrored"), workshop.at("out"));
    let told = lacuna(&["sample", "--model", text(&run), "-n", "2", "--out", text(&out), "--json"]);
    let told = String::from_utf8(told.stdout).unwrap();
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = told.iter().map(|event| event["event"].as_str().unwrap()).collect();
    for kind in ["needs", "gathered", "components", "mixture", "sampler", "sampled"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let sampler = told.iter().find(|event| event["event"] == "sampler").unwrap();
    assert!(sampler["facts"]["log_likelihood"].is_number(), "{sampler}");
    let last = told.last().unwrap();
    assert_eq!((last["event"].as_str(), last["done"].as_u64()), (Some("done"), Some(2)));
}
