//! The pictures below a folder by their names, and what looks like one and is none.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{is_picture_content, is_picture_name};
use crate::restore::job::Record;

/// Extensions of pictures that are not read: named when they are found, so that nobody wonders where they went.
const FOREIGN: [&str; 14] = [
    "gif", "tif", "tiff", "bmp", "heic", "heif", "avif", "jp2", "jxl", "psd", "dng", "cr2", "nef",
    "arw",
];

/// Why the second of two pictures with one name is left out: an archive may have such.
pub(super) const SAME_NAME: &str = "an earlier one has the same name; rename one";

/// A file that is no photo, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    pub path: PathBuf,
    pub problem: String,
}

/// What whoever asked to stop is told.
pub(super) fn stopped(root: &Path) -> Error {
    Error::stopped(format!("the photos of `{}` were read", root.display()))
}

/// What a walk through a folder meets.
pub(super) enum Met {
    /// A picture, by its looks; its path below the root.
    Picture(PathBuf),
    /// What looks like one and is not read.
    Skipped(Skipped),
}

/// The paths of all pictures below `root`, relative to it and sorted, and what looks like one and is not read.
///
/// Hidden files and folders are passed over, and so are runs, reports and mended pictures that lie inside, these by the
/// record of their restoration; links are followed.
///
/// # Errors
/// `root` is missing or cannot be read; [`Error::Stopped`] when `watch` broke off.
pub fn list_pictures(
    root: &Path,
    watch: &mut dyn Observer,
) -> Result<(Vec<PathBuf>, Vec<Skipped>)> {
    let (mut paths, mut skipped) = (Vec::new(), Vec::new());
    walk_pictures(root, watch, &mut |met| {
        match met {
            Met::Picture(path) => paths.push(path),
            Met::Skipped(one) => skipped.push(one),
        }
        Ok(())
    })?;
    paths.sort();
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((paths, skipped))
}

/// [`list_pictures`] one by one, in any order: no list of them is in memory.
pub(super) fn walk_pictures(
    root: &Path,
    watch: &mut dyn Observer,
    each: &mut dyn FnMut(Met) -> Result<()>,
) -> Result<()> {
    /// Entries between two looks at the watch.
    const EVERY: usize = 500;
    if root.is_file() {
        let what = format!("`{}`", root.display());
        return Err(Error::input(what, "it is a file, no folder", "name the folder it lies in"));
    }
    fs::read_dir(root).map_err(Error::read(root))?;
    let hidden = |entry: &walkdir::DirEntry| {
        entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.')
    };
    let walk = WalkDir::new(root).follow_links(true);
    let mended = RefCell::new(MendedFiles::default());
    let entries = walk.into_iter().filter_entry(|entry| {
        !hidden(entry) && !is_ours(entry) && !mended.borrow_mut().are_met(entry)
    });
    let mut found = 0;
    for (at, entry) in entries.enumerate() {
        if at % EVERY == EVERY - 1 && watch.on(Event::Listing { found }).is_break() {
            return Err(stopped(root));
        }
        if let Some(met) = met(root, entry) {
            found += usize::from(matches!(met, Met::Picture(_)));
            each(met)?;
        }
    }
    Ok(())
}

/// What `entry` of a walk through `root` is; `None` if nobody would miss it.
fn met(root: &Path, entry: walkdir::Result<walkdir::DirEntry>) -> Option<Met> {
    let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_path_buf();
    // A path goes into manifests and records, which are UTF-8.
    let told = |path: &Path| PathBuf::from(below(path).to_string_lossy().into_owned());
    let skipped = |path, problem| Some(Met::Skipped(Skipped { path, problem }));
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => {
            let path = error.path().map(told).unwrap_or_default();
            return skipped(path, format!("cannot be listed ({error})"));
        }
    };
    let path = entry.path();
    let is_text = path.to_str().is_some();
    if !is_text && is_picture_name(path) {
        return skipped(told(path), "its name is no UTF-8; rename it".to_string());
    }
    if entry.file_type().is_dir() {
        return None;
    }
    // Opening a pipe would wait for whoever writes into it.
    if !entry.file_type().is_file() {
        return is_picture_name(path).then(|| skipped(below(path), "it is no file".into()))?;
    }
    if is_picture_name(path) {
        return Some(Met::Picture(below(path)));
    }
    let problem = foreign_problem(path)?;
    // A program that shares photos may have converted the content and kept the name.
    match is_text && is_picture_content(path) {
        true => Some(Met::Picture(below(path))),
        false => skipped(told(path), problem),
    }
}

/// What restorations wrote into the folders that were met, by their records: as many names as they have.
#[derive(Default)]
struct MendedFiles {
    results: HashSet<PathBuf>,
    /// Folders with a record.
    folders: HashSet<PathBuf>,
}

impl MendedFiles {
    /// Whether `entry` of a walk is one of them. A folder whose record cannot be read is one as a whole.
    fn are_met(&mut self, entry: &walkdir::DirEntry) -> bool {
        /// Written before the record, so that a killed process may leave some that are not in it.
        const COMPANIONS: [&str; 3] = [".raw.png", ".residual.png", ".strip.png"];
        let path = entry.path();
        if entry.file_type().is_dir() {
            if !path.join(Record::FILE).exists() {
                return false;
            }
            let Ok(record) = Record::open(path) else { return entry.depth() > 0 };
            self.results.extend(record.images.into_keys().map(|result| path.join(result)));
            self.folders.insert(path.to_path_buf());
            return false;
        }
        let name = entry.file_name().to_string_lossy();
        let is_companion = COMPANIONS.iter().any(|end| name.ends_with(end));
        let in_one = || path.ancestors().skip(1).any(|folder| self.folders.contains(folder));
        (is_companion && in_one()) || self.results.contains(path)
    }
}

/// A folder below the root that this program wrote: a run with its previews, an evaluation with its sheets, a demo.
fn is_ours(entry: &walkdir::DirEntry) -> bool {
    const SIGNS: [&[&str]; 3] = [
        &["manifest.json", "config.toml"],
        &["scores.csv", "table.md"],
        &["demo.json", "portraits"],
    ];
    let holds = |names: &[&str]| names.iter().all(|name| entry.path().join(name).exists());
    entry.depth() > 0 && entry.file_type().is_dir() && SIGNS.iter().any(|names| holds(names))
}

/// Why a file of this name is no photo, where its extension is that of a picture of another kind.
pub(super) fn foreign_problem(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?.to_lowercase();
    let kind = FOREIGN.contains(&extension.as_str()).then(|| extension.to_uppercase())?;
    Some(format!("{kind} is not read; convert it to PNG, JPEG or WebP"))
}
