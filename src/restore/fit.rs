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

/// A row that was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// phi, `[P]`.
    pub row: Vec<f32>,
    /// Steps taken.
    pub steps: usize,
    pub stop: Stop,
}

/// Fits a row to each evidence, and renders it. `model` is what [`Model::frozen`](crate::Model::frozen) makes. `None` when
/// `watch` broke off.
///
/// # Errors
/// An energy that is no number any more.
pub fn fit(
    model: &Prior,
    evidence: &[Evidence],
    settings: &FitSettings,
    watch: &mut dyn Observer,
) -> Result<Option<Vec<Restored>>> {
    match fit_rows(model, evidence, settings, watch)? {
        Some(fitted) if !fitted.is_empty() => finish(model, evidence, fitted).map(Some),
        Some(_) => Ok(Some(Vec::new())),
        None => Ok(None),
    }
}

/// The rows that [`fit`] renders.
///
/// # Errors
/// An energy that is no number any more.
pub fn fit_rows(
    model: &Prior,
    evidence: &[Evidence],
    settings: &FitSettings,
    watch: &mut dyn Observer,
) -> Result<Option<Vec<Fitted>>> {
    let mut active: Vec<usize> = (0..evidence.len()).collect();
    let mut watchers = vec![Watcher::new(); evidence.len()];
    let mut fitted: Vec<Option<Fitted>> = evidence.iter().map(|_| None).collect();
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
        let numbers = numbers_of(pick(&rows, &done));
        let finished = numbers.chunks_exact(model.latent.row_len());
        for (&at, row) in done.iter().zip(finished) {
            let stop = if settled[at] { Stop::Plateau } else { Stop::Steps };
            fitted[active[at]] = Some(Fitted { row: row.to_vec(), steps: step + 1, stop });
        }
        rows = pick(&rows, &going);
        active = going.into_iter().map(|at| active[at]).collect();
    }
    Ok(Some(fitted.into_iter().flatten().collect()))
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

/// What the rows fitted to `evidence` have made of it.
fn finish(model: &Prior, evidence: &[Evidence], fitted: Vec<Fitted>) -> Result<Vec<Restored>> {
    let rows = fitted.iter().flat_map(|fitted| fitted.row.iter().copied()).collect();
    let image = model.render(model.rows(rows)).inner();
    let alone: Vec<Tensor<4>> =
        (0..fitted.len()).map(|at| image.clone().narrow(0, at, 1)).collect();
    let energies = numbers_of(energies(evidence, &alone));
    let pictures = pictures_of(image)?;
    let each = evidence.iter().zip(alone).zip(energies).zip(pictures).zip(fitted);
    each.map(|((((evidence, image), energy), picture), Fitted { steps, stop, .. })| {
        let Evidence { measured, degradation, .. } = evidence;
        let predicted = degradation.apply(image);
        let lifted = degradation.lift(predicted) - degradation.lift(measured.clone());
        let residual = pictures_of(lifted)?.remove(0);
        Ok(Restored { image: picture, energy, residual, steps, stop })
    })
    .collect()
}
