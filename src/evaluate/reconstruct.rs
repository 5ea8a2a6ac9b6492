//! How well a model makes a picture that is whole and undamaged: the floor under all of its restorations.
//!
//! ```text
//! min over phi of LapL1(g(f_phi(s)), x) + MSE(g(f_phi(s)), x)
//! ```
//! Table 5 of the paper compares learned pictures with others. Both are fitted alike, from the shared start: of a learned one
//! its own row is not used, so that the two differ in nothing but whether the generator has seen them.

use std::time::Instant;

use burn::tensor::Device;

use crate::degrade::Identity;
use crate::error::Result;
use crate::event::Observer;
use crate::image::{Picture, batch_of};
use crate::loss::{LossConfig, Pyramid};
use crate::restore::{Energy, Evidence, Restorer};

/// The loss of Table 5, whatever a model was trained with.
const LOSS: LossConfig = LossConfig { laplacian: 1.0, mse: 1.0, pyramid: Pyramid::Published };

/// The loss of each of `pictures`, with the steps and seconds that it took; `None` when `watch` broke off.
///
/// # Errors
/// An energy that is no number any more.
pub(super) fn losses(
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
