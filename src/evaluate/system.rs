//! A system that is measured: a model, how it is fitted, and what it has learned as far as anyone can tell.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::split::seen;
use crate::config::{Config, FitConfig};
use crate::data::source::SetSpec;
use crate::data::{Id, IdSet, PhotoConfig, Photos};
use crate::error::{Error, Result};
use crate::event::Observer;
use crate::method::Lcm;
use crate::model::Model;
use crate::restore::{FitSettings, Task};
use crate::train::Run;

/// A model with its fits.
#[derive(Debug)]
pub struct System {
    /// In tables and on sheets.
    pub name: String,
    /// As it was named.
    pub folder: PathBuf,
    /// Tells its numbers and settings from those of another.
    pub hash: String,
    pub config: Config,
    /// One for each task that is measured, and that of whole pictures.
    pub fits: Vec<(Part, FitConfig)>,
    pub(super) restorer: Lcm,
}

/// What is measured of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    Task(Task),
    /// How well a picture that was learned is made, whole and undamaged.
    Learned,
    /// The same of one that was held out.
    HeldOut,
}

impl Part {
    pub fn name(self) -> &'static str {
        match self {
            Part::Task(task) => task.name(),
            Part::Learned => "reconstruct-learned",
            Part::HeldOut => "reconstruct-held-out",
        }
    }
}

impl System {
    /// `model`, which was opened from `folder`, under `name`.
    ///
    /// # Errors
    /// As [`Model::frozen`].
    pub fn new(
        name: &str,
        folder: &Path,
        model: Model,
        fits: Vec<(Part, FitConfig)>,
    ) -> Result<Self> {
        let (config, hash) = (model.config.clone(), model.digest());
        let settings = FitSettings::new(config.restore.inpaint, &config);
        let restorer = Lcm::new(model, settings)?;
        let (name, folder) = (name.to_string(), folder.to_path_buf());
        Ok(Self { name, folder, hash, config, fits, restorer })
    }

    /// The restorer, set to the fit of `part`.
    pub(super) fn set(&mut self, part: Part) -> &Lcm {
        if let Some(fit) = self.fit(part) {
            self.restorer.settings = FitSettings::new(fit, &self.config);
        }
        &self.restorer
    }

    pub(super) fn fit(&self, part: Part) -> Option<FitConfig> {
        self.fits.iter().find(|(other, _)| *other == part).map(|(_, fit)| *fit)
    }

    /// The settings of `part` as one line; another one may give other numbers.
    pub(super) fn settings(&self, part: Part) -> String {
        let fit = self.fit(part);
        let (steps, lr) = fit.map_or((0, 0.0), |fit| (fit.steps, fit.lr));
        let restore = &self.config.restore;
        let precision = restore.precision;
        format!("at most {steps} steps at rate {lr}, {precision:?}").to_lowercase()
    }

    /// Names for models in `folders`: `lcm` for one alone, else the last folder that is no `model`, or all of the path
    /// where two would be the same.
    pub fn names(folders: &[PathBuf]) -> Vec<String> {
        if folders.len() == 1 {
            return vec!["lcm".to_string()];
        }
        let short = |folder: &PathBuf| {
            let full = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            let names = full.iter().rev().map(|name| name.to_string_lossy().into_owned());
            let mut names = names.filter(|name| name != "model" && name != "/");
            names.next().unwrap_or_else(|| "lcm".to_string())
        };
        let names: Vec<String> = folders.iter().map(short).collect();
        let is_single = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
        let full = |(name, folder): (&String, &PathBuf)| match is_single(name) {
            true => name.clone(),
            false => folder.display().to_string(),
        };
        names.iter().zip(folders).map(full).collect()
    }
}

/// What a model has learned.
#[derive(Debug)]
pub struct Learned {
    /// Where the photos lie, where a manifest says so.
    pub set: Option<SetSpec>,
    /// By their content; `None` where nobody says.
    ids: Option<IdSet>,
    /// The photos themselves, or why they cannot be looked at.
    photos: std::result::Result<Arc<Photos>, String>,
}

