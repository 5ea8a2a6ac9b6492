//! The files of an evaluation that are made from all that is done by now.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use ::image::RgbImage;
use burn::tensor::Device;

use super::gallery::Gallery;
use super::held_out::HeldOut;
use super::measures::{Measures, Reading};
use super::page;
use super::plan::Plan;
use super::record::{Lines, Record};
use super::scores::{Score, Scores, Stat};
use super::sheet::{draw, sheet_file, titles};
use super::system::Part;
use super::table::{MEANING, Reconstruction, reconstruction_markdown};
use crate::data::Id;
use crate::error::Result;
use crate::image::{Picture, save_png};
use crate::report::Kind;
use crate::restore::Task;
use crate::store::write_atomically;

/// Pictures of the head of the list that a sheet shows.
const ROWS: usize = 12;
/// Best and worst cases of a task.
const ENDS: usize = 4;

/// Makes them, over and over.
pub(super) struct Outputs<'a> {
    pub plan: &'a Plan,
    pub record: Record,
    pub held_out: &'a HeldOut,
    pub measures: &'a Measures,
    pub device: &'a Device,
}

/// Pictures of a task that people look at.
pub(super) struct Looked {
    pub sheet: RgbImage,
    pub best: Option<RgbImage>,
    pub worst: Option<RgbImage>,
}

