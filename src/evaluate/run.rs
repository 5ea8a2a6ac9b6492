//! An evaluation from the first picture to the last, and on from wherever it was broken off.
//!
//! ```text
//! for each task:  batch of truths --Damage--> cases --naive ways, each system--> outcomes --Measures--> a line of scores.jsonl
//!                                                 '--> pictures for people            after each task: tables, sheets, page
//! ```
//! In memory are the models, one batch of pictures and the scores.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use burn::tensor::Device;

use super::compare::{Outcome, mend};
use super::gallery::Gallery;
use super::held_out::HeldOut;
use super::measures::{Measures, Reading};
use super::outputs::Outputs;
use super::record::{Line, Lines, Made, Measured, Record, Settings};
use super::scores::Scores;
use super::system::{Learned, Part, System};
use super::{Case, Damage, Naive};
use crate::data::Id;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::report::Kind;
use crate::restore::Task;
use crate::store::Lock;

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

/// Measures what of `plan` is not measured yet, and writes tables, sheets and a page. What is finished when `watch` breaks
/// off stays, and the same plan again goes on from there. A picture whose fit fails is reported and left out.
///
/// # Errors
/// Damage that cannot be done; an output folder with an evaluation by other settings, or with files of someone else;
/// [`Error::Write`].
pub fn run(
    plan: &Plan,
    field: Field,
    held_out: &HeldOut,
    measures: &Measures,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<(Done, Scores)> {
    check_damage(plan, field.systems, held_out)?;
    let _lock = Lock::pass(&plan.out)?;
    let record = record_of(plan, &field, held_out, measures)?;
    Kind::Evaluate.check(&plan.out.join(Kind::FILE))?;
    let mut record = record;
    record.save(&plan.out)?;
    let lines = Lines::open(&plan.out)?;
    let mut work = Work {
        plan,
        field,
        held_out,
        measures,
        gallery: Gallery::of(&plan.out),
        outputs: Outputs::new(plan, record, held_out, measures, device),
        lines,
        done: Done::default(),
    };
    work.count();
    for &task in &plan.tasks {
        if work.task(task, watch)? {
            work.outputs.write(&work.lines, &work.gallery)?;
        }
        if work.done.stopped {
            break;
        }
    }
    if !work.done.stopped && plan.reconstruct > 0 {
        work.reconstruct(watch)?;
    }
    work.outputs.write(&work.lines, &work.gallery)?;
    let path = work.outputs.report();
    if path.is_file() {
        let _ = watch.on(Event::Report { path });
    }
    let Done { done, failed, left, .. } = work.done;
    work.done.left = left.saturating_sub(done + failed);
    // With nothing left to do it is done, not stopped.
    work.done.stopped &= work.done.left > 0;
    Ok((work.done, work.outputs.scores(&work.lines)))
}

/// All truths have one size, so damage that cannot be done to the first is found before an hour of other tasks.
fn check_damage(plan: &Plan, systems: &[System], held_out: &HeldOut) -> Result<()> {
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
fn record_of(
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
        measures: measures.heads().iter().map(|head| head.name.to_string()).collect(),
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

fn measured(system: &System, plan: &Plan) -> Measured {
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
    let sheets = Task::ALL.iter().map(|&task| super::sheet_file(task));
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

/// An evaluation at work.
struct Work<'a> {
    plan: &'a Plan,
    field: Field<'a>,
    held_out: &'a HeldOut,
    measures: &'a Measures,
    gallery: Gallery,
    outputs: Outputs<'a>,
    lines: Lines,
    done: Done,
}

impl Work<'_> {
    fn key(&self, system: usize, part: Part) -> String {
        measured(&self.field.systems[system], self.plan).key(part.name())
    }

    /// What is left, and what was done before.
    fn count(&mut self) {
        for &task in &self.plan.tasks {
            let part = Part::Task(task);
            for system in 0..self.field.systems.len() {
                let key = self.key(system, part);
                let is_there = |id: &Id| self.lines.get(part, &key, id).is_some();
                let there = self.held_out.pictures.iter().filter(|one| is_there(&one.id)).count();
                self.done.done_before += there;
                self.done.left += self.held_out.pictures.len() - there;
            }
        }
    }

    /// Measures `task` on what is left; whether there was anything.
    fn task(&mut self, task: Task, watch: &mut dyn Observer) -> Result<bool> {
        let part = Part::Task(task);
        let keys: Vec<String> =
            (0..self.field.systems.len()).map(|at| self.key(at, part)).collect();
        let is_done = |by: &str, id: &Id| self.lines.get(part, by, id).is_some();
        let naive = self.field.naive_name.to_string();
        let is_left = |at: &usize| {
            let id = &self.held_out.pictures[*at].id;
            !is_done(&naive, id) || keys.iter().any(|key| !is_done(key, id))
        };
        let left: Vec<usize> = (0..self.held_out.pictures.len()).filter(is_left).collect();
        let fits = |key: &String| {
            left.iter().filter(|&&at| !is_done(key, &self.held_out.pictures[at].id)).count()
        };
        let total: usize = keys.iter().map(fits).sum();
        let _ = watch.on(Event::Measuring { task, pictures: total });
        let mut done = 0;
        for batch in left.chunks(self.plan.batch.max(1)) {
            let cases = self.cases(task, batch, keys.len(), watch);
            for case in &cases {
                if self.lines.get(part, &naive, &case.truth.id).is_none() {
                    let size = self.field.systems[0].config.size;
                    let outcomes = self.field.naive.results(task, &case.damaged, size)?;
                    self.judge(task, case, &naive, &outcomes, watch)?;
                }
            }
            for (at, key) in keys.iter().enumerate() {
                let missing = |case: &&Case| self.lines.get(part, key, &case.truth.id).is_none();
                let missing: Vec<&Case> = cases.iter().filter(missing).collect();
                if missing.is_empty() {
                    continue;
                }
                let _ = watch.on(Event::Batch { done, total });
                let system = &mut self.field.systems[at];
                let (name, config) = (system.name.clone(), system.config.clone());
                let restorer = system.set(part);
                let on = &restorer.model().device;
                let mended = mend(task, &missing, (&name, restorer), &config, on, watch)?;
                let Some(mended) = mended else {
                    self.done.stopped = true;
                    return Ok(true);
                };
                for (case, outcomes) in missing.into_iter().zip(mended) {
                    match outcomes {
                        Ok(outcomes) => {
                            self.judge(task, case, key, &outcomes, watch)?;
                            self.done.done += 1;
                        }
                        Err(error) => self.failed(&case.truth.name, &error, 1, watch),
                    }
                    done += 1;
                }
            }
            self.gallery.prune(task, &self.outputs.kept(task, &self.lines))?;
            if watch.on(Event::Batch { done, total }).is_break() {
                self.done.stopped = true;
                return Ok(true);
            }
        }
        Ok(!left.is_empty())
    }

    /// The pictures of `batch`, damaged; one that cannot be read is reported.
    fn cases(
        &mut self,
        task: Task,
        batch: &[usize],
        systems: usize,
        watch: &mut dyn Observer,
    ) -> Vec<Case> {
        let mut cases = Vec::new();
        for &at in batch {
            let case = self.held_out.truth(at);
            match case.and_then(|truth| Case::of(truth, task, &self.plan.damage)) {
                Ok(case) => cases.push(case),
                Err(error) => {
                    self.failed(&self.held_out.pictures[at].name, &error, systems, watch);
                }
            }
        }
        cases
    }

    /// Judges `outcomes` of `case`, and writes them.
    fn judge(
        &mut self,
        task: Task,
        case: &Case,
        by: &str,
        outcomes: &[Outcome],
        watch: &mut dyn Observer,
    ) -> Result<()> {
        // The pictures first: what counts as done has them.
        self.gallery.keep(task, case, outcomes)?;
        let heads = self.measures.heads();
        let results = case.scores(task, outcomes, self.measures)?.into_iter().map(|score| {
            let names = heads.iter().map(|head| head.name.to_string());
            let readings = names.zip(score.readings).collect();
            Made { system: score.system, readings, steps: score.steps, seconds: score.seconds }
        });
        let main = heads.first().map_or("", |head| head.name);
        self.add(
            Part::Task(task),
            &case.truth.id,
            &case.truth.name,
            by,
            results.collect(),
            main,
            watch,
        )
    }

    #[allow(clippy::too_many_arguments)]
    fn add(
        &mut self,
        part: Part,
        id: &Id,
        image: &str,
        by: &str,
        results: Vec<Made>,
        main: &str,
        watch: &mut dyn Observer,
    ) -> Result<()> {
        let told: Vec<Event> = (results.iter())
            .map(|made| Event::Measured {
                part: part.name().to_string(),
                image: image.to_string(),
                system: made.system.clone(),
                error: made.readings.get(main).and_then(Reading::number),
            })
            .collect();
        let (image, by, name) = (image.to_string(), by.to_string(), part.name().to_string());
        self.lines.add(Line { part: name, id: *id, image, by, results })?;
        // Whether to stop is asked after the batch.
        for event in told {
            let _ = watch.on(event);
        }
        Ok(())
    }

    fn failed(&mut self, name: &str, error: &Error, systems: usize, watch: &mut dyn Observer) {
        self.done.failed += systems;
        let (path, problem) = (name.into(), format!("`{name}`: {error}"));
        let _ = watch.on(Event::Failed { path, problem });
    }

    /// Makes pictures of both sides whole, undamaged (Table 5 of the paper).
    fn reconstruct(&mut self, watch: &mut dyn Observer) -> Result<()> {
        let counts =
            |at: &usize| self.plan.include_near || self.held_out.pictures[*at].near.is_none();
        let held_out = (0..self.held_out.pictures.len()).filter(counts);
        let held_out: Vec<usize> = held_out.take(self.plan.reconstruct).collect();
        for at in 0..self.field.systems.len() {
            let learned = &self.field.learned[at];
            let learned_ids = learned.some(self.plan.reconstruct)?;
            let mut jobs: Vec<(Part, Id, String)> = Vec::new();
            for &picture in &held_out {
                let one = &self.held_out.pictures[picture];
                jobs.push((Part::HeldOut, one.id, one.name.clone()));
            }
            for id in learned_ids {
                let entry = learned.photos().ok().map(|photos| photos.entry(&id)).transpose()?;
                let name = entry.flatten().map_or(id.to_string(), |e| e.path.display().to_string());
                jobs.push((Part::Learned, id, name));
            }
            let keys = [Part::Learned, Part::HeldOut].map(|part| (part, self.key(at, part)));
            let key = |part: Part| keys.iter().find(|(other, _)| *other == part).map(|(_, k)| k);
            jobs.retain(|(part, id, _)| {
                key(*part).is_some_and(|key| self.lines.get(*part, key, id).is_none())
            });
            let total = jobs.len();
            for (number, batch) in jobs.chunks(self.plan.batch.max(1)).enumerate() {
                let _ = watch.on(Event::Batch { done: number * self.plan.batch.max(1), total });
                let pictures = batch.iter().map(|(part, id, _)| match part {
                    Part::Learned => match self.field.learned[at].photos() {
                        Ok(photos) => photos.picture(id),
                        Err(why) => Err(Error::input("learned photos", why, "bring them back")),
                    },
                    _ => self.held_out.picture(id),
                });
                let pictures = pictures.collect::<Result<Vec<_>>>()?;
                let system = &mut self.field.systems[at];
                let name = system.name.clone();
                let restorer = system.set(Part::HeldOut);
                let on = &restorer.model().device;
                let made = super::reconstruct::losses(&pictures, restorer, on, watch)?;
                let Some(made) = made else {
                    self.done.stopped = true;
                    return Ok(());
                };
                for ((part, id, image), (loss, steps, seconds)) in batch.iter().zip(made) {
                    let readings = [("loss".to_string(), Reading::finite(loss, "it diverged"))];
                    let (system, steps) = (name.clone(), Some(steps));
                    let made = Made { system, readings: readings.into(), steps, seconds };
                    let by = key(*part).cloned().unwrap_or_default();
                    self.add(*part, id, image, &by, vec![made], "loss", watch)?;
                }
            }
        }
        Ok(())
    }
}

/// What people look at: the head of the list, and by the errors of one system the best and the worst.
pub(super) fn looked_at(
    errors: &[(Id, f64)],
    order: &[Id],
    first: usize,
    ends: usize,
) -> HashSet<Id> {
    let mut sorted: Vec<&(Id, f64)> = errors.iter().collect();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let best = sorted.iter().take(ends);
    let worst = sorted.iter().rev().take(ends);
    best.chain(worst).map(|one| one.0).chain(order.iter().take(first).copied()).collect()
}
