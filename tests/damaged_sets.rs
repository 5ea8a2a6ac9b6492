//! Data sets that are cut short, damaged, mixed up or made to do harm: an error that names what is wrong, or everything
//! that was put in; never a panic, never a crash, never more memory than a picture may take.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::sets::{at, found, list, put, spec};
use lacuna::data::source::{MAX_ENCODED, Place, open};
use zip::write::SimpleFileOptions;

fn problem(spec: &str) -> String {
    found(spec, None).unwrap_err().to_string()
}

/// A file of the fixtures to change, in a folder of its own; and the name by which it is opened.
struct Copied {
    whole: Vec<u8>,
    path: PathBuf,
    spec: String,
    _dir: tempfile::TempDir,
}

impl Copied {
    fn of(kind: &str, file: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(Path::new(file).file_name().unwrap());
        let spec = format!("{kind}:{}", path.display());
        Self { whole: fs::read(at(file)).unwrap(), path, spec, _dir: dir }
    }

    fn write(&self, bytes: &[u8]) {
        fs::write(&self.path, bytes).unwrap();
    }
}

const FILES: [(&str, &str, &str); 6] = [
    ("lsun", "lsun/bedroom_train_lmdb/data.mdb", "lsun"),
    ("tar", "pax.tar", "pax.tar"),
    ("tar", "gnu.tar", "gnu.tar"),
    ("zip", "plain.zip", "plain.zip"),
    ("celebahq", "celebahq/celebahq-r03.tfrecords", "celebahq-r03"),
    ("webdataset", "webdataset/pics-000000.tar", "webdataset"),
];

#[test]
fn wherever_a_file_is_cut_an_error_names_it_and_the_byte() {
    for (kind, file, which) in FILES {
        let copied = Copied::of(kind, file);
        let mut all = put(which);
        copied.write(&copied.whole);
        let whole = found(&copied.spec, None).unwrap();
        all.truncate(whole.items.len());
        assert_eq!(whole.items, all, "{file}");
        let len = copied.whole.len();
        // Odd steps, and every block or page with its neighbours.
        let blocks = (0..len).step_by(512).flat_map(|at| [at.saturating_sub(1), at, at + 1]);
        for cut in (0..len).step_by(61).chain(blocks).filter(|&cut| cut < len) {
            copied.write(&copied.whole[..cut]);
            match found(&copied.spec, None) {
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains(&copied.path.display().to_string()), "{cut}: {error}");
                    assert!(error.contains("byte") || cut == 0, "{file}, {cut}: {error}");
                    assert!(error.contains("again") || cut == 0, "{file}, {cut}: {error}");
                }
                // What closes a tar is longer than it need be; records have nothing at the end of the last.
                Ok(rest) if kind == "celebahq" => {
                    assert_eq!(rest.items, all[..rest.items.len()]);
                    assert_eq!(len - cut, (16 - rest.items.len()) * (len / 16), "{cut}");
                }
                Ok(rest) => {
                    assert_eq!(rest.items, all, "{file}, {cut}");
                    assert!(copied.whole[cut..].iter().all(|&byte| byte == 0), "{file}, {cut}");
                }
            }
        }
    }
}

#[test]
fn an_lmdb_file_that_was_cut_short_is_refused_before_it_is_mapped() {
    let copied = Copied::of("lsun", "lsun/bedroom_train_lmdb/data.mdb");
    copied.write(&copied.whole[..copied.whole.len() - 1]);
    let error = open(&copied.spec, None).unwrap_err().to_string();
    let (end, last) = (copied.whole.len() - 1, copied.whole.len() / 4096 - 1);
    let expected = format!("it ends at byte {end}, and its meta page names a last page of {last},");
    assert!(error.contains(&expected), "{error}");
    // Read only, and no lock file: a folder that may not be written to is as good.
    copied.write(&copied.whole);
    found(&copied.spec, None).unwrap();
    assert_eq!(fs::read_dir(copied.path.parent().unwrap()).unwrap().count(), 1);
    assert!(!at("lsun/bedroom_train_lmdb/lock.mdb").exists());
}

