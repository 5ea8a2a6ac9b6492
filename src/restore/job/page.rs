//! `report.html` of an output folder: every picture that its record names, before and after, and what was left out.
//!
//! ```text
//! picture mended --Card--> slider, mask, raw, residual, numbers     up to 60 pictures
//!                      '-> the first and the worst of them so; all as tiles    beyond
//! ```
//! It is written after a batch, so that a job that was interrupted has one, but never for more than a fiftieth of the
//! time; and it stays below 40 MB, however many pictures there are. What it shows of a picture is made once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::tensor::Device;

use super::card::{Card, what};
use super::heard::Heard;
use super::prepare::Damaged;
use super::{Job, MaskSource, Mended, Record};
use crate::config::Config;
use crate::error::Result;
use crate::report::{Figure, Kind, Page, Section, clock, counted, tenths, versions};
use crate::restore::Task;
use crate::store::write_atomically;

/// Bytes of the page for whole pictures and for tiles; what is left of 40 MB is for text.
const CASES_BYTES: usize = 24_000_000;
const TILES_BYTES: usize = 14_000_000;
/// Pictures that are shown whole; of more only so many of the first and so many of those of the highest energy.
const CASES: usize = 60;
const FIRST: usize = 12;
const WORST: usize = 12;
/// Names in a list.
const NAMED: usize = 500;
/// A page takes at most this share of the time.
const SHARE: f64 = 0.02;
/// For pictures of earlier jobs, which have to be read again.
const EARLIER: Duration = Duration::from_secs(20);

/// The page in the making.
#[derive(Debug)]
pub(super) struct Report {
    path: PathBuf,
    /// By the path of the result below the output folder.
    cards: BTreeMap<PathBuf, Card>,
    /// Of the tiles of all cards.
    tiles_bytes: usize,
    /// Those that are shown whole.
    whole: BTreeSet<PathBuf>,
    /// Results of earlier jobs that cannot be shown.
    unseen: BTreeSet<PathBuf>,
    earlier: Duration,
    /// When it was last written, and how long that took.
    last: Option<(Instant, Duration)>,
    changed: bool,
}

impl Report {
    /// The page of `job`.
    ///
    /// # Errors
    /// A file of its name that is no such page.
    pub fn of(job: &Job) -> Result<Self> {
        let path = job.out.join(Kind::FILE);
        Kind::Restore.check(&path)?;
        Ok(Self::at(path))
    }

    fn at(path: PathBuf) -> Self {
        let (cards, whole, unseen) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let earlier = Duration::ZERO;
        let (tiles_bytes, last, changed) = (0, None, false);
        Self { path, cards, tiles_bytes, whole, unseen, earlier, last, changed }
    }

    /// Where it is, if it is.
    pub fn path(&self) -> Option<PathBuf> {
        self.path.is_file().then(|| self.path.clone())
    }

    /// The picture `below` the output folder was mended.
    pub fn add(&mut self, below: &Path, entry: &Mended, job: &Job, damaged: &Damaged) {
        self.changed = true;
        // What cannot be shown is mended all the same.
        match Card::of(below, entry, &job.out, Some(damaged)) {
            Ok(card) => self.keep(below, card),
            Err(_) => drop(self.unseen.insert(below.to_path_buf())),
        }
    }

    /// Keeps `card`, and of too many pictures less of each.
    fn keep(&mut self, below: &Path, mut card: Card) {
        self.unseen.remove(below);
        self.tiles_bytes -= self.cards.get(below).map_or(0, Card::tile_bytes);
        // What the page has no room for, memory has none for either: a folder may hold a hundred thousand pictures.
        if self.tiles_bytes + card.tile_bytes() > TILES_BYTES {
            card.tile = None;
        }
        self.tiles_bytes += card.tile_bytes();
        self.cards.insert(below.to_path_buf(), card);
        self.whole.insert(below.to_path_buf());
        if self.cards.len() <= CASES {
            return;
        }
        // Whoever is no longer among the worst will not be again, so only those that still are shown whole compete.
        let energy = |below: &PathBuf| self.cards.get(below).map_or(0.0, |card| card.energy);
        let mut by_energy: Vec<&PathBuf> = self.whole.iter().collect();
        by_energy.sort_by(|a, b| energy(b).total_cmp(&energy(a)));
        let kept: BTreeSet<PathBuf> = self
            .whole
            .iter()
            .take(FIRST)
            .chain(by_energy.into_iter().take(WORST))
            .cloned()
            .collect();
        for below in self.whole.difference(&kept) {
            if let Some(card) = self.cards.get_mut(below) {
                card.case = None;
            }
        }
        self.whole = kept;
    }

    /// Writes the page where it is due: `last` says that nothing follows.
    ///
    /// # Errors
    /// [`Error::Write`](crate::Error::Write).
    pub fn write(
        &mut self,
        record: &Record,
        job: &Job,
        (config, device): (&Config, &Device),
        heard: &Heard,
        last: bool,
    ) -> Result<()> {
        let is_due = self
            .last
            .is_none_or(|(when, took)| took.as_secs_f64() < SHARE * when.elapsed().as_secs_f64());
        let has_news = self.changed || !heard.left_out.is_empty() || !self.path.exists();
        // A job that mended nothing leaves nothing behind.
        if record.images.is_empty() || !has_news || (!is_due && !last) {
            return Ok(());
        }
        let began = Instant::now();
        self.look_up(record, job);
        let page = self.page(record, job, (config, device), heard);
        write_atomically(&self.path, page.render().as_bytes())?;
        self.last = Some((Instant::now(), began.elapsed()));
        Ok(())
    }

