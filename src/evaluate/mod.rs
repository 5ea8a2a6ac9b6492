//! Measuring: whole pictures are damaged, mended, and compared with what they were (SPEC 5).
//!
//! ```text
//! truth --Damage--> degraded --each System--> raw image, the same in the photo --.
//!   |                   '-----naive ways----> filled ----------------------------+--Measures--> a line of scores.jsonl
//!   '----------------------------------------------------------------------------'                    |
//!                                             tables with a paired test, sheets, one page <--Scores---'
//! ```
//! Scores of a system are of its raw image, in which known pixels are not pasted back, and of what `restore` makes of
//! image and photo.
//!
//! | file | what is in it |
//! |---|---|
//! | damage.rs | a whole picture, damaged for a task |
//! | naive.rs | what needs no model |
//! | system.rs | a model with its fits, and what it has learned |
//! | held_out.rs | which pictures may be measured |
//! | compare.rs | damaged, mended, judged |
//! | measures.rs | the columns |
//! | plan.rs | what is measured, and where |
//! | run.rs | one picture after the other, and on from where it was broken off |
//! | record.rs | what is done by now |
//! | scores.rs, paired.rs | means, and what differs by more than chance |
//! | table.rs, sheet.rs, gallery.rs, page/, outputs.rs | for people and machines |
//! | reconstruct.rs | pictures that are not damaged at all |
//! | split.rs | a small evaluation in memory: the demo's |

mod compare;
mod damage;
mod gallery;
mod held_out;
mod measures;
mod naive;
mod outputs;
mod page;
mod paired;
mod plan;
mod reconstruct;
mod record;
mod run;
mod scores;
mod sheet;
mod split;
mod system;
mod table;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::Device;

pub use compare::{Case, IN_PHOTO, Outcome, mend};
pub use damage::{Damage, Damaged};
pub use held_out::{HeldOut, Like, Picked, naive_of, words};
pub use measures::{Head, Judged, Measures, Reading};
pub use naive::{Naive, meaning};
pub use paired::{SignedRank, holm, signed_rank};
pub use plan::{Done, Field, Plan};
pub use record::{Line, Lines, Made, Measured, Record, Settings};
pub use run::run;
pub use scores::{LEVEL, Score, Scores, Stat, Summary};
pub use sheet::{sheet, sheet_file};
pub use split::Split;
pub use system::{Learned, Part, System, run_of};
pub use table::Reconstruction;

use crate::config::Config;
use crate::data::Id;
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::image::Picture;
use crate::restore::{Restorer, Task};

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
    /// Of each way; the restorer's raw image and what becomes of it in the photo come last.
    pub results: Vec<Outcome>,
}

/// The files that an evaluation writes into `out`, but for pictures and what it goes on from.
pub fn files(out: &Path) -> Vec<PathBuf> {
    outputs::Outputs::paths(out)
}

/// Damages every picture of `truths` for `task`, mends it by `restorer` and by the ways of `naive`, and scores
/// all of them: an evaluation in memory. `name` is that of the restorer's raw image in the scores. `None` when `watch` broke
/// off.
///
/// # Errors
/// Damage that cannot be done to a picture, a fit that diverges.
#[allow(clippy::too_many_arguments)]
pub fn evaluate(
    task: Task,
    truths: &[Truth],
    damage: &Damage,
    naive: &Naive,
    named: (&str, &dyn Restorer),
    config: &Config,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Option<(Scores, Vec<Compared>)>> {
    /// Pictures fitted together: enough to keep two cores busy.
    const BATCH: usize = 8;
    let _ = watch.on(Event::Measuring { task, pictures: truths.len() });
    let measures = Measures::usual();
    let mut scores = Scores::of(&measures);
    let mut compared = Vec::new();
    for (at, batch) in truths.chunks(BATCH).enumerate() {
        let _ = watch.on(Event::Batch { done: at * BATCH, total: truths.len() });
        let cases = batch.iter().map(|truth| Case::of(truth.clone(), task, damage));
        let cases = cases.collect::<Result<Vec<_>>>()?;
        let all: Vec<&Case> = cases.iter().collect();
        let Some(mended) = mend(task, &all, named, config, device, watch)? else {
            return Ok(None);
        };
        for (case, mended) in cases.into_iter().zip(mended) {
            let mut results = naive.results(task, &case.damaged, config.size)?;
            results.extend(mended?);
            let of_case = case.scores(task, &results, &measures)?;
            of_case.into_iter().for_each(|score| scores.push(score));
            compared.push(Compared { truth: case.truth, degraded: case.damaged.picture, results });
        }
        if watch.on(Event::Batch { done: compared.len(), total: truths.len() })
            == ControlFlow::Break(())
        {
            return Ok(None);
        }
    }
    Ok(Some((scores, compared)))
}
