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
//! while in a membrane whatever is finer than its distance from the rim evens out.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::image::Picture;

/// The widest seam, in pixels.
pub const MAX_FEATHER: usize = 256;

/// Below this change (of a range of 1) the membrane has come to rest: an eighth of a level of 8 bits.
const REST: f32 = 1.0 / 2048.0;

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
    let distances = distances(known, height, width, pixels);
    let band = Band::new(known, &distances, width);
    let mut data = fill.into_data();
    let plane = height * width;
    data.par_chunks_exact_mut(plane).zip(photo.data().par_chunks_exact(plane)).for_each(
        |(plane, photo)| {
            let membrane = band.membrane(|rim| photo[rim] - plane[rim], pixels);
            for (&at, offset) in band.places.iter().zip(membrane) {
                let s = distances[at] / pixels as f32;
                let weight = (1.0 - s) * (1.0 - s) * (1.0 + 2.0 * s);
                plane[at] = (plane[at] + weight * offset).clamp(0.0, 1.0);
            }
        },
    );
    Picture::new(height, width, data)
}

/// From each pixel to the nearest known one; infinite beyond `most`.
fn distances(known: &[bool], height: usize, width: usize, most: usize) -> Vec<f32> {
    // Along the columns first, then the best of the columns nearby: exact, as squares add.
    let far = most + 1;
    let mut down = vec![far; known.len()];
    for x in 0..width {
        for rows in [(0..height).collect::<Vec<_>>(), (0..height).rev().collect()] {
            let mut since = far;
            for y in rows {
                let at = y * width + x;
                since = if known[at] { 0 } else { (since + 1).min(far) };
                down[at] = down[at].min(since);
            }
        }
    }
    let nearest = |at: usize| {
        let (row, x) = (at / width * width, at % width);
        let columns = x.saturating_sub(most)..(x + most + 1).min(width);
        let squares = columns.map(|other| {
            let (along, across) = (down[row + other], other.abs_diff(x));
            if along == far { usize::MAX } else { along * along + across * across }
        });
        let square = squares.min().unwrap_or(usize::MAX);
        if square > most * most { f32::INFINITY } else { (square as f32).sqrt() }
    };
    (0..known.len()).map(|at| if known[at] { 0.0 } else { nearest(at) }).collect()
}

/// The pixels of the hole near its rim.
struct Band {
    /// Where they are in the picture, row by row.
    places: Vec<usize>,
    /// The neighbours of each.
    neighbours: Vec<[Neighbour; 4]>,
}

#[derive(Clone, Copy)]
enum Neighbour {
    /// Beyond the band or the picture: it pulls at nothing.
    None,
    /// A known pixel, by its place in the picture.
    Rim(usize),
    /// A pixel of the band, by its number.
    Band(usize),
}

impl Band {
    fn new(known: &[bool], distances: &[f32], width: usize) -> Self {
        let inside = |at: &usize| !known[*at] && distances[*at].is_finite();
        let places: Vec<usize> = (0..known.len()).filter(inside).collect();
        let mut numbers = vec![usize::MAX; known.len()];
        places.iter().enumerate().for_each(|(number, &at)| numbers[at] = number);
        let neighbour = |at: Option<usize>| match at {
            Some(at) if at < known.len() && known[at] => Neighbour::Rim(at),
            Some(at) if at < known.len() && numbers[at] != usize::MAX => {
                Neighbour::Band(numbers[at])
            }
            _ => Neighbour::None,
        };
        let around = |&at: &usize| {
            [
                at.checked_sub(width),
                at.checked_sub(1).filter(|_| !at.is_multiple_of(width)),
                Some(at + 1).filter(|next| !next.is_multiple_of(width)),
                Some(at + width),
            ]
            .map(neighbour)
        };
        let neighbours = places.iter().map(around).collect();
        Self { places, neighbours }
    }

    /// Every value the mean of its neighbours, with `rim` where they are known: successive over-relaxation, row by row,
    /// so that the same band gives the same bits.
    fn membrane(&self, rim: impl Fn(usize) -> f32, depth: usize) -> Vec<f32> {
        // The best factor for a strip that is held on one side and free on the other.
        let quarter = std::f32::consts::PI / (2 * depth + 1) as f32;
        let factor = 2.0 / (1.0 + quarter.sin());
        let mut values = vec![0.0f32; self.places.len()];
        for _ in 0..20 * depth + 50 {
            let mut moved = 0.0f32;
            for (at, neighbours) in self.neighbours.iter().enumerate() {
                let (mut sum, mut count) = (0.0, 0.0);
                for neighbour in neighbours {
                    sum += match *neighbour {
                        Neighbour::None => continue,
                        Neighbour::Rim(place) => rim(place),
                        Neighbour::Band(number) => values[number],
                    };
                    count += 1.0;
                }
                if count > 0.0 {
                    let change = factor * (sum / count - values[at]);
                    values[at] += change;
                    moved = moved.max(change.abs());
                }
            }
            if moved < REST {
                break;
            }
        }
        values
    }
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
    fn distances_are_those_of_euclid() {
        let known: Vec<bool> = (0..SIDE * SIDE).map(|at| at == 5 * SIDE + 5).collect();
        let found = distances(&known, SIDE, SIDE, 9);
        for (at, &found) in found.iter().enumerate() {
            let square = |i: usize| (i as f32 - 5.0).powi(2);
            let expected = (square(at / SIDE) + square(at % SIDE)).sqrt();
            if expected <= 9.0 {
                assert!((found - expected).abs() < 1e-5);
            } else {
                assert_eq!(found, f32::INFINITY);
            }
        }
    }

    #[test]
    fn sizes_and_widths_that_do_not_fit_are_errors() {
        let whole = picture(|_, _| 0.5);
        assert!(feather(whole.clone(), &whole, &[true], 3).is_err());
        let message = feather(whole.clone(), &whole, &disc(), 257).unwrap_err().to_string();
        assert!(message.contains("257") && message.contains("256"), "{message}");
    }
}
