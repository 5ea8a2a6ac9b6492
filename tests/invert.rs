//! `lacuna invert-features`, as a person at the terminal meets it.

mod common;

use std::fs;

use common::vgg16::write_formula;
use common::workshop::{Workshop, bytes, lacuna, ok, refused, strs, text};
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
        let places = [text(&photos), "--out", out];
        [&command[..], &places[..], more].concat().into_iter().map(String::from).collect()
    };
    let run_it = |words: &[String]| ok(&strs(words));
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
    refused(&strs(&other), &["02.png", "changed", "--out"]);
    assert_eq!(bytes(out.join("02.png")), b"mine");
}

#[test]
fn what_cannot_be_inverted_is_said_with_what_to_do() {
    let workshop = Workshop::new();
    let (weights, run) = (workshop.at("vgg16.safetensors"), workshop.at("run"));
    let (photos, out) = (workshop.at("photos"), workshop.at("seen"));
    let fit = |more: &[&str]| -> Vec<String> {
        let first = ["invert-features", "--model", text(&run), "--vgg16", text(&weights)];
        let places = [text(&photos), "--out", text(&out)];
        [&first[..], &places[..], more].concat().into_iter().map(String::from).collect()
    };
    let refuse = |more: &[&str], words: &[&str]| {
        refused(&strs(&fit(more)), words);
        assert!(!out.exists(), "{more:?}");
    };
    refuse(&[], &["vgg16.safetensors"]);
    write_formula(&weights, None);
    refuse(&[], &["--vgg16-input"]);
    refuse(&["--vgg16-input", "oxford", "--batch", "0"], &["--batch"]);
    refuse(&["--vgg16-input", "oxford", "--lr", "0"], &["lr"]);
    // The words of the parser.
    let output = lacuna(&strs(&fit(&["--layer", "relu6_1"])));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && stderr.contains("relu5_3"), "{stderr}");

    // One that cannot be read takes no other along.
    fs::write(photos.join("broken.png"), b"\x89PNG\r\n\x1a\n and no more").unwrap();
    let (whole, broken) = (photos.join("00.png"), photos.join("broken.png"));
    let mut words = fit(&["--vgg16-input", "oxford", "--steps", "2", text(&broken)]);
    let at = words.iter().position(|word| word == text(&photos)).unwrap();
    words[at] = text(&whole).to_string();
    let output = lacuna(&strs(&words));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("broken.png") && stderr.contains("1 inverted"), "{stderr}");
}
