//! A photo with a hole at the model's size, without a trace of what stands in the hole.
//!
//! ```text
//! all of a pixel's Lanczos footprint is known:   y = Lanczos of the photo,                    m = 1
//! some of its area is known:                     y = mean of the known part of its area,      m = that share
//! none:                                          y = 0,                                       m = 0
//! ```
//! The first rule makes known regions what training saw (SPEC 2.3). A plain resize would smear the damage
//! into its surroundings, and the model would be asked to reproduce the smear.

use crate::error::{Error, Result};
use crate::image::Picture;

/// `picture` and its known pixels (`[H, W]` row-major) at `side` x `side`: the picture, zero where nothing is
/// known, and m in [0, 1], `[side, side]`.
///
/// # Errors
/// `known` of another length, no known or no missing pixel.
pub fn shrink_known(picture: &Picture, known: &[bool], side: usize) -> Result<(Picture, Vec<f32>)> {
    let (height, width) = (picture.height(), picture.width());
    check(known, height, width)?;
    let sharp = picture.resized(side, side)?;
    let missing = Summed::new(known, height, width);
    let (rows, columns) = (Axis::new(height, side), Axis::new(width, side));
    let plane = |c: usize| &picture.data()[c * height * width..(c + 1) * height * width];

    let mut share = vec![0.0; side * side];
    let mut data = vec![0.0; 3 * side * side];
    for i in 0..side {
        for j in 0..side {
            let at = i * side + j;
            if missing.within(rows.footprint(i), columns.footprint(j)) == 0 {
                share[at] = 1.0;
                (0..3)
                    .for_each(|c| data[c * side * side + at] = sharp.data()[c * side * side + at]);
                continue;
            }
            let (mut weight, mut area, mut sums) = (0.0, 0.0, [0.0; 3]);
            for (y, wy) in rows.area(i) {
                for (x, wx) in columns.area(j) {
                    area += wy * wx;
                    if known[y * width + x] {
                        weight += wy * wx;
                        (0..3)
                            .for_each(|c| sums[c] += wy * wx * f64::from(plane(c)[y * width + x]));
                    }
                }
            }
            if weight > 0.0 {
                share[at] = (weight / area) as f32;
                (0..3).for_each(|c| data[c * side * side + at] = (sums[c] / weight) as f32);
            }
        }
    }
    Ok((Picture::new(side, side, data)?, share))
}

fn check(known: &[bool], height: usize, width: usize) -> Result<()> {
    let bad = |problem: String, remedy: &str| Err(Error::input("mask", problem, remedy));
    if known.len() != height * width {
        let problem = format!("it has {} pixels, the photo {width} x {height}", known.len());
        return bad(problem, "make it as large as the photo");
    }
    if known.iter().all(|&known| known) {
        return bad(
            "nothing in it is to be filled".into(),
            "paint the damage white, the rest black",
        );
    }
    if known.iter().all(|&known| !known) {
        return bad("all of it is to be filled".into(), "leave the sound part black");
    }
    Ok(())
}

/// One axis, from `from` pixels to `to`.
struct Axis {
    from: usize,
    to: usize,
}

impl Axis {
    fn new(from: usize, to: usize) -> Self {
        Self { from, to }
    }

    /// The input pixels that Lanczos-3 mixes into output `i`, as a half-open range.
    fn footprint(&self, i: usize) -> [usize; 2] {
        if self.from == self.to {
            return [i, i + 1];
        }
        let factor = self.from as f64 / self.to as f64;
        let (centre, reach) = ((i as f64 + 0.5) * factor, 3.0 * factor.max(1.0));
        let first = (centre - reach).floor().max(0.0) as usize;
        [first, ((centre + reach).ceil() as usize).min(self.from)]
    }

    /// The input pixels under output `i`, each with the length that lies there.
    fn area(&self, i: usize) -> impl Iterator<Item = (usize, f64)> {
        let factor = self.from as f64 / self.to as f64;
        let (start, end) = (i as f64 * factor, (i + 1) as f64 * factor);
        let last = (end.ceil() as usize).min(self.from);
        (start as usize..last).filter_map(move |j| {
            let length = end.min((j + 1) as f64) - start.max(j as f64);
            (length > 1e-9).then_some((j, length))
        })
    }
}

