//! A model's folder may come from anywhere: whatever is wrong with it is named, nothing in it is run, and a refusal costs
//! no memory.

mod common;

use std::alloc::System;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::Device;
use cap::Cap;
use common::runs::tiny;
use lacuna::Model;
use lacuna::store::Origin;
use lacuna::train::Info;
use serde_json::{Value, json};

/// Counts what is allocated, and gives no more than it is told.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What is counted is of the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Bytes that a refusal may take: buffers, a configuration and a header, both of which have bounds.
const LITTLE: usize = 16 << 20;

const FILE: &str = "model.safetensors";

/// A folder with a tiny model that is whole.
struct Folder {
    dir: tempfile::TempDir,
    header: Value,
    numbers: Vec<u8>,
    config: Vec<u8>,
    _alone: MutexGuard<'static, ()>,
}

impl Folder {
    fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        let model = Model::draw(&tiny(&[]), &Device::flex()).unwrap();
        let origin = Origin { photos: Some(3), ..Origin::default() };
        model.save(dir.path(), "# a model", &origin).unwrap();
        let bytes = fs::read(dir.path().join(FILE)).unwrap();
        let start = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header = serde_json::from_slice(&bytes[8..start]).unwrap();
        let config = fs::read(dir.path().join("config.json")).unwrap();
        Self { dir, header, numbers: bytes[start..].to_vec(), config, _alone: alone }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the file with the header `header`, and the configuration as it was.
    fn write(&self, header: &str, numbers: &[u8]) {
        let length = (header.len() as u64).to_le_bytes();
        fs::write(self.at(FILE), [&length, header.as_bytes(), numbers].concat()).unwrap();
        fs::write(self.at("config.json"), &self.config).unwrap();
    }

    /// Writes the file with one entry of a tensor changed.
    fn with(&self, tensor: &str, key: &str, value: Value) {
        let mut header = self.header.clone();
        header[tensor][key] = value;
        self.write(&header.to_string(), &self.numbers);
    }

    /// Writes the file with `number` in place of the first of a tensor.
    fn with_number(&self, tensor: &str, number: f32) {
        let mut numbers = self.numbers.clone();
        let at = self.header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
        numbers[at..at + 4].copy_from_slice(&number.to_le_bytes());
        self.write(&self.header.to_string(), &numbers);
    }

    /// The whole model with a changed configuration.
    fn with_setting(&self, room: &str, key: &str, value: Value) {
        let mut config: Value = serde_json::from_slice(&self.config).unwrap();
        config[room][key] = value;
        self.write(&self.header.to_string(), &self.numbers);
        fs::write(self.at("config.json"), config.to_string()).unwrap();
    }

    /// It is refused with `words`, in one line that is not long, and with little memory.
    fn refused(&self, words: &[&str]) {
        refused(self.dir.path(), words);
    }
}

fn refused(folder: &Path, words: &[&str]) {
    // What goes beyond it ends the process.
    MEMORY.set_limit(MEMORY.allocated() + LITTLE).unwrap();
    let opened = Model::open(folder, &Device::flex());
    MEMORY.set_limit(usize::MAX).unwrap();
    let error = opened.expect_err(&words.join(" "));
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "no `{word}` in: {message}");
    }
    assert!(message.contains(';') && message.len() < 800, "{message}");
}

#[test]
fn a_whole_model_opens_and_so_does_one_that_is_made_of_links() {
    let folder = Folder::new();
    folder.write(&folder.header.to_string(), &folder.numbers);
    let model = Model::open(folder.dir.path(), &Device::flex()).unwrap();
    assert!(model.state().len() > 20);
    // As they lie in the cache of `huggingface_hub`.
    #[cfg(unix)]
    {
        let links = folder.at("links");
        fs::create_dir(&links).unwrap();
        for name in ["config.json", FILE] {
            std::os::unix::fs::symlink(folder.at(name), links.join(name)).unwrap();
        }
        let linked = Model::open(&links, &Device::flex()).unwrap();
        assert!(linked.state() == model.state());
    }
}

