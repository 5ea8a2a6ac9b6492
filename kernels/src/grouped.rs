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

use crate::gather::Epilogue;
use crate::lanes::{Kernel, Lanes, Level};
use crate::pack::{Packed, WeightStrides, width_of};
use crate::parts::{Shared, for_each};
use crate::plan::{ConvShape, Pass, Plan};
use crate::pool::Scratch;

/// The weights for one pass, rows `[tap, source in its group]` of the target's channels in whole vectors; `strides` as
/// in [`Packed::of`].
pub(crate) fn grouped_rows(
    level: Level,
    shape: &ConvShape,
    weights: &[f32],
    strides: WeightStrides,
    pass: Pass,
) -> Scratch {
    let [source, target] = groups_of(shape, pass);
    let channels = shape.sides(pass)[1].channels;
    let width = width_of(channels, level.lanes());
    let mut rows = Scratch::new(shape.taps() * source * width);
    for (at, row) in rows.chunks_exact_mut(width).enumerate() {
        let (tap, j) = (at / source, at % source);
        for (c, number) in row[..channels].iter_mut().enumerate() {
            let (input, output) = match pass {
                Pass::Forward => (j, c),
                Pass::InputGradient => (c % target, c / target * source + j),
            };
            let place = tap * strides.tap + input * strides.source + output * strides.target;
            *number = weights[place];
        }
        row[channels..].fill(0.0);
    }
    rows
}

/// The pass that `weights` were packed for; sizes were checked.
pub(crate) fn grouped(
    shape: &ConvShape,
    weights: &Packed,
    from: &[f32],
    epilogue: Epilogue,
    to: &mut [f32],
) {
    let Packed { level, pass, .. } = *weights;
    let (map, plan) = (Spread::new(level, shape, pass, from), Plan::of(shape, pass));
    let to = Shared::new(to);
    for_each(shape.batch, |image| {
        let (plan, map, rows) = (&plan, &map, &weights.numbers);
        level.run(PassImage { plan, map, rows, epilogue, to, image });
    });
}

/// dw from x and dy; sizes were checked.
pub(crate) fn grouped_weight_gradient(
    level: Level,
    shape: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let (map, plan) = (Spread::new(level, shape, Pass::Forward, x), Plan::of(shape, Pass::Forward));
    let (dy, dw) = (pad(level, dy, shape.output), Shared::new(dw));
    // A task has the weights of one tap and one input of each group.
    for_each(shape.taps() * map.group, |row| {
        level.run(OuterRow { plan: &plan, map: &map, dy: &dy, dw, row });
    });
}

/// Channels of a group on either side.
fn groups_of(shape: &ConvShape, pass: Pass) -> [usize; 2] {
    shape.sides(pass).map(|side| side.channels / shape.groups)
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
    fn new(level: Level, shape: &ConvShape, pass: Pass, map: &[f32]) -> Self {
        let [own, channels] = shape.sides(pass).map(|side| side.channels);
        let [group, step] = groups_of(shape, pass);
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

/// All target pixels of one image.
struct PassImage<'a> {
    plan: &'a Plan,
    map: &'a Spread,
    rows: &'a [f32],
    epilogue: Epilogue<'a>,
    to: Shared<'a>,
    image: usize,
}

impl Kernel for PassImage<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { plan, map, rows, epilogue, to, image } = self;
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
                if let Some(bias) = epilogue.bias() {
                    to.iter_mut().zip(bias).for_each(|(v, bias)| *v = epilogue.number(*v + bias));
                }
            }
        }
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