/// A crash would end this program, and so the test.
#[test]
fn a_wrong_byte_anywhere_makes_no_crash() {
    for (kind, file, _) in FILES {
        let copied = Copied::of(kind, file);
        let mut bytes = copied.whole.clone();
        let (mut refused, mut tried) = (0, 0);
        let mut value = 1u8;
        for at in 0..bytes.len() {
            // Of pixels, and of the zeros that fill up, a few.
            let is_dull = bytes[at.saturating_sub(32)..=at].iter().all(|&byte| byte == 0);
            if is_dull && at % 64 != 0 || at % 5 != 0 && at > 2000 {
                continue;
            }
            let kept = bytes[at];
            value = value.wrapping_mul(5).wrapping_add(17);
            for wrong in [value, 0xff, kept ^ 1] {
                bytes[at] = wrong;
                copied.write(&bytes);
                tried += 1;
                refused += usize::from(found(&copied.spec, None).is_err());
            }
            bytes[at] = kept;
        }
        assert!(refused > tried / 50, "{file}: {refused} of {tried}");
    }
}

#[test]
fn a_tree_of_pages_that_lies_is_refused_by_the_page() {
    let copied = Copied::of("lsun", "lsun/bedroom_train_lmdb/data.mdb");
    let number = |at: usize| u64::from_le_bytes(copied.whole[at..at + 8].try_into().unwrap());
    // The newer meta page names the root; LMDB itself would crash or abort on some of these.
    let meta = if number(144) > number(4096 + 144) { 0 } else { 4096 };
    let root = number(meta + 128) as usize * 4096;
    assert_eq!(copied.whole[root + 10], 1, "a branch");
    let node = usize::from(copied.whole[root + 16]) + 256 * usize::from(copied.whole[root + 17]);
    let changes: [(&str, usize, &[u8]); 7] = [
        ("itself as its child", root + node, &number(meta + 128).to_le_bytes()[..4]),
        ("a child beyond the end", root + node, &[0xff, 0xff, 0xff, 0]),
        ("a node outside", root + 16, &[0xfe, 0x0f]),
        ("bounds that cross", root + 12, &[0xff, 0x0f]),
        ("no kind", root + 10, &[0x40]),
        ("a long key", root + node + 6, &[0xff, 0x7f]),
        ("another number of entries", meta + 120, &[61]),
    ];
    for (what, place, bytes) in changes {
        let mut damaged = copied.whole.clone();
        damaged[place..place + bytes.len()].copy_from_slice(bytes);
        copied.write(&damaged);
        let error = open(&copied.spec, None).unwrap_err().to_string();
        assert!(error.contains("page") || error.contains("61 entries"), "{what}: {error}");
        assert!(error.contains("mdb_copy"), "{what}: {error}");
    }
}

/// Peak memory of this process, in bytes, where the system tells.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

#[test]
fn bombs_are_refused_at_once_and_within_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let bomb = dir.path().join("bomb.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&bomb).unwrap());
    let options = SimpleFileOptions::default().compression_level(Some(1));
    let sizes = [MAX_ENCODED, 600 << 20];
    for (n, size) in sizes.iter().enumerate() {
        archive.start_file(format!("{n}.png"), options).unwrap();
        for _ in 0..size >> 20 {
            archive.write_all(&[0; 1 << 20]).unwrap();
        }
    }
    archive.finish().unwrap();
    // The same, with a directory that claims nine bytes.
    let lying = dir.path().join("lying.zip");
    let mut bytes = fs::read(&bomb).unwrap();
    for size in sizes {
        let claimed = (size as u32).to_le_bytes();
        for at in 0..bytes.len() - 4 {
            if bytes[at..at + 4] == claimed {
                bytes[at..at + 4].copy_from_slice(&9u32.to_le_bytes());
            }
        }
    }
    fs::write(&lying, bytes).unwrap();

    let began = Instant::now();
    let set = open(&bomb.display().to_string(), None).unwrap();
    let (items, skipped) = list(&*set).unwrap();
    assert_eq!((items.len(), skipped.len()), (1, 1));
    assert!(skipped[0].problem.contains("limit is 64 MiB"), "{skipped:?}");
    let Place::Packed { offset, packed, crc, deflated, .. } = items[0].1 else {
        panic!("{items:?}")
    };
    let large = Place::Packed { offset, packed, len: 600 << 20, crc, deflated };
    let error = set.read(&large).unwrap_err().to_string();
    assert!(error.contains("0.png") && error.contains("64 MiB"), "{error}");
    let set = open(&lying.display().to_string(), None).unwrap();
    let (items, _) = list(&*set).unwrap();
    assert_eq!(items.len(), 2);
    for (name, place, _) in items {
        let error = set.read(&place).unwrap_err().to_string();
        assert!(error.contains(name.rsplit('/').next().unwrap()), "{error}");
    }

    // A tar and a record that claim more than there is, or than is read.
    let mut tar = fs::read(at("pax.tar")).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("x.png").unwrap();
    header.set_size(1 << 32);
    header.set_cksum();
    tar.splice(0..0, header.as_bytes().iter().copied());
    let path = dir.path().join("bomb.tar");
    fs::write(&path, &tar).unwrap();
    assert!(
        problem(&path.display().to_string()).contains("4294967296 bytes are expected at byte 512")
    );
    // Sparse, so that the bytes are there.
    fs::File::options().write(true).open(&path).unwrap().set_len((1 << 32) + 4096).unwrap();
    let set = open(&path.display().to_string(), None).unwrap();
    let (items, skipped) = list(&*set).unwrap();
    assert_eq!((items.len(), skipped.len()), (0, 1), "{skipped:?}");
    let place = Place::Span { file: 0, offset: 512, len: 1 << 32 };
    assert!(set.read(&place).unwrap_err().to_string().contains("64 MiB"));
    let took = began.elapsed();
    assert!(took < Duration::from_millis(200), "{took:?}");
    assert!(peak().is_none_or(|peak| peak < 256 << 20), "{:?}", peak());
}

