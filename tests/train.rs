//! Training as a library user runs it: it learns, it repeats, and a stopped run goes on as if it had never stopped.

mod common;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use common::runs::{rows_of, tiny, write_photos};
use lacuna::config::Config;
use lacuna::data::{Id, PhotoConfig, Photos};
use lacuna::event::{Event, Silent};
use lacuna::store::Checkpoint;
use lacuna::train::{Manifest, Noted, Outcome, Run, train};

fn photos(folder: &Path, config: &Config) -> Photos {
    Photos::scan(folder, PhotoConfig::from(config), &mut Silent).unwrap()
}

fn whole_run(photos: &Photos, config: &Config, run: &Run) -> Outcome {
    train(photos, config, run, &Device::flex(), &mut Silent).unwrap()
}

/// All photos that `run` says it has learned.
fn learned(run: &Run) -> BTreeSet<Id> {
    let mut ids = BTreeSet::new();
    let mut note = |id| {
        ids.insert(id);
        Ok(())
    };
    run.read_learned(&mut note).unwrap();
    ids
}

fn model_bytes(run: &Run) -> Vec<u8> {
    std::fs::read(run.model().join("model.safetensors")).unwrap()
}

#[test]
fn the_loss_falls_and_the_run_holds_what_it_promises() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(&dir.path().join("photos"), 7, 20);
    let config = tiny(&["train.passes=30"]);
    let run = Run::at(dir.path().join("run"));
    let mut losses = Vec::new();
    let mut watch = |event: Event| {
        if let Event::Step { loss, .. } = event {
            losses.push(loss);
        }
        ControlFlow::Continue(())
    };
    let photos = photos(&dir.path().join("photos"), &config);
    let outcome = train(&photos, &config, &run, &Device::flex(), &mut watch).unwrap();
    // 7 photos are three minibatches of at most three.
    assert_eq!((outcome.steps, outcome.finished), (30 * 3 * 3, true));
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    let (first, last) = (mean(&losses[..9]), mean(&losses[losses.len() - 9..]));
    assert!(last < 0.7 * first, "{first} -> {last}");
    for name in
        ["config.toml", "manifest.json", "log.jsonl", "loss.png", "preview.png", "report.html"]
    {
        assert!(run.folder().join(name).is_file(), "{name}");
    }
    assert_eq!(run.manifest().unwrap().learned, 7);
    assert_eq!(run.settings().unwrap().finish().unwrap(), config);
}

