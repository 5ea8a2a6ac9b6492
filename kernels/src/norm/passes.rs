//! The four passes over a piece of a map: two that sum, two that write.
//!
//! A piece is rows of `width` numbers, a multiple of the lanes, in which every column belongs to one channel
//! (see `Fold`); what is left after the last whole row is shorter than a row and starts at its first column.

use crate::lanes::{Kernel, Lanes};
use crate::leaky::{leaky, leaky_gradient, leaky_lanes, slope_of};

/// Rows whose numbers are held in registers at a time: eight, their mean and the constants fit into 16 registers.
const BLOCK: usize = 8;

/// Mean of each column of `x`, less the first row, and the sum of the squared distances from it;
/// what is left after whole rows is not counted. Both arrive as zeros.
///
/// Relative to the first row, because then a mean far from zero costs the variance no digits; the
/// distances from the mean of a block while the block is in registers, so that one pass over
/// memory is as safe as two.
pub(super) struct Statistics<'a> {
    pub x: &'a [f32],
    pub mean: &'a mut [f32],
    pub m2: &'a mut [f32],
}

impl Kernel for Statistics<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        let width = self.mean.len();
        let rows = self.x.len() / width;
        let blocks = rows / BLOCK;
        for block in 0..blocks {
            // SAFETY: the instruction set is there, by the promise of `run`.
            unsafe { self.merge::<L, BLOCK>(block * BLOCK) };
        }
        for row in blocks * BLOCK..rows {
            // SAFETY: as above.
            unsafe { self.merge::<L, 1>(row) };
        }
    }
}

impl Statistics<'_> {
    /// Adds `R` rows to the statistics of the `before` ones above them (Chan, Golub, LeVeque 1979).
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    unsafe fn merge<L: Lanes, const R: usize>(&mut self, before: usize) {
        let width = self.mean.len();
        assert!(width.is_multiple_of(L::N) && self.m2.len() == width);
        let x = self.x[before * width..(before + R) * width].as_ptr();
        let origin = self.x[..width].as_ptr();
        let (mean, m2) = (self.mean.as_mut_ptr(), self.m2.as_mut_ptr());
        let share = R as f32 / (before + R) as f32;
        // SAFETY: `c + L::N <= width`; `x` has `R` rows of that length, the others one.
        unsafe {
            let (share, spread) = (L::splat(share), L::splat(share * before as f32));
            let inverse = L::splat(1.0 / R as f32);
            for c in (0..width).step_by(L::N) {
                let origin = L::load(origin.add(c));
                let mut values = [L::splat(0.0); R];
                let mut sum = L::splat(0.0);
                for (r, value) in values.iter_mut().enumerate() {
                    *value = L::sub(L::load(x.add(r * width + c)), origin);
                    sum = L::add(sum, *value);
                }
                let here = L::mul(sum, inverse);
                let mut squares = L::load(m2.add(c));
                for value in values {
                    let distance = L::sub(value, here);
                    squares = L::fma(distance, distance, squares);
                }
                let old = L::load(mean.add(c));
                let delta = L::sub(here, old);
                L::store(mean.add(c), L::fma(delta, share, old));
                L::store(m2.add(c), L::fma(L::mul(delta, delta), spread, squares));
            }
        }
    }
}

/// `y = leaky(x * scale + shift)`
pub(super) struct Apply<'a> {
    pub x: &'a [f32],
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub y: &'a mut [f32],
}

impl Kernel for Apply<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { x, scale, shift, y } = self;
        let width = scale.len();
        assert!(width.is_multiple_of(L::N) && shift.len() == width && x.len() == y.len());
        let whole = x.len() - x.len() % width;
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            for c in (0..width).step_by(L::N) {
                // SAFETY: `c + L::N <= width`, the length of all four.
                unsafe {
                    let (scale, shift) =
                        (L::load(scale.as_ptr().add(c)), L::load(shift.as_ptr().add(c)));
                    let pre = L::fma(L::load(x.as_ptr().add(c)), scale, shift);
                    L::store(y.as_mut_ptr().add(c), leaky_lanes::<L>(pre));
                }
            }
        }
        for c in 0..x.len() - whole {
            let pre = x[whole + c] * scale[c] + shift[c];
            y[whole + c] = leaky(pre);
        }
    }
}