/// Sums of missing pixels over rectangles, from a summed-area table.
struct Summed {
    width: usize,
    sums: Vec<u32>,
}

impl Summed {
    fn new(known: &[bool], height: usize, width: usize) -> Self {
        let stride = width + 1;
        let mut sums = vec![0; (height + 1) * stride];
        for y in 0..height {
            let mut row = 0;
            for x in 0..width {
                row += u32::from(!known[y * width + x]);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
            }
        }
        Self { width, sums }
    }

    fn within(&self, rows: [usize; 2], columns: [usize; 2]) -> u32 {
        let at = |y: usize, x: usize| self.sums[y * (self.width + 1) + x];
        at(rows[1], columns[1]) + at(rows[0], columns[0])
            - at(rows[0], columns[1])
            - at(rows[1], columns[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn centre_hole(height: usize, width: usize, hole: usize) -> Vec<bool> {
        let inside =
            |at: usize, side: usize| (at as i64 - side as i64 / 2).unsigned_abs() < hole as u64 / 2;
        (0..height * width)
            .map(|at| !(inside(at / width, height) && inside(at % width, width)))
            .collect()
    }

    #[test]
    fn what_stands_in_the_hole_never_matters() {
        for (height, width) in [(8, 8), (24, 16), (31, 50), (5, 6)] {
            let known = centre_hole(height, width, 4);
            let with = |damage: f32| {
                let data = (0..3 * height * width).map(|at| {
                    if known[at % (height * width)] { (at % 7) as f32 / 7.0 } else { damage }
                });
                let picture = Picture::new(height, width, data.collect()).unwrap();
                shrink_known(&picture, &known, 8).unwrap()
            };
            assert_eq!(with(0.0), with(1.0), "{height} x {width}");
        }
    }

    #[test]
    fn the_same_size_keeps_every_known_bit_and_the_mask() {
        let known = centre_hole(8, 8, 4);
        let picture = Picture::new(8, 8, (0..192).map(|i| i as f32 / 192.0).collect()).unwrap();
        let (small, share) = shrink_known(&picture, &known, 8).unwrap();
        assert_eq!(share, known.iter().map(|&known| f32::from(known)).collect::<Vec<_>>());
        let masked = picture.data().iter().zip(share.iter().cycle()).map(|(v, m)| v * m);
        assert_eq!(small.data(), masked.collect::<Vec<_>>());
    }

    #[test]
    fn a_constant_photo_stays_constant_wherever_anything_is_known() {
        let known = centre_hole(37, 29, 12);
        let picture = Picture::constant(37, 29, [0.25, 0.5, 0.75]).unwrap();
        let (small, share) = shrink_known(&picture, &known, 16).unwrap();
        assert!(share.contains(&0.0) && share.contains(&1.0));
        for (share, value) in share.iter().zip(&small.data()[256..512]) {
            let expected = if *share > 0.0 { 0.5 } else { 0.0 };
            assert!((value - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn sparse_pixels_of_a_large_photo_all_count() {
        let known: Vec<bool> = (0..64 * 64).map(|at| at % 19 == 0).collect();
        let picture = Picture::constant(64, 64, [0.5; 3]).unwrap();
        let (_, share) = shrink_known(&picture, &known, 16).unwrap();
        let mean = share.iter().sum::<f32>() / 256.0;
        assert!((mean - 1.0 / 19.0).abs() < 0.005, "{mean}");
    }

    #[test]
    fn masks_that_say_nothing_are_errors() {
        let picture = Picture::constant(4, 4, [0.5; 3]).unwrap();
        let message = |known: &[bool]| shrink_known(&picture, known, 4).unwrap_err().to_string();
        assert!(message(&[true; 16]).contains("nothing"));
        assert!(message(&[false; 16]).contains("all"));
        assert!(message(&[true; 15]).contains("15"));
    }
}
