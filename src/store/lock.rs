//! One process at a time works in a folder.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::error::{Error, Result};

/// The file that is locked.
const NAME: &str = ".lock";

/// Holds a folder until it is dropped; the system lets go of it too when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// Another process holds it; a folder that cannot be written.
    pub fn take(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
        let path = folder.join(NAME);
        let file = File::create(&path).map_err(Error::write(&path))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Error::input(
                format!("folder `{}`", folder.display()),
                "another process works in it",
                "wait until it has ended, or choose another folder",
            )),
            // A file system without locks is no reason to refuse the work.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { _file: file }),
        }
    }
}

/// Whether a process works in `folder`; nothing is written there.
pub fn is_held(folder: &Path) -> bool {
    let shared = File::open(folder.join(NAME)).map(|file| file.try_lock_shared());
    matches!(shared, Ok(Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_until_the_lock_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("run");
        assert!(!is_held(&folder) && !folder.exists());
        let first = Lock::take(&folder).unwrap();
        assert!(is_held(&folder));
        assert!(Lock::take(&folder).unwrap_err().to_string().contains("another process"));
        drop(first);
        assert!(!is_held(&folder));
        assert!(Lock::take(&folder).is_ok());
    }
}
