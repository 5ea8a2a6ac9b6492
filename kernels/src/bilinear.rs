//! Bilinear interpolation to twice the height and width, `align_corners = true`, and its adjoint.
//!
//! ```text
//! y[i] = (1 - t) x[k] + t x[k + 1]     k + t = i (n - 1) / (2n - 1)     along height, then along width
//! ```
//! The first and last output are the first and last input; a single one is repeated.
//!
//! # Shapes
//! - `x`, `dx`: `[b, h, w, c]`
//! - `y`, `dy`: `[b, 2h, 2w, c]`
//!
//! Height first, into one row that stays in the cache: there a row is a vector of `w c` numbers whatever `c` is.

use crate::Level;
use crate::lanes::{Kernel, Lanes};
use crate::parts::{Shared, for_each, piece};

/// Numbers of the larger map that a task writes or reads, about: 128 KiB.
const TASK: usize = 32768;

/// `y` from `x` of shape `[b, h, w, c]`.
///
/// # Panics
/// Lengths that do not fit the shape.
pub fn bilinear_x2(level: Level, x: &[f32], shape: [usize; 4], y: &mut [f32]) {
    let Some(tasks) = Tasks::new(shape, x.len(), y.len()) else { return };
    let [b, h, w, c] = shape;
    let (down, along) = (points(h), points(w));
    let (row, y) = (w * c, Shared::new(y));
    for_each(b * tasks.an_image, |i| {
        let image = i / tasks.an_image;
        let mut middle = vec![0.0; row];
        let rows = piece(h, tasks.rows, i % tasks.an_image);
        let outputs = 2 * rows.start..2 * rows.end;
        for (oy, point) in outputs.clone().zip(&down[outputs]) {
            let at = (image * 2 * h + oy) * 2 * row;
            let (above, below) = ((image * h + point.low) * row, (image * h + point.high) * row);
            // SAFETY: every output row belongs to one task.
            let y = unsafe { y.part(at..at + 2 * row) };
            level.run(Stretch {
                above: &x[above..above + row],
                below: &x[below..below + row],
                share: point.share,
                along: &along,
                channels: c,
                middle: &mut middle,
                y,
            });
        }
    });
}

/// `dx` of shape `[b, h, w, c]` from `dy`: each number gathers its own sum.
///
/// # Panics
/// Lengths that do not fit the shape.
pub fn bilinear_x2_backward(level: Level, dy: &[f32], shape: [usize; 4], dx: &mut [f32]) {
    let Some(tasks) = Tasks::new(shape, dx.len(), dy.len()) else { return };
    let [b, h, w, c] = shape;
    let (down, along) = (readers(h), readers(w));
    let (row, dx) = (w * c, Shared::new(dx));
    for_each(b * tasks.an_image, |i| {
        let image = i / tasks.an_image;
        let mut middle = vec![0.0; 2 * row];
        for iy in piece(h, tasks.rows, i % tasks.an_image) {
            let at = (image * h + iy) * row;
            let from = (image * 2 * h + down[iy].start) * 2 * row;
            // SAFETY: every row of `dx` belongs to one task.
            let dx = unsafe { dx.part(at..at + row) };
            let dy = &dy[from..from + down[iy].count * 2 * row];
            level.run(Gather {
                dy,
                down: down[iy],
                along: &along,
                channels: c,
                middle: &mut middle,
                dx,
            });
        }
    });
}

/// Rows of the smaller map in a task, tasks in an image.
struct Tasks {
    rows: usize,
    an_image: usize,
}

impl Tasks {
    /// None for maps without a number.
    fn new(shape: [usize; 4], small: usize, large: usize) -> Option<Self> {
        let [_, h, w, c] = shape;
        let numbers = shape.iter().product::<usize>();
        assert!(small == numbers, "bilinear: a map {shape:?} of {small} numbers");
        assert!(large == 4 * numbers, "bilinear: twice the map {shape:?}, but {large} numbers");
        let rows = (TASK / (4 * w * c).max(1)).max(1);
        (numbers > 0).then(|| Self { rows, an_image: h.div_ceil(rows) })
    }
}

/// Where an output reads: `(1 - share)` of `low` and `share` of `high`.
#[derive(Clone, Copy)]
struct Point {
    low: usize,
    high: usize,
    share: f32,
}

/// The `2n` outputs of `n` inputs.
fn points(n: usize) -> Vec<Point> {
    let (inputs, outputs) = (n - 1, 2 * n - 1);
    (0..2 * n)
        .map(|i| {
            // In whole numbers, so that the last output reads the last input alone.
            let (low, rest) = (i * inputs / outputs, i * inputs % outputs);
            Point { low, high: (low + 1).min(inputs), share: (rest as f64 / outputs as f64) as f32 }
        })
        .collect()
}

