//! The pictures below a folder by their names, and what looks like one and is none.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{is_picture_content, is_picture_name};

/// Extensions of pictures that are not read: named when they are found, so that nobody wonders where they went.
const FOREIGN: [&str; 14] = [
    "gif", "tif", "tiff", "bmp", "heic", "heif", "avif", "jp2", "jxl", "psd", "dng", "cr2", "nef",
    "arw",
];

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

/// The paths of all pictures below `root`, relative to it and sorted, and what looks like one and is not read.
///
/// Hidden files and folders are passed over, and so are runs, reports and mended pictures that lie inside; links
/// are followed.
///
/// # Errors
/// `root` is missing or cannot be read; [`Error::Stopped`] when `watch` broke off.
pub fn list_pictures(
    root: &Path,
    watch: &mut dyn Observer,
) -> Result<(Vec<PathBuf>, Vec<Skipped>)> {
    /// Entries between two looks at the watch.
    const EVERY: usize = 500;
    if root.is_file() {
        let what = format!("`{}`", root.display());
        return Err(Error::input(what, "it is a file, no folder", "name the folder it lies in"));
    }
    fs::read_dir(root).map_err(Error::read(root))?;
    let (mut paths, mut skipped) = (Vec::new(), Vec::new());
    let hidden = |entry: &walkdir::DirEntry| {
        entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.')
    };
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name();
    let entries = walk.into_iter().filter_entry(|entry| !hidden(entry) && !is_ours(entry));
    for (at, entry) in entries.enumerate() {
        let found = paths.len();
        if at % EVERY == EVERY - 1 && watch.on(Event::Listing { found }).is_break() {
            return Err(stopped(root));
        }
        let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_path_buf();
        // A path goes into manifests and records, which are UTF-8.
        let told = |path: &Path| PathBuf::from(below(path).to_string_lossy().into_owned());
        match entry {
            Ok(entry) if entry.path().to_str().is_none() && is_picture_name(entry.path()) => {
                let problem = "its name is no UTF-8; rename it".to_string();
                skipped.push(Skipped { path: told(entry.path()), problem });
            }
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if is_picture_name(entry.path()) => paths.push(below(entry.path())),
            Ok(entry) => {
                if let Some(problem) = foreign_problem(entry.path()) {
                    // A program that shares photos may have converted the content and kept the name.
                    if entry.path().to_str().is_some() && is_picture_content(entry.path()) {
                        paths.push(below(entry.path()));
                        continue;
                    }
                    skipped.push(Skipped { path: told(entry.path()), problem });
                }
            }
            Err(error) => {
                let path = error.path().map(told).unwrap_or_default();
                skipped.push(Skipped { path, problem: format!("cannot be listed ({error})") });
            }
        }
    }
    paths.sort();
    Ok((paths, skipped))
}

/// A folder below the root that this program wrote: mended pictures, a run with its previews, an evaluation with its
/// sheets, a demo.
fn is_ours(entry: &walkdir::DirEntry) -> bool {
    const SIGNS: [&[&str]; 4] = [
        &["restore.json"],
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
