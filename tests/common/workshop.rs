//! A folder with photos and a tiny trained run, and the program on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::runs::{TINY, write_photos};

pub const BIN: &str = env!("CARGO_BIN_EXE_lacuna");

pub fn lacuna(arguments: &[&str]) -> Output {
    Command::new(BIN).args(arguments).output().unwrap()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn ok(arguments: &[&str]) -> Output {
    let output = lacuna(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// One line on stderr that holds every one of `words`, exit code 2.
pub fn refused(arguments: &[&str], words: &[&str]) {
    let output = lacuna(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error:")).collect();
    assert_eq!(errors.len(), 1, "{arguments:?}: {stderr}");
    for word in words {
        assert!(errors[0].contains(word), "{arguments:?}: no `{word}` in: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

/// A folder with photos and a tiny trained run.
pub struct Workshop {
    dir: tempfile::TempDir,
}

impl Workshop {
    pub fn new() -> Self {
        let workshop = Self { dir: tempfile::tempdir().unwrap() };
        write_photos(&workshop.at("photos"), 5, 24);
        ok(&workshop.train("run", &[]).iter().map(String::as_str).collect::<Vec<_>>());
        workshop
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `train` into `run` with the tiny settings and `more`.
    pub fn train(&self, run: &str, more: &[&str]) -> Vec<String> {
        let (photos, run) = (self.at("photos"), self.at(run));
        let mut arguments: Vec<String> =
            ["train", text(&photos), "--out", text(&run), "--preset", "bench-64"]
                .map(String::from)
                .to_vec();
        for assignment in TINY.iter().chain(more) {
            arguments.extend(["--set".to_string(), assignment.to_string()]);
        }
        arguments
    }

    /// `restore TASK --model RUN INPUT --out OUT` and `more`; the photos are larger than the model, so that it is told
    /// to shrink what it can.
    pub fn restore(&self, task: &str, input: &Path, out: &str, more: &[&str]) -> Vec<String> {
        let (run, out) = (self.at("run"), self.at(out));
        let arguments = ["restore", task, "--model", text(&run), text(input), "--out", text(&out)];
        let shrink: &[&str] = if task == "superres" { &[] } else { &["--shrink"] };
        arguments.iter().chain(shrink).chain(more).map(|argument| argument.to_string()).collect()
    }
}

pub fn strs(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

pub fn bytes(path: PathBuf) -> Vec<u8> {
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
