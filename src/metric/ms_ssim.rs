//! Structural similarity on five scales (Wang, Simoncelli, Bovik, 2003).
//!
//! ```text
//! ms_ssim = mean over the channels of  ssim_5^w5 x product over j = 1..4 of cs_j^wj
//! w = .0448, .2856, .3001, .2363, .1333
//! ```
//! Scale 1 is the picture, each next one half of the one before: the mean of every two by two pixels, a last odd row or
//! column left out. ssim and cs are those of [`ssim`](super::ssim()), of one channel; one below 0 counts as 0. The window
//! has to lie in the smallest scale, hence the least side of 176.

use super::ssim::{Means, Plane, WINDOW, check_side};
use super::{About, Better, How, Over, same_size};
use crate::error::Result;
use crate::image::Picture;

pub(super) const ABOUT: About = About {
    name: "ms_ssim",
    title: "MS-SSIM",
    unit: "",
    better: Better::Higher,
    over: Over::Whole,
    least_side: LEAST_SIDE,
    how: How::Alone(|pair| ms_ssim(pair.restored, pair.truth)),
};

const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

const LEAST_SIDE: usize = WINDOW << (WEIGHTS.len() - 1);

/// See the module: 1 where the pictures are equal, less elsewhere.
///
/// # Errors
/// Sizes that differ, or a side below 176.
pub fn ms_ssim(restored: &Picture, truth: &Picture) -> Result<f64> {
    same_size(restored, truth)?;
    check_side(restored, "MS-SSIM", LEAST_SIDE)?;
    let (height, width) = (restored.height(), restored.width());
    let channels = |picture: &Picture| -> Vec<Plane> {
        let planes = picture.data().chunks_exact(height * width);
        planes.map(|plane| Plane::of(plane, height, width)).collect()
    };
    let products = channels(restored).into_iter().zip(channels(truth)).map(|(x, y)| product(x, y));
    Ok(products.sum::<f64>() / 3.0)
}

/// Of one channel.
fn product(mut x: Plane, mut y: Plane) -> f64 {
    let mut product = 1.0;
    for (scale, weight) in WEIGHTS.iter().enumerate() {
        let is_last = scale + 1 == WEIGHTS.len();
        let means = Means::of(&x, &y);
        let mean = if is_last { means.ssim } else { means.contrast };
        product *= mean.max(0.0).powf(*weight);
        if !is_last {
            (x, y) = (x.halved(), y.halved());
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_small_for_five_scales_has_none() {
        let small = Picture::constant(175, 300, [0.5; 3]).unwrap();
        let message = ms_ssim(&small, &small).unwrap_err().to_string();
        assert!(message.contains("300 x 175") && message.contains("176 x 176"), "{message}");
    }

    #[test]
    fn opposite_pictures_count_as_0() {
        let data: Vec<f32> = (0..3 * 176 * 176).map(|at| (at % 7) as f32 / 6.0).collect();
        let opposite = data.iter().map(|v| 1.0 - v).collect();
        let [a, b] = [data, opposite].map(|data| Picture::new(176, 176, data).unwrap());
        assert_eq!(ms_ssim(&a, &b).unwrap(), 0.0);
    }
}
