//! One process at a time works in a folder.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::error::{Error, Result};

/// The file that is locked.
const NAME: &str = ".lock";

/// Whoever asks whether a folder is held holds it too, for less than a millisecond: that is waited for, and no longer than
/// a person notices.
const ATTEMPTS: usize = 20;
const BETWEEN: Duration = Duration::from_millis(10);

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
        let mut taken = file.try_lock();
        for _ in 1..ATTEMPTS {
            if !matches!(taken, Err(TryLockError::WouldBlock)) {
                break;
            }
            sleep(BETWEEN);
            taken = file.try_lock();
        }
        match taken {
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

    #[test]
    fn who_only_looks_keeps_nobody_from_taking_it() {
        let dir = tempfile::tempdir().unwrap();
        drop(Lock::take(dir.path()).unwrap());
        let look = File::open(dir.path().join(NAME)).unwrap();
        look.lock_shared().unwrap();
        let looking = std::thread::spawn(move || {
            sleep(3 * BETWEEN);
            drop(look);
        });
        assert!(Lock::take(dir.path()).is_ok());
        looking.join().unwrap();
    }
}
