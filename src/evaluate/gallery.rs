//! Pictures of an evaluation that people look at: those at the head of the list, and the best and the worst. All
//! others are forgotten, so that a large evaluation does not fill the disk.
//!
//! ```text
//! OUT/pictures/TASK/ID/{damaged,truth,SYSTEM}.png     256 pixels a side at most
//! ```

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Case;
use super::compare::Outcome;
use crate::data::Id;
use crate::error::{Error, Result};
use crate::image::{Picture, load, save_png, within};
use crate::report::shrunk;
use crate::restore::Task;

/// The longest side that is kept.
const SIDE: u32 = 256;

/// The folder of them in that of an evaluation.
#[derive(Debug)]
pub(super) struct Gallery(PathBuf);

impl Gallery {
    pub fn of(out: &Path) -> Self {
        Self(out.join("pictures"))
    }

    fn folder(&self, task: Task, id: &Id) -> PathBuf {
        self.0.join(task.name()).join(&id.to_string()[..16])
    }

    /// Keeps what was done to `case`, and what came of it.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn keep(&self, task: Task, case: &Case, outcomes: &[Outcome]) -> Result<()> {
        let folder = self.folder(task, &case.truth.id);
        let save = |name: &str, picture: &Picture| {
            let path = folder.join(format!("{}.png", slug(name)));
            let whole = picture.to_rgb8();
            let small = within(whole.dimensions(), SIDE).and_then(|_| shrunk(&whole, SIDE));
            save_png(path, small.unwrap_or(whole))
        };
        for (name, picture) in [("damaged", &case.damaged.picture), ("truth", &case.truth.picture)]
        {
            if !folder.join(format!("{name}.png")).is_file() {
                save(name, picture)?;
            }
        }
        // A system may be called what those are called.
        outcomes.iter().try_for_each(|one| save(&format!("of {}", one.system), &one.picture))
    }

    /// Forgets all of `task` but `kept`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn prune(&self, task: Task, kept: &HashSet<Id>) -> Result<()> {
        let folder = self.0.join(task.name());
        let kept: HashSet<String> =
            kept.iter().map(|id| id.to_string()[..16].to_string()).collect();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Nothing of someone else's.
            let is_ours = name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_ours && !kept.contains(&name) {
                fs::remove_dir_all(entry.path()).map_err(Error::write(entry.path()))?;
            }
        }
        Ok(())
    }

    /// What was kept of picture `id` under `name`: `damaged`, `truth`, or the name of a system.
    pub fn picture(&self, task: Task, id: &Id, name: &str) -> Option<Picture> {
        let name = match name {
            "damaged" | "truth" => name.to_string(),
            system => slug(&format!("of {system}")),
        };
        load(self.folder(task, id).join(format!("{name}.png"))).ok()?.picture().ok()
    }
}

/// `name` as that of a file: every other character is its number.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' => slug.push(c),
            ' ' => slug.push('-'),
            c => slug += &format!("_{:x}", c as u32),
        }
    }
    // Names of files are 255 bytes long at most.
    if slug.len() > 150 {
        slug.truncate(100);
        slug += &Id::of(name.as_bytes()).to_string()[..16];
    }
    slug.trim_start_matches('.').to_string()
}