#[test]
fn a_set_that_is_not_what_it_is_called_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display().to_string();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("page.tar", &b"<html>not found</html>".repeat(60));
    write("set.tar.gz", b"\x1f\x8b\x08\x00");
    write("some.bin", b"words");
    fs::create_dir(dir.path().join("img_align_celeba")).unwrap();
    let cases = [
        ("missing".to_string(), "cannot read"),
        ("webdatset:missing".to_string(), "`webdatset` is no kind; the kinds are folder, celeba"),
        ("lsun:missing".to_string(), "cannot read"),
        (path.clone(), "list_eval_partition.txt"),
        (format!("celeba:{}", spec("lsun")), "img_align_celeba.zip"),
        (format!("lsun:{path}"), "data.mdb"),
        (format!("lsun:{path}/some.bin"), "152 bytes are expected at byte 0"),
        (format!("webdataset:{path}/page.tar"), "at byte 0"),
        (format!("tar:{}", spec("plain.zip")), "at byte 0"),
        (format!("zip:{}", spec("pax.tar")), "directory"),
        (format!("{path}/set.tar.gz"), "decompress"),
        (format!("{path}/some.bin"), "zip, tar or LMDB"),
        (format!("webdataset:{path}/no-{{00..02}}.tar"), "no-00.tar"),
        (format!("celebahq:{}", spec("webdataset/pics-000000.tar/x.tfrecords")), "cannot read"),
    ];
    for (spec, expected) in cases {
        let error = problem(&spec);
        assert!(error.contains(expected), "{spec}: {error}");
        assert!(error.lines().count() == 1 && error.contains(';'), "{spec}: {error}");
    }
    // Two databases: which one is meant?
    for name in ["a_train_lmdb", "a_val_lmdb"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::copy(at("lsun/bedroom_train_lmdb/data.mdb"), dir.path().join(name).join("data.mdb"))
            .unwrap();
    }
    let error = problem(&format!("lsun:{path}"));
    assert!(
        error.contains("there are 2 in it; name one: ") && error.contains("a_val_lmdb"),
        "{error}"
    );
    // Places of other sets.
    for path in ["lsun", "plain.zip", "pax.tar", "webdataset", "celebahq", "celeba"] {
        let set = open(&spec(path), None).unwrap();
        let far = u64::MAX - 3;
        let places = [
            Place::File("none.jpg".into()),
            Place::Packed { offset: 0, packed: 1 << 40, len: 1, crc: 0, deflated: false },
            Place::Packed { offset: far, packed: 1, len: 1, crc: 0, deflated: true },
            Place::Key(vec![]),
            Place::Key(vec![b'x'; 600]),
            Place::Span { file: 9, offset: 0, len: 1 },
            Place::Span { file: 0, offset: far, len: 8 },
        ];
        assert!(places.iter().all(|place| set.read(place).is_err()), "{path}");
    }
}
