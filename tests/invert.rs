//! `lacuna invert-features`, as a person at the terminal meets it.

mod common;

use std::fs;
use std::process::Command;

use common::vgg16::write_formula;
use common::workshop::{BIN, Workshop, bytes, lacuna, ok, refused, text};
use lacuna::image::load;
use serde_json::Value;

#[test]
fn photos_become_images_of_the_model_with_their_features_and_the_same_again_is_no_work() {
    let workshop = Workshop::new();
    let weights = workshop.at("vgg16.safetensors");
    write_formula(&weights, Some("torchvision"));
    let (run, photos, out) = (workshop.at("run"), workshop.at("photos"), workshop.at("seen"));
    let command = ["invert-features", "--model", text(&run), "--vgg16", text(&weights)];
    let into = |out: &str, more: &[&str]| -> Vec<String> {
        let all = command.iter().chain(&[text(&photos), "--out", out]).chain(more);
        all.map(|word| word.to_string()).collect()
    };
    let strs = |words: &[String]| words.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let run_it = |words: &[String]| ok(&strs(words).split('\n').collect::<Vec<_>>());
    let first = into(text(&out), &["--layer", "relu2_2", "--steps", "12", "--no-plateau"]);
    run_it(&first);

    let record: Value = serde_json::from_slice(&bytes(out.join("features.json"))).unwrap();
    let images = record["images"].as_object().unwrap();
    assert_eq!(images.len(), 5);
    for (name, one) in images {
        let picture = load(out.join(name)).unwrap().picture().unwrap();
        assert_eq!([picture.height(), picture.width()], [16, 16], "{name}");
        assert!(out.join(name).with_extension("strip.png").is_file(), "{name}");
        assert_eq!(one["layer"], "relu2_2");
        assert_eq!(one["vgg16"], "torchvision");
        assert_eq!((one["steps"].as_u64(), one["stop"].as_str()), (Some(12), Some("steps")));
        let energy = one["energy"].as_f64().unwrap();
        assert!(energy > 0.0 && energy < 1.0, "{name}: {energy}");
    }
    let sheet = bytes(out.join("features.sheet.png"));

    // More steps come nearer, whatever the batch and the threads.
    let energies = |out: &str| -> Vec<f64> {
        let record = bytes(workshop.at(out).join("features.json"));
        let record: Value = serde_json::from_slice(&record).unwrap();
        let images = record["images"].as_object().unwrap().values();
        images.map(|one| one["energy"].as_f64().unwrap()).collect()
    };
    let more = ["--layer", "relu2_2", "--steps", "60", "--no-plateau"];
    let one = workshop.at("one");
    run_it(&into(text(&one), &[&more[..], &["--threads", "1", "--batch", "1"]].concat()));
    let two = workshop.at("two");
    run_it(&into(text(&two), &[&more[..], &["--threads", "2", "--batch", "8"]].concat()));
    for file in ["00.png", "04.strip.png", "features.sheet.png"] {
        assert!(bytes(one.join(file)) == bytes(two.join(file)), "{file}");
    }
    let sum = |energies: Vec<f64>| energies.iter().sum::<f64>();
    assert!(sum(energies("one")) < sum(energies("seen")));

    let again = run_it(&first);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains("0 inverted, 5 done before, 0 failed"), "{said}");
    assert!(bytes(out.join("features.sheet.png")) == sheet);

    // A result that somebody has worked on stays.
    fs::write(out.join("02.png"), b"mine").unwrap();
    let other = into(text(&out), &["--layer", "relu1_2", "--steps", "2"]);
    refused(&strs(&other).split('\n').collect::<Vec<_>>(), &["02.png", "changed", "--out"]);
    assert_eq!(bytes(out.join("02.png")), b"mine");
}

#[test]
fn what_cannot_be_inverted_is_said_with_what_to_do() {
    let workshop = Workshop::new();
    let (weights, run) = (workshop.at("vgg16.safetensors"), workshop.at("run"));
    let (photos, out) = (workshop.at("photos"), workshop.at("seen"));
    let fit = |more: &[&'static str]| {
        let all = ["invert-features", "--model", text(&run), "--vgg16", text(&weights)];
        let more = more.iter().copied();
        let all = all.into_iter().chain([text(&photos), "--out", text(&out)]).chain(more);
        all.map(String::from).collect::<Vec<_>>()
    };
    let refuse = |more: &[&'static str], words: &[&str]| {
        let words_of = fit(more);
        refused(&words_of.iter().map(String::as_str).collect::<Vec<_>>(), words);
        assert!(!out.exists(), "{more:?}");
    };
    refuse(&[], &["vgg16.safetensors"]);
    write_formula(&weights, None);
    refuse(&[], &["--vgg16-input"]);
    refuse(&["--vgg16-input", "oxford", "--batch", "0"], &["--batch"]);
    refuse(&["--vgg16-input", "oxford", "--lr", "0"], &["lr"]);
    // The words of the parser.
    let words = fit(&["--layer", "relu6_1"]);
    let output = lacuna(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && stderr.contains("relu5_3"), "{stderr}");

    // One that cannot be read takes no other along.
    fs::write(photos.join("broken.png"), b"\x89PNG\r\n\x1a\n and no more").unwrap();
    let words = fit(&["--vgg16-input", "oxford", "--steps", "2"]);
    let mut files = words.clone();
    files.push(text(&photos.join("broken.png")).to_string());
    let at = files.iter().position(|word| word == text(&photos)).unwrap();
    files[at] = text(&photos.join("00.png")).to_string();
    let output = Command::new(BIN).args(files).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("broken.png") && stderr.contains("1 inverted"), "{stderr}");
}