#[test]
fn headers_that_do_not_hold_are_refused() {
    let folder = Folder::new();
    let (whole, numbers) = (folder.header.to_string(), &folder.numbers);
    let entry = folder.header["latent.s"].to_string();
    let twice = format!("{},\"latent.s\":{entry}}}", &whole[..whole.len() - 1]);
    folder.write(&twice, numbers);
    folder.refused(&[FILE, "`latent.s` stands in it twice", "another copy"]);

    let offsets = |name: &str| folder.header[name]["data_offsets"].clone();
    // Both of the same length.
    let [mean, var] = ["mean", "var"].map(|name| format!("g.down.0.norm.running_{name}"));
    folder.with(&mean, "data_offsets", offsets(&var));
    folder.refused(&[FILE, "one after another", "another copy"]);
    let [from, to] = [0, 1].map(|at| offsets("latent.start")[at].as_u64().unwrap());
    for (from, to) in [(from + 4, to + 4), (to, from), (from, to + 4), (from, 1 << 60)] {
        folder.with("latent.start", "data_offsets", json!([from, to]));
        folder.refused(&[FILE, "another copy"]);
    }
    for shape in [json!([1u64 << 60]), json!([1u64 << 32, 1u64 << 32]), json!([u64::MAX, 2])] {
        folder.with("latent.start", "shape", shape);
        folder.refused(&[FILE, "one after another"]);
    }
    folder.with("latent.start", "shape", json!([-1]));
    folder.refused(&[FILE, "no whole safetensors file"]);
    folder.with("latent.start", "dtype", json!("I32"));
    folder.refused(&[FILE, "`latent.start` holds I32, not F32"]);
    folder.with("latent.start", "dtype", json!("PICKLE"));
    folder.refused(&[FILE, "no whole safetensors file"]);

    for text in ["", "{", "[]", "null", &"[".repeat(100_000), "{\"a\":1}", "\u{0}"] {
        folder.write(text, numbers);
        folder.refused(&[FILE, "no whole safetensors file"]);
    }
    let mut odd = folder.header.clone();
    odd["__metadata__"] = json!({"lacuna": "{"});
    folder.write(&odd.to_string(), numbers);
    folder.refused(&[FILE, "text cannot be read"]);
    let mut long = folder.header.clone();
    long["x".repeat(500_000)] = json!({"dtype": "F64", "shape": [0], "data_offsets": [0, 0]});
    folder.write(&long.to_string(), numbers);
    let message = Model::open(folder.dir.path(), &Device::flex()).unwrap_err().to_string();
    assert!(message.len() < 800, "{message}");
    folder.write(&" ".repeat(2 << 20), numbers);
    folder.refused(&[FILE, "its header has 2097152 bytes"]);
}

#[test]
fn lengths_that_are_only_claimed_take_no_memory() {
    let folder = Folder::new();
    for claim in [1u64 << 60, u64::MAX, 1 << 27] {
        folder.write(&folder.header.to_string(), &folder.numbers);
        let mut bytes = fs::read(folder.at(FILE)).unwrap();
        bytes[..8].copy_from_slice(&claim.to_le_bytes());
        fs::write(folder.at(FILE), &bytes).unwrap();
        folder.refused(&[FILE, "its header is longer than it"]);
    }
    // A file of a terabyte that is a hole.
    folder.write(&folder.header.to_string(), &folder.numbers);
    if File::options().write(true).open(folder.at(FILE)).unwrap().set_len(1 << 40).is_ok() {
        folder.refused(&[FILE, "it has 1099511627776 bytes"]);
    }
    for length in [0, 5, 8, 40, 2000, folder.numbers.len()] {
        folder.write(&folder.header.to_string(), &folder.numbers);
        let file = File::options().write(true).open(folder.at(FILE)).unwrap();
        file.set_len(length as u64).unwrap();
        folder.refused(&[FILE, "no whole safetensors file"]);
    }
}

#[test]
fn a_configuration_that_asks_for_more_than_the_file_holds_is_refused_before_it_is_made() {
    let folder = Folder::new();
    // 100 GB of weights, and a fixed input of 8 GB.
    folder.with_setting("generator", "down", json!([40_000, 40_000]));
    folder.refused(&[FILE, "another architecture", "expected"]);
    folder.with_setting("latent", "channels", json!([60_000, 60_000, 6]));
    folder.refused(&[FILE, "another architecture"]);
    for (room, key, value) in [
        ("latent", "side", json!(u64::MAX)),
        ("latent", "channels", json!([2, u64::MAX, 6])),
        ("latent", "channels", json!(vec![2; 1000])),
        ("generator", "mid", json!(u64::MAX)),
        ("generator", "mid_groups", json!(0)),
        ("generator", "up", json!(vec![8; 64])),
        ("generator", "down", json!([u64::MAX, u64::MAX])),
        ("generator", "tail", json!(vec![3; 100_000])),
        ("train", "batch", json!(u64::MAX)),
        ("train", "inner_steps", json!(u64::MAX)),
        ("restore", "ring_pixels", json!(u64::MAX)),
    ] {
        folder.with_setting(room, key, value);
        folder.refused(&[&format!("{room}.{key}")]);
    }
    folder.with_setting("restore", "inpaint", json!({"steps": u64::MAX, "lr": 0.1}));
    folder.refused(&["restore.inpaint.steps"]);
    folder.with_setting("train", "pickle", json!("x".repeat(1000)));
    folder.refused(&["config.json", "it is no configuration"]);
    for bytes in [&b""[..], b"{", b"\xff\xfe", &b"[".repeat(1 << 19), &b" ".repeat(3 << 20)] {
        folder.write(&folder.header.to_string(), &folder.numbers);
        fs::write(folder.at("config.json"), bytes).unwrap();
        let error = Model::open(folder.dir.path(), &Device::flex()).unwrap_err().to_string();
        assert!(error.contains("config.json") && error.contains("another copy"), "{error}");
    }
}

