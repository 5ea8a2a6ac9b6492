//! A hole filled by the smoothest surface through the known pixels.

use super::envelope::Envelope;
use super::{check_hole, check_size, filled};
use crate::error::{Error, Result};
use crate::image::Picture;

/// The largest factor, in numbers of 8 bytes: 2 GiB. It holds a solid hole of 500 x 500; what is beyond goes to
/// conjugate gradients, which are quick where no missing pixel is far from a known one.
const MAX_FACTOR: usize = 1 << 28;
/// Conjugate gradients stop at this residual relative to the right-hand side: far below one of 255 levels.
const TOLERANCE: f64 = 1e-9;
/// And give up after so many steps. Random masks of 95 % need some hundreds.
const MAX_STEPS: usize = 20_000;

/// The biharmonic filling of one hole, ready for any number of pictures of its size.
///
/// ```text
/// L L u = 0 in the hole, u given outside        L u(p) = sum over the 2 to 4 neighbours q of p  (u(q) - u(p))
/// <=>  u = argmin |L u|^2                        inside: u(p+1) + u(p-1) + ... - 4 u(p)
/// ```
/// L reflects at the border of the picture, so L L is symmetric and, one pixel being known, positive definite. It is
/// the operator of scikit-image's `inpaint_biharmonic`, after S. B. Damelin and N. S. Hoang, "On Surface Completion
/// and Image Inpainting by Biharmonic Functions: Numerical Aspects", IJMMS 2018, in f64; the result is likewise clamped
/// channel by channel to the range of the known pixels, as a surface that leaves a slope swings far beyond it.
///
/// Cost: a hole of 128 x 128 takes 0.25 s to factor and 25 ms a picture; 400 x 400 takes 15 s and 0.6 s.
#[derive(Debug, Clone)]
pub struct Biharmonic {
    height: usize,
    width: usize,
    hole: Vec<bool>,
    /// The missing pixels in the order of the unknowns.
    unknowns: Vec<usize>,
    /// `None` where it would be too large.
    factor: Option<Envelope>,
}

impl Biharmonic {
    /// Errors: [`Error::Input`] if the hole has another size or is the whole picture.
    pub fn new(height: usize, width: usize, hole: &[bool]) -> Result<Self> {
        check_hole(height, width, hole)?;
        let mut grid =
            Self { height, width, hole: hole.to_vec(), unknowns: Vec::new(), factor: None };
        grid.unknowns = grid.order();

        let mut index = vec![usize::MAX; hole.len()];
        for (i, &pixel) in grid.unknowns.iter().enumerate() {
            index[pixel] = i;
        }
        let row = |i: usize| {
            let pairs = grid.stencil(grid.unknowns[i]);
            pairs.into_iter().map(|(q, a)| (index[q], a)).filter(|&(j, _)| j != usize::MAX)
        };
        let first: Vec<usize> =
            (0..grid.unknowns.len()).map(|i| row(i).map(|(j, _)| j).min().unwrap_or(i)).collect();
        let size: usize = first.iter().enumerate().map(|(i, first)| i - first + 1).sum();
        grid.factor = if size <= MAX_FACTOR { Some(Envelope::factor(&first, row)?) } else { None };
        Ok(grid)
    }

    /// `picture` with its hole filled.
    ///
    /// Errors: [`Error::Input`] if the picture has another size, or if the hole is too large for a factor and too deep
    /// for conjugate gradients (a half of a picture of 1024 pixels).
    pub fn fill(&self, picture: &Picture) -> Result<Picture> {
        check_size("picture to fill", picture, self.height, self.width)?;
        let planes: Vec<Vec<f32>> = (picture.data().chunks_exact(self.hole.len()))
            .map(|plane| self.fill_plane(plane))
            .collect::<Result<_>>()?;
        filled(picture, &self.hole, |c, i| planes[c][i])
    }