impl Learned {
    /// What the manifest of the run that `folder` is, or lies in, says; `config` is that of its photos. Photos that one of
    /// `before` has read already are not read again.
    ///
    /// # Errors
    /// A damaged manifest; [`Error::Stopped`] when `watch` broke off.
    pub fn of(
        folder: &Path,
        config: PhotoConfig,
        before: &[Learned],
        watch: &mut dyn Observer,
    ) -> Result<Self> {
        let Some(run) = run_of(folder) else {
            let photos = Err("the model comes without a manifest.json".to_string());
            return Ok(Self { set: None, ids: None, photos });
        };
        let mut set = None;
        let ids = IdSet::of(&config.scratch, |add| {
            set = Some(run.read_learned(add)?.set());
            Ok(())
        })?;
        let (Some(set), is_same) = (set, |a: &SetSpec, b: &SetSpec| {
            (a.kind, &a.path, a.take) == (b.kind, &b.path, b.take)
        }) else {
            let photos = Err("its manifest names no set".to_string());
            return Ok(Self { set: None, ids: Some(ids), photos });
        };
        let mut known = before.iter().filter_map(|one| Some((one.set.as_ref()?, &one.photos)));
        let photos = match known.find(|(other, _)| is_same(other, &set)) {
            Some((_, photos)) => photos.clone(),
            None => match Photos::open(&set, config, watch) {
                Ok(photos) => Ok(Arc::new(photos)),
                Err(error @ Error::Stopped { .. }) => return Err(error),
                Err(error) => Err(error.to_string()),
            },
        };
        Ok(Self { set: Some(set), ids: Some(ids), photos })
    }

    /// Whether anyone says what was learned.
    pub fn is_known(&self) -> bool {
        self.ids.is_some()
    }

    /// Whether the photo `id` was learned; `false` where nobody says.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn contains(&self, id: &Id) -> Result<bool> {
        self.ids.as_ref().map_or(Ok(false), |ids| ids.contains(id))
    }

    /// How many were learned.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn count(&self) -> Result<usize> {
        self.ids.as_ref().map_or(Ok(0), IdSet::len)
    }

    /// The photos, or why they are not at hand.
    pub fn photos(&self) -> std::result::Result<&Arc<Photos>, &str> {
        self.photos.as_ref().map_err(String::as_str)
    }

    /// Which of them the naive ways look at; none where they are not at hand.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn seen(&self) -> Result<Vec<Id>> {
        match (&self.ids, &self.photos) {
            (Some(ids), Ok(photos)) => seen(photos, ids),
            _ => Ok(Vec::new()),
        }
    }

    /// The same `most` of them, by content, whatever else there is.
    ///
    /// # Errors
    /// The list cannot be read.
    pub(super) fn some(&self, most: usize) -> Result<Vec<Id>> {
        let (Some(ids), Ok(photos)) = (&self.ids, &self.photos) else { return Ok(Vec::new()) };
        let mut drawn = std::collections::BTreeMap::new();
        for entry in photos.entries()? {
            let id = entry?.id;
            if ids.contains(&id)? {
                // Not in the order of the ids themselves, by which photos are held out.
                drawn.insert(*Id::of(id.bytes()).bytes(), id);
                if drawn.len() > most {
                    drawn.pop_last();
                }
            }
        }
        Ok(drawn.into_values().collect())
    }
}

/// The run whose manifest tells of the model in `folder`: itself, or the run that it is the model or a snapshot of.
pub fn run_of(folder: &Path) -> Option<Run> {
    let full = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let has_manifest = |folder: &Path| folder.join("manifest.json").is_file();
    let (name, parent) = (full.file_name()?.to_os_string(), full.parent()?);
    if has_manifest(folder) {
        return Some(Run::at(folder));
    }
    if name == "model" && has_manifest(parent) {
        return Some(Run::at(parent));
    }
    let around = parent.parent().filter(|_| parent.ends_with("snapshots"))?;
    has_manifest(around).then(|| Run::at(around))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_alone_is_lcm_and_several_go_by_their_folders() {
        let names = |folders: &[&str]| {
            System::names(&folders.iter().map(PathBuf::from).collect::<Vec<_>>())
        };
        assert_eq!(names(&["/runs/a"]), ["lcm"]);
        assert_eq!(names(&["/runs/a", "/runs/b/model"]), ["a", "b"]);
        assert_eq!(names(&["/x/a", "/y/a", "/y/c"]), ["/x/a", "/y/a", "c"]);
    }

    #[test]
    fn a_model_finds_the_run_that_it_is_of() {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("run");
        for folder in ["model", "snapshots/12", "other/12"] {
            std::fs::create_dir_all(run.join(folder)).unwrap();
        }
        assert!(run_of(&run).is_none());
        std::fs::write(run.join("manifest.json"), "{}").unwrap();
        for folder in ["", "model", "snapshots/12"] {
            let found = run_of(&run.join(folder)).unwrap();
            assert_eq!(found.folder().canonicalize().unwrap(), run.canonicalize().unwrap());
        }
        assert!(run_of(&run.join("other/12")).is_none());
    }
}
