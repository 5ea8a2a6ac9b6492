//! Entry points for arbitrary bytes, one for every kind of file that comes from elsewhere.
//!
//! ```text
//! fuzz/fuzz_targets/NAME.rs --bytes--.
//!                                    |--> NAME(bytes, scratch): a result, or an error of one line; never a panic
//! tests/smoke.rs --bytes-------------'
//! ```
//! What is given is taken through all that would happen to it, its pictures decoded and its models run. `scratch` is a
//! folder that files may be written into; what is in it is replaced.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;

use crate::config::Layers;
use crate::data::source::{Content, Kind, Listed, SetSpec};
use crate::error::{Error, Result};
use crate::explore::{Latents, Rows, Sampler};
use crate::image::fuzz;
use crate::model::Model;
use crate::restore::job::{Record, known_in};
use crate::train::{Info, Run};
use crate::vgg16::Vgg16;

/// Bytes, and a folder for files.
pub type Entry = fn(&[u8], &Path);

/// Every entry point by its name.
pub const ALL: [(&str, Entry); 16] = [
    ("picture", picture),
    ("mask", mask),
    ("metadata", metadata),
    ("model", model),
    ("latents", latents),
    ("sampler", sampler),
    ("weights", weights),
    ("lmdb", lmdb),
    ("tar", tar),
    ("zip", zip),
    ("tfrecord", tfrecord),
    ("webdataset", webdataset),
    ("celeba", celeba),
    ("config", config),
    ("manifest", manifest),
    ("record", record),
];

/// What every error has to be: one line, of a length that a person reads, with a remedy.
pub(crate) fn refused(error: &Error) {
    let text = error.to_string();
    assert!(text.len() < 4000, "{} characters: {}", text.len(), &text[..200]);
    assert!(text.contains(';'), "no remedy: {text}");
}

/// A JPEG, PNG or WebP.
pub fn picture(bytes: &[u8], _: &Path) {
    fuzz::picture(bytes);
}

/// A mask, for a photo of 16 x 16.
pub fn mask(bytes: &[u8], _: &Path) {
    if fuzz::is_large(bytes) {
        return;
    }
    match known_in(bytes, Path::new("mask"), (16, 16), Path::new("photo")) {
        Ok((known, _)) => assert_eq!(known.len(), 256),
        Err(error) => refused(&error),
    }
}

/// EXIF, ICC, XMP, IPTC.
pub fn metadata(bytes: &[u8], _: &Path) {
    fuzz::metadata(bytes);
}

/// A model's folder: the length of its configuration in two bytes, little-endian, its configuration, its tensors.
pub fn model(bytes: &[u8], scratch: &Path) {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let (config, tensors) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
    put(scratch, "config.json", config);
    put(scratch, "model.safetensors", tensors);
    let info = Info::open(scratch);
    match Model::open(scratch, &Device::flex()) {
        // What can be opened can be looked at; the numbers of it may be any.
        Ok(model) => {
            assert!(info.is_ok() && model.state().len() > 2);
            crate::store::card(&model.config, &crate::store::Origin::default());
        }
        Err(error) => refused(&error),
    }
}

/// Weights of VGG16, as far as they claim to be some: their numbers, any of which will do, take too long.
pub fn weights(bytes: &[u8], scratch: &Path) {
    put(scratch, "vgg16.pth", bytes);
    if let Err(error) = Vgg16::check(&scratch.join("vgg16.pth")) {
        refused(&error);
    }
}

/// A file of exported latents, beside an index that names it.
pub fn latents(bytes: &[u8], scratch: &Path) {
    let index = r#"{"weight_map": {"phi.00001": "latents-00001-of-00001.safetensors"}}"#;
    put(scratch, "latents.safetensors.index.json", index.as_bytes());
    put(scratch, "latents-00001-of-00001.safetensors", bytes);
    let read = Latents::open(scratch).and_then(|latents| {
        let latents = latents.taking(100, 0.3, 0);
        latents.side(true).count()?;
        let width = latents.width();
        latents.side(false).each(&mut |row| {
            assert_eq!(row.len(), width);
            Ok(())
        })
    });
    if let Err(error) = read {
        refused(&error);
    }
}