    fn fill_plane(&self, plane: &[f32]) -> Result<Vec<f32>> {
        let known = || plane.iter().zip(&self.hole).filter(|&(_, &missing)| !missing);
        let low = known().fold(f32::INFINITY, |low, (&v, _)| low.min(v));
        let high = known().fold(f32::NEG_INFINITY, |high, (&v, _)| high.max(v));

        // L L u = L L (what is known) + L L (what is missing) = 0 in the hole.
        let known = plane.iter().zip(&self.hole);
        let known: Vec<f64> = known.map(|(&v, &hole)| if hole { 0.0 } else { v.into() }).collect();
        let mut x: Vec<f64> = self.gather(&self.bilaplacian(&known)).map(|v| -v).collect();
        match &self.factor {
            Some(factor) => factor.solve(&mut x),
            None => x = self.conjugate_gradients(x)?,
        }
        let mut full = plane.to_vec();
        for (&pixel, v) in self.unknowns.iter().zip(x) {
            full[pixel] = (v as f32).clamp(low, high);
        }
        Ok(full)
    }

    /// Solves `A x = b` by conjugate gradients; the diagonal is nearly constant, so scaling by it would gain nothing.
    fn conjugate_gradients(&self, b: Vec<f64>) -> Result<Vec<f64>> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let (mut x, mut r) = (vec![0.0; b.len()], b);
        let mut p = r.clone();
        let mut rr = dot(&r, &r);
        let enough = rr * TOLERANCE * TOLERANCE;
        for _ in 0..MAX_STEPS {
            if rr <= enough {
                return Ok(x);
            }
            let ap = self.apply(&p);
            let step = rr / dot(&p, &ap);
            for i in 0..x.len() {
                x[i] += step * p[i];
                r[i] -= step * ap[i];
            }
            let before = std::mem::replace(&mut rr, dot(&r, &r));
            p.iter_mut().zip(&r).for_each(|(p, r)| *p = r + rr / before * *p);
        }
        Err(Error::input(
            "hole",
            format!("{} missing pixels lie too far from any known one", self.unknowns.len()),
            "make the picture smaller for the biharmonic filling",
        ))
    }

    /// The matrix of the hole times `x`, without the matrix.
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut full = vec![0.0; self.hole.len()];
        for (&pixel, &v) in self.unknowns.iter().zip(x) {
            full[pixel] = v;
        }
        self.gather(&self.bilaplacian(&full)).collect()
    }

    /// The values of `full` at the unknowns, in their order.
    fn gather<'a>(&'a self, full: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        self.unknowns.iter().map(|&pixel| full[pixel])
    }

    /// `L L u`
    fn bilaplacian(&self, u: &[f64]) -> Vec<f64> {
        let laplacian = |u: &[f64]| -> Vec<f64> {
            let at = |p: usize| self.neighbours(p).map(|q| u[q] - u[p]).sum();
            (0..u.len()).map(at).collect()
        };
        laplacian(&laplacian(u))
    }

    /// Row `p` of `L L` as pairs (pixel, value), pixels repeated.
    fn stencil(&self, p: usize) -> Vec<(usize, f64)> {
        let row = |p: usize| {
            let degree = self.neighbours(p).count() as f64;
            self.neighbours(p).map(|q| (q, 1.0)).chain([(p, -degree)])
        };
        row(p).flat_map(|(q, a)| row(q).map(move |(r, b)| (r, a * b))).collect()
    }

    /// The pixels above, below, left and right of `p`, within the picture.
    fn neighbours(&self, p: usize) -> impl Iterator<Item = usize> {
        let (y, x, w) = (p / self.width, p % self.width, self.width);
        let up = (y > 0).then(|| p - w);
        let down = (y + 1 < self.height).then(|| p + w);
        let left = (x > 0).then(|| p - 1);
        let right = (x + 1 < w).then(|| p + 1);
        [up, down, left, right].into_iter().flatten()
    }

    /// The missing pixels along the short side of the hole's bounding box first: that side is half the bandwidth.
    fn order(&self) -> Vec<usize> {
        let mut pixels: Vec<usize> = (0..self.hole.len()).filter(|&p| self.hole[p]).collect();
        let extent = |coordinate: &dyn Fn(usize) -> usize| {
            let all = || pixels.iter().map(|&p| coordinate(p));
            all().max().unwrap_or(0) - all().min().unwrap_or(0)
        };
        if extent(&|p| p / self.width) < extent(&|p| p % self.width) {
            pixels.sort_by_key(|&p| (p % self.width, p / self.width));
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{formula, hole};
    use super::*;

    /// Sum, sum of squares and three values (channel, row, column) of the hole of the 14 x 17 picture, from
    /// `skimage.restoration.inpaint_biharmonic` 0.26.0 (scipy 1.17.1) in f64.
    #[test]
    fn holes_inside_at_the_corner_and_at_random_are_filled_as_scikit_image_fills_them() {
        let picture = formula(14, 17);
        let block = hole(14, 17, |y, x| (4..10).contains(&y) && (5..12).contains(&x));
        let corner = hole(14, 17, |y, x| y < 5 && x >= 11);
        let random = hole(14, 17, |y, x| (7 * x * x + 13 * y + 5 * x * y) % 20 != 0);
        let at = [(0, 7, 8), (1, 1, 15), (2, 9, 11)];
        let cases = [
            (block, [67.612_343_740, 46.473_486_531], [0.308_924_73, 0.269_841_28, 0.790_053_05]),
            (corner, [49.045_539_495, 28.413_171_095], [0.133_928_57, 0.503_739_6, 0.035_714_287]),
            (random, [367.793_385_06, 277.862_869_66], [0.587_922_5, 0.261_273_9, 0.222_426_3]),
        ];
        for (hole, [sum, squares], values) in cases {
            let filling = Biharmonic::new(14, 17, &hole).unwrap();
            let filled = filling.fill(&picture).unwrap();
            let missing = || {
                let all = filled.data().iter().enumerate();
                all.filter(|(i, _)| hole[i % 238]).map(|(_, &v)| f64::from(v))
            };
            assert!((missing().sum::<f64>() - sum).abs() < 1e-4);
            assert!((missing().map(|v| v * v).sum::<f64>() - squares).abs() < 1e-4);
            for ((c, y, x), want) in at.into_iter().zip(values) {
                assert!((filled.get(c, y, x).unwrap() - want).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn conjugate_gradients_agree_with_the_factor() {
        let picture = formula(30, 20);
        for mask in [
            hole(30, 20, |y, x| (8..20).contains(&y) && (5..16).contains(&x)),
            hole(30, 20, |y, x| (7 * x * x + 13 * y + 5 * x * y) % 20 != 0),
            hole(30, 20, |y, _| y >= 15),
        ] {
            let direct = Biharmonic::new(30, 20, &mask).unwrap();
            let iterative = Biharmonic { factor: None, ..direct.clone() };
            let [a, b] = [direct, iterative].map(|filling| filling.fill(&picture).unwrap());
            assert!(a.data().iter().zip(b.data()).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn a_slope_and_a_saddle_are_continued_exactly() {
        // Both are harmonic; away from the border nothing is smoother.
        for value in [|y: f32, x: f32| 0.1 + 0.02 * y + 0.01 * x, |y, x| 0.5 + y * x / 1000.0] {
            let data = (0..3 * 400).map(|i| value((i / 20 % 20) as f32, (i % 20) as f32));
            let picture = Picture::new(20, 20, data.collect()).unwrap();
            let hole = hole(20, 20, |y, x| (5..14).contains(&y) && (4..15).contains(&x));
            let filled = Biharmonic::new(20, 20, &hole).unwrap().fill(&picture).unwrap();
            assert!(filled.data().iter().zip(picture.data()).all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }

    #[test]
    fn the_narrowest_pictures_are_filled_too() {
        for (h, w) in [(1, 1), (1, 5), (5, 1), (2, 2), (2, 7)] {
            let mask = hole(h, w, |y, x| y + x > 0);
            let flat = Picture::constant(h, w, [0.25, 0.5, 0.75]).unwrap();
            let filled = Biharmonic::new(h, w, &mask).unwrap().fill(&flat).unwrap();
            assert_eq!(filled, flat);
        }
    }

    #[test]
    fn a_picture_of_another_size_is_an_error() {
        let filling = Biharmonic::new(4, 6, &[false; 24]).unwrap();
        assert!(filling.fill(&formula(6, 4)).is_err());
    }
}
