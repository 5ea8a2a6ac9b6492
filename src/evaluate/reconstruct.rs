//! How well a model makes a picture that is whole and undamaged: the floor under all of its restorations.
//!
//! ```text
//! min over phi of LapL1(g(f_phi(s)), x) + MSE(g(f_phi(s)), x)
//! ```
//! Table 5 of the paper compares learned pictures with others. Both are fitted alike, from the shared start: of a learned one
//! its own row is not used, so that the two differ in nothing but whether the generator has seen them.

use std::time::Instant;

use burn::tensor::Device;

use super::measures::Reading;
use super::record::Made;
use super::run::Work;
use super::system::Part;
use crate::data::Id;
use crate::degrade::Identity;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{Picture, batch_of};
use crate::loss::{LossConfig, Pyramid};
use crate::restore::{Energy, Evidence, Restorer};

/// The loss of Table 5, whatever a model was trained with.
const LOSS: LossConfig = LossConfig { laplacian: 1.0, mse: 1.0, pyramid: Pyramid::Published };

/// The loss of each of `pictures`, with the steps and seconds that it took; `None` when `watch` broke off.
///
/// # Errors
/// An energy that is no number any more.
fn losses(
    pictures: &[Picture],
    restorer: &dyn Restorer,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Option<Vec<(f64, usize, f64)>>> {
    let began = Instant::now();
    let evidence = |picture: &Picture| {
        let side = picture.height().min(picture.width());
        Ok(Evidence {
            measured: batch_of(std::slice::from_ref(picture), device)?,
            degradation: Box::new(Identity),
            energy: Energy::for_side(LOSS, side),
        })
    };
    let evidence = pictures.iter().map(evidence).collect::<Result<Vec<_>>>()?;
    let Some(restored) = restorer.restore(&evidence, watch)? else { return Ok(None) };
    let seconds = began.elapsed().as_secs_f64() / restored.len().max(1) as f64;
    Ok(Some(restored.iter().map(|one| (f64::from(one.energy), one.steps, seconds)).collect()))
}

impl Work<'_> {
    /// Makes pictures of both sides whole, undamaged (Table 5 of the paper).
    pub fn reconstruct(&mut self, watch: &mut dyn Observer) -> Result<()> {
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
                let made = losses(&pictures, restorer, on, watch)?;
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
