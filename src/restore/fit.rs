//! SGD over phi for a batch of pictures (SPEC 3, paper eq. 4).
//!
//! ```text
//! phi_i <- start;   repeat: phi_i <- project(phi_i - lr d E_i / d phi_i)   until image i has settled
//! ```
//! Every energy is an image's own and one backward pass of their sum serves all; an image that has settled
//! leaves the batch, so that the others go on faster.

use std::borrow::Borrow;

use burn::tensor::{Int, Tensor, TensorData};

use super::plateau::{Plateau, Watcher};
use super::{Evidence, Restored, Stop};
use crate::config::{Config, FitConfig};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::image::{numbers_of, pictures_of};
use crate::model::Prior;

/// How long and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitSettings {
    pub fit: FitConfig,
    pub plateau: Plateau,
}

impl FitSettings {
    /// `fit` with the plateau rule of `config`.
    pub fn new(fit: FitConfig, config: &Config) -> Self {
        let window = config.restore.plateau_window;
        Self { fit, plateau: Plateau { window, tolerance: config.restore.plateau_tolerance } }
    }
}

/// Fits a row to each evidence. `model` is what [`Model::frozen`](crate::Model::frozen) makes. `None` when `watch` broke
/// off.
///
/// # Errors
/// An energy that is no number any more.
pub fn fit(
    model: &Prior,
    evidence: &[Evidence],
    settings: &FitSettings,
    watch: &mut dyn Observer,
) -> Result<Option<Vec<Restored>>> {
    let mut active: Vec<usize> = (0..evidence.len()).collect();
    let mut watchers = vec![Watcher::new(); evidence.len()];
    let mut restored: Vec<Option<Restored>> = evidence.iter().map(|_| None).collect();
    let mut rows = model.rows(model.fixed.start.repeat(evidence.len())).inner();

    for step in 0..settings.fit.steps {
        if active.is_empty() {
            break;
        }
        let batch: Vec<&Evidence> = active.iter().map(|&i| &evidence[i]).collect();
        let (moved, energies) = fit_step(model, &batch, rows, settings.fit.lr);
        rows = moved;
        if let Some(energy) = energies.iter().find(|energy| !energy.is_finite()) {
            let problem = format!("the energy is {energy} at step {step}");
            return Err(Error::input(
                "restoration",
                problem,
                "lower its rate, `lr`, and try again",
            ));
        }
        let event = Event::Fit {
            step: step + 1,
            steps: settings.fit.steps,
            active: active.len(),
            energy: energies.iter().sum::<f32>() / energies.len() as f32,
        };
        if watch.on(event).is_break() {
            return Ok(None);
        }
        let settled: Vec<bool> = active
            .iter()
            .zip(&energies)
            .map(|(&i, &energy)| watchers[i].has_settled(energy, &settings.plateau))
            .collect();
        let last = step + 1 == settings.fit.steps;
        let leaving = |at: &usize| last || settled[*at];
        let (done, going): (Vec<usize>, Vec<usize>) = (0..active.len()).partition(leaving);
        if done.is_empty() {
            continue;
        }
        let leaving: Vec<usize> = done.iter().map(|&at| active[at]).collect();
        let finished = finish(model, evidence, &leaving, pick(&rows, &done), step + 1)?;
        for (at, mut result) in done.into_iter().zip(finished) {
            result.stop = if settled[at] { Stop::Plateau } else { Stop::Steps };
            restored[active[at]] = Some(result);
        }
        rows = pick(&rows, &going);
        active = going.into_iter().map(|at| active[at]).collect();
    }
    Ok(Some(restored.into_iter().flatten().collect()))
}

/// One step: rows `[B, P]` without gradients, one for each evidence, and the energies before the step.
///
/// The image is cut off the net and pulled through it afterwards: each energy then has an image of its own, where
/// slices of one batch would hand back a gradient of the whole batch each.
pub fn fit_step(
    model: &Prior,
    evidence: &[impl Borrow<Evidence>],
    rows: Tensor<2>,
    lr: f64,
) -> (Tensor<2>, Vec<f32>) {
    let rows = rows.autodiff().require_grad();
    let image = model.render(rows.clone());
    let values = image.clone().inner();
    let alone = |at| values.clone().narrow(0, at, 1).autodiff().require_grad();
    let alone: Vec<Tensor<4>> = (0..evidence.len()).map(alone).collect();
    let energies = energies(evidence, &alone);
    let gradients = energies.clone().sum().backward();
    let of =
        |image: &Tensor<4>| image.grad(&gradients).unwrap_or_else(|| image.zeros_like().inner());
    let pull = Tensor::cat(alone.iter().map(of).collect(), 0);
    let gradients = (image * pull.autodiff()).sum().backward();
    let moved = match rows.grad(&gradients) {
        Some(gradient) => model.latent.step(rows.inner(), gradient, lr),
        None => rows.inner(),
    };
    (moved, numbers_of(energies))
}

/// The energy of each image, `[1, 3, S, S]` each -> `[B]`.
fn energies(evidence: &[impl Borrow<Evidence>], images: &[Tensor<4>]) -> Tensor<1> {
    let each = evidence.iter().zip(images);
    Tensor::cat(each.map(|(one, image)| one.borrow().energy_of(image.clone())).collect(), 0)
}

/// The rows at `places`.
fn pick(rows: &Tensor<2>, places: &[usize]) -> Tensor<2> {
    let places: Vec<i64> = places.iter().map(|&at| at as i64).collect();
    let length = places.len();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [length]), &rows.device());
    rows.clone().select(0, places)
}

fn finish(
    model: &Prior,
    evidence: &[Evidence],
    which: &[usize],
    rows: Tensor<2>,
    steps: usize,
) -> Result<Vec<Restored>> {
    let image = model.render(rows.autodiff()).inner();
    let batch: Vec<&Evidence> = which.iter().map(|&i| &evidence[i]).collect();
    let alone: Vec<Tensor<4>> = (0..which.len()).map(|at| image.clone().narrow(0, at, 1)).collect();
    let energies = numbers_of(energies(&batch, &alone));
    let pictures = pictures_of(image)?;
    let each = batch.into_iter().zip(alone).zip(energies).zip(pictures);
    each.map(|(((evidence, image), energy), picture)| {
        let Evidence { measured, degradation, .. } = evidence;
        let predicted = degradation.apply(image);
        let lifted = degradation.lift(predicted) - degradation.lift(measured.clone());
        let residual = pictures_of(lifted)?.remove(0);
        Ok(Restored { image: picture, energy, residual, steps, stop: Stop::Steps })
    })
    .collect()
}
