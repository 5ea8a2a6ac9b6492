//! Convolutions in many small groups, as between the two halves of the hourglass: vectors run over the channels.
//!
//! ```text
//! y[n, o] = sum over taps t, inputs j of o's group   w[t][j][o] * spread_j(x)[source[t][n], o]
//! spread_j(x)[p, o] = x[p, first input of o's group + j]
//! ```
//! A map spread to the channels of the other side makes each product one of equal places. The input gradient is the
//! same with the transposed plan and turned weights; the weight gradient multiplies `spread_j(x)` with dy.
//!
//! # Shapes
//! - x `[B, H, W, in]`, y `[B, H', W', out]`, w `[tap, in / groups, out]`

use crate::lanes::{Kernel, Lanes, Level};
use crate::pack::width_of;
use crate::parts::{Shared, for_each};
use crate::plan::{ConvShape, Plan};

/// y from x.
///
/// # Panics
/// Slices of other lengths.
pub fn grouped_forward(level: Level, shape: &ConvShape, x: &[f32], w: &[f32], y: &mut [f32]) {
    check(shape, x.len(), w.len(), y.len());
    let (ins, outs) = sizes(shape);
    let map = Spread::new(level, x, [shape.input, ins], [shape.output, outs]);
    let rows = pad(level, w, shape.output);
    level.run(Pass { level, plan: &Plan::forward(shape), map, rows, to: y });
}

/// dx from dy.
///
/// # Panics
/// As [`grouped_forward`].
pub fn grouped_input_gradient(
    level: Level,
    shape: &ConvShape,
    dy: &[f32],
    w: &[f32],
    dx: &mut [f32],
) {
    check(shape, dx.len(), w.len(), dy.len());
    let (ins, outs) = sizes(shape);
    let mut turned = Vec::with_capacity(w.len());
    for tap in w.chunks_exact(ins * shape.output) {
        for j in 0..outs {
            let of = |c: usize| tap[c % ins * shape.output + c / ins * outs + j];
            turned.extend((0..shape.input).map(of));
        }
    }
    let map = Spread::new(level, dy, [shape.output, outs], [shape.input, ins]);
    let rows = pad(level, &turned, shape.input);
    level.run(Pass { level, plan: &Plan::transposed(shape), map, rows, to: dx });
}

/// dw from x and dy.
///
/// # Panics
/// As [`grouped_forward`].
pub fn grouped_weight_gradient(
    level: Level,
    shape: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    check(shape, x.len(), dw.len(), dy.len());
    let (ins, outs) = sizes(shape);
    let map = Spread::new(level, x, [shape.input, ins], [shape.output, outs]);
    let dy = pad(level, dy, shape.output);
    level.run(Outer { level, plan: &Plan::forward(shape), map, dy, dw });
}

fn check(shape: &ConvShape, x: usize, w: usize, y: usize) {
    let expected = [shape.in_len(), shape.weight_len(), shape.out_len()];
    assert_eq!([x, w, y], expected, "input, weights, output of other sizes");
}

/// Inputs and outputs of a group.
fn sizes(shape: &ConvShape) -> (usize, usize) {
    (shape.input / shape.groups, shape.output / shape.groups)
}

/// Rows of `channels` numbers filled up to whole vectors.
fn pad(level: Level, rows: &[f32], channels: usize) -> Vec<f32> {
    let width = width_of(channels, level.lanes());
    let mut padded = vec![0.0; rows.len() / channels * width];
    for (to, from) in padded.chunks_exact_mut(width).zip(rows.chunks_exact(channels)) {
        to[..channels].copy_from_slice(from);
    }
    padded
}

/// A map spread to the channels of the other side, `[j, pixel, channel]`.
struct Spread {
    numbers: Vec<f32>,
    /// Channels of a group on this side: the j.
    group: usize,
    pixels: usize,
    channels: usize,
    width: usize,
}

impl Spread {
    fn new(
        level: Level,
        map: &[f32],
        [own, group]: [usize; 2],
        [channels, step]: [usize; 2],
    ) -> Self {
        let (pixels, width) = (map.len() / own, width_of(channels, level.lanes()));
        let mut numbers = vec![0.0; group * pixels * width];
        for (j, plane) in numbers.chunks_exact_mut(pixels * width).enumerate() {
            for (to, from) in plane.chunks_exact_mut(width).zip(map.chunks_exact(own)) {
                let groups = to[..channels].chunks_exact_mut(step).zip(from.chunks_exact(group));
                groups.for_each(|(to, from)| to.fill(from[j]));
            }
        }
        Self { numbers, group, pixels, channels, width }
    }

