//! The event files of a run, read by what is written here alone; `tests/read_tensorboard.py` asks TensorBoard itself.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::workshop::{Workshop, bytes, ok, strs, text};

/// One field of a message: its number, and its bytes, or its eight or four bytes or its varint as such.
type Field<'a> = (u64, &'a [u8], u64);

/// The fields of a protobuf message.
fn fields(mut bytes: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let (content, number): (&[u8], u64) = match key & 7 {
            0 => (&[], varint(&mut bytes)),
            1 => (bytes.split_off(..8).unwrap(), 0),
            2 => {
                let length = varint(&mut bytes) as usize;
                (bytes.split_off(..length).unwrap(), 0)
            }
            5 => (bytes.split_off(..4).unwrap(), 0),
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, content, number));
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let length = bytes.iter().take_while(|&&byte| byte >= 128).count() + 1;
    let digits = bytes.split_off(..length).unwrap();
    digits.iter().rev().fold(0, |number, digit| number << 7 | u64::from(digit & 127))
}

/// The content of the field `number`.
fn field<'a>(fields: &[Field<'a>], number: u64) -> Option<Field<'a>> {
    fields.iter().copied().find(|(n, ..)| *n == number)
}

/// Every `(step, tag, scalar)`, every `(step, image)` and every step at which a process went on, of one file.
#[derive(Default)]
struct Events {
    scalars: Vec<(u64, String, f32)>,
    images: Vec<(u64, Vec<u8>)>,
    starts: Vec<u64>,
}

fn events(path: &Path) -> Events {
    let file = bytes(path.to_path_buf());
    let (mut rest, mut events, mut first) = (&file[..], Events::default(), true);
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        let event = fields(&rest[12..12 + length]);
        rest = &rest[16 + length..];
        let step = field(&event, 2).map_or(0, |(.., step)| step);
        assert_eq!(first, field(&event, 3).is_some_and(|(_, text, _)| text == b"brain.Event:2"));
        first = false;
        if field(&event, 7).is_some() {
            events.starts.push(step);
        }
        let summary = field(&event, 5).map_or(Vec::new(), |(_, summary, _)| fields(summary));
        for value in summary.into_iter().map(|(_, value, _)| fields(value)) {
            let tag = String::from_utf8(field(&value, 1).unwrap().1.to_vec()).unwrap();
            if let Some((_, number, _)) = field(&value, 2) {
                events.scalars.push((step, tag, f32::from_le_bytes(number.try_into().unwrap())));
            } else if let Some((_, image, _)) = field(&value, 4) {
                events.images.push((step, field(&fields(image), 4).unwrap().1.to_vec()));
            }
        }
    }
    events
}

/// The files of `board` in the order in which TensorBoard reads them.
fn files(board: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(board).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// Step and loss of every line of the run's log after `step`.
fn log(run: &Path, step: u64) -> Vec<(u64, f32)> {
    let text = fs::read_to_string(run.join("log.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.map(|line| (line["step"].as_u64().unwrap(), line["loss"].as_f64().unwrap()));
    lines.filter(|(at, _)| *at > step).map(|(at, loss)| (at, loss as f32)).collect()
}

#[test]
fn the_loss_in_tensorboard_is_that_of_the_log_and_goes_on_in_a_file_of_its_own() {
    let workshop = Workshop::new();
    let (run, board) = (workshop.at("shown"), workshop.at("board"));
    let mut train = workshop.train("shown", &["train.passes=4"]);
    train.extend(["--tensorboard".to_string(), text(&board).to_string()]);
    ok(&strs(&train));
    let passes = ["--set", "train.passes=9"];
    let resume = ["train", "--resume", "--out", text(&run), "--tensorboard", text(&board)];
    ok(&[&resume[..], &passes].concat());

    let files = files(&board);
    assert_eq!(files.len(), 2);
    let parts: Vec<Events> = files.iter().map(|file| events(file)).collect();
    let of = |part: &Events, tag: &str| -> Vec<(u64, f32)> {
        let tagged = part.scalars.iter().filter(|(_, t, _)| t == tag);
        tagged.map(|(step, _, number)| (*step, *number)).collect()
    };
    // Two minibatches, three inner steps.
    assert_eq!(parts[0].scalars.last().unwrap().0, 24);
    assert_eq!([&of(&parts[0], "loss")[..], &of(&parts[1], "loss")].concat(), log(&run, 0));
    assert_eq!(of(&parts[1], "loss"), log(&run, 24));
    assert_eq!((&parts[0].starts[..], &parts[1].starts[..]), (&[][..], &[25][..]));
    assert!(of(&parts[0], "images_per_second").iter().all(|(_, speed)| *speed > 0.0));
    let rates = of(&parts[1], "learning_rate/phi");
    assert!(!rates.is_empty() && rates.iter().all(|(_, rate)| *rate == 0.3), "{rates:?}");
    let (step, image) = parts[1].images.last().unwrap();
    assert_eq!((*step, image), (54, &bytes(run.join("preview.png"))));
}