#[test]
fn a_stopped_run_goes_on_bit_for_bit_even_from_the_middle_of_a_minibatch() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(&dir.path().join("photos"), 5, 16);
    let config = tiny(&["data.flip=true"]);
    let photos = photos(&dir.path().join("photos"), &config);
    let whole = Run::at(dir.path().join("whole"));
    let outcome = whole_run(&photos, &config, &whole);

    for stop_at in [1, 4, 6, outcome.steps - 1] {
        let run = Run::at(dir.path().join(format!("stopped at {stop_at}")));
        let mut stop = |event: Event| match event {
            Event::Step { step, .. } if step == stop_at => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let stopped = train(&photos, &config, &run, &Device::flex(), &mut stop).unwrap();
        assert_eq!((stopped.steps, stopped.finished), (stop_at, false));
        let resumed = whole_run(&photos, &config, &run);
        assert_eq!((resumed.steps, resumed.finished), (outcome.steps, true));
        assert!(model_bytes(&run) == model_bytes(&whole), "stopped at {stop_at}");
        let state = |run: &Run| {
            let state = Checkpoint::open(&run.checkpoint(), &config, &Device::flex()).unwrap();
            (state.model.state(), rows_of(&state), state.step)
        };
        assert!(state(&run) == state(&whole));
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_another_model() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(&dir.path().join("photos"), 4, 16);
    let mut models = Vec::new();
    for (name, seed) in [("a", "train.seed=1"), ("b", "train.seed=1"), ("c", "train.seed=2")] {
        let config = tiny(&[seed]);
        let run = Run::at(dir.path().join(name));
        whole_run(&photos(&dir.path().join("photos"), &config), &config, &run);
        models.push(model_bytes(&run));
    }
    assert!(models[0] == models[1] && models[0] != models[2]);
}

#[test]
fn rows_stay_with_their_photos_when_photos_come_go_and_are_renamed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("photos");
    write_photos(&folder, 5, 16);
    let config = tiny(&[]);
    let run = Run::at(dir.path().join("run"));
    whole_run(&photos(&folder, &config), &config, &run);
    let rows = |run: &Run| {
        rows_of(&Checkpoint::open(&run.checkpoint(), &config, &Device::flex()).unwrap())
    };
    let before = rows(&run);
    let all = learned(&run);
    assert_eq!(all.len(), 5);

    std::fs::rename(folder.join("00.png"), folder.join("zz.png")).unwrap();
    let away = Id::of(&std::fs::read(folder.join("01.png")).unwrap());
    std::fs::rename(folder.join("01.png"), dir.path().join("away.png")).unwrap();
    write_photos(&dir.path().join("more"), 7, 16);
    std::fs::rename(dir.path().join("more/06.png"), folder.join("06.png")).unwrap();
    let mut told = None;
    let mut watch = |event: Event| {
        if let Event::Resumed { added, removed, .. } = event {
            told = Some((added, removed));
        }
        ControlFlow::Break(())
    };
    // One more pass is asked for and broken off after its first step.
    let config = tiny(&["train.passes=9"]);
    train(&photos(&folder, &config), &config, &run, &Device::flex(), &mut watch).unwrap();
    assert_eq!(told, Some((1, 1)));
    let after = rows(&run);
    // The row of the photo that is away is kept; of the others at most a minibatch of three was moved.
    assert!(before.keys().all(|key| after.contains_key(key)));
    let kept = before.iter().filter(|(key, row)| after.get(*key) == Some(row)).count();
    assert!(kept >= 2, "{kept}");

    // The model has seen the photo that is away, until it is there again to be named with the others.
    let mut former = Vec::new();
    let mut note = |noted| {
        if let Noted::Former(id) = noted {
            former.push(id);
        }
        Ok(())
    };
    run.read_manifest(&mut note).unwrap();
    assert_eq!(former, [away]);
    assert!(learned(&run).is_superset(&all));
    std::fs::rename(dir.path().join("away.png"), folder.join("back.png")).unwrap();
    let mut stop = |_: Event| ControlFlow::Break(());
    train(&photos(&folder, &config), &config, &run, &Device::flex(), &mut stop).unwrap();
    assert!(run.manifest().unwrap().former == 0 && learned(&run).is_superset(&all));
}

#[test]
fn a_run_with_no_step_left_is_left_as_it_is_and_says_what_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(&dir.path().join("photos"), 3, 16);
    let run = Run::at(dir.path().join("run"));
    let again = |more: &[&str]| {
        let config = tiny(more);
        let photos = photos(&dir.path().join("photos"), &config);
        let mut notes = Vec::new();
        let mut watch = |event: Event| {
            if let Event::Note { text } = event {
                notes.push(text);
            }
            ControlFlow::Continue(())
        };
        let outcome = train(&photos, &config, &run, &Device::flex(), &mut watch).unwrap();
        (outcome, notes.join("\n"))
    };
    // Six steps are fewer than a line of the log counts.
    let (first, notes) = again(&[]);
    assert!(first.steps == 6 && first.loss.is_finite() && notes.is_empty(), "{first:?} {notes}");
    let files = || {
        let names =
            ["config.toml", "manifest.json", "log.jsonl", "preview.png", "model/config.json"];
        names.map(|name| {
            let path = run.folder().join(name);
            (std::fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap())
        })
    };
    let before = files();
    let (same, notes) = again(&[]);
    assert!(same == first && notes.contains("all 6 steps are done; raise train.passes"), "{notes}");
    let (same, notes) = again(&["train.minutes=0.0000001", "train.passes=9"]);
    assert!(same == first && notes.contains("`--minutes 0` goes on"), "{notes}");
    assert!(files() == before);
    // What is gone is made again.
    let made = || ["model", "preview.png", "loss.png"].map(|name| run.folder().join(name));
    for gone in made() {
        match gone.is_dir() {
            true => std::fs::remove_dir_all(&gone).unwrap(),
            false => std::fs::remove_file(&gone).unwrap(),
        }
        again(&[]);
        assert!(made().iter().all(|path| path.exists()), "{}", gone.display());
    }
    // So is a model of another state or of other settings, as a killed process leaves it.
    let earlier = model_bytes(&run);
    again(&["train.passes=3"]);
    let later = model_bytes(&run);
    assert!(earlier != later);
    std::fs::write(run.model().join("model.safetensors"), &earlier).unwrap();
    again(&["train.passes=3"]);
    assert!(model_bytes(&run) == later);
    let mut more = vec!["train.passes=3"];
    for setting in ["train.recalibrate=false", "loss.mse=2.0", "restore.inpaint.lr=0.5"] {
        more.push(setting);
        let before = std::fs::read(run.model().join("config.json")).unwrap();
        again(&more);
        assert!(std::fs::read(run.model().join("config.json")).unwrap() != before, "{setting}");
    }
}

