//! A soft seam: near its rim a filled hole goes over into what surrounds it, and no known pixel changes.
//!
//! ```text
//! e = photo - fill                          on the known pixels that touch the hole
//! c: every c(q) the mean of its neighbours  in the hole, up to PIXELS from the rim, c = e on the rim: a membrane
//! fill'(q) = fill(q) + w(d / PIXELS) c(q)   w(s) = 1 - 3 s^2 + 2 s^3, d = distance to the nearest known pixel
//! ```
//! Next to the rim the filled pixels are a continuation of the photo with the structure of the fill; at PIXELS from it they
//! are the fill itself, and w leaves no edge at either end. The usual feathering, a blurred mask, mixes the fill into
//! known pixels, which is a change outside the mask. A plain cross-fade inside the hole would need the photo's values
//! there, which are what is missing; copying the nearest known pixel inwards draws streaks where the rim is rough,
//! while in a membrane whatever is finer than its distance from the rim evens out. membrane.rs finds it, distance.rs the
//! distances; both take time in proportion to the pixels, however wide the seam.

mod distance;
mod membrane;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::image::Picture;

use distance::distances;
use membrane::Membrane;

/// The widest seam, in pixels.
pub const MAX_FEATHER: usize = 1024;

/// `fill` with a seam of `pixels` to the known pixels of `photo` (`known` `[H, W]`); all of one size. Pixels further
/// than that from every known one, and known pixels, are those of `fill`.
///
/// # Errors
/// Sizes that differ, a seam over [`MAX_FEATHER`].
pub fn feather(fill: Picture, photo: &Picture, known: &[bool], pixels: usize) -> Result<Picture> {
    let (height, width) = (fill.height(), fill.width());
    if [photo.height(), photo.width()] != [height, width] || known.len() != height * width {
        let problem = "fill, photo and mask are of different sizes";
        return Err(Error::input("feather", problem, "resize the fill to the photo"));
    }
    if pixels > MAX_FEATHER {
        let problem = format!("{pixels} pixels are out of range");
        return Err(Error::input("feather", problem, format!("give 0 to {MAX_FEATHER}")));
    }
    if u32::try_from(known.len()).is_err() {
        let problem = format!("{width} x {height} pixels are too many");
        return Err(Error::input("feather", problem, "make the picture smaller"));
    }
    let distances = distances(known, height, width, pixels);
    let membrane = Membrane::new(known, &distances, width, pixels);
    let mut data = fill.into_data();
    let plane = height * width;
    data.par_chunks_exact_mut(plane).zip(photo.data().par_chunks_exact(plane)).for_each(
        |(plane, photo)| {
            let offsets = membrane.offsets(|rim| photo[rim] - plane[rim]);
            for (at, offset) in membrane.places().zip(offsets) {
                let s = distances[at] / pixels as f32;
                let weight = (1.0 - s) * (1.0 - s) * (1.0 + 2.0 * s);
                plane[at] = (plane[at] + weight * offset).clamp(0.0, 1.0);
            }
        },
    );
    Picture::new(height, width, data)
}

