//! Weights of VGG16 in files of the user's: what is read, and what is refused without a number read or a line run.

mod common;

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use common::vgg16::{LAYERS, write, write_formula};
use lacuna::vgg16::{Input, Vgg16};
use safetensors::tensor::{Dtype, TensorView};

fn open(path: impl AsRef<Path>, input: Option<Input>) -> lacuna::Result<Vgg16> {
    Vgg16::open(path.as_ref(), input, &Device::flex())
}

/// The numbers of tests/fixtures/make/vgg16.py.
fn write_flat(path: &Path) {
    let layers = LAYERS.into_iter().enumerate().map(|(at, (feature, [input, output]))| {
        let weight = ((at + 1) as f64 / 1000.0 / input as f64) as f32;
        let mut bias = vec![(at as f64 / 100.0) as f32; output];
        if at == 0 {
            bias[..4].copy_from_slice(&[0.4034, 0.3778, 0.4644, -0.3228]);
        }
        (feature, [input, output], vec![weight; output * input * 9], bias)
    });
    write(path, None, layers);
}

#[test]
fn what_torch_saved_is_read_in_its_format_of_today_and_in_that_of_torchvisions_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flat.safetensors");
    write_flat(&path);
    let expected = open(&path, None).unwrap();
    assert_eq!(expected.input(), Input::Torchvision);
    for name in ["vgg16.pth", "vgg16-legacy.pth"] {
        let vgg16 = open(format!("tests/fixtures/{name}"), None).unwrap();
        assert_eq!(vgg16.input(), Input::Torchvision, "{name}");
        assert_eq!(vgg16.digest(), expected.digest(), "{name}");
    }
}

#[test]
fn what_a_file_says_of_itself_counts_and_what_the_user_says_counts_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("formula.safetensors");
    write_formula(&path, Some("caffe: BGR, 0..255"));
    let oxford = open(&path, None).unwrap();
    assert_eq!(oxford.input(), Input::Oxford);
    let rgb = open(&path, Some(Input::OxfordRgb)).unwrap();
    assert_eq!(rgb.input(), Input::OxfordRgb);
    assert_ne!(rgb.digest(), oxford.digest());
    write_formula(&path, None);
    let message = open(&path, None).unwrap_err().to_string();
    assert!(message.contains("--vgg16-input") && message.contains("oxford-rgb"), "{message}");
}

/// A safetensors file with one tensor of numbers of `dtype`.
fn write_one(path: &Path, name: &str, shape: &[usize], dtype: Dtype) {
    let bytes =
        vec![0x3c; shape.iter().product::<usize>() * if dtype == Dtype::F64 { 8 } else { 2 }];
    let view = TensorView::new(dtype, shape.to_vec(), &bytes).unwrap();
    fs::write(path, safetensors::serialize([(name, view)], None).unwrap()).unwrap();
}

#[test]
fn weights_that_are_none_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.safetensors");
    let refused = |word: &str| {
        let message = open(&path, Some(Input::Oxford)).unwrap_err().to_string();
        assert!(message.contains(word), "no `{word}` in: {message}");
        assert!(message.contains("a.safetensors") && !message.contains('\n'), "{message}");
        // Remedies of models are none here.
        assert!(!message.contains("lacuna train") && !message.contains("train the"), "{message}");
    };
    let first = "features.0.weight";
    write_one(&path, first, &[64, 3, 3, 3], Dtype::F16);
    refused("`features.0.bias` is missing");
    write_one(&path, first, &[64, 3, 5, 5], Dtype::BF16);
    refused("expected [64, 3, 3, 3]");
    write_one(&path, first, &[64, 3, 3, 3], Dtype::F64);
    refused("F64");
    for (bytes, word) in [
        (&b""[..], "header"),
        (b"\x80\x02}q\x00.", "missing"),
        (b"\x80\x02cos\nsystem\n", "cannot be read"),
        (b"PK\x03\x04 and no more", "cannot be read"),
        (b"GIF89a and so on", "safetensors"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"\x89HDF\r\n\x1a\n", "torchvision's .pth"),
    ] {
        fs::write(&path, bytes).unwrap();
        refused(word);
    }
    assert!(open(dir.path(), None).unwrap_err().to_string().contains("no file"));
    assert!(open(dir.path().join("none"), None).is_err());

    // A number that is none, in the last bias.
    write_formula(&path, None);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    refused("holds NaN");
    fs::write(&path, &bytes[..end - 100]).unwrap();
    refused("no whole safetensors file");
}

#[test]
fn a_pickle_that_would_run_a_program_runs_none() {
    let dir = tempfile::tempdir().unwrap();
    let (path, made) = (dir.path().join("evil.pth"), dir.path().join("made"));
    let call = format!("touch {}", made.display());
    let mut bytes = b"\x80\x02cos\nsystem\nX".to_vec();
    bytes.extend((call.len() as u32).to_le_bytes());
    bytes.extend(call.as_bytes());
    // One argument, called.
    bytes.extend(b"\x85R.");
    fs::write(&path, bytes).unwrap();
    let message = open(&path, None).unwrap_err().to_string();
    assert!(message.contains("evil.pth"), "{message}");
    assert!(!made.exists());
}