/// A sampler, of a model whose file is empty.
pub fn sampler(bytes: &[u8], scratch: &Path) {
    put(scratch, "model.safetensors", b"");
    put(scratch, Sampler::NAME, bytes);
    for row_len in [3, 4] {
        match Sampler::open(scratch, None, row_len) {
            Ok(Some(sampler)) => assert_eq!(sampler.draw(0, 1).len(), row_len),
            Ok(None) => {}
            Err(error) => refused(&error),
        }
    }
}

/// LSUN's `data.mdb`.
pub fn lmdb(bytes: &[u8], scratch: &Path) {
    set(Kind::Lsun, "data.mdb", bytes, scratch);
}

/// A tar of pictures.
pub fn tar(bytes: &[u8], scratch: &Path) {
    set(Kind::Tar, "set.tar", bytes, scratch);
}

/// A zip of pictures.
pub fn zip(bytes: &[u8], scratch: &Path) {
    set(Kind::Zip, "set.zip", bytes, scratch);
}

/// CelebA-HQ's records.
pub fn tfrecord(bytes: &[u8], scratch: &Path) {
    set(Kind::CelebaHq, "set.tfrecords", bytes, scratch);
}

/// A shard of a WebDataset.
pub fn webdataset(bytes: &[u8], scratch: &Path) {
    put(scratch, "shard-000000.tar", bytes);
    visit(Kind::WebDataset, scratch);
}

/// CelebA's list of partitions.
pub fn celeba(bytes: &[u8], scratch: &Path) {
    let folder = scratch.join("img_align_celeba");
    fs::create_dir_all(&folder).expect("scratch is a folder");
    put(&folder, "000001.jpg", b"no picture");
    put(scratch, "list_eval_partition.txt", bytes);
    visit(Kind::Celeba, scratch);
}

/// Settings in TOML: as all of them, as some over a preset, as one key.
pub fn config(bytes: &[u8], scratch: &Path) {
    put(scratch, "settings.toml", bytes);
    let preset = || Layers::preset("photos-64").expect("presets load");
    let mut over = preset();
    let file = over.file(&scratch.join("settings.toml")).and_then(|()| over.finish());
    check_config(file);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    check_config(Layers::text(text, "it").and_then(Layers::finish));
    let mut set = preset();
    check_config(set.set(text).and_then(|()| set.finish()));
    let mut set = preset();
    check_config(set.set_text("model.data_name", text).and_then(|()| set.finish()));
}

/// What is accepted is written and read again as it was.
fn check_config(config: Result<crate::config::Config>) {
    match config {
        Ok(config) => {
            let again = Layers::text(&config.to_toml(), "it").and_then(Layers::finish);
            assert_eq!(again.expect("it was accepted before"), config);
            let _ = (Model::shapes(&config), config.latent.footprint());
        }
        Err(error) => refused(&error),
    }
}

/// A run's `manifest.json`.
pub fn manifest(bytes: &[u8], scratch: &Path) {
    put(scratch, "manifest.json", bytes);
    if let Err(error) = Run::at(scratch).manifest() {
        refused(&error);
    }
}

/// A restoration's `restore.json`.
pub fn record(bytes: &[u8], scratch: &Path) {
    put(scratch, "restore.json", bytes);
    if let Err(error) = Record::open(scratch) {
        refused(&error);
    }
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).expect("scratch can be written");
}

fn set(kind: Kind, name: &str, bytes: &[u8], scratch: &Path) {
    put(scratch, name, bytes);
    visit(kind, &scratch.join(name));
}

/// Lists the set and reads what is in it, the first hundred.
fn visit(kind: Kind, path: &Path) {
    let spec = SetSpec { kind: Some(kind), path: path.to_path_buf(), take: Some(100) };
    let source = match spec.open() {
        Ok(source) => source,
        Err(error) => return refused(&error),
    };
    let mut places = Vec::new();
    let listed = source.visit(&mut |listed| {
        if let Listed::Item { name, place, .. } = listed {
            places.push((name, place));
        }
        ControlFlow::Continue(())
    });
    if let Err(error) = listed {
        refused(&error);
    }
    for (name, place) in places {
        let picture = source.read(&place).and_then(|content| match &content {
            Content::Encoded(bytes) if fuzz::is_large(bytes) => Ok(()),
            content => content.picture(&name).map(|_| ()),
        });
        if let Err(error) = picture {
            refused(&error);
        }
    }
}
