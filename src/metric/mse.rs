//! Mean squared error, over a whole picture or over chosen pixels.

use super::{About, Better, How, Over, same_size};
use crate::error::{Error, Result};
use crate::image::Picture;

/// Of the whole picture.
pub(super) const WHOLE: About = About {
    name: "mse",
    title: "MSE",
    unit: "",
    better: Better::Lower,
    over: Over::Whole,
    least_side: 1,
    how: How::Alone(|pair| mse(pair.restored, pair.truth)),
};

/// Of what was missing.
pub(super) const HOLE: About = About {
    name: "hole_mse",
    title: "MSE in the hole",
    over: Over::Hole,
    how: How::Alone(|pair| mse_where(pair.restored, pair.truth, pair.hole.unwrap_or_default())),
    ..WHOLE
};

/// Of what was known.
pub(super) const KNOWN: About = About {
    name: "known_mse",
    title: "MSE of the known pixels",
    over: Over::Known,
    how: How::Alone(|pair| mse_where(pair.restored, pair.truth, &pair.known())),
    ..WHOLE
};

/// ```text
/// mse = 1 / (3 H W)  sum over c, y, x of (restored - truth)^2
/// ```
/// Errors: [`Error::Input`] if the sizes differ.
pub fn mse(restored: &Picture, truth: &Picture) -> Result<f64> {
    same_size(restored, truth)?;
    Ok(squares(restored, truth).sum::<f64>() / truth.data().len() as f64)
}

/// [`mse`] over the pixels where `select` (`[H,W]`, row-major) is true, all three channels of each. With the mask of a
/// hole this is the paper's inpainting error; with its complement, the error of what was known.
///
/// Errors: [`Error::Input`] if the sizes differ or no pixel is selected.
pub fn mse_where(restored: &Picture, truth: &Picture, select: &[bool]) -> Result<f64> {
    same_size(restored, truth)?;
    let pixels = truth.height() * truth.width();
    if select.len() != pixels {
        return Err(Error::input(
            "selection of pixels",
            format!("{} values for {} x {} pixels", select.len(), truth.width(), truth.height()),
            format!("give {pixels}, one a pixel"),
        ));
    }
    let selected = select.iter().filter(|&&s| s).count();
    if selected == 0 {
        return Err(Error::input(
            "selection of pixels",
            "none is selected, so there is no mean",
            "select at least one",
        ));
    }
    let kept = squares(restored, truth).zip(select.iter().cycle()).filter(|&(_, &s)| s);
    Ok(kept.map(|(square, _)| square).sum::<f64>() / (3 * selected) as f64)
}

/// `(restored - truth)^2` in the order of the data.
fn squares(restored: &Picture, truth: &Picture) -> impl Iterator<Item = f64> {
    restored.data().iter().zip(truth.data()).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2))
}

#[cfg(test)]
mod tests {
    use super::super::tests::formula;
    use super::*;

    #[test]
    fn the_numbers_are_those_of_scikit_image() {
        let (a, b) = formula(9, 7);
        // skimage.metrics.mean_squared_error 0.26.0 on the same f32 arrays.
        assert!((mse(&a, &b).unwrap() - 0.195_831_861_688_697_15).abs() < 1e-12);
        // numpy 2.4.6: ((a - b)[:, m] ** 2).mean() in f64, m = (arange(63) % 3 == 0).
        let third: Vec<bool> = (0..63).map(|i| i % 3 == 0).collect();
        assert!((mse_where(&a, &b, &third).unwrap() - 0.192_407_407_681_778_36).abs() < 1e-12);
    }

    #[test]
    fn all_pixels_selected_is_the_plain_mean_and_parts_add_up() {
        let (a, b) = formula(9, 7);
        let part: Vec<bool> = (0..63).map(|i| i < 20).collect();
        let rest: Vec<bool> = part.iter().map(|s| !s).collect();
        let whole = mse(&a, &b).unwrap();
        assert_eq!(mse_where(&a, &b, &[true; 63]).unwrap(), whole);
        let [part, rest] = [part, rest].map(|m| mse_where(&a, &b, &m).unwrap());
        assert!(((20.0 * part + 43.0 * rest) / 63.0 - whole).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_selected_does_not_count() {
        let (a, _) = formula(2, 2);
        let mut data = a.data().to_vec();
        // Pixel 3 of every channel.
        for i in [3, 7, 11] {
            data[i] = 9.0;
        }
        let b = Picture::new(2, 2, data).unwrap();
        assert_eq!(mse_where(&b, &a, &[true, true, true, false]).unwrap(), 0.0);
    }

    #[test]
    fn an_empty_or_misshapen_selection_is_an_error() {
        let (a, b) = formula(9, 7);
        for select in [vec![false; 63], vec![true; 62], vec![]] {
            assert!(matches!(mse_where(&a, &b, &select), Err(Error::Input { .. })));
        }
    }
}
