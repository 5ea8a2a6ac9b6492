//! Names in archives: which are pictures, which are passed over, and why.

use std::collections::HashSet;
use std::path::Path;

use super::stored::size;
use super::{Listed, MAX_ENCODED, Place, skipped};
use crate::data::list::foreign_problem;
use crate::image::is_picture_name;

/// The members of an archive that were seen.
#[derive(Debug)]
pub(super) struct Members {
    archive: String,
    /// Eight bytes of a hash instead of the names: a million of them are 16 MB.
    seen: HashSet<u64>,
}

impl Members {
    /// `archive` is what stands before the name of each member.
    pub(super) fn of(archive: impl Into<String>) -> Self {
        Self { archive: archive.into(), seen: HashSet::new() }
    }

    /// What becomes of the member `name` of `len` bytes that lies at `place`; `None` if nobody would miss it.
    pub(super) fn listed(&mut self, name: &str, len: u64, place: Place) -> Option<Listed> {
        if is_hidden(name) {
            return None;
        }
        let full = format!("{}/{name}", self.archive);
        if let Some(problem) = foreign_problem(Path::new(name)) {
            return Some(skipped(full, problem));
        }
        if !is_picture_name(Path::new(name)) {
            return None;
        }
        if len > MAX_ENCODED {
            return Some(skipped(full, too_large(len)));
        }
        let hash = blake3::hash(name.as_bytes());
        let start = hash.as_bytes()[..8].iter().fold(0, |n, &b| n << 8 | u64::from(b));
        if !self.seen.insert(start) {
            return Some(skipped(full, "an earlier member has the same name; rename one"));
        }
        Some(Listed::Item { name: full, place, side: None })
    }
}

/// A member of `len` bytes is too large to be a picture.
pub(super) fn too_large(len: u64) -> String {
    format!("it is {len} bytes, the limit is {}; make the picture smaller", size(MAX_ENCODED))
}

/// Hidden, as in a folder, or beside the point: what macOS puts into archives.
pub(super) fn is_hidden(name: &str) -> bool {
    let is_hidden = |part: &str| part.starts_with('.') && !matches!(part, "." | "..");
    name.split('/').any(|part| is_hidden(part) || part == "__MACOSX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_items_and_the_rest_is_named_or_passed_over() {
        let mut members = Members::of("a.zip");
        let mut at = |name: &str, len| members.listed(name, len, Place::Member(0));
        let item = |name: &str| {
            let name = format!("a.zip/{name}");
            Some(Listed::Item { name, place: Place::Member(0), side: None })
        };
        // Nothing is unpacked: where a name would lead does not matter.
        for name in ["./x.jpg", "../../etc/x.PNG", "/abs/y.webp", "d/z.jpeg"] {
            assert_eq!(at(name, 9), item(name));
        }
        for name in ["notes.txt", "d/", ".x.jpg", "__MACOSX/d/x.jpg", "d/._x.jpg"] {
            assert_eq!(at(name, 9), None, "{name}");
        }
        for (name, len, word) in [
            ("x.TIF", 9, "TIF is not read"),
            ("d/z.jpeg", 9, "same name"),
            ("b.png", 1 << 40, "64 MiB"),
        ] {
            let Some(Listed::Skipped(found)) = at(name, len) else { panic!("{name}") };
            assert!(found.problem.contains(word), "{found:?}");
            assert_eq!(found.path, Path::new("a.zip").join(name));
        }
    }
}
