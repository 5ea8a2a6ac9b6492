//! Photos while they are learned: where they are read from makes no difference, and who was learned is noted.

mod common;

use std::ops::ControlFlow;

use burn::tensor::Device;
use common::runs::{tiny, write_photos};
use lacuna::data::{Id, PhotoConfig, Photos};
use lacuna::event::{Event, Silent};
use lacuna::train::{Run, train};

#[test]
fn photos_that_are_decoded_at_each_visit_give_the_same_model_and_one_that_goes_meanwhile_is_named()
{
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("photos");
    write_photos(&folder, 5, 16);
    let config = tiny(&["data.flip=true", "train.reshuffle=true"]);
    let kept = Photos::scan(&folder, PhotoConfig::from(&config), &mut Silent).unwrap();
    let none = PhotoConfig { shelf: 0, ..PhotoConfig::from(&config) };
    let decoded = Photos::scan(&folder, none, &mut Silent).unwrap();
    let whole = |photos: &Photos, run: &Run| {
        train(photos, &config, run, &Device::flex(), &mut Silent).unwrap();
    };
    let model = |run: &Run| std::fs::read(run.model().join("model.safetensors")).unwrap();
    let runs = ["kept", "decoded"].map(|name| Run::at(dir.path().join(name)));
    whole(&kept, &runs[0]);
    whole(&decoded, &runs[1]);
    assert!(model(&runs[0]) == model(&runs[1]));

    let longer = tiny(&["data.flip=true", "train.reshuffle=true", "train.passes=50"]);
    let mut remove = |event: Event| {
        if let Event::Step { .. } = event {
            let _ = std::fs::remove_file(folder.join("03.png"));
        }
        ControlFlow::Continue(())
    };
    let error = train(&decoded, &longer, &runs[1], &Device::flex(), &mut remove).unwrap_err();
    assert!(error.to_string().contains("03.png"), "{error}");
    // What was learned before is as it was.
    whole(&kept, &runs[1]);
    assert!(model(&runs[0]) == model(&runs[1]));
}

#[test]
fn a_manifest_of_an_earlier_version_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::at(dir.path());
    let (a, b) = (Id::of(b"a"), Id::of(b"b"));
    let text = format!(
        "{{\n  \"folder\": \"/photos\",\n  \"photos\": [\n    {{\"id\": \"{a}\", \"path\": \"a.png\", \"held_out\": \
         false}},\n    {{\"id\": \"{b}\", \"path\": \"b.png\", \"held_out\": true}}\n  ],\n  \"skipped\": \
         [{{\"path\": \"c.png\", \"problem\": \"is none\"}}]\n}}"
    );
    std::fs::write(dir.path().join("manifest.json"), &text).unwrap();
    let manifest = run.manifest().unwrap();
    let counts = (manifest.learned, manifest.held_out, manifest.skipped, manifest.former);
    assert_eq!((manifest.folder.to_str(), counts), (Some("/photos"), (1, 1, 1, 0)));
    let mut learned = Vec::new();
    run.read_learned(&mut |id| {
        learned.push(id);
        Ok(())
    })
    .unwrap();
    assert_eq!(learned, [a]);
    for (from, to) in [("\"folder\"", "\"older\""), (&a.to_string()[..8], "x"), ("}]\n}", "}]")] {
        std::fs::write(dir.path().join("manifest.json"), text.replace(from, to)).unwrap();
        let message = run.manifest().unwrap_err().to_string();
        assert!(message.contains("manifest.json") && message.contains("damaged"), "{message}");
    }
}
