//! Names in archives: which are pictures, which are passed over, and why.

use std::path::Path;

use super::stored::size;
use super::{Listed, MAX_ENCODED, Place, skipped};
use crate::data::list::foreign_problem;
use crate::image::is_picture_name;

/// What becomes of the member `name` of `len` bytes of `archive` that lies at `place`; `None` if nobody would miss it.
/// Whether an earlier one has the same name is for whoever keeps the names.
pub(super) fn listed(archive: &str, name: &str, len: u64, place: Place) -> Option<Listed> {
    if is_hidden(name) {
        return None;
    }
    let full = format!("{archive}/{name}");
    if let Some(problem) = foreign_problem(Path::new(name)) {
        return Some(skipped(full, problem));
    }
    if !is_picture_name(Path::new(name)) {
        return None;
    }
    if len > MAX_ENCODED {
        return Some(skipped(full, too_large(len)));
    }
    Some(Listed::Item { name: full, place, side: None })
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
        let place = Place::Span { file: 0, offset: 0, len: 9 };
        let at = |name: &str, len| listed("a.zip", name, len, place.clone());
        let item = |name: &str| {
            let name = format!("a.zip/{name}");
            Some(Listed::Item { name, place: place.clone(), side: None })
        };
        // Nothing is unpacked: where a name would lead does not matter.
        for name in ["./x.jpg", "../../etc/x.PNG", "/abs/y.webp", "d/z.jpeg"] {
            assert_eq!(at(name, 9), item(name));
        }
        for name in ["notes.txt", "d/", ".x.jpg", "__MACOSX/d/x.jpg", "d/._x.jpg"] {
            assert_eq!(at(name, 9), None, "{name}");
        }
        for (name, len, word) in [("x.TIF", 9, "TIF is not read"), ("b.png", 1 << 40, "64 MiB")] {
            let Some(Listed::Skipped(found)) = at(name, len) else { panic!("{name}") };
            assert!(found.problem.contains(word), "{found:?}");
            assert_eq!(found.path, Path::new("a.zip").join(name));
        }
    }
}
