//! Whether files can be written into a folder, found out before an hour of work and not after it.

use std::path::Path;
use std::{fs, io, process};

use crate::error::{Error, Result};

/// Begins the name of the file.
pub(super) const NAME: &str = ".lacuna-probe-";

/// Makes `folder`, writes a small file into it, and takes all of that away again: what is refused later for
/// another reason must leave nothing behind.
///
/// # Errors
/// [`Error::Write`], which names `folder`.
pub fn probe(folder: &Path) -> Result<()> {
    let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    // The innermost comes first, in the order in which they can be removed.
    let missing: Vec<&Path> = folder.ancestors().take_while(missing).collect();
    let tried = write_in(folder);
    for made in missing {
        let _ = fs::remove_dir(made);
    }
    tried.map_err(Error::write(folder))
}

fn write_in(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{NAME}{}", process::id()));
    let written = fs::write(&path, b"probe");
    let _ = fs::remove_file(&path);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_leaves_nothing_behind_and_what_was_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        probe(&dir.path().join("a/b/c")).unwrap();
        assert!(!dir.path().join("a").exists());
        fs::create_dir(dir.path().join("a")).unwrap();
        probe(&dir.path().join("a")).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 0);
    }

    #[test]
    fn a_file_where_a_folder_has_to_be_is_an_error_that_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, b"kept").unwrap();
        for folder in [file.clone(), file.join("a/b")] {
            let message = probe(&folder).unwrap_err().to_string();
            assert!(message.contains("is a file; name a folder"), "{message}");
        }
        assert_eq!(fs::read(&file).unwrap(), b"kept");
    }
}
