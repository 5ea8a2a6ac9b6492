//! `report.html` of a run: what was learned from, how far it is, what to do next. Written at every checkpoint.

use ::image::{Rgb, RgbImage, imageops};
use burn::tensor::Device;

use super::finish::Shown;
use super::{LogLine, Run};
use crate::config::Config;
use crate::data::{Photos, Sampler, Skipped};
use crate::error::Result;
use crate::metric::mse;
use crate::report::{
    Chart, Figure, Kind, Page, Section, clock, counted, grouped, quoted, versions,
};
use crate::store::write_atomically;

/// Files that were left out and are named.
const NAMED: usize = 200;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Running,
    Stopped,
    Finished,
}

/// What the page is made of.
pub(super) struct Told<'a> {
    pub standing: Standing,
    pub photos: &'a Photos,
    pub config: &'a Config,
    pub run: &'a Run,
    pub device: &'a Device,
    pub lines: &'a [LogLine],
    /// Photos and what the model makes of them.
    pub shown: &'a Shown,
    /// Joint steps done, and all there are to do.
    pub step: u64,
    pub steps: u64,
    /// Seconds of training over all parts, and the mean loss over about the last pass.
    pub seconds: f64,
    pub loss: f32,
}

impl Told<'_> {
    pub fn write(&self) -> Result<()> {
        write_atomically(self.run.report(), self.page()?.render().as_bytes())
    }

    fn page(&self) -> Result<Page> {
        let learned = self.learned();
        let mirrored = if self.config.data.flip { " and their mirrored copies" } else { "" };
        let (size, took) = (self.config.size, clock(self.seconds));
        let standing = match self.standing {
            Standing::Running => {
                "It is still learning; this page is written anew at every checkpoint."
            }
            Standing::Stopped => "It was stopped before its end, and can go on from there.",
            Standing::Finished => "It can mend damaged photos of the same kind now.",
        };
        let lead = format!(
            "A model of {size} x {size} pixels learned {}{mirrored} in {took}. {standing}",
            counted(learned, "photo")
        );
        let loss = match self.standing {
            Standing::Running => "loss now",
            _ => "loss at the end",
        };
        let page = Page::new(Kind::Train, &format!("A model of {}", counted(learned, "photo")))
            .lead(&lead)
            .facts(&[
                (grouped(learned as u64), "photos learned"),
                (grouped(self.step), "steps of learning"),
                (clock(self.seconds), "of training"),
                (format!("{:.4}", self.loss), loss),
            ]);
        Ok(page
            .section(self.previews()?)
            .section(self.curve())
            .section(self.next())
            .section(self.source()?))
    }

    fn learned(&self) -> usize {
        self.photos.learned()
    }

    fn previews(&self) -> Result<Section> {
        let name = |at: usize| -> Result<String> {
            let row = &self.shown.rows[at];
            let entry = self.photos.entry(&row.id)?;
            let name = entry.map(|entry| entry.path.display().to_string()).unwrap_or_default();
            Ok(if row.flipped { format!("{name}, mirrored") } else { name })
        };
        let mut figures = Vec::new();
        for (at, (photo, made)) in self.shown.photos.iter().zip(&self.shown.made).enumerate() {
            let figure = Figure::photo(&pair(&photo.to_rgb8(), &made.to_rgb8()), &name(at)?)?;
            figures.push(figure.note(&format!("error {:.4}", mse(made, photo)?)));
        }
        Ok(Section::new("What it makes of them")
            .paragraph(
                "Each pair is a photo it learned from, and the same photo as the model has it. The error is the mean \
                 squared difference of the two, of a range of 1: what is soft here will be soft in mended photos.",
            )
            .figures_by(4, &figures))
    }

    fn curve(&self) -> Section {
        let points: Vec<(f64, f64)> =
            self.lines.iter().map(|line| (line.step as f64, f64::from(line.loss))).collect();
        let rest = (self.steps - self.step.min(self.steps)) as f64;
        let speed = self.step as f64 / self.seconds.max(1e-9);
        let rows = self.config.data.rows(self.learned());
        let batch = rows as f64 / Sampler::batches_of(rows, self.config.train.batch) as f64;
        let mut facts = vec![
            (format!("{} of {}", grouped(self.step), grouped(self.steps)), "steps"),
            (format!("{:.0}", speed * batch), "images a second"),
            (format!("{:.0} ms", 1000.0 / speed.max(1e-9)), "a step"),
            (clock(self.seconds), "in all"),
        ];
        if self.standing != Standing::Finished && self.step > 0 {
            facts.push((clock(rest / speed), "left at this speed"));
        }
        let text = "A step moves the generator, which all photos share, and the latents of a few photos, which are their own, \
                    jointly: by a little towards images that are closer to the photos.";
        let caption = "Thin: the loss on each few minibatches. Thick: its moving average. Lower is closer to the photos; \
                       while it falls, more steps help.";
        let chart = Chart::new(&points, ("step", "loss"), caption);
        Section::new("How it learned").paragraph(text).facts(&facts).chart(&chart)
    }

    fn next(&self) -> Section {
        let run = quoted(self.run.folder());
        let mut commands = Vec::new();
        if self.standing != Standing::Finished {
            commands.push((
                "Go on from the last checkpoint",
                format!("lacuna train --resume --out {run}"),
            ));
        }
        if self.standing != Standing::Running {
            commands.extend([
                (
                    "Fill what is missing: a mask as large as the photo, white where to fill",
                    format!("lacuna restore inpaint --model {run} photo.jpg --mask mask.png --shrink --out mended"),
                ),
                (
                    "Give colour to grey photos",
                    format!("lacuna restore colorize --model {run} grey.jpg --out coloured"),
                ),
            ]);
            if self.photos.held_out() > 0 {
                commands.push((
                    "Measure it on the photos it has never seen",
                    format!("lacuna evaluate --model {run} --out evaluation"),
                ));
            }
        }
        if self.standing == Standing::Finished {
            let passes = 2 * self.config.train.passes;
            commands.push((
                "Learn longer, if the curve still falls",
                format!(
                    "lacuna train --resume --out {run} --minutes 0 --set train.passes={passes}"
                ),
            ));
        }
        Section::new("What to do next").commands(&commands)
    }

    fn source(&self) -> Result<Section> {
        let photos = self.photos;
        let learned = self.learned();
        let rows = self.config.data.rows(learned);
        let count = |n: usize| grouped(n as u64);
        let learned_from = Section::new("What it learned from").settings(&[
            ("folder", photos.root().display().to_string()),
            ("photos learned", count(learned)),
            ("images, with mirrored copies", count(rows)),
            ("held out, never learned", count(photos.held_out())),
            ("copies of one content", count(photos.duplicates())),
            ("files left out", count(photos.left_out())),
            ("each scaled to", format!("{0} x {0} pixels", self.config.size)),
            ("numbers of its own for each", count(self.config.latent.row_len())),
        ]);
        let made = Section::new("What it was made with").settings(&versions(self.device));
        let mut section = Section::new("Photos, settings and versions").beside(learned_from, made);
        if photos.left_out() > 0 {
            section = section.folded("Files that were left out, and why", &left_out(photos)?);
        }
        Ok(section.folded("All settings of the run (config.toml)", &self.config.to_toml()))
    }
}

fn left_out(photos: &Photos) -> Result<String> {
    let line = |one: Skipped| {
        let path = photos.root().join(&one.path).display().to_string();
        // A problem names its file first where the file is at fault.
        let problem = one.problem.strip_prefix(&format!("`{path}`: ")).unwrap_or(&one.problem);
        format!("{path}: {problem}\n")
    };
    let lines = photos.skipped()?.take(NAMED).map(|one| Ok(line(one?)));
    let mut text = lines.collect::<Result<String>>()?;
    if photos.left_out() > NAMED {
        text += &format!("... and {} more, named in manifest.json\n", photos.left_out() - NAMED);
    }
    Ok(text)
}

/// Two pictures of one size side by side.
fn pair(left: &RgbImage, right: &RgbImage) -> RgbImage {
    const PAPER: Rgb<u8> = Rgb([250, 250, 248]);
    let (width, height) = left.dimensions();
    let gap = (width / 32).max(1);
    let mut both = RgbImage::from_pixel(2 * width + gap, height, PAPER);
    imageops::replace(&mut both, left, 0, 0);
    imageops::replace(&mut both, right, i64::from(width + gap), 0);
    both
}
