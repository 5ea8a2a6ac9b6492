//! Ctrl-C, sent to the real program.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};

use crate::common::workshop::{BIN, Workshop, ok, text};

/// The program at work, and what it says.
struct AtWork {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl AtWork {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(BIN);
        let mut child =
            command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, said: String::new() }
    }

    /// Waits for a line with `words`.
    fn until(&mut self, words: &str) {
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "no `{words}`: {}", self.said);
            self.said += &line;
            if line.contains(words) {
                return;
            }
        }
    }

    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// The exit code, and how long it took to come.
    fn end(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        self.stderr.read_to_string(&mut self.said).unwrap();
        (self.child.wait().unwrap().code(), began.elapsed())
    }
}

/// Files that were begun and not finished, below `folder`.
fn partial_files(folder: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains(".partial-")).collect()
}

#[test]
fn ctrl_c_is_heard_while_a_large_folder_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, run) = (dir.path().join("photos"), dir.path().join("run"));
    fs::create_dir(&photos).unwrap();
    let photo = RgbImage::from_fn(1600, 1200, |x, y| Rgb([(x * y) as u8, (x ^ y) as u8, x as u8]));
    photo.save(photos.join("0.png")).unwrap();
    // Many seconds of decoding, from one file on disk.
    for link in 1..400 {
        fs::hard_link(photos.join("0.png"), photos.join(format!("{link}.png"))).unwrap();
    }
    let mut work = AtWork::start(&["train", text(&photos), "--out", text(&run)]);
    work.until("reading photos 0/400");
    work.interrupt();
    let (code, took) = work.end();
    assert_eq!(code, Some(130), "{}", work.said);
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(work.said.contains("stopped while the photos of") && !work.said.contains("error:"));
    assert!(work.said.contains("nothing has been learned yet") && !work.said.contains("saving"));
    assert!(!run.exists(), "nothing is written before the photos are known");
}

#[test]
fn the_first_ctrl_c_keeps_everything_and_the_same_run_goes_on() {
    let workshop = Workshop::new();
    let run = workshop.at("long");
    let arguments = workshop.train("long", &["train.passes=1000000"]);
    let mut work = AtWork::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    work.until("images/s");
    work.interrupt();
    assert_eq!(work.end().0, Some(130), "{}", work.said);
    for words in
        ["stopping after this step and saving", "checkpoint at step", "go on: lacuna train"]
    {
        assert!(work.said.contains(words), "{words} in {}", work.said);
    }
    assert!(run.join("model/model.safetensors").is_file());
    let resume = ["train", "--resume", "--out", text(&run), "--set", "train.passes=1"];
    ok(&resume);
}

#[test]
fn a_restoration_that_is_stopped_says_how_many_photos_are_left() {
    let workshop = Workshop::new();
    let (run, photos, out) = (workshop.at("run"), workshop.at("photos"), workshop.at("out"));
    let mut arguments = vec!["restore", "denoise", "--model", text(&run), text(&photos)];
    // Steps without an end: none of the five is ever mended.
    arguments.extend(["--out", text(&out), "--shrink", "--steps", "100000000", "--no-plateau"]);
    arguments.extend(["--batch", "2"]);
    let mut work = AtWork::start(&arguments);
    work.until("energy");
    work.interrupt();
    assert_eq!(work.end().0, Some(130), "{}", work.said);
    assert!(work.said.contains("0 mended, 0 done before, 0 failed, 5 left"), "{}", work.said);
}

#[test]
fn the_second_ctrl_c_ends_at_once_and_leaves_nothing_half_written() {
    let workshop = Workshop::new();
    // A model whose last checkpoint and statistics take a while.
    let (photos, run) = (workshop.at("photos"), workshop.at("large"));
    let arguments = ["train", text(&photos), "--out", text(&run), "--set", "train.passes=100000"];
    let mut work = AtWork::start(&arguments);
    work.until("images/s");
    work.interrupt();
    work.until("press Ctrl-C again to stop at once");
    work.interrupt();
    let (code, took) = work.end();
    assert_eq!(code, Some(130), "{}", work.said);
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(partial_files(&run), Vec::<String>::new());
    ok(&["info", text(&run)]);
}
