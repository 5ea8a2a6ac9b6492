//! From one picture to another (SPEC 7): by the weights of their nets, and by their pixels.
//!
//! ```text
//! phi_A = argmin LapL1 + MSE of g(f_phi(s)) against A, as a restoration of what is not damaged; phi_B alike
//! phi_t = project((1 - t) phi_A + t phi_B),   x_t = g(f_phi_t(s))        t = 0, 1/(n-1), .., 1
//! cross-fade: (1 - t) A + t B
//! ```

use crate::degrade::Identity;
use crate::error::Result;
use crate::event::Observer;
use crate::image::{Picture, batch_of, pictures_of};
use crate::metric::mse;
use crate::model::Prior;
use crate::restore::{Energy, Evidence, FitSettings, Stop, fit_rows};

/// Images rendered at once.
const BATCH: usize = 8;

/// One end of the way, as a model has it.
#[derive(Debug, Clone)]
pub struct End {
    /// What was fitted to, at the model's size.
    pub picture: Picture,
    /// phi, `[P]`.
    pub row: Vec<f32>,
    /// g(f_phi(s)).
    pub made: Picture,
    /// Of `made` against `picture`.
    pub mse: f64,
    /// Steps that the fit took, and why it ended.
    pub steps: usize,
    pub stop: Stop,
}

/// Fits a row to each of `pictures`, of any size. `None` when `watch` broke off.
///
/// # Errors
/// An energy that is no number any more.
pub fn fit_ends(
    model: &Prior,
    pictures: &[Picture],
    settings: &FitSettings,
    watch: &mut dyn Observer,
) -> Result<Option<Vec<End>>> {
    let side = model.config.size;
    let pictures = pictures.iter().map(|picture| picture.resized(side, side));
    let pictures: Vec<Picture> = pictures.collect::<Result<_>>()?;
    let evidence = pictures.iter().map(|picture| {
        let measured = batch_of(std::slice::from_ref(picture), &model.device)?;
        let energy = Energy::for_side(model.config.loss, side);
        Ok(Evidence { measured, degradation: Box::new(Identity), energy })
    });
    let evidence: Vec<Evidence> = evidence.collect::<Result<_>>()?;
    let Some(fitted) = fit_rows(model, &evidence, settings, watch)? else { return Ok(None) };
    let ends = pictures.into_iter().zip(fitted).map(|(picture, fitted)| {
        let made = render(model, std::slice::from_ref(&fitted.row))?.remove(0);
        let mse = mse(&made, &picture)?;
        Ok(End { picture, row: fitted.row, made, mse, steps: fitted.steps, stop: fitted.stop })
    });
    ends.collect::<Result<Vec<_>>>().map(Some)
}

/// `count` numbers from 0 to 1, both among them.
pub fn times(count: usize) -> Vec<f32> {
    let last = count.saturating_sub(1).max(1) as f32;
    (0..count).map(|at| at as f32 / last).collect()
}

/// `(1 - t) a + t b`; at 0 and 1 the ends themselves, bit for bit.
pub fn lerp(a: &[f32], b: &[f32], t: f32) -> Vec<f32> {
    match t {
        0.0 => a.to_vec(),
        1.0 => b.to_vec(),
        _ => a.iter().zip(b).map(|(a, b)| (1.0 - t) * a + t * b).collect(),
    }
}

/// The images of `count` rows from `a` to `b`.
///
/// # Errors
/// A model that makes numbers that are not finite.
pub fn frames(model: &Prior, a: &[f32], b: &[f32], count: usize) -> Result<Vec<Picture>> {
    let rows: Vec<Vec<f32>> = times(count).into_iter().map(|t| lerp(a, b, t)).collect();
    render(model, &rows)
}

/// `count` pictures from `a` to `b`, of one size.
///
/// # Errors
/// Pictures of different sizes.
pub fn cross_fade(a: &Picture, b: &Picture, count: usize) -> Result<Vec<Picture>> {
    let fade = |t| Picture::new(a.height(), b.width(), lerp(a.data(), b.data(), t));
    times(count).into_iter().map(fade).collect()
}

/// The images of `rows`, brought into the latent space's box first.
pub(super) fn render(model: &Prior, rows: &[Vec<f32>]) -> Result<Vec<Picture>> {
    let mut pictures = Vec::with_capacity(rows.len());
    for some in rows.chunks(BATCH) {
        let rows = model.latent.project(model.rows(some.concat()));
        pictures.extend(pictures_of(model.render(rows).inner())?);
    }
    Ok(pictures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_way_are_the_ends_bit_for_bit_and_its_middle_is_their_mean() {
        let (a, b) = ([0.1f32, -0.0, 7.0, 1e-30], [0.3f32, 2.0, f32::MIN_POSITIVE, -0.0]);
        let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&lerp(&a, &b, 0.0)), bits(&a));
        assert_eq!(bits(&lerp(&a, &b, 1.0)), bits(&b));
        assert_eq!(lerp(&a, &b, 0.5)[..2], [0.2, 1.0]);
        assert_eq!(times(5), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!((times(1), times(2)), (vec![0.0], vec![0.0, 1.0]));
    }

    #[test]
    fn a_cross_fade_goes_from_one_picture_to_the_other() {
        let [a, b] = [0.2, 0.6].map(|c| Picture::constant(2, 3, [c, c, 0.5]).unwrap());
        let frames = cross_fade(&a, &b, 3).unwrap();
        assert_eq!((&frames[0], &frames[2]), (&a, &b));
        assert!((frames[1].data()[0] - 0.4).abs() < 1e-6);
        assert!(cross_fade(&a, &Picture::constant(3, 3, [0.0; 3]).unwrap(), 3).is_err());
    }
}