#[test]
fn a_run_that_ends_by_its_time_has_a_checkpoint_of_its_last_step() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(&dir.path().join("photos"), 3, 16);
    let config = tiny(&["train.minutes=0.0000001"]);
    let run = Run::at(dir.path().join("run"));
    let outcome = whole_run(&photos(&dir.path().join("photos"), &config), &config, &run);
    let state = Checkpoint::open(&run.checkpoint(), &config, &Device::flex()).unwrap();
    assert!((1..6).contains(&outcome.steps), "{outcome:?}");
    assert_eq!((state.step, state.seconds), (outcome.steps, outcome.seconds));
}

#[test]
fn a_finished_run_follows_its_photos_to_another_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    write_photos(&old, 4, 16);
    let (config, run) = (tiny(&[]), Run::at(dir.path().join("run")));
    whole_run(&photos(&old, &config), &config, &run);
    let before = (run.manifest().unwrap(), learned(&run), model_bytes(&run));
    std::fs::rename(&old, &new).unwrap();
    // What was learned stays as it was noted, though one of the photos is away.
    std::fs::remove_file(new.join("03.png")).unwrap();
    whole_run(&photos(&new, &config), &config, &run);
    let folder = std::fs::canonicalize(&new).unwrap();
    let after = (Manifest { folder: folder.clone(), ..before.0 }, before.1, before.2);
    assert!((run.manifest().unwrap(), learned(&run), model_bytes(&run)) == after);

    // A manifest that is gone or damaged is written anew, with what the rows tell.
    let path = run.folder().join("manifest.json");
    for damage in [None, Some("{")] {
        damage.map_or(std::fs::remove_file(&path), |text| std::fs::write(&path, text)).unwrap();
        whole_run(&photos(&new, &config), &config, &run);
        let manifest = run.manifest().unwrap();
        assert_eq!((&manifest.folder, manifest.former), (&folder, 1));
        assert!(learned(&run) == after.1);
    }
}

#[test]
fn a_folder_without_most_of_what_was_learned_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mine, other) = (dir.path().join("mine"), dir.path().join("other"));
    write_photos(&mine, 5, 16);
    // Two of the five, and none of them.
    write_photos(&other, 2, 16);
    let config = tiny(&["data.flip=true"]);
    let run = Run::at(dir.path().join("run"));
    whole_run(&photos(&mine, &config), &config, &run);
    let before = std::fs::read(run.folder().join("manifest.json")).unwrap();
    let longer = tiny(&["data.flip=true", "train.passes=9"]);
    let resumed =
        train(&photos(&other, &config), &longer, &run, &Device::flex(), &mut Silent).unwrap_err();
    let message = resumed.to_string();
    for words in ["3 of the 5 photos", "other", "mine", "start another run"] {
        assert!(message.contains(words), "no `{words}` in {message}");
    }
    assert!(std::fs::read(run.folder().join("manifest.json")).unwrap() == before);
}

#[test]
fn holding_out_every_photo_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(dir.path(), 2, 16);
    let config = tiny(&["data.hold_out=0.999999999"]);
    let run = Run::at(dir.path().join("run"));
    let error = train(&photos(dir.path(), &config), &config, &run, &Device::flex(), &mut Silent);
    assert!(error.unwrap_err().to_string().contains("data.hold_out"));
}

#[test]
fn a_rate_that_diverges_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    write_photos(dir.path(), 3, 16);
    let config = tiny(&["train.lr_theta=1e30", "train.passes=20"]);
    let run = Run::at(dir.path().join("run"));
    let error = train(&photos(dir.path(), &config), &config, &run, &Device::flex(), &mut Silent);
    assert!(error.unwrap_err().to_string().contains("train.lr_theta"));
    assert!(!run.model().exists());
}
