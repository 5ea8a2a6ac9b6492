//! Every parser of bytes from elsewhere, over the corpus of the fuzzer and mutations of it (`make fuzz` goes on from
//! here): a result or an error of one line, never a panic.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use lacuna::fuzz::ALL;
use lacuna::runtime::stream;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Mutations of each file.
const MUTATIONS: usize = 200;

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from("fuzz/corpus").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

fn below(rng: &mut ChaCha8Rng, end: usize) -> usize {
    (rng.next_u64() % end.max(1) as u64) as usize
}

/// One to four changes: a bit, a byte, a number of special meaning, a piece that is cut out, doubled or from elsewhere.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    const SPECIAL: [u8; 8] = [0, 1, 0x7F, 0x80, 0xFF, b'-', b'"', b'9'];
    for _ in 0..=below(rng, 4) {
        let at = below(rng, bytes.len());
        let end = (at + 1 + below(rng, 64)).min(bytes.len());
        if bytes.is_empty() {
            return;
        }
        match below(rng, 8) {
            0 => bytes[at] ^= 1 << below(rng, 8),
            1 => bytes[at] = rng.next_u32() as u8,
            2 => bytes[at] = SPECIAL[below(rng, 8)],
            3 => bytes[at..end.min(at + 8)].fill(SPECIAL[below(rng, 5)]),
            4 => drop(bytes.drain(at..end)),
            5 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            6 => bytes.truncate(at),
            _ => {
                let from = below(rng, other.len());
                let piece = &other[from..(from + end - at).min(other.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
        }
    }
}

#[test]
fn no_bytes_make_a_parser_panic() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, entry) in ALL {
        let (files, scratch) = (corpus(name), scratch.path().join(name));
        fs::create_dir(&scratch).unwrap();
        assert!(!files.is_empty(), "{name}");
        let (mut rng, began) = (stream(0, name), Instant::now());
        let attempt = |bytes: &[u8], what: &str| {
            let tried = catch_unwind(AssertUnwindSafe(|| entry(bytes, &scratch)));
            if tried.is_err() {
                let kept = std::env::temp_dir().join(format!("lacuna-smoke-{name}"));
                fs::write(&kept, bytes).unwrap();
                panic!("{name}: {what}; the bytes are in {}", kept.display());
            }
        };
        for (at, (path, bytes)) in files.iter().enumerate() {
            attempt(bytes, &path.display().to_string());
            let other = &files[(at + 1) % files.len()].1;
            for number in 0..MUTATIONS {
                let mut changed = bytes.clone();
                mutate(&mut changed, other, &mut rng);
                attempt(&changed, &format!("{}, mutation {number}", path.display()));
            }
        }
        println!("{name}: {} files, {:.2} s", files.len(), began.elapsed().as_secs_f64());
    }
}

#[test]
fn every_target_has_an_entry_point_and_every_entry_point_a_target() {
    let targets = fs::read_dir("fuzz/fuzz_targets").unwrap();
    let mut targets: Vec<String> = targets
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    targets.sort();
    let mut names: Vec<String> = ALL.iter().map(|(name, _)| name.to_string()).collect();
    names.sort();
    assert_eq!(targets, names);
}