    /// Cards of what earlier jobs mended into the same folder.
    fn look_up(&mut self, record: &Record, job: &Job) {
        for (below, entry) in &record.images {
            if self.cards.contains_key(below) || self.unseen.contains(below) {
                continue;
            }
            let began = Instant::now();
            let card = match self.earlier < EARLIER {
                true => Card::of(below, entry, &job.out, None).ok(),
                false => None,
            };
            self.earlier += began.elapsed();
            match card {
                Some(card) => self.keep(below, card),
                None => drop(self.unseen.insert(below.clone())),
            }
        }
    }

    fn page(
        &self,
        record: &Record,
        job: &Job,
        (config, device): (&Config, &Device),
        heard: &Heard,
    ) -> Page {
        let entries = record.images.values();
        let count = record.images.len();
        let seconds: f64 = entries.clone().map(|entry| entry.seconds).sum();
        let energy =
            entries.map(|entry| f64::from(entry.energy)).sum::<f64>() / count.max(1) as f64;
        let size = config.size;
        let lead = format!(
            "{} A model of {size} x {size} pixels, which knows photos of the kind it has learned, looked for the image \
             of its own that agrees best with what is known of each.",
            what(job.task)
        );
        let mut facts = vec![(count.to_string(), "mended")];
        if !heard.left_out.is_empty() {
            facts.push((heard.left_out.len().to_string(), "left out"));
        }
        if count > 0 {
            facts.push((tenths(seconds / count as f64), "for each"));
            facts.push((format!("{energy:.4}"), "mean energy: lower is closer to what is known"));
        }
        let title = format!("{} mended", counted(count, "photo"));
        let mut page = Page::new(Kind::Restore, &title).lead(&lead).facts(&facts);
        for section in self.pictures() {
            page = page.section(section);
        }
        if !heard.is_quiet() {
            page = page.section(heard.section());
        }
        page.section(settings(record, job, seconds, (config, device)))
    }

    /// Whole pictures, then tiles, then names, as far as the room on the page goes.
    fn pictures(&self) -> Vec<Section> {
        const LEGEND: &str = "Energy: how far the model's image is from what is known, lower is better. Residual: mid-grey \
                              where the two agree, elsewhere their difference in red, green and blue, four times as strong. \
                              Mask: white where something was filled. Squares stand for what came transparent.";
        let is_many = self.cards.len() > CASES;
        let (mut sections, mut room) = (Vec::new(), CASES_BYTES);
        let mut shown = BTreeSet::new();
        let heading =
            if is_many { "The first, and those of the highest energy" } else { "Pictures" };
        let mut whole = Section::new(heading).note(LEGEND);
        for below in &self.whole {
            let Some(case) = self.cards.get(below).and_then(|card| card.case.clone()) else {
                continue;
            };
            if case.bytes() <= room {
                room -= case.bytes();
                whole = whole.append(case);
                shown.insert(below);
            }
        }
        if !shown.is_empty() {
            sections.push(whole);
        }
        // Where a page has tiles, it has them of all.
        let rest = self.cards.iter().filter(|(below, _)| is_many || !shown.contains(*below));
        let (mut tiles, mut names): (Vec<&Figure>, Vec<&PathBuf>) =
            (Vec::new(), self.unseen.iter().collect());
        for (below, card) in rest {
            match &card.tile {
                Some(tile) => tiles.push(tile),
                None if shown.contains(below) => {}
                None => names.push(below),
            }
        }
        if !tiles.is_empty() {
            let heading = if is_many { "All" } else { "In small" };
            let text = "Left before, right after. A name leads to the mended picture, where this page lies beside it.";
            sections.push(Section::new(heading).paragraph(text).tiles(tiles));
        }
        if !names.is_empty() {
            let text = "They are in the folder of this page, which has no room for them.";
            let mut lines: String =
                names.iter().take(NAMED).map(|below| format!("{}\n", below.display())).collect();
            if names.len() > NAMED {
                lines += &format!("... and {} more, named in restore.json\n", names.len() - NAMED);
            }
            let heading = format!("{} not shown", counted(names.len(), "picture"));
            sections.push(Section::new(&heading).paragraph(text).folded("Their names", &lines));
        }
        sections
    }
}

fn settings(
    record: &Record,
    job: &Job,
    seconds: f64,
    (config, device): (&Config, &Device),
) -> Section {
    let mut pairs = vec![
        ("task", job.task.name().to_string()),
        ("model", format!("{} ({})", job.model.0.display(), short(&job.model.1))),
        ("steps at most", job.fit.steps.to_string()),
        ("rate", job.fit.lr.to_string()),
        ("fitting, in all", clock(seconds)),
    ];
    if job.task == Task::Inpaint {
        let mask = match &job.mask {
            MaskSource::Alpha => "where a picture is not opaque".to_string(),
            MaskSource::File(path) => format!("`{}`, white", path.display()),
            MaskSource::Hole(hole) => format!("{hole}, seed {}", job.seed),
        };
        pairs.push(("to be filled", mask));
    }
    let others = record.images.values().filter(|entry| entry.model_hash != job.model.1).count();
    let mut section = Section::new("Settings and versions");
    if others > 0 {
        let text = format!("{} of another model are shown too.", counted(others, "result"));
        section = section.paragraph(&text);
    }
    let (job, made) = (Section::new("This job"), Section::new("What it was made with"));
    section
        .beside(job.settings(&pairs), made.settings(&versions(device)))
        .folded("All settings of the model", &config.to_toml())
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests;