/// Adds, for each column, `dpre` to `first` and `dpre * (x - mean)` to `second`.
pub(super) struct Sums<'a> {
    pub x: &'a [f32],
    pub dy: &'a [f32],
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub mean: &'a [f32],
    pub first: &'a mut [f32],
    pub second: &'a mut [f32],
}

impl Kernel for Sums<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(mut self) {
        let width = self.scale.len();
        assert!(self.x.len() == self.dy.len());
        let rows = self.x.len() / width;
        let blocks = rows / BLOCK;
        for block in 0..blocks {
            // SAFETY: the instruction set is there, by the promise of `run`.
            unsafe { self.add::<L, BLOCK>(block * BLOCK) };
        }
        for row in blocks * BLOCK..rows {
            // SAFETY: as above.
            unsafe { self.add::<L, 1>(row) };
        }
        let whole = rows * width;
        for c in 0..self.x.len() - whole {
            let (x, dy) = (self.x[whole + c], self.dy[whole + c]);
            let dpre = dy * slope_of(x * self.scale[c] + self.shift[c]);
            self.first[c] += dpre;
            self.second[c] += dpre * (x - self.mean[c]);
        }
    }
}

impl Sums<'_> {
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    unsafe fn add<L: Lanes, const R: usize>(&mut self, row: usize) {
        let width = self.scale.len();
        assert!(
            width.is_multiple_of(L::N) && self.shift.len() == width && self.mean.len() == width
        );
        assert!(self.first.len() == width && self.second.len() == width);
        let range = row * width..(row + R) * width;
        let (x, dy) = (self.x[range.clone()].as_ptr(), self.dy[range].as_ptr());
        // SAFETY: `c + L::N <= width`, the length of all columns by the assertions; `x` and `dy` have `R` rows.
        unsafe {
            for c in (0..width).step_by(L::N) {
                let scale = L::load(self.scale.as_ptr().add(c));
                let shift = L::load(self.shift.as_ptr().add(c));
                let mean = L::load(self.mean.as_ptr().add(c));
                let (mut first, mut second) = (L::splat(0.0), L::splat(0.0));
                for r in 0..R {
                    let x = L::load(x.add(r * width + c));
                    let dpre = leaky_gradient::<L>(
                        L::fma(x, scale, shift),
                        L::load(dy.add(r * width + c)),
                    );
                    first = L::add(first, dpre);
                    second = L::fma(dpre, L::sub(x, mean), second);
                }
                let (into_first, into_second) =
                    (self.first.as_mut_ptr().add(c), self.second.as_mut_ptr().add(c));
                L::store(into_first, L::add(L::load(into_first), first));
                L::store(into_second, L::add(L::load(into_second), second));
            }
        }
    }
}

/// `dx = scale * dpre + along * x + constant`
pub(super) struct Input<'a> {
    pub x: &'a [f32],
    pub dy: &'a [f32],
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub along: &'a [f32],
    pub constant: &'a [f32],
    pub dx: &'a mut [f32],
}

impl Kernel for Input<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { x, dy, scale, shift, along, constant, dx } = self;
        let width = scale.len();
        assert!(width.is_multiple_of(L::N) && shift.len() == width && along.len() == width);
        assert!(constant.len() == width && x.len() == dy.len() && x.len() == dx.len());
        let whole = x.len() - x.len() % width;
        for ((x, dy), dx) in
            x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width))
        {
            for c in (0..width).step_by(L::N) {
                // SAFETY: `c + L::N <= width`, the length of all seven.
                unsafe {
                    let (scale, shift) =
                        (L::load(scale.as_ptr().add(c)), L::load(shift.as_ptr().add(c)));
                    let (along, constant) =
                        (L::load(along.as_ptr().add(c)), L::load(constant.as_ptr().add(c)));
                    let x = L::load(x.as_ptr().add(c));
                    let dpre =
                        leaky_gradient::<L>(L::fma(x, scale, shift), L::load(dy.as_ptr().add(c)));
                    L::store(
                        dx.as_mut_ptr().add(c),
                        L::fma(scale, dpre, L::fma(along, x, constant)),
                    );
                }
            }
        }
        for c in 0..x.len() - whole {
            let (x, dy) = (x[whole + c], dy[whole + c]);
            dx[whole + c] =
                scale[c] * (dy * slope_of(x * scale[c] + shift[c])) + (along[c] * x + constant[c]);
        }
    }
}
