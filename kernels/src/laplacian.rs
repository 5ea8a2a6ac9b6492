//! The loss of images, LapL1 and a squared error, and its gradient, in one go.
//!
//! ```text
//! d = x - y;  for j = 0, 1, 2:  G = K * d (zero padding 2),  L_j = d - G,  d = avgpool2x2(G);   L_3 = d
//! loss = a sum_j 4^-j mean|L_j| + b mean(w^2 (x - y)^2)
//! ```
//! The gradient g_j by `d` of level j runs the levels backwards. K is symmetric, so that `K *` is its own transpose:
//!
//! ```text
//! s_j = a 4^-j / (C H_j W_j) sign(L_j);    g_3 = s_3;    g_j = s_j + K * (up(g_{j+1}) - s_j)
//! dx = g_0 + b 2 / (C H W) w^2 (x - y)
//! ```
//! with `up` a quarter of each number in each place of its 2x2 block, and sign(0) = 0. Both kernels also keep their
//! value where a row or column offset changes its sign, so nine numbers `K(k, i)` hold all; a row of `K * d` is
//! three sums of five rows, `T_k = sum_i K(k, i) d(r + i)`, and then
//! `T_0(c) + T_1(c - 1) + T_1(c + 1) + T_2(c - 2) + T_2(c + 2)`.
//!
//! # Shapes
//! - x, y, dx: `[B, C, H, W]`, a plane a task; H and W at least 8 where `a` is not 0
//! - w: `[H, W]`, one for all channels of all images
//! - losses, upstream: `[B]`

use crate::lanes::{Kernel, Lanes, Level};
use crate::parts::{Shared, for_each, map_each, piece};
use crate::pyramid::{Band, Rows, Sum};

const SIDE: usize = 5;
const LEVELS: usize = 3;
/// Numbers of a task of [`scale_images`].
const PIECE: usize = 1 << 15;

/// The smoothing kernel of the pyramid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pyramid {
    /// `e(i) + e(j)` with `e(d) = exp(-d^2 / 4)`, of the published program: a sum, no Gaussian.
    #[default]
    Published,
    /// The classical binomial `[1 4 6 4 1] / 16` in rows and columns.
    BurtAdelson,
}

/// The normalised kernel at row `i` and column `j`, both 0..5.
pub fn kernel_weight(pyramid: Pyramid, i: usize, j: usize) -> f32 {
    match pyramid {
        Pyramid::Published => {
            let e = |d: usize| (-(d as f64 - 2.0).powi(2) / 4.0).exp();
            let sum: f64 = (0..SIDE).map(e).sum::<f64>() * 2.0 * SIDE as f64;
            ((e(i) + e(j)) / sum) as f32
        }
        Pyramid::BurtAdelson => {
            let binomial = [1.0, 4.0, 6.0, 4.0, 1.0];
            binomial[i] * binomial[j] / 256.0
        }
    }
}

/// The shape of a batch of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossShape {
    pub batch: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

/// The terms of the loss.
#[derive(Debug, Clone, Copy)]
pub struct LossWeights<'a> {
    /// `a`; where it is 0 no pyramid is built.
    pub laplacian: f32,
    /// `b`
    pub mse: f32,
    pub pyramid: Pyramid,
    /// `w`, of the squared error only; 1 everywhere if none.
    pub map: Option<&'a [f32]>,
}

/// The loss of each image.
///
/// # Panics
/// Slices that do not fit the shape; a pyramid of images below 8x8.
pub fn loss(
    level: Level,
    x: &[f32],
    y: &[f32],
    shape: LossShape,
    weights: LossWeights<'_>,
    losses: &mut [f32],
) {
    planes(level, x, y, shape, weights, losses, None);
}

/// The loss of each image, and `dx` = the gradient by x of their sum. By y it is `-dx`. For other weights of the
/// images than 1 see [`scale_images`].
///
/// # Panics
/// As [`loss`].
pub fn loss_and_gradient(
    level: Level,
    x: &[f32],
    y: &[f32],
    shape: LossShape,
    weights: LossWeights<'_>,
    losses: &mut [f32],
    dx: &mut [f32],
) {
    assert_eq!(dx.len(), x.len(), "a gradient has as many numbers as its images");
    planes(level, x, y, shape, weights, losses, Some(Shared::new(dx)));
}

/// Multiplies each image of `dx` by its number of `upstream`, in place: the backward pass after
/// [`loss_and_gradient`]. Images whose number is 1 are left alone.
///
/// # Panics
/// A gradient of no whole images.
pub fn scale_images(level: Level, dx: &mut [f32], upstream: &[f32]) {
    let length = dx.len() / upstream.len().max(1);
    assert_eq!(dx.len(), length * upstream.len(), "a number for each image");
    let pieces = length.div_ceil(PIECE);
    let shared = Shared::new(dx);
    for_each(upstream.len() * pieces, |task| {
        let (image, part) = (task / pieces, piece(length, PIECE, task % pieces));
        if upstream[image] != 1.0 {
            let range = image * length + part.start..image * length + part.end;
            // SAFETY: tasks have different images or different pieces of one.
            level.run(Scale { numbers: unsafe { shared.part(range) }, by: upstream[image] });
        }
    });
}

struct Scale<'a> {
    numbers: &'a mut [f32],
    by: f32,
}

impl Kernel for Scale<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // Plain code, which the compiler vectorises for the instruction set that it is inlined into.
        self.numbers.iter_mut().for_each(|x| *x *= self.by);
    }
}

