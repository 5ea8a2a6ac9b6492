//! One process at a time works in a folder.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use same_file::Handle;

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
    /// What goes with it.
    trace: Option<Trace>,
}

/// What was made to hold a folder.
#[derive(Debug)]
struct Trace {
    lock: PathBuf,
    /// Folders, the innermost first.
    folders: Vec<PathBuf>,
}

impl Lock {
    /// Takes `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// Another process holds it; a folder that cannot be written.
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                sleep(BETWEEN);
            }
            fs::create_dir_all(folder).map_err(Error::write(folder))?;
            let file = match File::create(&path) {
                // Whoever held it took the folder away with the lock.
                Err(error) if error.kind() == ErrorKind::NotFound && attempt + 1 < ATTEMPTS => {
                    continue;
                }
                file => file.map_err(Error::write(&path))?,
            };
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {}
                // Nor is it held where the file is no longer the one that others find.
                Ok(()) if !is_at(&file, &path) => {}
                // A file system without locks is no reason to refuse the work.
                Ok(()) | Err(TryLockError::Error(_)) => {
                    return Ok(Self { _file: file, trace: None });
                }
            }
        }
        Err(Error::input(
            format!("folder `{}`", folder.display()),
            "another process works in it",
            "wait until it has ended, or choose another folder",
        ))
    }

    /// Takes `folder` for work that may come to nothing: the lock goes with it, and so do the folders that were made for it
    /// and have stayed empty.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn pass(folder: &Path) -> Result<Self> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let folders = folder.ancestors().take_while(missing).map(Path::to_path_buf).collect();
        let mut lock = Self::take(folder)?;
        lock.trace = Some(Trace { lock: folder.join(NAME), folders });
        Ok(lock)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let Some(Trace { lock, folders }) = &self.trace else { return };
        // Still held: nobody else's is taken away.
        let _ = fs::remove_file(lock);
        let _ = folders.iter().try_for_each(fs::remove_dir);
    }
}

/// Whether `file` is what lies at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    let ours = file.try_clone().and_then(Handle::from_file);
    matches!((ours, Handle::from_path(path)), (Ok(ours), Ok(there)) if ours == there)
}

/// Whether a process works in `folder`; nothing is written there.
pub fn is_held(folder: &Path) -> bool {
    let shared = File::open(folder.join(NAME)).map(|file| file.try_lock_shared());
    matches!(shared, Ok(Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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
    fn work_that_came_to_nothing_leaves_no_trace_and_other_work_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        let lock = Lock::pass(&folder).unwrap();
        assert!(is_held(&folder) && Lock::pass(&folder).is_err() && is_held(&folder));
        drop(lock);
        assert!(!dir.path().join("a").exists());
        let lock = Lock::pass(&folder).unwrap();
        fs::write(folder.join("result"), b"kept").unwrap();
        drop(lock);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn of_many_that_come_and_go_one_at_a_time_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, inside) = (dir.path().join("a/b"), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut turns = 0;
                    while turns < 50 {
                        let Ok(_lock) = Lock::pass(&folder) else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        turns += 1;
                    }
                });
            }
        });
        assert!(!is_held(&folder));
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
