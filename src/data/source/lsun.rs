//! LSUN: an LMDB file whose values are encoded pictures, in the order of its keys.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, WithoutTls};

use super::member::too_large;
pub(super) use super::meta::MAGIC;
use super::stored::Stored;
use super::{Content, Listed, MAX_ENCODED, Place, Source, damaged, foreign, meta, skipped, tree};
use crate::error::{Error, Result};

const DATABASE: &str = "data.mdb";

/// The pictures of an LMDB file, in the order of its keys.
#[derive(Debug)]
pub(super) struct Lsun {
    file: Stored,
    mapped: Arc<Mapped>,
}

/// The file in memory.
#[derive(Debug)]
struct Mapped {
    env: Env<WithoutTls>,
    database: Pictures,
}

/// The unnamed database.
type Pictures = Database<'static, Bytes, Bytes>;

/// The LMDB files at `path`: that file, the one in that folder, or those in its folders `*_lmdb`, sorted.
pub(super) fn databases(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let inside = path.join(DATABASE);
    if inside.is_file() {
        return Ok(vec![inside]);
    }
    let entries = std::fs::read_dir(path).map_err(Error::read(path))?;
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_set = |path: &PathBuf| path.to_string_lossy().ends_with("_lmdb");
    let mut found: Vec<_> = folders
        .filter(is_set)
        .map(|path| path.join(DATABASE))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    Ok(found)
}

/// The only LMDB file at `path`.
fn database(path: &Path) -> Result<PathBuf> {
    let mut found = databases(path)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(damaged(path, format!("there is no `{DATABASE}` in it"), "name its folder")),
        n => {
            let name = |path: &PathBuf| path.parent().map(|path| path.display().to_string());
            let names: Vec<_> = found.iter().filter_map(name).collect();
            let problem = format!("there are {n} in it");
            Err(damaged(path, problem, &format!("name one: {}", names.join(", "))))
        }
    }
}

impl Lsun {
    /// # Errors
    /// There is no database, more than one, or one that is damaged: nothing is mapped into memory before its meta pages
    /// and its tree have been looked at.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = Stored::open(&database(path)?)?;
        let mapped = map(&file)?;
        Ok(Self { file, mapped })
    }

    fn refused(&self, error: &heed::Error) -> Error {
        damaged(self.file.path(), format!("LMDB says: {error}"), meta::AGAIN)
    }
}

/// Maps the file into memory, once in a process: LMDB allows no more, so that all who read it share it.
fn map(file: &Stored) -> Result<Arc<Mapped>> {
    static MAPPED: Mutex<BTreeMap<PathBuf, Weak<Mapped>>> = Mutex::new(BTreeMap::new());
    let path = file.path();
    let path = path.canonicalize().map_err(Error::read(path))?;
    let mut mapped = MAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = mapped.get(&path).and_then(Weak::upgrade) {
        return Ok(shared);
    }
    let about = meta::read(file)?;
    tree::check(file, &about)?;
    // The map that somebody has just let go of may not be closed yet.
    if let Some(closing) = heed::env_closing_event(&path) {
        closing.wait_timeout(Duration::from_secs(10));
    }
    let refused = |error| damaged(&path, format!("LMDB cannot map it ({error})"), meta::AGAIN);
    let env = map_checked(&path, file.len()).map_err(refused)?;
    let database = unnamed(&env).map_err(refused)?;
    let shared = Arc::new(Mapped { env, database });
    mapped.insert(path, Arc::downgrade(&shared));
    Ok(shared)
}

fn unnamed(env: &Env<WithoutTls>) -> heed::Result<Pictures> {
    let transaction = env.read_txn()?;
    let opened = env.open_databases_and_commit(transaction, |opener, transaction| {
        let database = opener.open_database::<Bytes, Bytes>(transaction, None)?;
        Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(database))
    })?;
    // An LMDB file always has one.
    opened.commit().flatten().ok_or_else(|| heed::MdbError::NotFound.into())
}

/// Maps an LMDB file of `len` bytes whose meta pages and tree hold together.
#[allow(unsafe_code)]
fn map_checked(path: &Path, len: u64) -> heed::Result<Env<WithoutTls>> {
    /// A multiple of the page size of every system.
    const STEP: usize = 1 << 16;
    let len = usize::try_from(len).unwrap_or(usize::MAX - STEP);
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    // LSUN's own files ask for a terabyte of address space.
    options.map_size(len.next_multiple_of(STEP));
    // SAFETY: the flags open the file for reading alone and write no lock file beside it. Without a lock, and with a
    // map of any kind, nobody may write to the file or shorten it as long as it is open: a data set is not written
    // to while it is learned from, and the guide says so. What LMDB trusts in the file was looked at by `tree::check`:
    // every page that it can reach, every key, and where every value lies.
    unsafe {
        options.flags(EnvFlags::READ_ONLY | EnvFlags::NO_LOCK | EnvFlags::NO_SUB_DIR);
        options.open(path)
    }
}

impl Source for Lsun {
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        let refused = |error| self.refused(&error);
        let transaction = self.mapped.env.read_txn().map_err(refused)?;
        for entry in self.mapped.database.iter(&transaction).map_err(refused)? {
            let (key, value) = entry.map_err(refused)?;
            let name = name_of(key);
            let listed = match value.len() as u64 {
                len if len > MAX_ENCODED => skipped(name, too_large(len)),
                _ => Listed::Item { name, place: Place::Key(key.to_vec()), side: None },
            };
            if each(listed).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, place: &Place) -> Result<Content> {
        let Place::Key(key) = place else { return Err(foreign(place, self.file.path())) };
        let refused = |error| self.refused(&error);
        let transaction = self.mapped.env.read_txn().map_err(refused)?;
        // LMDB refuses an empty key, and one that is too long, by an error of its own.
        match self.mapped.database.get(&transaction, key).map_err(refused)? {
            Some(value) if value.len() as u64 <= MAX_ENCODED => {
                Ok(Content::Encoded(value.to_vec()))
            }
            Some(value) => Err(Error::picture(
                self.file.path().join(name_of(key)),
                too_large(value.len() as u64),
                "leave it out",
            )),
            None => Err(foreign(place, self.file.path())),
        }
    }
}

/// A key as text, where it is text that can be read, else as hexadecimal digits.
fn name_of(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) if !text.is_empty() && !text.contains(char::is_control) => text.to_string(),
        _ => format!("0x{}", key.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
