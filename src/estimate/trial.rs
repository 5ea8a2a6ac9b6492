//! How long a step takes, by taking a few of them that count for nothing.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};

use crate::config::Config;
use crate::error::Result;
use crate::event::Event;
use crate::image::numbers_of;
use crate::model::Model;
use crate::restore::{Evidence, Restorer};
use crate::runtime::release_buffers;
use crate::train::joint_step;

/// Steps of a trial at most, and the time after which no other is begun: the first of a large model is told as it is.
const STEPS: usize = 4;
const ENOUGH: Duration = Duration::from_secs(2);

/// Seconds for a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    pub seconds_per_step: f64,
}

impl Pace {
    /// Of times of steps one after the other: the first pays for memory that the others find ready.
    fn of(times: &[Duration]) -> Self {
        let counted = if times.len() > 1 { &times[1..] } else { times };
        let seconds: f64 = counted.iter().map(Duration::as_secs_f64).sum();
        Self { seconds_per_step: seconds / counted.len().max(1) as f64 }
    }
}

/// The pace of training by `config` with `images` in a minibatch, of a model of its own on grey images.
///
/// # Errors
/// A configuration that makes no model.
pub fn training_pace(config: &Config, images: usize, device: &Device) -> Result<Pace> {
    let model = Model::draw(config, &device.clone().autodiff())?;
    let side = config.size;
    let target = Tensor::<4>::zeros([images, 3, side, side], device) + 0.5;
    let mut rows = model.rows(model.fixed.start.repeat(images)).to_device(device);
    let mut generator = model.generator;
    let (mut times, began) = (Vec::new(), Instant::now());
    while times.len() < STEPS && (times.is_empty() || began.elapsed() < ENOUGH) {
        let step = Instant::now();
        let latent = &*model.latent;
        let stepped = joint_step(generator, latent, rows, &target, &config.loss, &config.train);
        numbers_of(stepped.losses);
        (generator, rows) = (stepped.generator, stepped.rows);
        times.push(step.elapsed());
    }
    release_buffers();
    Ok(Pace::of(&times))
}

/// The pace of `restorer` on so much evidence at once; `None` where it ended before it took two steps.
///
/// # Errors
/// As those of the restorer.
pub fn restoring_pace(restorer: &dyn Restorer, evidence: &[Evidence]) -> Result<Option<Pace>> {
    let (mut times, began, mut last) = (Vec::new(), Instant::now(), Instant::now());
    let mut watch = |event: Event| {
        if !matches!(event, Event::Fit { .. }) {
            return ControlFlow::Continue(());
        }
        times.push(last.elapsed());
        last = Instant::now();
        match times.len() < STEPS && began.elapsed() < ENOUGH {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    };
    restorer.restore(evidence, &mut watch)?;
    release_buffers();
    Ok((!times.is_empty()).then(|| Pace::of(&times)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_steps_does_not_count() {
        let times = [9.0, 1.0, 3.0].map(Duration::from_secs_f64);
        assert_eq!(Pace::of(&times).seconds_per_step, 2.0);
        assert_eq!(Pace::of(&times[..1]).seconds_per_step, 9.0);
    }
}