impl<'a> Outputs<'a> {
    /// Every score, the means for people, and for machines.
    pub const FILES: [&'static str; 3] = ["scores.csv", "table.md", "table.json"];

    pub fn new(
        plan: &'a Plan,
        record: Record,
        held_out: &'a HeldOut,
        measures: &'a Measures,
        device: &'a Device,
    ) -> Self {
        Self { plan, record, held_out, measures, device }
    }

    /// All files but the pictures, where they are written.
    pub fn paths(out: &Path) -> Vec<PathBuf> {
        let sheets = Task::ALL.map(sheet_file);
        let files = Self::FILES.map(String::from).into_iter().chain(sheets);
        files.chain([Kind::FILE.to_string()]).map(|name| out.join(name)).collect()
    }

    /// The tasks that are measured, first those of now.
    fn tasks(&self) -> Vec<Task> {
        let is_other = |task: &Task| {
            !self.plan.tasks.contains(task) && self.record.settings.damage.contains_key(task.name())
        };
        let others = Task::ALL.into_iter().filter(is_other);
        self.plan.tasks.iter().copied().chain(others).collect()
    }

    /// What is done by now, in the order of tasks, pictures and systems: whatever came first.
    pub fn scores(&self, lines: &Lines) -> Scores {
        let mut scores = Scores::of(self.measures);
        scores.include_near = self.plan.include_near;
        for task in self.tasks() {
            let part = Part::Task(task);
            let keys = self.keys(part);
            for picked in &self.held_out.pictures {
                let near = picked.near.as_ref().map(|like| like.photo.clone());
                for line in keys.iter().filter_map(|key| lines.get(part, key, &picked.id)) {
                    for made in &line.results {
                        let reading = |name: &str| {
                            let none = || Reading::missing("it was not measured");
                            made.readings.get(name).cloned().unwrap_or_else(none)
                        };
                        scores.push(Score {
                            task,
                            id: picked.id,
                            image: picked.name.clone(),
                            system: made.system.clone(),
                            readings: scores.heads.iter().map(|head| reading(head.name)).collect(),
                            steps: made.steps,
                            seconds: made.seconds,
                            near: near.clone(),
                        });
                    }
                }
            }
        }
        scores
    }

    /// Who stands in the lines of `part`: the ways without a model, then each system.
    fn keys(&self, part: Part) -> Vec<String> {
        let systems = self.record.systems.iter();
        let has = systems.filter(|one| one.fits.contains_key(part.name()));
        let naive = std::iter::once(self.record.settings.naive.clone());
        naive.chain(has.map(|one| one.key(part.name()))).collect()
    }

    /// The errors of the first system in `task`, of pictures that count.
    fn errors(&self, task: Task, lines: &Lines) -> Vec<(Id, f64)> {
        let part = Part::Task(task);
        let keys = self.keys(part);
        let Some(first) = keys.get(1) else { return Vec::new() };
        let main = self.measures.heads().first().map_or("", |head| head.name);
        let error = |id: &Id| {
            let line = lines.get(part, first, id)?;
            line.results.first()?.readings.get(main)?.number()
        };
        let pictures = self.held_out.pictures.iter();
        let counted = pictures.filter(|one| self.plan.include_near || one.near.is_none());
        counted.filter_map(|one| Some((one.id, error(&one.id)?))).collect()
    }

    fn order(&self) -> Vec<Id> {
        self.held_out.pictures.iter().map(|one| one.id).collect()
    }

    /// Whose pictures of `task` are kept.
    pub fn kept(&self, task: Task, lines: &Lines) -> HashSet<Id> {
        looked_at(&self.errors(task, lines), &self.order(), ROWS, ENDS)
    }

    /// The page.
    pub fn report(&self) -> PathBuf {
        self.plan.out.join(Kind::FILE)
    }

    /// Writes all of them.
    ///
    /// # Errors
    /// [`Error::Write`](crate::error::Error::Write).
    pub fn write(&mut self, lines: &Lines, gallery: &Gallery) -> Result<()> {
        let out = &self.plan.out;
        let scores = self.scores(lines);
        if scores.all().is_empty() {
            return Ok(());
        }
        let reconstruction = self.reconstruction(lines);
        let [csv, table, json] = Self::FILES.map(|name| out.join(name));
        write_atomically(csv, scores.csv().as_bytes())?;
        write_atomically(table, self.table(&scores, &reconstruction).as_bytes())?;
        write_atomically(json, scores.json(&reconstruction).as_bytes())?;
        let mut looked = Vec::new();
        for task in scores.tasks() {
            gallery.prune(task, &self.kept(task, lines))?;
            let pictures = self.looked(task, &scores, lines, gallery)?;
            save_png(out.join(sheet_file(task)), pictures.sheet.clone())?;
            looked.push((task, pictures));
        }
        let report = self.report();
        Kind::Evaluate.check(&report)?;
        let html = page::render(self, &scores, &reconstruction, &looked)?;
        write_atomically(&report, html.as_bytes())?;
        self.record.save(out)
    }

    /// The table with what it means, and what is worth knowing.
    fn table(&self, scores: &Scores, reconstruction: &[Reconstruction]) -> String {
        let mut text = format!("{}\n{MEANING}\n", scores.markdown());
        if !reconstruction.is_empty() {
            text += "\nWhole pictures, undamaged, fitted anew from the shared start:\n\n";
            text += &reconstruction_markdown(reconstruction);
        }
        for note in &self.plan.notes {
            text += &format!("\n- {note}");
        }
        text.trim_end().to_string() + "\n"
    }

    fn reconstruction(&self, lines: &Lines) -> Vec<Reconstruction> {
        let of = |part: Part, key: &str| {
            let loss =
                |line: &super::record::Line| line.results.first()?.readings.get("loss")?.number();
            Stat::of(&lines.of(part, key).into_iter().filter_map(loss).collect::<Vec<_>>())
        };
        let systems = self.record.systems.iter().map(|one| Reconstruction {
            system: one.name.clone(),
            train: of(Part::Learned, &one.key(Part::Learned.name())),
            test: of(Part::HeldOut, &one.key(Part::HeldOut.name())),
        });
        systems.filter(|one| one.train.is_some() || one.test.is_some()).collect()
    }

    /// The sheet of `task`, and its best and worst cases.
    fn looked(
        &self,
        task: Task,
        scores: &Scores,
        lines: &Lines,
        gallery: &Gallery,
    ) -> Result<Looked> {
        let systems = scores.systems(task);
        let name = |id: &Id| {
            let picked = self.held_out.pictures.iter().find(|one| one.id == *id);
            let path = picked.map_or("", |one| one.name.as_str());
            Path::new(path).file_name().map_or(path.to_string(), |n| n.to_string_lossy().into())
        };
        let row = |id: &Id| -> Vec<Option<Picture>> {
            titles(systems.iter().map(|name| match *name {
                // A system may be called what those are called.
                "damaged" | "truth" => "",
                other => other,
            }))
            .iter()
            .map(|name| gallery.picture(task, id, name))
            .collect()
        };
        let draw = |rows: &[(String, Id)]| -> Result<RgbImage> {
            let cells: Vec<Vec<Option<Picture>>> = rows.iter().map(|(_, id)| row(id)).collect();
            let rows = rows.iter().zip(&cells).map(|((label, _), cells)| {
                (Some(label.as_str()), cells.iter().map(Option::as_ref).collect())
            });
            draw(&titles(systems.iter().copied()), rows.collect())
        };
        let is_there = |id: &Id| gallery.picture(task, id, "truth").is_some();
        let first: Vec<(String, Id)> = (self.order().into_iter().take(ROWS))
            .filter(is_there)
            .map(|id| (name(&id), id))
            .collect();
        let mut errors = self.errors(task, lines);
        errors.sort_by(|a, b| a.1.total_cmp(&b.1));
        let ends = ENDS.min(errors.len() / 2);
        let digits = scores.heads.first().map_or(4, |head| head.digits);
        let labelled = |errors: Vec<&(Id, f64)>| -> Vec<(String, Id)> {
            let label = |(id, error): &(Id, f64)| (format!("{error:.digits$}  {}", name(id)), *id);
            errors.into_iter().map(label).collect()
        };
        let (best, worst) = match ends {
            0 => (None, None),
            ends => (
                Some(draw(&labelled(errors.iter().take(ends).collect()))?),
                Some(draw(&labelled(errors.iter().rev().take(ends).collect()))?),
            ),
        };
        Ok(Looked { sheet: draw(&first)?, best, worst })
    }
}

/// What people look at: the head of the list, and by the errors of one system the best and the worst.
fn looked_at(errors: &[(Id, f64)], order: &[Id], first: usize, ends: usize) -> HashSet<Id> {
    let mut sorted: Vec<&(Id, f64)> = errors.iter().collect();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let best = sorted.iter().take(ends);
    let worst = sorted.iter().rev().take(ends);
    best.chain(worst).map(|one| one.0).chain(order.iter().take(first).copied()).collect()
}
