//! A file appears whole or not at all: written beside its final place, synced, then renamed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{mem, process};

use walkdir::WalkDir;

use super::probe;
use crate::error::{Error, Result};

/// Tells apart two writers of one process, so that two threads never share a partial file.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// Ends the name of a folder that is not whole yet.
const PARTIAL: &str = ".partial";

/// The partial files and folders of this process.
static PARTIALS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn partials() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    PARTIALS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the folder `path`, which has its name only when `fill` has filled it and all of it is on the disk.
///
/// # Errors
/// Those of `fill`, after which nothing is left; [`Error::Write`]; a path without a name.
pub(crate) fn make_folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let Some(name) = path.file_name() else {
        let what = format!("folder `{}`", path.display());
        return Err(Error::input(what, "it has no name", "name a folder that is not there yet"));
    };
    let partial = path.with_file_name(format!(".{}{PARTIAL}", name.to_string_lossy()));
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir_all(&partial).map_err(Error::write(&partial))?;
    partials().insert(partial.clone());
    let renamed = |()| {
        sync_folder(&partial);
        fs::rename(&partial, path).map_err(Error::write(path))
    };
    let filled = fill(&partial).and_then(renamed);
    match filled {
        Ok(()) => sync_folder(folder_of(path)),
        Err(_) => drop(fs::remove_dir_all(&partial)),
    }
    partials().remove(&partial);
    filled
}

/// Makes it durable what is in `folder`. Best effort: some file systems cannot sync a folder, and the files are in place.
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Whether `name` is that of a file that was being written, or of a folder that was being made, by a process that was
/// killed.
pub fn is_left_behind(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_partial = name.contains(".partial-") || name.ends_with(PARTIAL);
    name.starts_with('.') && (is_partial || name.starts_with(probe::NAME))
}

/// Takes away what processes that were killed left half written in `folder` and the folders in it. For whoever holds its
/// lock: nobody else writes there.
pub(crate) fn clear_partials(folder: &Path) {
    for entry in WalkDir::new(folder).max_depth(2).into_iter().flatten() {
        if is_left_behind(entry.file_name()) {
            remove(entry.path());
        }
    }
}

fn remove(path: &Path) {
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
}

/// Takes away every partial file of this process, and lets no thread begin another one from here on: for a program
/// that ends the next moment without waiting for its threads.
pub fn abandon_writes() {
    let partials = partials();
    for path in partials.iter() {
        remove(path);
    }
    // Never unlocked again.
    mem::forget(partials);
}

/// Copies the file `from` to `to`, down to the disk. Not [`fs::copy`], which makes a file that is read-only as the other
/// one and may not be synced everywhere.
///
/// # Errors
/// [`Error::Read`], [`Error::Write`].
pub(crate) fn copy_to_disk(from: &Path, to: &Path) -> Result<()> {
    let mut there = File::open(from).map_err(Error::read(from))?;
    let mut here = File::create(to).map_err(Error::write(to))?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match there.read(&mut piece).map_err(Error::read(from))? {
            0 => return here.sync_all().map_err(Error::write(to)),
            read => here.write_all(&piece[..read]).map_err(Error::write(to))?,
        }
    }
}

/// Writes `bytes` as the file `path`; an older file of that name stays untouched until the new one is complete.
///
/// Missing parent folders are created. Errors: [`Error::Write`], which names `path`.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    write_with(path, |out| out.write_all(bytes))
}

/// [`write_atomically`] for content that is too large to hold in memory: `fill` writes it piece by piece.
///
/// The writer is buffered. If `fill` returns an error (or panics), the partial file is removed and an older file of
/// that name is left as it was. Errors: [`Error::Write`], which names `path`.
pub fn write_with(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    replace(path, fill).map_err(Error::write(path))
}

fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let (partial, file) = Partial::beside(path)?;
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    partial.become_file(path, file)
}

/// [`write_with`] for what is written by path: `make` fills the file whose path it is given, which is there and empty.
///
/// # Errors
/// Those of `make`, after which an older file is as it was; [`Error::Write`], which names `path`.
pub(crate) fn replace_file(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let (partial, _) = Partial::beside(path).map_err(Error::write(path))?;
    make(&partial.path)?;
    let file = File::options().write(true).open(&partial.path);
    file.and_then(|file| partial.become_file(path, file)).map_err(Error::write(path))
}

