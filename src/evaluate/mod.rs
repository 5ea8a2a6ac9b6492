//! Measuring: whole pictures are damaged, mended, and compared with what they were (SPEC 5).
//!
//! ```text
//! truth --Damage--> degraded --Restorer--> raw image --.
//!   |                   '-------naive ways----> filled --+--mse--> Score --> Scores (table, CSV), sheets
//!   '----------------------------------------------------'
//! ```
//! Scores of a restorer are of its raw image, in which known pixels are not pasted back, and of what `restore` makes of
//! image and photo.

mod damage;
mod naive;
mod scores;
mod sheet;
mod split;

use std::ops::ControlFlow;

use burn::tensor::Device;

pub use damage::{Damage, Damaged};
pub use naive::Naive;
pub use scores::{Score, Scores, Summary};
pub use sheet::sheet;
pub use split::Split;

use crate::config::Config;
use crate::data::Id;
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::image::Picture;
use crate::metric::{mse, mse_where};
use crate::restore::{Evidence, Restorer, Task, in_photo};

/// What is added to a restorer's name for what becomes of its image in the photo.
pub const IN_PHOTO: &str = "in the photo";

/// A whole picture at the model's size.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Random damage belongs to the content: renaming a photo does not change its hole.
    pub id: Id,
    /// For people.
    pub name: String,
    pub picture: Picture,
}

/// One picture as every way has it: what a contact sheet shows.
#[derive(Debug, Clone)]
pub struct Compared {
    pub truth: Truth,
    /// What the restorer was given, as a person sees it.
    pub degraded: Picture,
    /// Each way's name and picture; the restorer's raw image and what becomes of it in the photo come last.
    pub results: Vec<(String, Picture)>,
}

/// Damages every picture of `truths` for `task`, mends it by `restorer` and by the ways of `naive`, and scores
/// all of them. `name` is that of the restorer's raw image in the scores. `None` when `watch` broke off.
///
/// # Errors
/// Damage that cannot be done to a picture, a fit that diverges.
#[allow(clippy::too_many_arguments)]
pub fn evaluate(
    task: Task,
    truths: &[Truth],
    damage: &Damage,
    naive: &Naive,
    (name, restorer): (&str, &dyn Restorer),
    config: &Config,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Option<(Scores, Vec<Compared>)>> {
    /// Pictures fitted together: enough to keep two cores busy.
    const BATCH: usize = 8;
    let _ = watch.on(Event::Measuring { task, pictures: truths.len() });
    let mut scores = Scores::default();
    let mut compared = Vec::new();
    for (at, batch) in truths.chunks(BATCH).enumerate() {
        let _ = watch.on(Event::Batch { done: at * BATCH, total: truths.len() });
        let damaged: Vec<Damaged> =
            batch.iter().map(|truth| damage.apply(task, truth)).collect::<Result<_>>()?;
        let evidence: Vec<Evidence> = damaged
            .iter()
            .map(|one| task.evidence(&one.picture, one.known.as_deref(), config, device))
            .collect::<Result<_>>()?;
        let Some(restored) = restorer.restore(&evidence, watch)? else { return Ok(None) };
        for ((truth, damaged), restored) in batch.iter().zip(&damaged).zip(restored) {
            let mut results = naive.results(task, damaged, config.size)?;
            let known = damaged.known.as_deref();
            let mended = in_photo(task, restored.image.clone(), &damaged.picture, known)?;
            results.push((name.to_string(), restored.image));
            results.push((format!("{name} {IN_PHOTO}"), mended));
            for (system, picture) in &results {
                scores.push(score(task, truth, damaged, system, picture)?);
            }
            let degraded = damaged.picture.clone();
            compared.push(Compared { truth: truth.clone(), degraded, results });
        }
        if watch.on(Event::Batch { done: compared.len(), total: truths.len() })
            == ControlFlow::Break(())
        {
            return Ok(None);
        }
    }
    Ok(Some((scores, compared)))
}

fn score(
    task: Task,
    truth: &Truth,
    damaged: &Damaged,
    system: &str,
    picture: &Picture,
) -> Result<Score> {
    let whole = mse(picture, &truth.picture)?;
    let (main, known) = match &damaged.known {
        Some(known) => {
            let hole: Vec<bool> = known.iter().map(|known| !known).collect();
            let inside = mse_where(picture, &truth.picture, &hole)?;
            (inside, Some(mse_where(picture, &truth.picture, known)?))
        }
        None => (whole, None),
    };
    let (image, system) = (truth.name.clone(), system.to_string());
    Ok(Score { task, image, system, mse: main, known, whole })
}
