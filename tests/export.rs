//! A model to be given away, and the latents of its photos in files that others read.

mod common;

use std::alloc::System;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use burn::tensor::Device;
use cap::Cap;
use common::runs::rows_of;
use common::workshop::{Workshop, bytes, ok, refused, strs, text};
use lacuna::Model;
use lacuna::event::Silent;
use lacuna::runtime::{stream, uniform};
use lacuna::store::state::RowKey;
use lacuna::store::{Checkpoint, Lock};
use lacuna::train::{Export, Run};
use lacuna_kernels::bf16;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What is counted is of the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn state(run: &Path) -> Checkpoint {
    let run = Run::at(run);
    let config = run.settings().unwrap().finish().unwrap();
    Checkpoint::open(&run.checkpoint(), &config, &Device::flex()).unwrap()
}

/// The rows of an export as a reader of its index finds them.
fn exported(folder: &Path) -> (BTreeMap<RowKey, Vec<f32>>, usize, Dtype) {
    let index: Value =
        serde_json::from_slice(&bytes(folder.join("latents.safetensors.index.json"))).unwrap();
    let map = index["weight_map"].as_object().unwrap();
    let mut rows = BTreeMap::new();
    let (mut files, mut dtype, mut total) = (0, Dtype::F32, 0);
    for (name, file) in map.iter().filter(|(name, _)| name.starts_with("phi.")) {
        let number = name.strip_prefix("phi.").unwrap();
        let bytes = bytes(folder.join(file.as_str().unwrap()));
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let tensor = |name: &str| {
            assert_eq!(map[&format!("{name}.{number}")], *file);
            tensors.tensor(&format!("{name}.{number}")).unwrap()
        };
        let (phi, ids, flipped) = (tensor("phi"), tensor("id"), tensor("flipped"));
        assert_eq!((phi.shape()[0], ids.shape()), (flipped.shape()[0], &[phi.shape()[0], 32][..]));
        let numbers: Vec<f32> = match phi.dtype() {
            Dtype::F32 => phi
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            // The upper half of an f32.
            _ => {
                phi.data().chunks_exact(2).map(|b| f32::from_le_bytes([0, 0, b[0], b[1]])).collect()
            }
        };
        let ids = ids.data().chunks_exact(32).zip(flipped.data());
        for ((id, flipped), row) in ids.zip(numbers.chunks_exact(phi.shape()[1])) {
            rows.insert(RowKey::new(id.try_into().unwrap(), *flipped == 1), row.to_vec());
        }
        (files, dtype) = (files + 1, phi.dtype());
        total += phi.data().len() + 33 * phi.shape()[0];
    }
    assert_eq!(index["metadata"]["total_size"].as_u64(), Some(total as u64));
    assert_eq!(index["metadata"]["rows"].as_u64(), Some(rows.len() as u64));
    (rows, files, dtype)
}

#[test]
fn a_model_is_given_away_with_its_card_and_without_latents_unless_they_are_asked_for() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let workshop = Workshop::new();
    let (run, out) = (workshop.at("run"), workshop.at("given/mine"));
    ok(&["export", text(&run), "--out", text(&out)]);
    for name in ["config.json", "model.safetensors", "README.md"] {
        assert!(bytes(run.join("model").join(name)) == bytes(out.join(name)), "{name}");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 3);
    assert_eq!(fs::read_dir(workshop.at("given")).unwrap().count(), 1, "nothing but the folder");
    // A model by itself too, and an export of an export is the same.
    let again = workshop.at("again");
    ok(&["export", text(&out), "--out", text(&again)]);
    assert!(bytes(out.join("README.md")) == bytes(again.join("README.md")));
    Model::open(&again, &Device::flex()).unwrap();
}

