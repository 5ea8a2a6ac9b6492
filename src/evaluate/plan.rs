//! What is measured, and what of it an output folder may take up.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::held_out::HeldOut;
use super::measures::Measures;
use super::outputs::Outputs;
use super::record::{Measured, Record, Settings};
use super::system::{Learned, Part, System};
use super::{Case, Damage, Naive, sheet_file};
use crate::error::{Error, Result};
use crate::restore::Task;

/// What is measured, and where the results go.
#[derive(Debug, Clone)]
pub struct Plan {
    pub out: PathBuf,
    pub tasks: Vec<Task>,
    pub damage: Damage,
    /// Where the photos lie: what is done is done for those of one place.
    pub data: String,
    /// Pictures that are fitted together; changes nothing but speed and memory.
    pub batch: usize,
    /// So many pictures of either side are made whole, undamaged.
    pub reconstruct: usize,
    /// Whether pictures that are near to a learned one count in the means.
    pub include_near: bool,
    /// What is worth knowing, for the page.
    pub notes: Vec<String>,
}

/// What became of it, in pictures times parts times systems.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    pub done: usize,
    /// Measured earlier with the same settings.
    pub done_before: usize,
    pub failed: usize,
    pub left: usize,
    /// The observer asked to stop.
    pub stopped: bool,
}

/// Who competes.
pub struct Field<'a> {
    pub systems: &'a mut [System],
    /// What each has learned.
    pub learned: &'a [Learned],
    pub naive: &'a Naive,
    /// What the naive ways were fitted to.
    pub naive_name: &'a str,
}

/// All truths have one size, so damage that cannot be done to the first is found before an hour of other tasks.
pub(super) fn check_damage(plan: &Plan, systems: &[System], held_out: &HeldOut) -> Result<()> {
    let (Some(system), false) = (systems.first(), held_out.pictures.is_empty()) else {
        return Ok(());
    };
    for &task in &plan.tasks {
        let case = Case::of(held_out.truth(0)?, task, &plan.damage)?;
        let known = case.damaged.known.as_deref();
        let device = &system.restorer.model().device;
        task.evidence(&case.damaged.picture, known, &system.config, device)?;
    }
    Ok(())
}

/// The record of what is there, with what comes to it.
pub(super) fn record_of(
    plan: &Plan,
    field: &Field,
    held_out: &HeldOut,
    measures: &Measures,
) -> Result<Record> {
    let mut record = match Record::open(&plan.out)? {
        Some(record) => record,
        None => {
            refuse_existing(plan)?;
            Record::default()
        }
    };
    let Some(first) = field.systems.first() else {
        return Err(Error::input("models", "there is none", "name one at least"));
    };
    let damage = |task: &Task| (task.name().to_string(), plan.damage.words(*task));
    let settings = Settings {
        size: first.config.size,
        stretch: first.config.data.stretch,
        data: plan.data.clone(),
        measures: measures.settings(),
        naive: field.naive_name.to_string(),
        damage: plan.tasks.iter().map(damage).collect(),
    };
    let systems: Vec<Measured> = field.systems.iter().map(|one| measured(one, plan)).collect();
    record.take(&settings, &systems, &plan.out)?;
    record.near.clear();
    for one in held_out.near() {
        let photo = one.near.as_ref().map_or(String::new(), |like| like.photo.clone());
        record.near.insert(one.name.clone(), photo);
    }
    record.learned = held_out.learned.clone();
    record.notes = plan.notes.clone();
    Ok(record)
}

pub(super) fn measured(system: &System, plan: &Plan) -> Measured {
    let mut parts: Vec<Part> = plan.tasks.iter().map(|&task| Part::Task(task)).collect();
    if plan.reconstruct > 0 {
        parts.extend([Part::Learned, Part::HeldOut]);
    }
    let fits: BTreeMap<String, String> =
        parts.iter().map(|&part| (part.name().to_string(), system.settings(part))).collect();
    let System { name, folder, hash, .. } = system;
    Measured { name: name.clone(), folder: folder.clone(), hash: hash.clone(), fits }
}

/// Files of someone else are not replaced.
fn refuse_existing(plan: &Plan) -> Result<()> {
    let sheets = Task::ALL.iter().map(|&task| sheet_file(task));
    let mut files = Outputs::FILES.map(String::from).into_iter().chain(sheets);
    match files.find(|name| plan.out.join(name).exists()) {
        None => Ok(()),
        Some(name) => {
            let what = format!("output `{}`", plan.out.display());
            let problem = format!(
                "it holds an evaluation already, {name}, and no {} to go on from",
                Record::FILE
            );
            Err(Error::input(what, problem, "choose another folder with --out"))
        }
    }
}