    fn row(&self, j: usize, pixel: usize) -> &[f32] {
        &self.numbers[(j * self.pixels + pixel) * self.width..][..self.width]
    }
}

struct Pass<'a> {
    level: Level,
    plan: &'a Plan,
    map: Spread,
    rows: Vec<f32>,
    to: &'a mut [f32],
}

impl Kernel for Pass<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { level, plan, map, rows, to } = self;
        let images = map.pixels / plan.from_pixels;
        let to = Shared::new(to);
        for_each(images, |image| level.run(PassImage { plan, map: &map, rows: &rows, to, image }));
    }
}

struct PassImage<'a> {
    plan: &'a Plan,
    map: &'a Spread,
    rows: &'a [f32],
    to: Shared<'a>,
    image: usize,
}

impl Kernel for PassImage<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { plan, map, rows, to, image } = self;
        let mut sums = vec![0.0f32; map.width];
        for phase in &plan.phases {
            let count = phase.targets.len();
            for (at, &target) in phase.targets.iter().enumerate() {
                sums.fill(0.0);
                for (sources, &tap) in phase.source.chunks_exact(count).zip(&phase.taps) {
                    let Ok(source) = usize::try_from(sources[at]) else { continue };
                    for j in 0..map.group {
                        let x = map.row(j, image * plan.from_pixels + source);
                        let w = &rows[(tap * map.group + j) * map.width..][..map.width];
                        // SAFETY: three rows of `width` numbers.
                        unsafe { add_product::<L>(x, w, &mut sums) };
                    }
                }
                let start = (image * plan.to_pixels + target as usize) * map.channels;
                // SAFETY: a task has an image of its own.
                let to = unsafe { to.part(start..start + map.channels) };
                to.copy_from_slice(&sums[..map.channels]);
            }
        }
    }
}

struct Outer<'a> {
    level: Level,
    plan: &'a Plan,
    map: Spread,
    dy: Vec<f32>,
    dw: &'a mut [f32],
}

impl Kernel for Outer<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { level, plan, map, dy, dw } = self;
        let taps = plan.phases[0].taps.len();
        let dw = Shared::new(dw);
        for_each(taps * map.group, |row| level.run(OuterRow { plan, map: &map, dy: &dy, dw, row }));
    }
}

/// The weights of one tap and one input of each group.
struct OuterRow<'a> {
    plan: &'a Plan,
    map: &'a Spread,
    dy: &'a [f32],
    dw: Shared<'a>,
    row: usize,
}

impl Kernel for OuterRow<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { plan, map, dy, dw, row } = self;
        let (tap, j) = (row / map.group, row % map.group);
        let sources = &plan.phases[0].source[tap * plan.to_pixels..][..plan.to_pixels];
        let mut sums = vec![0.0f32; map.width];
        for image in 0..map.pixels / plan.from_pixels {
            for (at, &source) in sources.iter().enumerate() {
                let Ok(source) = usize::try_from(source) else { continue };
                let x = map.row(j, image * plan.from_pixels + source);
                let dy = &dy[(image * plan.to_pixels + at) * map.width..][..map.width];
                // SAFETY: three rows of `width` numbers.
                unsafe { add_product::<L>(x, dy, &mut sums) };
            }
        }
        let start = row * map.channels;
        // SAFETY: a task has a row of its own.
        let to = unsafe { dw.part(start..start + map.channels) };
        to.copy_from_slice(&sums[..map.channels]);
    }
}

/// `sums += a * b`, all of the same whole number of vectors.
///
/// # Safety
/// The instruction set of `L`; equal lengths, multiples of `L::N`.
#[inline(always)]
unsafe fn add_product<L: Lanes>(a: &[f32], b: &[f32], sums: &mut [f32]) {
    assert!(a.len() == b.len() && b.len() == sums.len() && a.len().is_multiple_of(L::N));
    for at in (0..sums.len()).step_by(L::N) {
        // SAFETY: `at + N` is inside of all three.
        unsafe {
            let sum = sums.as_mut_ptr().add(at);
            let (a, b) = (L::load(a.as_ptr().add(at)), L::load(b.as_ptr().add(at)));
            L::store(sum, L::fma(a, b, L::load(sum)));
        }
    }
}