/// `known` (`[height, width]`) without what is within `margin` pixels of the hole: the soft fringe of a scratch, the ringing
/// of a codec. `known` itself where nothing would be left.
pub fn away_from_hole(known: &[bool], height: usize, width: usize, margin: usize) -> Vec<bool> {
    if margin == 0 {
        return known.to_vec();
    }
    let hole: Vec<bool> = known.iter().map(|known| !known).collect();
    let away: Vec<bool> =
        distances(&hole, height, width, margin).iter().map(|d| d.is_infinite()).collect();
    if away.contains(&true) { away } else { known.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 40;

    fn disc() -> Vec<bool> {
        let square = |at: usize| (at as f32 - 20.0).powi(2);
        (0..SIDE * SIDE).map(|at| square(at / SIDE) + square(at % SIDE) > 144.0).collect()
    }

    fn picture(value: impl Fn(usize, usize) -> f32) -> Picture {
        let data = (0..3 * SIDE * SIDE).map(|at| value(at / SIDE % SIDE, at % SIDE)).collect();
        Picture::new(SIDE, SIDE, data).unwrap()
    }

    #[test]
    fn known_pixels_and_pixels_far_inside_keep_every_bit() {
        let known = disc();
        let fill = picture(|y, x| (y * 7 + x * 3) as f32 % 11.0 / 11.0);
        let photo = picture(|y, x| (y + x) as f32 / 80.0);
        let soft = feather(fill.clone(), &photo, &known, 4).unwrap();
        let (mut changed, mut inside) = (0, 0);
        for at in 0..SIDE * SIDE {
            let here = |p: &Picture| p.data()[at];
            let far = distances(&known, SIDE, SIDE, 4)[at] >= 4.0;
            if known[at] || far {
                assert_eq!(here(&soft), here(&fill), "{at}");
                inside += usize::from(far);
            } else {
                changed += usize::from(here(&soft) != here(&fill));
            }
        }
        assert!(changed > 200 && inside > 100, "{changed} {inside}");
        assert_eq!(feather(fill.clone(), &photo, &known, 0).unwrap(), fill);
    }

    #[test]
    fn a_fill_of_another_brightness_meets_the_photo_at_the_rim_and_is_itself_inside() {
        let known = disc();
        let photo = picture(|_, _| 0.6);
        let soft = feather(picture(|_, _| 0.4), &photo, &known, 8).unwrap();
        let distances = distances(&known, SIDE, SIDE, 8);
        for (at, value) in
            soft.data()[..SIDE * SIDE].iter().enumerate().filter(|(at, _)| !known[*at])
        {
            let s = (distances[at] / 8.0).min(1.0);
            // The offset is the same all round, so the membrane is flat.
            let expected = 0.4 + 0.2 * (1.0 - 3.0 * s * s + 2.0 * s * s * s);
            assert!((value - expected).abs() < 0.003, "{at}: {value} for {expected}");
        }
    }

    #[test]
    fn what_is_rough_along_the_rim_evens_out_inside() {
        let known: Vec<bool> = (0..SIDE * SIDE).map(|at| at / SIDE < 10).collect();
        let photo = picture(|_, x| if x % 2 == 0 { 0.3 } else { 0.7 });
        let soft = feather(picture(|_, _| 0.5), &photo, &known, 12).unwrap();
        let swing = |y: usize| (soft.get(0, y, 20).unwrap() - soft.get(0, y, 21).unwrap()).abs();
        assert!(swing(10) > 0.03 && swing(13) < 0.001, "{} {}", swing(10), swing(13));
    }

    #[test]
    fn a_fringe_round_the_hole_is_not_drawn_into_it() {
        let known = disc();
        let distance = distances(&known.iter().map(|k| !k).collect::<Vec<_>>(), SIDE, SIDE, 9);
        // White next to the hole, as a scratch leaves it that was masked too tightly.
        let photo = picture(|y, x| if distance[y * SIDE + x] <= 2.0 { 1.0 } else { 0.5 });
        let fill = picture(|_, _| 0.5);
        let clean = away_from_hole(&known, SIDE, SIDE, 3);
        assert!(clean.iter().zip(&known).all(|(clean, known)| *known || !clean));
        let worst = |known: &[bool]| {
            let soft = feather(fill.clone(), &photo, known, 8).unwrap();
            let hole = (0..SIDE * SIDE).filter(|&at| !disc()[at]);
            hole.map(|at| (soft.data()[at] - 0.5).abs()).fold(0.0, f32::max)
        };
        assert!(worst(&clean) < 1e-3 && worst(&known) > 0.2, "{}", worst(&clean));
        assert_eq!(away_from_hole(&known, SIDE, SIDE, 0), known);
        assert_eq!(away_from_hole(&known, SIDE, SIDE, 40), known);
    }

    #[test]
    fn sizes_and_widths_that_do_not_fit_are_errors() {
        let whole = picture(|_, _| 0.5);
        assert!(feather(whole.clone(), &whole, &[true], 3).is_err());
        let message = feather(whole.clone(), &whole, &disc(), 1025).unwrap_err().to_string();
        assert!(message.contains("1025") && message.contains("1024"), "{message}");
    }
}