#[test]
fn every_row_is_in_the_files_bit_for_bit_and_no_file_is_larger_than_was_said() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let workshop = Workshop::new();
    for (run, kind) in [("f32", Dtype::F32), ("bf16", Dtype::BF16)] {
        let train = workshop.train(run, &["data.flip=true"]);
        ok(&[&strs(&train)[..], &["--latents", run]].concat());
        let (run, rows) = (workshop.at(run), rows_of(&state(&workshop.at(run))));
        assert_eq!(rows.len(), 10);
        for (size, files) in
            [("1GiB", 1), ("4500", if kind == Dtype::F32 { 4 } else { 2 }), ("1B", 10)]
        {
            let out = workshop.at(&format!("{kind:?}-{size}"));
            let latents = ["--latents", "--shard-size", size, "--json"];
            let told = ok(&[&["export", text(&run), "--out", text(&out)][..], &latents].concat());
            let told = String::from_utf8(told.stdout).unwrap();
            let told: Vec<Value> =
                told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let written: u64 = fs::read_dir(&out)
                .unwrap()
                .map(|file| file.unwrap().metadata().unwrap().len())
                .sum();
            assert!(told[0]["disk"].as_u64().unwrap() >= written, "{written} of {told:?}");
            assert_eq!(told.last().unwrap()["done"].as_u64(), Some(10));
            let found = exported(&out);
            assert!(found.0 == rows, "{size}");
            assert_eq!((found.1, found.2), (files, kind), "{size}");
            if kind == Dtype::BF16 {
                assert!(found.0.values().flatten().all(|&number| bf16(number) == number));
            }
            let largest = fs::read_dir(&out).unwrap().map(|file| file.unwrap());
            let largest =
                largest.filter(|file| file.file_name().to_string_lossy().contains("-of-"));
            let largest = largest.map(|file| file.metadata().unwrap().len()).max().unwrap();
            assert!(size == "1B" || largest <= 4500 || size == "1GiB", "{largest}");
            let card = String::from_utf8(bytes(out.join("README.md"))).unwrap();
            assert!(card.contains("## Latents") && card.contains("`[n, 296]`"), "{card}");
        }
    }
}

#[test]
fn what_cannot_be_exported_is_refused_and_leaves_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let workshop = Workshop::new();
    let (run, out) = (workshop.at("run"), workshop.at("out"));
    let attempt = |run: &Path, words: &[&str]| {
        refused(&["export", text(run), "--out", text(&out), "--latents"], words);
    };
    attempt(&workshop.at("photos"), &["photos", "no model.safetensors in it"]);
    attempt(&run.join("model"), &["latents lie in runs", "leave --latents out"]);
    let lock = Lock::take(&run).unwrap();
    attempt(&run, &["it is training", "stop it first"]);
    // The model itself is in no one's way.
    ok(&["export", text(&run), "--out", text(&workshop.at("bare"))]);
    drop(lock);
    let whole = bytes(run.join("state.redb"));
    fs::write(run.join("state.redb"), &whole[..whole.len() / 2]).unwrap();
    attempt(&run, &["state.redb", "damaged"]);
    fs::write(run.join("state.redb"), &whole).unwrap();
    // As a run that was killed after its last checkpoint.
    let mut older = state(&run);
    older.step += 1;
    older.commit().unwrap();
    drop(older);
    attempt(&run, &["its model is of step", "train --resume"]);
    let left = fs::read_dir(workshop.at("")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("out")).collect();
    assert!(left.is_empty(), "{left:?}");
    fs::create_dir(&out).unwrap();
    attempt(&run, &["out", "there already"]);
    refused(
        &["export", text(&run), "--out", text(&workshop.at("x")), "--latents", "--shard-size", "0"],
        &["shard-size", "give a size"],
    );
}

/// 80,000 rows of 1.2 KB: 95 MB, of which the store keeps pages of 4 MiB; twice that is a shard that is written.
#[test]
fn memory_does_not_grow_with_the_rows() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let workshop = Workshop::new();
    let run = workshop.at("run");
    let mut more = state(&run);
    let len = more.model.fixed.start.len();
    let mut rng = stream(1, "rows");
    for part in 0..80u32 {
        let keys: Vec<RowKey> = (0..1000u32)
            .map(|at| RowKey::new(blake3(part * 1000 + at).as_bytes(), false))
            .collect();
        let numbers: Vec<f32> = (0..1000 * len).map(|_| uniform(&mut rng)).collect();
        more.scatter(&keys, &numbers, true).unwrap();
        if part % 20 == 19 {
            more.commit().unwrap();
        }
    }
    drop(more);
    let before = MEMORY.allocated();
    MEMORY.set_limit(before + (32 << 20)).unwrap();
    let export = Export { latents: Some(16 << 20) };
    export.write(&Run::at(&run), &workshop.at("out"), &mut Silent).unwrap();
    MEMORY.set_limit(usize::MAX).unwrap();
    let (rows, files, _) = exported(&workshop.at("out"));
    assert_eq!((rows.len(), files), (80_005, 6));
}

fn blake3(number: u32) -> blake3::Hash {
    blake3::hash(&number.to_le_bytes())
}
