//! Whose page it is: a page is replaced by the next of its kind, and nothing else ever is.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};

/// What a page tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Train,
    Restore,
    Demo,
    Evaluate,
}

impl Kind {
    /// The name of the file in a folder of results.
    pub const FILE: &'static str = "report.html";

    fn name(self) -> &'static str {
        match self {
            Kind::Train => "train",
            Kind::Restore => "restore",
            Kind::Demo => "demo",
            Kind::Evaluate => "evaluate",
        }
    }

    /// What stands in the head of such a page and in no other.
    pub(super) fn mark(self) -> String {
        format!("<meta name=\"generator\" content=\"lacuna {}\">", self.name())
    }

    /// Refuses to write the page `path` over anything that is no page of this kind.
    ///
    /// # Errors
    /// [`Error::Input`], which names `path`.
    pub fn check(self, path: &Path) -> Result<()> {
        // Of a link its own being counts: the file it leads to may be away for now.
        if path.symlink_metadata().is_err() || self.is_at(path) {
            return Ok(());
        }
        let what = format!("output `{}`", path.display());
        let problem = format!("it exists and is no report of `lacuna {}`", self.name());
        Err(Error::input(what, problem, "move it away, or choose another folder with --out"))
    }

    fn is_at(self, path: &Path) -> bool {
        let mut head = Vec::new();
        let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
        read.is_ok() && String::from_utf8_lossy(&head).contains(&self.mark())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Page;
    use std::fs;

    #[test]
    fn a_page_of_the_kind_is_replaced_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(Kind::FILE);
        assert!(Kind::Train.check(&path).is_ok());
        fs::write(&path, Page::new(Kind::Train, "a").render()).unwrap();
        assert!(Kind::Train.check(&path).is_ok() && Kind::Restore.check(&path).is_err());
        for stranger in [&b"<!doctype html><title>mine</title>"[..], b"", &[0xff; 999]] {
            fs::write(&path, stranger).unwrap();
            let message = Kind::Train.check(&path).unwrap_err().to_string();
            assert!(message.contains("report.html") && message.contains("--out"), "{message}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(Kind::Train.check(&path).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_someone_elses_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(Kind::FILE);
        std::os::unix::fs::symlink("away", &path).unwrap();
        assert!(Kind::Demo.check(&path).is_err());
    }
}