/// `.NAME.partial-PID-N`: hidden from listings, and beside the file because a rename cannot cross file systems.
fn partial_name(name: &OsStr) -> String {
    // Names may be 255 bytes long; 40 characters are at most 160 bytes and leave room for the rest.
    let name: String = name.to_string_lossy().chars().take(40).collect();
    format!(".{name}.partial-{}-{}", process::id(), WRITES.fetch_add(1, Ordering::Relaxed))
}

/// Removes the partial file on every way out but success, a panic of the caller's closure included.
struct Partial {
    path: PathBuf,
    renamed: bool,
}

impl Partial {
    /// A partial file in the folder of `path`, which is made where it is missing.
    fn beside(path: &Path) -> io::Result<(Self, File)> {
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
        fs::create_dir_all(folder_of(path))?;
        Self::begin(folder_of(path).join(partial_name(name)))
    }

    /// Made and noted in one, so that none is ever there unknown.
    fn begin(path: PathBuf) -> io::Result<(Self, File)> {
        let mut partials = partials();
        let file = File::create(&path)?;
        partials.insert(path.clone());
        Ok((Self { path, renamed: false }, file))
    }

    /// Takes the name `path`; `file` is the partial file.
    fn become_file(mut self, path: &Path, file: File) -> io::Result<()> {
        // Without this a power cut after the rename can leave the new name with no content.
        file.sync_all()?;
        drop(file);
        fs::rename(&self.path, path)?;
        self.renamed = true;
        sync_folder(folder_of(path));
        Ok(())
    }
}

/// `parent` of a bare name is the empty path, which means the current folder but cannot be opened as one.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
        partials().remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn writing_creates_folders_replaces_the_old_file_and_leaves_no_partial() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c.bin");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new content").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new content");
        assert_eq!(names(path.parent().unwrap()), ["c.bin"]);
    }

    #[test]
    fn a_closure_that_fails_midway_keeps_the_old_file_and_leaves_no_partial() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.bin");
        write_atomically(&path, b"old").unwrap();
        let err = write_with(&path, |out| {
            out.write_all(&[7; 100_000])?;
            Err(io::Error::other("the disk is full"))
        })
        .unwrap_err();
        assert!(err.to_string().contains("c.bin") && err.to_string().contains("the disk is full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["c.bin"]);
    }

    #[test]
    fn a_closure_that_panics_leaves_no_partial() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.bin");
        // `resume_unwind` unwinds without calling the panic hook, so the test prints nothing.
        let write = || write_with(&path, |_| std::panic::resume_unwind(Box::new("stop")));
        assert!(std::panic::catch_unwind(write).is_err());
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_parent_that_is_a_file_is_an_error_and_the_file_survives() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), b"kept").unwrap();
        let path = dir.path().join("file/c.bin");
        assert!(
            matches!(write_atomically(&path, b"x"), Err(Error::Write { path: p, .. }) if p == path)
        );
        assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"kept");
        assert_eq!(names(dir.path()), ["file"]);
    }

    #[test]
    fn a_target_that_is_a_folder_is_an_error_and_leaves_no_partial() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("folder/inner")).unwrap();
        assert!(write_atomically(dir.path().join("folder"), b"x").is_err());
        assert_eq!(names(dir.path()), ["folder"]);
        assert!(write_atomically("/", b"x").is_err());
        assert!(write_atomically("", b"x").is_err());
    }

    #[test]
    fn a_name_of_the_greatest_length_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n".repeat(255));
        write_atomically(&path, b"x").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }

    #[test]
    fn many_threads_writing_one_file_leave_one_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.bin");
        std::thread::scope(|s| {
            for i in 0..8u8 {
                let path = &path;
                s.spawn(move || write_atomically(path, &[i; 10_000]).unwrap());
            }
        });
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.len() == 10_000 && bytes.iter().all(|&b| b == bytes[0]));
        assert_eq!(names(dir.path()), ["c.bin"]);
    }
}
