//! A hole filled with a mean: of the known pixels, or of other pictures.

use super::{check_hole, check_size, filled};
use crate::error::{Error, Result};
use crate::image::Picture;

/// Fills `hole` with the mean colour of the known pixels.
///
/// Errors: [`Error::Input`] if the hole has another size than the picture or is all of it.
pub fn fill_mean(picture: &Picture, hole: &[bool]) -> Result<Picture> {
    check_hole(picture.height(), picture.width(), hole)?;
    let known = hole.iter().filter(|&&missing| !missing).count();
    let colours: Vec<f32> = (picture.data().chunks_exact(hole.len()))
        .map(|plane| {
            let known_values = plane.iter().zip(hole).filter(|&(_, &missing)| !missing);
            let sum: f64 = known_values.map(|(&v, _)| f64::from(v)).sum();
            (sum / known as f64) as f32
        })
        .collect();
    filled(picture, hole, |c, _| colours[c])
}

/// Fills `hole` with what stands there in `other`, such as the [`mean_photo`].
///
/// Errors: as [`fill_mean`], and if the two pictures differ in size.
pub fn fill_from(picture: &Picture, hole: &[bool], other: &Picture) -> Result<Picture> {
    check_hole(picture.height(), picture.width(), hole)?;
    check_size("picture to fill from", other, picture.height(), picture.width())?;
    filled(picture, hole, |c, i| other.data()[c * hole.len() + i])
}

/// The mean of `pictures`, pixel by pixel: a ghost of what they have in common.
///
/// Errors: [`Error::Input`] if there is none or they differ in size.
pub fn mean_photo(pictures: &[Picture]) -> Result<Picture> {
    let Some(first) = pictures.first() else {
        return Err(Error::input("mean photo", "there are no pictures", "give at least one"));
    };
    let (height, width) = (first.height(), first.width());
    let mut sums = vec![0f64; first.data().len()];
    for picture in pictures {
        check_size("picture for the mean photo", picture, height, width)?;
        for (sum, &v) in sums.iter_mut().zip(picture.data()) {
            *sum += f64::from(v);
        }
    }
    let n = pictures.len() as f64;
    Picture::new(height, width, sums.iter().map(|sum| (sum / n) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hole_gets_the_mean_of_each_channel_of_what_is_known() {
        let data = vec![0.0, 0.5, 9.0, 9.0, 0.2, 0.4, 9.0, 9.0, 1.0, 1.0, 9.0, 9.0];
        let picture = Picture::new(2, 2, data).unwrap();
        let filled = fill_mean(&picture, &[false, false, true, true]).unwrap();
        let want = [0.0, 0.5, 0.25, 0.25, 0.2, 0.4, 0.3, 0.3, 1.0, 1.0, 1.0, 1.0];
        assert!(filled.data().iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn the_mean_photo_is_the_mean_and_needs_pictures_of_one_size() {
        let [a, b] = [0.25, 0.75].map(|v| Picture::constant(2, 3, [v; 3]).unwrap());
        let mean = mean_photo(&[a.clone(), b]).unwrap();
        assert_eq!(mean, Picture::constant(2, 3, [0.5; 3]).unwrap());
        assert!(mean_photo(&[]).is_err());
        assert!(mean_photo(&[a.clone(), Picture::constant(3, 2, [0.0; 3]).unwrap()]).is_err());
        let filled = fill_from(&a, &[true, false, false, false, false, false], &mean).unwrap();
        assert_eq!((filled.get(1, 0, 0), filled.get(1, 0, 1)), (Some(0.5), Some(0.25)));
    }
}