/// The outputs that read an input: `count` from `start` on, with their weights.
#[derive(Clone, Copy, Default)]
struct Readers {
    start: usize,
    count: usize,
    /// An input is read over less than `2 + 1 / (n - 1)` steps to each side: by five outputs at most (for n = 2 by
    /// three, which has one side only).
    weights: [f32; 5],
}

fn readers(n: usize) -> Vec<Readers> {
    let mut readers = vec![Readers::default(); n];
    let mut read = |i: usize, output: usize, weight: f32| {
        let of = &mut readers[i];
        if of.count == 0 {
            of.start = output;
        }
        of.count = output - of.start + 1;
        of.weights[output - of.start] += weight;
    };
    for (output, Point { low, high, share }) in points(n).into_iter().enumerate() {
        read(low, output, 1.0 - share);
        if share > 0.0 {
            read(high, output, share);
        }
    }
    readers
}

/// One output row from the two input rows around it.
struct Stretch<'a> {
    above: &'a [f32],
    below: &'a [f32],
    share: f32,
    along: &'a [Point],
    channels: usize,
    middle: &'a mut [f32],
    y: &'a mut [f32],
}

impl Kernel for Stretch<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { above, below, share, along, channels: c, middle, y } = self;
        // SAFETY: the instruction set is there, by the promise of `run`.
        unsafe { blend::<L>(above, below, share, middle) };
        for (point, y) in along.iter().zip(y.chunks_exact_mut(c)) {
            let low = &middle[point.low * c..(point.low + 1) * c];
            let high = &middle[point.high * c..(point.high + 1) * c];
            // SAFETY: as above.
            unsafe { blend::<L>(low, high, point.share, y) };
        }
    }
}

/// `y = a + share (b - a)`
///
/// # Safety
/// The instruction set of `L` is there.
#[inline(always)]
unsafe fn blend<L: Lanes>(a: &[f32], b: &[f32], share: f32, y: &mut [f32]) {
    let length = y.len();
    assert!(a.len() == length && b.len() == length);
    let whole = length - length % L::N;
    for i in (0..whole).step_by(L::N) {
        // SAFETY: `i + L::N <= length`, that of all three.
        unsafe {
            let (a, b) = (L::load(a.as_ptr().add(i)), L::load(b.as_ptr().add(i)));
            L::store(y.as_mut_ptr().add(i), L::fma(L::splat(share), L::sub(b, a), a));
        }
    }
    for i in whole..length {
        y[i] = a[i] + share * (b[i] - a[i]);
    }
}

/// One row of `dx` from the rows of `dy` that read it.
struct Gather<'a> {
    dy: &'a [f32],
    down: Readers,
    along: &'a [Readers],
    channels: usize,
    middle: &'a mut [f32],
    dx: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { dy, down, along, channels: c, middle, dx } = self;
        // SAFETY: the instruction set is there, by the promise of `run`.
        unsafe { combine::<L>(dy, &down, middle) };
        for (readers, dx) in along.iter().zip(dx.chunks_exact_mut(c)) {
            let pixels = &middle[readers.start * c..(readers.start + readers.count) * c];
            // SAFETY: as above.
            unsafe { combine::<L>(pixels, readers, dx) };
        }
    }
}

/// `y` = the weighted sum of the rows in `x`, each as long as `y`.
///
/// # Safety
/// The instruction set of `L` is there.
#[inline(always)]
unsafe fn combine<L: Lanes>(x: &[f32], readers: &Readers, y: &mut [f32]) {
    let weights = &readers.weights;
    // SAFETY: by the caller's promise.
    unsafe {
        match readers.count {
            1 => sum::<L, 1>(x, weights, y),
            2 => sum::<L, 2>(x, weights, y),
            3 => sum::<L, 3>(x, weights, y),
            4 => sum::<L, 4>(x, weights, y),
            _ => sum::<L, 5>(x, weights, y),
        }
    }
}

/// # Safety
/// The instruction set of `L` is there.
#[inline(always)]
unsafe fn sum<L: Lanes, const R: usize>(x: &[f32], weights: &[f32; 5], y: &mut [f32]) {
    let length = y.len();
    assert!(x.len() == R * length);
    let whole = length - length % L::N;
    for i in (0..whole).step_by(L::N) {
        // SAFETY: `i + L::N <= length`, and `x` has `R` rows of that length.
        unsafe {
            let mut sum = L::mul(L::splat(weights[0]), L::load(x.as_ptr().add(i)));
            for (r, weight) in weights.iter().enumerate().take(R).skip(1) {
                sum = L::fma(L::splat(*weight), L::load(x.as_ptr().add(r * length + i)), sum);
            }
            L::store(y.as_mut_ptr().add(i), sum);
        }
    }
    for i in whole..length {
        let mut sum = weights[0] * x[i];
        for r in 1..R {
            sum += weights[r] * x[r * length + i];
        }
        y[i] = sum;
    }
}
