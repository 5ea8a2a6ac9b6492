//! Pictures damaged, mended and judged: what every evaluation does, however large.

use std::time::Instant;

use burn::tensor::Device;

use super::measures::{Judged, Measures};
use super::{Damage, Damaged, Score, Truth};
use crate::config::Config;
use crate::error::Result;
use crate::event::Observer;
use crate::image::Picture;
use crate::restore::{Evidence, Restorer, Task, each, in_photo};

/// What is added to a restorer's name for what becomes of its image in the photo.
pub const IN_PHOTO: &str = "in the photo";

/// A picture, and its damaged copy.
#[derive(Debug, Clone)]
pub struct Case {
    pub truth: Truth,
    pub damaged: Damaged,
}

/// What one way made of a damaged picture.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub system: String,
    pub picture: Picture,
    pub steps: Option<usize>,
    pub seconds: f64,
}

impl Case {
    /// `truth`, damaged for `task`.
    ///
    /// # Errors
    /// Damage that cannot be done to it.
    pub fn of(truth: Truth, task: Task, damage: &Damage) -> Result<Self> {
        let damaged = damage.apply(task, &truth)?;
        Ok(Self { truth, damaged })
    }

    fn evidence(&self, task: Task, config: &Config, device: &Device) -> Result<Evidence> {
        task.evidence(&self.damaged.picture, self.damaged.known.as_deref(), config, device)
    }

    /// The scores of `outcomes`, in their order.
    ///
    /// # Errors
    /// A result of another size.
    pub fn scores(
        &self,
        task: Task,
        outcomes: &[Outcome],
        measures: &Measures,
    ) -> Result<Vec<Score>> {
        let score = |outcome: &Outcome| {
            let Outcome { system, picture, steps, seconds } = outcome;
            let known = self.damaged.known.as_deref();
            let judged = Judged { result: picture, truth: &self.truth.picture, known };
            Ok(Score {
                task,
                id: self.truth.id,
                image: self.truth.name.clone(),
                system: system.clone(),
                readings: measures.read(&judged)?,
                steps: *steps,
                seconds: *seconds,
                near: None,
            })
        };
        outcomes.iter().map(score).collect()
    }
}

/// What `restorer`, whose model has the configuration `config`, makes of `cases`: its raw image, named `name`, and what
/// becomes of that in the photo. A case whose fit fails takes no other along. `None` when `watch` broke off.
///
/// # Errors
/// Damage that gives no evidence.
pub fn mend(
    task: Task,
    cases: &[&Case],
    (name, restorer): (&str, &dyn Restorer),
    config: &Config,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Option<Vec<Result<Vec<Outcome>>>>> {
    let began = Instant::now();
    let evidence = cases.iter().map(|case| case.evidence(task, config, device));
    let evidence = evidence.collect::<Result<Vec<_>>>()?;
    let Some(restored) = each(restorer, &evidence, watch) else { return Ok(None) };
    let share = began.elapsed().as_secs_f64() / cases.len().max(1) as f64;
    let outcomes = cases.iter().zip(restored).map(|(case, restored)| {
        let (restored, began) = (restored?, Instant::now());
        let Damaged { picture, known } = &case.damaged;
        let mended = in_photo(task, restored.image.clone(), picture, known.as_deref())?;
        let steps = Some(restored.steps);
        let seconds = share + began.elapsed().as_secs_f64();
        let (raw, system) = (name.to_string(), format!("{name} {IN_PHOTO}"));
        Ok(vec![
            Outcome { system: raw, picture: restored.image, steps, seconds: share },
            Outcome { system, picture: mended, steps, seconds },
        ])
    });
    Ok(Some(outcomes.collect()))
}
