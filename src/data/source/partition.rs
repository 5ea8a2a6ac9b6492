//! `list_eval_partition.txt` of CelebA: a picture and its partition a line.

use std::path::{Path, PathBuf};

use super::{Side, damaged};
use crate::error::{Error, Result};

/// How many of partition 0 the paper learns from, of 162,770.
const LEARNED: usize = 150_000;

const NAMES: [&str; 2] = ["list_eval_partition.txt", "list_eval_partition.csv"];

/// Where a list lies below a folder, as it is distributed.
const FOLDERS: [&str; 3] = ["", "Eval", "Anno"];

/// The list in a folder of CelebA.
pub(super) fn find(root: &Path) -> Option<PathBuf> {
    let places = FOLDERS.iter().flat_map(|folder| NAMES.map(|name| root.join(folder).join(name)));
    places.into_iter().find(|path| path.is_file())
}

/// The pictures that a list names, in its order, and what the paper does with each: of partition 0 the first 150,000
/// are learned from, partition 2 is measured on.
///
/// # Errors
/// It cannot be read; a line of another form; an empty list.
pub(super) fn read(path: &Path) -> Result<Vec<(String, Side)>> {
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    let mut of_first = 0;
    let mut pictures = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut fields = line.split([',', ' ', '\t']).filter(|field| !field.is_empty());
        let side = match (fields.next(), fields.next(), fields.next()) {
            (None, ..) => continue,
            // The head of the list as a table.
            (Some("image_id"), Some("partition"), None) if at == 0 => continue,
            (Some(name), Some("0"), None) => {
                of_first += 1;
                (name, if of_first <= LEARNED { Side::Train } else { Side::Neither })
            }
            (Some(name), Some("1"), None) => (name, Side::Neither),
            (Some(name), Some("2"), None) => (name, Side::HeldOut),
            _ => {
                let start: String = line.chars().take(40).collect();
                let problem = format!("line {} is {start:?}", at + 1);
                let expected = "`000001.jpg 0` is expected: a name and 0, 1 or 2";
                return Err(damaged(path, problem, expected));
            }
        };
        pictures.push((side.0.to_string(), side.1));
    }
    if pictures.is_empty() {
        return Err(damaged(path, "it names no picture", "download it again"));
    }
    Ok(pictures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<(String, Side)>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAMES[0]);
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn the_first_150000_of_partition_0_are_learned_and_2_is_measured_on() {
        let lines = |n: usize, p: u8| (0..n).map(move |i| format!("{p}-{i}.jpg {p}\n"));
        let all: String = lines(150_003, 0).chain(lines(2, 1)).chain(lines(3, 2)).collect();
        let sides = parse(&all).unwrap();
        let count = |side: Side| sides.iter().filter(|found| found.1 == side).count();
        assert_eq!([Side::Train, Side::Neither, Side::HeldOut].map(count), [150_000, 3 + 2, 3]);
        assert_eq!(sides[149_999], ("0-149999.jpg".to_string(), Side::Train));
        assert_eq!(sides[150_000].1, Side::Neither);
    }

    #[test]
    fn the_table_form_is_read_and_a_line_of_another_form_is_named() {
        let table = parse("image_id,partition\r\n000001.jpg,0\r\n000002.jpg,2\r\n").unwrap();
        let expected = [("000001.jpg", Side::Train), ("000002.jpg", Side::HeldOut)];
        assert_eq!(table, expected.map(|(name, side)| (name.to_string(), side)));
        for (text, word) in
            [("a.jpg 0\nb.jpg 3\n", "line 2"), ("a.jpg\n", "line 1"), ("\n", "no picture")]
        {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
