//! A level of the Laplacian pyramid of one plane, see `laplacian.rs` for the formulas.
//!
//! Planes lie in rows of whole cache lines, with zeros behind the last column and, where they are blurred, in two
//! rows above and below: no loop has an edge or a tail. Whatever writes a row leaves zeros behind its last column.

use crate::lanes::{Lanes, MAX_LANES};

/// Rows and columns that the kernel reaches from its centre.
const REACH: usize = 2;

/// The sum of rows of vectors, in f64 lane by lane.
#[derive(Default)]
pub(crate) struct Sum {
    lanes: [f64; MAX_LANES],
}

impl Sum {
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    pub unsafe fn add<L: Lanes>(&mut self, v: L::V) {
        let mut numbers = [0.0; MAX_LANES];
        // SAFETY: the instruction set is there, and no vector is longer than the array.
        unsafe { L::store(numbers.as_mut_ptr(), v) };
        for (sum, number) in self.lanes.iter_mut().zip(numbers).take(L::N) {
            *sum += f64::from(number);
        }
    }

    pub fn value(&self) -> f64 {
        self.lanes.iter().sum()
    }
}

/// Rows of f32, each from the start of a cache line on, with zeros around.
pub(crate) struct Rows {
    numbers: Vec<f32>,
    /// Of row 0.
    start: usize,
    stride: usize,
}

impl Rows {
    /// Rows of `width` numbers with `margin` rows above and below, all zero.
    fn new(height: usize, width: usize, margin: usize) -> Self {
        let stride = width.next_multiple_of(MAX_LANES);
        let numbers = vec![0.0; (height + 2 * margin) * stride + MAX_LANES];
        let aligned = numbers.as_ptr().align_offset(64).min(MAX_LANES);
        Self { start: aligned + margin * stride, numbers, stride }
    }

    /// The first `width` numbers of a row, rounded up to whole vectors.
    #[inline(always)]
    fn row(&self, r: usize, width: usize) -> &[f32] {
        &self.numbers[self.start + r * self.stride..][..width.next_multiple_of(MAX_LANES)]
    }

    /// As [`Rows::row`].
    #[inline(always)]
    pub fn row_mut(&mut self, r: usize, width: usize) -> &mut [f32] {
        &mut self.numbers[self.start + r * self.stride..][..width.next_multiple_of(MAX_LANES)]
    }
}

/// One level: forwards `d` and the signs, backwards what the kernel smooths and the gradient.
pub(crate) struct Band {
    height: usize,
    width: usize,
    /// `d`, then `up(g) - s`.
    pub difference: Rows,
    /// `s`, then `g`; none where no gradient is wanted.
    signs: Option<Rows>,
    /// The three sums of a row, with [`MAX_LANES`] zeros on both sides.
    columns: Rows,
    /// Two rows of `K * d`.
    smooth: Rows,
}

impl Band {
    pub fn new(height: usize, width: usize, gradient: bool) -> Self {
        Self {
            height,
            width,
            difference: Rows::new(height, width, REACH),
            signs: gradient.then(|| Rows::new(height, width, 0)),
            columns: Rows::new(3, width + 2 * MAX_LANES, 0),
            smooth: Rows::new(2, width, 0),
        }
    }

