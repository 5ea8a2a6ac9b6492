//! WebDataset: samples in tar shards, the files of one sample side by side.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::member::{is_hidden, too_large};
use super::stored::Stored;
use super::tar::{Member, members};
use super::{Content, Listed, MAX_ENCODED, Place, Source, damaged, foreign, skipped};
use crate::data::list::foreign_problem;
use crate::error::{Error, Result};
use crate::image::is_picture_name;

/// The shards of a set, sorted by name, and the shards that are missing between them. None is kept open: there may be
/// more than a process may have open files.
#[derive(Debug)]
pub(super) struct WebDataset {
    root: PathBuf,
    shards: Vec<PathBuf>,
    missing: Vec<String>,
}

impl WebDataset {
    /// The shards of a folder; one shard; or `name-{000000..000010}.tar`, every one of which is expected.
    ///
    /// # Errors
    /// A shard that is missing; a folder without any.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let (shards, missing) = match braces(path) {
            Some(paths) => (paths, Vec::new()),
            None if path.is_dir() => {
                let paths = shards_in(path)?;
                let missing = gaps(&paths);
                (paths, missing)
            }
            None => (vec![path.to_path_buf()], Vec::new()),
        };
        if shards.is_empty() {
            return Err(damaged(path, "there is no .tar in it", "name the folder of the shards"));
        }
        shards.iter().try_for_each(|path| Stored::open(path).map(drop))?;
        Ok(Self { root: path.to_path_buf(), shards, missing })
    }
}

/// The tars right in a folder, sorted by name.
pub(super) fn shards_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_shard = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.to_lowercase().ends_with(".tar") && !is_hidden(&name) && path.is_file()
    };
    let entries = std::fs::read_dir(folder).map_err(Error::read(folder))?;
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_shard).collect();
    paths.sort();
    Ok(paths)
}

/// `stem-000012.tar` -> (`stem-`, 12, its six digits).
fn numbered(path: &Path) -> Option<(String, u64, usize)> {
    let stem = path.file_stem()?.to_str()?;
    let head = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &stem[head.len()..];
    Some((head.to_string(), digits.parse().ok()?, digits.len()))
}

/// The names of shards that are missing between two that are there.
fn gaps(paths: &[PathBuf]) -> Vec<String> {
    /// A wider gap is between two sets.
    const WIDEST: u64 = 1000;
    let mut missing = Vec::new();
    for pair in paths.windows(2) {
        let (Some(a), Some(b)) = (numbered(&pair[0]), numbered(&pair[1])) else { continue };
        if a.0 == b.0 && a.2 == b.2 && b.1.saturating_sub(a.1) <= WIDEST {
            missing.extend((a.1 + 1..b.1).map(|n| format!("{}{n:0width$}.tar", a.0, width = a.2)));
        }
    }
    missing
}

/// The paths that `{FIRST..LAST}` in the name of `path` stands for; `None` where there is nothing of the kind.
fn braces(path: &Path) -> Option<Vec<PathBuf>> {
    /// More shards than any set has; a slip of the keyboard ends here.
    const MOST: u64 = 100_000;
    let text = path.to_str()?;
    let (head, rest) = text.split_once('{')?;
    let (range, tail) = rest.split_once('}')?;
    let (first, last) = range.split_once("..")?;
    let (from, to) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
    let width = first.len();
    (from <= to && to - from < MOST)
        .then(|| (from..=to).map(|n| format!("{head}{n:0width$}{tail}").into()).collect())
}

/// A sample that is being put together.
struct Sample {
    key: String,
    has_picture: bool,
}

/// `a/b.c.jpg` -> (`a/b`, `c.jpg`): the key ends at the first dot of the last part.
fn split_key(name: &str) -> (&str, &str) {
    let base = name.rfind('/').map_or(0, |at| at + 1);
    match name[base..].find('.') {
        Some(dot) => (&name[..base + dot], &name[base + dot + 1..]),
        None => (name, ""),
    }
}