/// What all planes share.
struct Terms<'a> {
    height: usize,
    width: usize,
    /// `a 4^-j / (C H_j W_j)` of the levels; none without a pyramid.
    bands: Option<[f64; LEVELS + 1]>,
    /// `b / (C H W)`
    squares: f64,
    /// `K(k, i)` for offsets 0, 1 and 2.
    kernel: [[f32; 3]; 3],
    map: Option<&'a [f32]>,
}

fn planes(
    level: Level,
    x: &[f32],
    y: &[f32],
    shape: LossShape,
    weights: LossWeights<'_>,
    losses: &mut [f32],
    dx: Option<Shared<'_>>,
) {
    let LossShape { batch, channels, height, width } = shape;
    let plane = height * width;
    assert_eq!(x.len(), batch * channels * plane, "x does not fit {shape:?}");
    assert_eq!(y.len(), x.len(), "y does not fit {shape:?}");
    assert_eq!(losses.len(), batch, "a loss for each image of {shape:?}");
    if let Some(map) = weights.map {
        assert_eq!(map.len(), plane, "the weight map does not fit {shape:?}");
    }
    let bands = (weights.laplacian != 0.0).then(|| {
        assert!(height >= 8 && width >= 8, "a pyramid of {height}x{width}: 8x8 is the least");
        std::array::from_fn(|j| {
            let count = channels * (height >> j) * (width >> j);
            f64::from(weights.laplacian) * 0.25f64.powi(j as i32) / count as f64
        })
    });
    let terms = Terms {
        height,
        width,
        bands,
        squares: f64::from(weights.mse) / (channels * plane) as f64,
        kernel: std::array::from_fn(|k| {
            std::array::from_fn(|i| kernel_weight(weights.pyramid, 2 + k, 2 + i))
        }),
        map: weights.map,
    };
    let parts = map_each(batch * channels, |at| {
        let range = at * plane..(at + 1) * plane;
        // SAFETY: tasks have different planes.
        let dx = dx.map(|dx| unsafe { dx.part(range.clone()) });
        level.run(PlaneLoss { x: &x[range.clone()], y: &y[range], dx, terms: &terms })
    });
    for (image, loss) in losses.iter_mut().enumerate() {
        *loss = parts[image * channels..][..channels].iter().sum::<f64>() as f32;
    }
}

/// The loss of one plane, `[H, W]`, and its gradient where `dx` is there.
struct PlaneLoss<'a> {
    x: &'a [f32],
    y: &'a [f32],
    dx: Option<&'a mut [f32]>,
    terms: &'a Terms<'a>,
}

impl Kernel for PlaneLoss<'_> {
    type Output = f64;

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) -> f64 {
        let Terms { height, width, bands, kernel, .. } = self.terms;
        let Some(bands) = bands else {
            // SAFETY: the instruction set is there.
            return unsafe { self.difference::<L>(None) };
        };
        let gradient = self.dx.is_some();
        let mut pyramid: [Band; LEVELS + 1] =
            std::array::from_fn(|j| Band::new(height >> j, width >> j, gradient));
        // SAFETY: the instruction set is there.
        unsafe {
            let mut total = self.difference::<L>(Some(&mut pyramid[0].difference));
            for (j, unit) in bands[..LEVELS].iter().enumerate() {
                let (here, below) = pair(&mut pyramid, j);
                total += here.split::<L>(below, kernel, *unit);
            }
            total += pyramid[LEVELS].top::<L>(bands[LEVELS]);
            let Some(dx) = self.dx else { return total };
            for j in (0..LEVELS).rev() {
                let (here, below) = pair(&mut pyramid, j);
                here.join::<L>(below, kernel);
            }
            pyramid[0].add_gradient::<L>(dx);
            total
        }
    }
}

/// Level `j` and the next.
#[inline(always)]
fn pair(pyramid: &mut [Band], j: usize) -> (&mut Band, &mut Band) {
    let (here, below) = pyramid.split_at_mut(j + 1);
    (&mut here[j], &mut below[0])
}

impl PlaneLoss<'_> {
    /// The squared error; writes its gradient to `dx` and `x - y` to `difference`, where they are there.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    unsafe fn difference<L: Lanes>(&mut self, mut difference: Option<&mut Rows>) -> f64 {
        let Terms { height, width, squares, map, .. } = *self.terms;
        let mut total = Sum::default();
        for r in 0..height {
            let row = r * width..(r + 1) * width;
            let (x, y) = (self.x[row.clone()].as_ptr(), self.y[row.clone()].as_ptr());
            let map = map.map(|map| map[row.clone()].as_ptr());
            let dx = self.dx.as_mut().map(|dx| dx[row].as_mut_ptr());
            let d_row = difference.as_mut().map(|rows| rows.row_mut(r, width).as_mut_ptr());
            // SAFETY: the instruction set is there; `row` was inside each slice, of it no more than the `width - c`
            // numbers from `c` on are touched, and a row of `Rows` holds whole vectors.
            unsafe {
                let slope = L::splat(2.0 * squares as f32);
                let mut sum = L::splat(0.0);
                for c in (0..width).step_by(L::N) {
                    let n = width - c;
                    let d = L::sub(L::load_part(x.add(c), n), L::load_part(y.add(c), n));
                    if let Some(d_row) = d_row {
                        L::store(d_row.add(c), d);
                    }
                    let (mut wd, mut wwd) = (d, d);
                    if let Some(map) = map {
                        let w = L::load_part(map.add(c), n);
                        wd = L::mul(w, d);
                        wwd = L::mul(w, wd);
                    }
                    sum = L::fma(wd, wd, sum);
                    if let Some(dx) = dx {
                        L::store_part(dx.add(c), L::mul(slope, wwd), n);
                    }
                }
                total.add::<L>(sum);
            }
        }
        total.value() * squares
    }
}
