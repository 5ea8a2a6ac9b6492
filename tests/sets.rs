//! Data sets as other programs write them (`tests/fixtures/sets`, by `tests/fixtures/make/sets.py`): what was put in
//! comes out, in order, byte for byte; what is cut short, damaged or a bomb is named.

mod common;

use common::sets::{found, list, put, spec};
use lacuna::data::source::{Content, Side, open};

#[test]
fn what_other_programs_put_in_comes_out_in_order_byte_for_byte() {
    let sets = [
        ("lsun", "lsun", 60),
        ("lsun/bedroom_train_lmdb", "lsun", 60),
        ("lsun/bedroom_train_lmdb/data.mdb", "lsun", 60),
        ("celebahq", "celebahq-r03", 16),
        ("celebahq/celebahq-r02.tfrecords", "celebahq-r02", 16),
        ("webdataset", "webdataset", 7),
        ("webdataset/pics-{000000..000002}.tar", "webdataset", 7),
        ("plain.zip", "plain.zip", 6),
        ("pax.tar", "pax.tar", 6),
        ("gnu.tar", "gnu.tar", 6),
        ("celeba", "celeba", 6),
        ("celeba/img_align_celeba", "celeba", 6),
        ("celeba-zip", "celeba", 6),
    ];
    for (path, which, count) in sets {
        let found = found(&spec(path), None).unwrap();
        assert_eq!(found.items.len(), count, "{path}");
        assert_eq!(found.items, put(which), "{path}");
    }
}

#[test]
fn what_is_left_out_is_named() {
    let skipped = |path: &str| -> Vec<(String, String)> {
        let told = found(&spec(path), None).unwrap().skipped.into_iter();
        told.map(|s| (s.path.display().to_string(), s.problem)).collect()
    };
    for archive in ["plain.zip", "pax.tar", "gnu.tar"] {
        let (links, told): (Vec<_>, Vec<_>) = skipped(archive)
            .into_iter()
            .partition(|(_, problem)| problem.starts_with("it is a link"));
        assert_eq!(links.len(), usize::from(archive.ends_with("tar")), "{links:?}");
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, format!("{archive}/old.tif"));
    }
    let told = skipped("webdataset");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0], ("pics-000001.tar/d/0004".into(), "the sample has no picture".into()));
    for (path, place) in [("celeba", "img_align_celeba"), ("celeba-zip", "img_align_celeba.zip")] {
        let told = skipped(path);
        let missing = format!("list_eval_partition.txt names it, and it is not in {place}");
        let beside = format!("it is in {place}, and list_eval_partition.txt does not name it");
        assert_eq!(told, [("000007.jpg".into(), missing), ("000099.jpg".into(), beside)]);
    }
}

#[test]
fn sides_are_the_sets_own_and_else_left_to_the_content() {
    use Side::{HeldOut, Neither, Train};
    let sides = |spec: &str| found(spec, None).unwrap().sides;
    let celeba = [Train, Train, Neither, HeldOut, Train, HeldOut].map(Some);
    assert_eq!(sides(&spec("celeba")), celeba);
    assert_eq!(sides(&spec("celeba-zip")), celeba);
    // One of sixteen: a fifteenth, as 2,000 of 30,000.
    let records = sides(&spec("celebahq"));
    assert_eq!(records.iter().position(|side| *side != Some(Train)), Some(15));
    assert_eq!(records[15], Some(HeldOut));
    for path in ["lsun", "webdataset", "plain.zip", "pax.tar"] {
        assert!(sides(&spec(path)).iter().all(Option::is_none), "{path}");
    }
    // The same pictures without the set's own word.
    let folder = found(&format!("folder:{}", spec("celeba/img_align_celeba")), None).unwrap();
    assert_eq!(folder.sides, [None; 7]);
    let folder = found(&format!("celebahq:{}", spec("plain.zip")), None).unwrap();
    assert_eq!((folder.items, folder.sides), (put("plain.zip"), vec![Some(Train); 6]));
}

#[test]
fn the_first_so_many_are_taken() {
    for (path, which) in [("lsun", "lsun"), ("celeba", "celeba"), ("webdataset", "webdataset")] {
        for count in [0, 1, 4] {
            let all = put(which);
            let few = found(&spec(path), Some(count)).unwrap();
            assert_eq!(few.items, all[..count], "{path}");
        }
        assert_eq!(found(&spec(path), Some(1000)).unwrap().items, put(which));
    }
}

#[test]
fn raw_pixels_and_encoded_ones_become_pictures() {
    for (path, side) in [("celebahq", 8), ("lsun", 8), ("celeba-zip", 8)] {
        let set = open(&spec(path), None).unwrap();
        let (name, place, _) = list(&*set).unwrap().0.swap_remove(1);
        let picture = set.read(&place).unwrap().picture(&name).unwrap();
        assert_eq!((picture.height(), picture.width()), (side, side), "{path}");
    }
    // The raw ones are those that Pillow's JPEG of the same number has been made of: channels are not mixed up.
    let set = open(&spec("celebahq"), None).unwrap();
    let (name, place, _) = list(&*set).unwrap().0.swap_remove(1);
    let Content::Raw { channels: 3, height: 8, width: 8, bytes } = set.read(&place).unwrap() else {
        panic!("{name}")
    };
    let jpeg = open(&spec("celeba"), None).unwrap();
    let first = list(&*jpeg).unwrap().0.swap_remove(0);
    let near = jpeg.read(&first.1).unwrap().picture(&first.0).unwrap();
    let apart = near.data().iter().zip(&bytes).map(|(a, b)| (a - f32::from(*b) / 255.0).abs());
    let mean = apart.sum::<f32>() / bytes.len() as f32;
    assert!(mean < 0.06, "{mean}");
}

#[test]
fn every_thread_reads_every_place() {
    for path in ["lsun", "plain.zip", "pax.tar", "webdataset", "celebahq", "celeba-zip"] {
        let set = open(&spec(path), None).unwrap();
        let (items, _) = list(&*set).unwrap();
        let ids = || -> Vec<_> {
            items.iter().map(|(_, place, _)| set.read(place).unwrap().id()).collect()
        };
        let alone = ids();
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..4).map(|_| scope.spawn(ids)).collect();
            assert!(readers.into_iter().all(|reader| reader.join().unwrap() == alone), "{path}");
        });
    }
}
