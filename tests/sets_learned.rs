//! Data sets as they are learned from: named at the terminal, split as they say, found again by a resumed run.

mod common;

use common::sets::spec;
use common::workshop::{ok, refused, text};
use lacuna::config::Config;
use lacuna::data::source::SetSpec;
use lacuna::data::{PhotoConfig, Photos};
use lacuna::event::Silent;

fn photos(name: &str, take: Option<usize>) -> Photos {
    let config = PhotoConfig { hold_out: 0.0, ..PhotoConfig::from(&common::runs::tiny(&[])) };
    let set = SetSpec { take, ..name.parse().unwrap() };
    Photos::open(&set, config, &mut Silent).unwrap()
}

#[test]
fn every_kind_is_read_and_what_a_set_says_of_its_split_holds() {
    // Learned, held out: the counts of the scripts under fixtures/make.
    for (name, learned, held_out) in [
        ("celeba", 3, 2),
        ("celeba-zip", 3, 2),
        ("lsun/bedroom_train_lmdb", 60, 0),
        ("celebahq", 15, 1),
        ("webdataset", 7, 0),
        ("gnu.tar", 6, 0),
        ("plain.zip", 6, 0),
    ] {
        let photos = photos(&spec(name), None);
        assert_eq!((photos.learned(), photos.held_out()), (learned, held_out), "{name}");
        for entry in photos.entries().unwrap() {
            let side = common::runs::tiny(&[]).size;
            assert_eq!(photos.picture(&entry.unwrap().id).unwrap().width(), side, "{name}");
        }
    }
    assert_eq!(photos(&spec("lsun/bedroom_train_lmdb"), Some(9)).count(), 9);
}

#[test]
fn a_run_of_a_set_goes_on_with_the_same_part_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (run, config) = (dir.path().join("run"), dir.path().join("tiny.toml"));
    let tiny: Config = common::runs::tiny(&["data.hold_out=0.0", "train.passes=1"]);
    std::fs::write(&config, tiny.to_toml()).unwrap();
    let set = format!("lsun:{}", spec("lsun/bedroom_train_lmdb"));
    let train = ["train", &set, "--take", "5", "--config", text(&config), "--out", text(&run)];
    ok(&train);
    let manifest = lacuna::train::Run::at(&run).manifest().unwrap();
    assert_eq!((manifest.learned, manifest.take), (5, Some(5)));
    let more = ["train", "--resume", "--out", text(&run), "--set", "train.passes=2"];
    let told = String::from_utf8(ok(&more).stderr).unwrap();
    assert!(told.contains("5 photos to learn from") && !told.contains("not in it"), "{told}");
    let other = dir.path().join("other");
    refused(&["train", &set, "--take", "0", "--out", text(&other)], &["--take", "1 or more"]);
    let mistaken = format!("lsun:{}", spec("plain.zip"));
    refused(&["train", &mistaken, "--out", text(&other)], &["no meta page"]);
}