#[test]
fn numbers_that_cannot_be_those_of_a_model_are_refused() {
    let folder = Folder::new();
    for (tensor, number, word) in [
        ("g.down.0.conv.weight", f32::NAN, "NaN"),
        ("latent.s", f32::INFINITY, "inf"),
        ("latent.start", f32::NEG_INFINITY, "-inf"),
        ("g.tail.0.norm.running_var", -1e-9, "no variance is below 0"),
    ] {
        folder.with_number(tensor, number);
        folder.refused(&[FILE, tensor, word, "another copy"]);
    }
    let mut header = folder.header.clone();
    header["g.more"] = json!({"dtype": "F32", "shape": [0], "data_offsets": [0, 0]});
    folder.write(&header.to_string(), &folder.numbers);
    folder.refused(&[FILE, "`g.more` has no place in it"]);
    // What is known of a model is read without its numbers, but not without these checks.
    let info = Info::open(folder.dir.path()).unwrap_err().to_string();
    assert!(info.contains("`g.more` has no place in it"), "{info}");
}

#[test]
fn other_programs_files_are_named_for_what_they_are_and_never_opened() {
    let folder = Folder::new();
    // A pickle that would make a file, were it loaded; `cos\nsystem` is its first line in protocol 0.
    let pickle = b"\x80\x02cposix\nsystem\nq\x00X\x05\x00\x00\x00touchq\x01\x85q\x02Rq\x03.";
    for (bytes, words) in [
        (&pickle[..], ["a pickle", "never opened here"]),
        (b"PK\x03\x04\x00\x00\x08\x08\x00\x00", ["a zip file", "a pickle in it"]),
        (b"\x89HDF\r\n\x1a\n\x00", ["an HDF5 file", "name the folder"]),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", ["Git LFS", "git lfs pull"]),
        (b"<!DOCTYPE html>\n<html></html>", ["a page of the web", "hf download"]),
        (b"cos\nsystem\n(S'touch'\ntR.", ["no whole safetensors file", "another copy"]),
    ] {
        fs::write(folder.at(FILE), bytes).unwrap();
        folder.refused(&[&[FILE][..], &words].concat());
        fs::write(folder.at("model.pth"), bytes).unwrap();
        let other = folder.at("other");
        fs::create_dir_all(&other).unwrap();
        fs::write(other.join("last.ckpt"), bytes).unwrap();
        let what = if words[0].starts_with("no whole") { "another program" } else { words[0] };
        refused(&folder.at("model.pth"), &["model.pth", what]);
        refused(&other, &["last.ckpt", what]);
    }
    refused(&folder.at(FILE), &[FILE, "it is a file", "the folder that it lies in"]);
}

/// Opening a pipe would wait for ever.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    const WHAT: [&str; 2] = ["it is no file", "there is no model.safetensors in it"];
    let folder = Folder::new();
    for name in ["config.json", FILE] {
        folder.write(&folder.header.to_string(), &folder.numbers);
        fs::remove_file(folder.at(name)).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.at(name)).status();
        if made.is_ok_and(|status| status.success()) {
            let error = Model::open(folder.dir.path(), &Device::flex()).unwrap_err().to_string();
            assert!(error.contains(WHAT[usize::from(name == FILE)]), "{error}");
        }
        let _ = fs::remove_file(folder.at(name));
        std::os::unix::fs::symlink("/dev/zero", folder.at(name)).unwrap();
        let error = Model::open(folder.dir.path(), &Device::flex()).unwrap_err().to_string();
        assert!(error.contains(WHAT[usize::from(name == FILE)]), "{error}");
        fs::remove_file(folder.at(name)).unwrap();
    }
}
