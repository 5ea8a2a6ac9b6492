//! A small picture made large and a grey one made RGB, without adding anything.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma};

use crate::error::{Error, Result};
use crate::image::Picture;

/// `picture` at `height` x `width` by bicubic interpolation, clamped to `[0,1]`.
///
/// ```text
/// k(t) = 1.5|t|^3 - 2.5|t|^2 + 1              |t| <= 1     (Keys 1981, a = -0.5)
///      = -0.5|t|^3 + 2.5|t|^2 - 4|t| + 2      |t| < 2
/// ```
/// Pixel-centre aligned; the kernel is cut and normalised at the edges and widened when making smaller, all as in
/// Pillow's `BICUBIC`. Errors: [`Error::Input`] if a side is zero or over the range of `u32`.
pub fn bicubic(picture: &Picture, height: usize, width: usize) -> Result<Picture> {
    let size = |h, w| Some((u32::try_from(h).ok()?, u32::try_from(w).ok()?));
    // `constant` is the check that a picture of this size can be held at all.
    Picture::constant(height, width, [0.0; 3])?;
    let mut data = Vec::with_capacity(3 * height * width);
    for plane in picture.data().chunks_exact(picture.height() * picture.width()) {
        let scaled = size(picture.height(), picture.width()).zip(size(height, width)).and_then(
            |((h, w), (new_h, new_w))| {
                let plane = ImageBuffer::<Luma<f32>, _>::from_raw(w, h, plane.to_vec())?;
                Some(imageops::resize(&plane, new_w, new_h, FilterType::CatmullRom))
            },
        );
        let Some(scaled) = scaled else {
            return Err(Error::input(
                "size of a picture",
                format!("{width} x {height} is too large"),
                "choose a smaller size",
            ));
        };
        data.extend(scaled.into_raw().into_iter().map(|v| v.clamp(0.0, 1.0)));
    }
    Picture::new(height, width, data)
}

/// `picture` at `height` x `width` by Lanczos-3: [`Picture::resized`] under the name of the baseline.
///
/// Errors: as [`bicubic`].
pub fn lanczos(picture: &Picture, height: usize, width: usize) -> Result<Picture> {
    picture.resized(height, width)
}

/// The grey plane `[height, width]` as three equal channels: the colourisation that adds no colour.
///
/// Errors: as [`Picture::new`].
pub fn grey(height: usize, width: usize, plane: &[f32]) -> Result<Picture> {
    Picture::new(height, width, plane.repeat(3))
}

#[cfg(test)]
mod tests {
    use super::super::tests::formula;
    use super::*;

    /// Mean and four values of the 6 x 5 picture at 24 x 20, each channel by Pillow 13.0.0 in mode F, clipped.
    fn check(scaled: &Picture, mean: f64, values: [f32; 4]) {
        let sum: f64 = scaled.data().iter().map(|&v| f64::from(v)).sum();
        assert!((sum / scaled.data().len() as f64 - mean).abs() < 1e-6, "{sum}");
        for ((c, y, x), want) in
            [(0, 0, 0), (1, 11, 9), (2, 23, 19), (0, 5, 14)].into_iter().zip(values)
        {
            assert!((scaled.get(c, y, x).unwrap() - want).abs() < 2e-6, "at {c} {y} {x}");
        }
    }

    #[test]
    fn bicubic_is_that_of_pillow() {
        let scaled = bicubic(&formula(6, 5), 24, 20).unwrap();
        check(&scaled, 0.197_326_560_910_773, [0.0, 0.168_168_32, 0.448_204_3, 0.049_055_04]);
    }

    #[test]
    fn lanczos_is_that_of_pillow() {
        let scaled = lanczos(&formula(6, 5), 24, 20).unwrap();
        check(&scaled, 0.197_310_936_363_644, [0.0, 0.167_405_78, 0.448_045_73, 0.048_611_566]);
    }

    #[test]
    fn enlarging_keeps_a_flat_picture_and_refuses_absurd_sizes() {
        let flat = Picture::constant(3, 4, [0.2, 0.5, 0.9]).unwrap();
        for enlarge in [bicubic, lanczos] {
            let large = enlarge(&flat, 24, 32).unwrap();
            let want = Picture::constant(24, 32, [0.2, 0.5, 0.9]).unwrap();
            assert!(large.data().iter().zip(want.data()).all(|(a, b)| (a - b).abs() < 1e-6));
            assert!(enlarge(&flat, 0, 5).is_err() && enlarge(&flat, usize::MAX, 1).is_err());
        }
    }

    #[test]
    fn grey_is_grey_and_its_mean_is_the_plane() {
        let plane = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
        let picture = grey(2, 3, &plane).unwrap();
        assert!(picture.channel_mean().iter().zip(plane).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(grey(2, 2, &plane).is_err());
    }
}
