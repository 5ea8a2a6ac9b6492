//! An evaluation from the first picture to the last, and on from wherever it was broken off.
//!
//! ```text
//! for each task:  batch of truths --Damage--> cases --naive ways, each system--> outcomes --Measures--> a line of scores.jsonl
//!                                                 '--> pictures for people            after each task: tables, sheets, page
//! ```
//! In memory are the models, one batch of pictures and the scores.

use burn::tensor::Device;

use super::Case;
use super::compare::{Outcome, mend};
use super::gallery::Gallery;
use super::held_out::HeldOut;
use super::measures::{Measures, Reading};
use super::outputs::Outputs;
use super::plan::{Done, Field, Plan, check_damage, measured, record_of};
use super::record::{Line, Lines, Made};
use super::scores::Scores;
use super::system::Part;
use crate::data::Id;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::report::Kind;
use crate::restore::Task;
use crate::store::Lock;

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

/// An evaluation at work.
pub(super) struct Work<'a> {
    pub plan: &'a Plan,
    pub field: Field<'a>,
    pub held_out: &'a HeldOut,
    measures: &'a Measures,
    gallery: Gallery,
    outputs: Outputs<'a>,
    pub lines: Lines,
    pub done: Done,
}

impl Work<'_> {
    pub fn key(&self, system: usize, part: Part) -> String {
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
    pub fn add(
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
}
