//! Pictures that never were: phi drawn, brought into the box, rendered and written.
//!
//! ```text
//! OUT/0001.png ..   one picture each
//!     sheet.png     all of them, or the first 400
//!     sample.json   how they were made
//! ```

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Sampler;
use super::interpolate::render;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{Picture, Sheet, save_png};
use crate::model::Prior;
use crate::store::write_atomically;

/// Pictures drawn at once.
const BATCH: usize = 8;
/// Pictures on a sheet at most, and their sides: smaller ones are enlarged, larger ones shrunk.
const SHOWN: usize = 400;
const LEAST_SIDE: usize = 64;
const MOST_SIDE: usize = 256;
/// What is written last, and there when all is.
const RECORD: &str = "sample.json";

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleJob {
    pub count: usize,
    /// Of the pictures; the sampler has one of its own.
    pub seed: u64,
    /// Folder for them.
    pub out: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    pub pictures: usize,
    pub sheet: PathBuf,
}

impl SampleJob {
    /// # Errors
    /// A count of none, and a folder that has samples already: nothing is replaced.
    pub fn check(&self) -> Result<()> {
        if self.count == 0 {
            return Err(Error::input("samples", "0 of them are none", "give a number 1 or more"));
        }
        let there = [RECORD.to_string(), "sheet.png".to_string(), self.name(1)];
        match there.iter().find(|name| self.out.join(name).exists()) {
            None => Ok(()),
            Some(name) => {
                let what = format!("output `{}`", self.out.display());
                let problem = format!("it holds samples already, {name}");
                Err(Error::input(what, problem, "choose another folder with --out"))
            }
        }
    }

    /// Draws and writes all. What is written when `watch` asks to stop stays; `None` then.
    ///
    /// # Errors
    /// As [`check`](Self::check); [`Error::Write`]; a model that makes numbers that are not finite.
    pub fn run(
        &self,
        model: &Prior,
        sampler: &Sampler,
        watch: &mut dyn Observer,
    ) -> Result<Option<Sampled>> {
        self.check()?;
        let mut shown: Vec<Picture> = Vec::new();
        let numbers: Vec<usize> = (1..=self.count).collect();
        for some in numbers.chunks(BATCH) {
            let rows: Vec<Vec<f32>> = some.iter().map(|at| sampler.draw(self.seed, *at)).collect();
            for (at, picture) in some.iter().zip(render(model, &rows)?) {
                save_png(self.out.join(self.name(*at)), picture.to_rgb8())?;
                if shown.len() < SHOWN {
                    let side = picture.height().min(MOST_SIDE);
                    shown.push(picture.resized(side, side)?);
                }
            }
            let done = some.last().copied().unwrap_or(0);
            if watch.on(Event::Sampled { done, total: self.count }).is_break() {
                return Ok(None);
            }
        }
        let sheet = self.out.join("sheet.png");
        save_png(&sheet, sheet_of(&shown).render()?)?;
        self.record(&self.out.join(RECORD), sampler)?;
        Ok(Some(Sampled { pictures: self.count, sheet }))
    }

    fn name(&self, number: usize) -> String {
        let digits = self.count.to_string().len().max(4);
        format!("{number:0digits$}.png")
    }

    fn record(&self, path: &Path, sampler: &Sampler) -> Result<()> {
        let record = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pictures": self.count,
            "seed": self.seed,
            "weights": sampler.gmm.weights,
            "sampler": sampler.facts,
        });
        let bytes = serde_json::to_vec_pretty(&record).map_err(|e| Error::write(path)(e.into()))?;
        write_atomically(path, &bytes)
    }
}

/// As square as it can be.
fn sheet_of(pictures: &[Picture]) -> Sheet {
    let columns = (1..).find(|n| n * n >= pictures.len()).unwrap_or(1).max(1);
    let side = pictures.first().map_or(LEAST_SIDE, Picture::height).max(1);
    let rows = pictures.chunks(columns);
    let sheet =
        rows.fold(Sheet::new(&[]), |sheet, row| sheet.row(None, &row.iter().collect::<Vec<_>>()));
    sheet.scale(LEAST_SIDE.div_ceil(side))
}