    /// `unit * sum|L|`; writes the signs, times `unit`, and the next level's `d`.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    pub unsafe fn split<L: Lanes>(
        &mut self,
        below: &mut Self,
        kernel: &[[f32; 3]; 3],
        unit: f64,
    ) -> f64 {
        let mut total = Sum::default();
        for r in 0..self.height {
            // SAFETY: the instruction set is there.
            unsafe {
                self.blur::<L>(r, kernel, r % 2);
                self.measure::<L>(r, unit as f32, &mut total);
            }
            if r % 2 == 1 {
                self.halve(below.difference.row_mut(r / 2, below.width), below.width);
            }
        }
        total.value() * unit
    }

    /// `unit * sum|d|` of the last level; writes the signs, times `unit`.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    pub unsafe fn top<L: Lanes>(&mut self, unit: f64) -> f64 {
        let mut total = Sum::default();
        for r in 0..self.height {
            // SAFETY: the instruction set is there. Nothing was smoothed here: those rows are zero.
            unsafe { self.measure::<L>(r, unit as f32, &mut total) };
        }
        total.value() * unit
    }

    /// The gradient of this level, from the signs and the gradient of the next.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    pub unsafe fn join<L: Lanes>(&mut self, below: &Self, kernel: &[[f32; 3]; 3]) {
        let (Some(gradient), Some(_)) = (&below.signs, &self.signs) else { return };
        for r in 0..self.height {
            // Both rows of a block take the same one; an odd last row had no part in the mean.
            if r % 2 == 0 {
                let inside = r / 2 < below.height;
                self.expand(inside.then(|| &gradient.row(r / 2, below.width)[..below.width]));
            }
            // SAFETY: the instruction set is there.
            unsafe { self.subtract_signs::<L>(r) };
        }
        for r in 0..self.height {
            // SAFETY: the instruction set is there.
            unsafe {
                self.blur::<L>(r, kernel, 0);
                self.add_smooth::<L>(r);
            }
        }
    }

    /// Adds the gradient to a plane without padding.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    pub unsafe fn add_gradient<L: Lanes>(&self, dx: &mut [f32]) {
        let Some(gradient) = &self.signs else { return };
        for (r, to) in dx.chunks_exact_mut(self.width).enumerate() {
            let row = gradient.row(r, self.width);
            let (to, from) = (to.as_mut_ptr(), row.as_ptr());
            for c in (0..self.width).step_by(L::N) {
                let n = self.width - c;
                // SAFETY: the instruction set is there; `to` has `n` numbers left, `from` whole vectors.
                unsafe {
                    let sum = L::add(L::load_part(to.add(c), n), L::load(from.add(c)));
                    L::store_part(to.add(c), sum, n);
                }
            }
        }
    }

    /// Row `r` of `K * difference` to row `to` of `smooth`.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    unsafe fn blur<L: Lanes>(&mut self, r: usize, kernel: &[[f32; 3]; 3], to: usize) {
        let width = self.width;
        let Rows { stride, .. } = self.difference;
        let from = &self.difference.numbers[self.difference.start + r * stride - REACH * stride..]
            [..(2 * REACH + 1) * stride];
        let rows: [*const f32; 5] = std::array::from_fn(|i| from[i * stride..].as_ptr());
        let columns = &mut self.columns.numbers[self.columns.start..];
        let apart = self.columns.stride;
        assert!(apart >= width.next_multiple_of(MAX_LANES) + 2 * MAX_LANES);
        assert!(columns.len() >= 3 * apart);
        let smooth = self.smooth.row_mut(to, width);
        let (columns, out) = (columns.as_mut_ptr(), smooth.as_mut_ptr());
        // SAFETY: the instruction set is there. Each pointer has `width` numbers behind it, rounded up to whole
        // vectors, and each of `sums` MAX_LANES more on both sides, which stay zero.
        unsafe {
            let first = columns.add(MAX_LANES);
            let sums = [first, first.add(apart), first.add(2 * apart)];
            // No closure here or below: where it is not inlined it is compiled without the instruction set, which is
            // right but slow.
            let mut k = [[L::splat(0.0); 3]; 3];
            for (to, from) in k.iter_mut().zip(kernel) {
                *to = [L::splat(from[0]), L::splat(from[1]), L::splat(from[2])];
            }
            for c in (0..width).step_by(L::N) {
                let d0 = L::load(rows[2].add(c));
                let d1 = L::add(L::load(rows[1].add(c)), L::load(rows[3].add(c)));
                let d2 = L::add(L::load(rows[0].add(c)), L::load(rows[4].add(c)));
                for (sum, k) in sums.iter().zip(&k) {
                    L::store(sum.add(c), L::fma(k[2], d2, L::fma(k[1], d1, L::mul(k[0], d0))));
                }
            }
            let [t0, t1, t2] = sums;
            for c in (0..width).step_by(L::N) {
                let near = L::add(L::load(t1.add(c).sub(1)), L::load(t1.add(c + 1)));
                let far = L::add(L::load(t2.add(c).sub(2)), L::load(t2.add(c + 2)));
                L::store(out.add(c), L::add(L::add(near, far), L::load(t0.add(c))));
            }
        }
        // The kernel reaches past the last column.
        smooth[width..].fill(0.0);
    }

    /// Adds row `r` of `|d - smooth|` to the sum and writes its signs, times `unit`.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    unsafe fn measure<L: Lanes>(&mut self, r: usize, unit: f32, total: &mut Sum) {
        let width = self.width;
        let d = self.difference.row(r, width).as_ptr();
        let smooth = self.smooth.row(r % 2, width).as_ptr();
        let signs = self.signs.as_mut().map(|signs| signs.row_mut(r, width).as_mut_ptr());
        // SAFETY: the instruction set is there, and the rows hold whole vectors.
        unsafe {
            let (zero, plus, minus) = (L::splat(0.0), L::splat(unit), L::splat(-unit));
            let mut sum = zero;
            for c in (0..width).step_by(L::N) {
                let (d, g) = (L::load(d.add(c)), L::load(smooth.add(c)));
                let (over, under) = (L::sub(d, g), L::sub(g, d));
                sum = L::add(sum, L::max(over, under));
                if let Some(signs) = signs {
                    let sign = L::where_positive(under, minus, zero);
                    L::store(signs.add(c), L::where_positive(over, plus, sign));
                }
            }
            total.add::<L>(sum);
        }
    }

    /// The mean of the 2x2 blocks of both rows of `smooth`.
    #[inline(always)]
    fn halve(&self, out: &mut [f32], width: usize) {
        let (even, odd) = (self.smooth.row(0, self.width), self.smooth.row(1, self.width));
        let blocks = even.as_chunks::<2>().0.iter().zip(odd.as_chunks::<2>().0);
        for (mean, (a, b)) in out[..width].iter_mut().zip(blocks) {
            *mean = 0.25 * ((a[0] + b[0]) + (a[1] + b[1]));
        }
    }

    /// A quarter of each number, twice, to the first row of `smooth`; zeros behind them or without numbers.
    #[inline(always)]
    fn expand(&mut self, numbers: Option<&[f32]>) {
        let out = self.smooth.row_mut(0, self.width);
        let numbers = numbers.unwrap_or_default();
        for (block, number) in out.as_chunks_mut::<2>().0.iter_mut().zip(numbers) {
            *block = [0.25 * number; 2];
        }
        out[2 * numbers.len()..].fill(0.0);
    }

    /// Row `r` of `difference` becomes the first row of `smooth` less the signs.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    unsafe fn subtract_signs<L: Lanes>(&mut self, r: usize) {
        let Some(signs) = &self.signs else { return };
        let (signs, smooth) = (signs.row(r, self.width), self.smooth.row(0, self.width));
        let out = self.difference.row_mut(r, self.width);
        let (signs, smooth, out) = (signs.as_ptr(), smooth.as_ptr(), out.as_mut_ptr());
        for c in (0..self.width).step_by(L::N) {
            // SAFETY: the instruction set is there, and the rows hold whole vectors.
            unsafe { L::store(out.add(c), L::sub(L::load(smooth.add(c)), L::load(signs.add(c)))) };
        }
    }

    /// Adds the first row of `smooth` to row `r` of the signs.
    ///
    /// # Safety
    /// The instruction set of `L` is there.
    #[inline(always)]
    unsafe fn add_smooth<L: Lanes>(&mut self, r: usize) {
        let Some(signs) = &mut self.signs else { return };
        let smooth = self.smooth.row(0, self.width).as_ptr();
        let out = signs.row_mut(r, self.width).as_mut_ptr();
        for c in (0..self.width).step_by(L::N) {
            // SAFETY: the instruction set is there, and the rows hold whole vectors.
            unsafe { L::store(out.add(c), L::add(L::load(out.add(c)), L::load(smooth.add(c)))) };
        }
    }
}