impl WebDataset {
    /// Hands over what is in shard number `file`.
    fn visit_shard(
        &self,
        file: u32,
        shard: &Stored,
        each: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let full = |key: &str| format!("{}/{key}", shard.name());
        let lacks = |sample: &Sample| skipped(full(&sample.key), "the sample has no picture");
        let mut sample: Option<Sample> = None;
        let flow = members(shard, &mut |Member { name, offset, len, is_link }| {
            if is_hidden(&name) || is_link {
                return ControlFlow::Continue(());
            }
            let (key, extension) = split_key(&name);
            if sample.as_ref().is_none_or(|sample| sample.key != key) {
                if let Some(done) = sample.take().filter(|sample| !sample.has_picture) {
                    each(lacks(&done))?;
                }
                sample = Some(Sample { key: key.to_string(), has_picture: false });
            }
            let Some(sample) = &mut sample else { return ControlFlow::Continue(()) };
            // `seg.png` is a mask beside the picture, no picture: the whole rest of the name is the extension.
            let as_file = PathBuf::from(format!("x.{extension}"));
            if extension.contains('.') || !is_picture_name(&as_file) {
                return match foreign_problem(&as_file) {
                    Some(problem) if !extension.contains('.') => {
                        sample.has_picture = true;
                        each(skipped(full(&name), problem))
                    }
                    _ => ControlFlow::Continue(()),
                };
            }
            if sample.has_picture {
                return each(skipped(full(&name), "its sample has a picture already"));
            }
            sample.has_picture = true;
            if len > MAX_ENCODED {
                return each(skipped(full(&name), too_large(len)));
            }
            let place = Place::Span { file, offset, len };
            each(Listed::Item { name: full(&name), place, side: None })
        })?;
        match sample.filter(|sample| flow.is_continue() && !sample.has_picture) {
            Some(last) => Ok(each(lacks(&last))),
            None => Ok(flow),
        }
    }
}

impl Source for WebDataset {
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        for name in &self.missing {
            let problem = "the shard is missing between those that are there; download it";
            if each(skipped(name, problem)).is_break() {
                return Ok(());
            }
        }
        for (file, shard) in (0..).zip(&self.shards) {
            if self.visit_shard(file, &Stored::open(shard)?, each)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, place: &Place) -> Result<Content> {
        let shard = match place {
            Place::Span { file, .. } => self.shards.get(*file as usize),
            _ => None,
        };
        match (shard, place) {
            (Some(shard), &Place::Span { offset, len, .. }) => {
                Ok(Content::Encoded(Stored::open(shard)?.span(offset, len, MAX_ENCODED)?))
            }
            _ => Err(foreign(place, &self.root)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_at_the_first_dot_of_the_last_part() {
        assert_eq!(split_key("a.b/c.seg.png"), ("a.b/c", "seg.png"));
        assert_eq!(split_key("c.jpg"), ("c", "jpg"));
        assert_eq!(split_key("a.b/c"), ("a.b/c", ""));
    }

    #[test]
    fn a_missing_shard_is_named_and_two_sets_side_by_side_have_no_gap() {
        let paths = |names: &[&str]| -> Vec<PathBuf> { names.iter().map(PathBuf::from).collect() };
        let found = gaps(&paths(&["a-000000.tar", "a-000003.tar", "b-07.tar", "b-8.tar", "c.tar"]));
        assert_eq!(found, ["a-000001.tar", "a-000002.tar"]);
        let all = braces(Path::new("d/a-{08..11}.tar")).unwrap();
        assert_eq!(all, paths(&["d/a-08.tar", "d/a-09.tar", "d/a-10.tar", "d/a-11.tar"]));
        for not in ["a-{}.tar", "a-{3..1}.tar", "a-{0..99999999}.tar", "a.tar"] {
            assert_eq!(braces(Path::new(not)), None, "{not}");
        }
    }
}
