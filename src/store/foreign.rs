//! Files that are named as a model and are something else, told by their first bytes. None of them is opened: a pickle
//! is a program, and runs as it is read.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::Error;

const PICKLE: &str = "which may run any program as it is opened, and is never opened here";
pub(super) const NOT_OURS: &str = "name the folder that `lacuna train --out` wrote";
const FETCH: &str = "fetch the file itself: by `git lfs pull`, or `hf download`";

/// Endings of files that other programs keep models in.
const ENDINGS: [&str; 10] =
    ["pth", "pt", "ckpt", "bin", "pkl", "pickle", "h5", "hdf5", "onnx", "gguf"];

/// What a file that begins with `start` is, and what to do about it, if it is another kind of file that models, or what
/// is taken for one, come in.
pub(super) fn kind(start: &[u8]) -> Option<(String, &'static str)> {
    let begins = |with: &[u8]| start.starts_with(with);
    let said = |what: &str, remedy| Some((what.to_string(), remedy));
    match start {
        // Protocol 2 and later; the opcode and the protocol. As the length of a header they would be a wild one.
        [0x80, 2..=5, ..] if !begins_json(start) => Some((format!("a pickle, {PICKLE}"), NOT_OURS)),
        _ if begins(b"PK\x03\x04") => Some((
            format!("a zip file, as PyTorch writes them: with a pickle in it, {PICKLE}"),
            NOT_OURS,
        )),
        _ if begins(b"\x89HDF\r\n") => said("an HDF5 file", NOT_OURS),
        _ if begins(b"GGUF") => said("a GGUF file", NOT_OURS),
        _ if begins(b"version https://git-lfs") => {
            said("a pointer of Git LFS, which stands for the file", FETCH)
        }
        _ if start.first().is_some_and(|byte| *byte == b'<') && !begins_json(start) => {
            said("a page of the web", FETCH)
        }
        _ => None,
    }
}

/// Whether a header follows the first 8 bytes, which are its length and may be any.
fn begins_json(start: &[u8]) -> bool {
    start.get(8) == Some(&b'{')
}

/// The file of another program's model that `path` is, or the first in the folder `path`.
pub(super) fn foreign_model(path: &Path) -> Option<PathBuf> {
    let is_one = |path: &PathBuf| {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        path.is_file() && ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
    };
    let files = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = files.chain([path.to_path_buf()]).filter(is_one).collect();
    found.sort();
    found.into_iter().next()
}

/// The error of a folder whose model is that of another program.
pub(super) fn is_foreign(file: &Path) -> Error {
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| file.take(64).read_to_end(&mut start));
    let kind = read.ok().and_then(|_| kind(&start));
    let (kind, remedy) = kind.unwrap_or_else(|| ("a file of another program".into(), NOT_OURS));
    Error::model(file, format!("it is {kind}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_first_bytes_and_no_safetensors_file_is_one_of_them() {
        for (start, word) in [
            (&b"\x80\x02}q\x00."[..], "pickle"),
            (b"\x80\x05\x95\x0b\x00", "pickle"),
            (b"PK\x03\x04\x00\x00\x08\x08", "pickle"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
            (b"GGUF\x03\x00", "GGUF"),
            (b"version https://git-lfs.github.com/spec/v1\noid", "LFS"),
            (b"<!doctype html><html>", "web"),
        ] {
            assert!(kind(start).unwrap().0.contains(word), "{word}");
        }
        for length in [0x0280_u64, 0x0580, b'<'.into(), 0x3c3c, 1 << 20, 0] {
            let start = [&length.to_le_bytes()[..], b"{\"g.down.0.conv.weight\":"].concat();
            assert!(kind(&start).is_none(), "{length}");
        }
        assert!(kind(b"").is_none());
    }
}
