//! Convolutions as lists of pixels: which pixel of the source each tap of each target pixel reads.
//!
//! ```text
//! y[b, n, :] = sum over taps t of  W[t]' x[b, source[t][n], :]        source < 0: outside, reads zero
//! ```
//! Stride, padding, dilation and the border are in the table and cost nothing inside a kernel. The transposed
//! plan of a convolution is the list of its input gradient, which is also a transposed convolution forward: with
//! stride s it falls into s*s phases, each with the taps that reach its pixels, so nothing is multiplied by zero.

use std::sync::{Arc, Mutex, PoisonError};

/// The shape of a convolution `[B, H, W, in] -> [B, H', W', out]`, `H' = (H + 2p - d(k-1) - 1)/s + 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvShape {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub input: usize,
    pub output: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
    pub groups: usize,
}

impl ConvShape {
    /// A 3x3 convolution that keeps the map, in one group.
    pub fn same(batch: usize, height: usize, width: usize, input: usize, output: usize) -> Self {
        let (kernel, stride, padding, dilation, groups) = (3, 1, 1, 1, 1);
        Self { batch, height, width, input, output, kernel, stride, padding, dilation, groups }
    }

    /// Height and width of the output.
    ///
    /// # Panics
    /// A kernel that does not fit into the padded map, or a zero.
    pub fn out(&self) -> [usize; 2] {
        let reach = self.dilation * (self.kernel.max(1) - 1) + 1;
        let fits = self.height.min(self.width) + 2 * self.padding >= reach;
        assert!(fits && self.stride > 0 && self.kernel > 0, "no convolution: {self:?}");
        assert!(
            self.groups > 0
                && self.input.is_multiple_of(self.groups)
                && self.output.is_multiple_of(self.groups),
            "the groups do not divide the channels: {self:?}"
        );
        [self.height, self.width].map(|side| (side + 2 * self.padding - reach) / self.stride + 1)
    }

    /// Where `pass` comes from and where it goes.
    pub(crate) fn sides(&self, pass: Pass) -> [Side; 2] {
        let input = Side { size: [self.height, self.width], channels: self.input };
        let output = Side { size: self.out(), channels: self.output };
        match pass {
            Pass::Forward => [input, output],
            Pass::InputGradient => [output, input],
        }
    }

    /// Pixels of one input map.
    pub fn in_pixels(&self) -> usize {
        self.height * self.width
    }

    /// Pixels of one output map.
    pub fn out_pixels(&self) -> usize {
        let [height, width] = self.out();
        height * width
    }

    /// Numbers in the input of the whole batch.
    pub fn in_len(&self) -> usize {
        self.batch * self.in_pixels() * self.input
    }

    /// Numbers in the output of the whole batch.
    pub fn out_len(&self) -> usize {
        self.batch * self.out_pixels() * self.output
    }

    /// Places of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    /// Numbers in the weights.
    pub fn weight_len(&self) -> usize {
        self.taps() * self.input / self.groups * self.output
    }

    /// Multiplications of one pass, forward or a gradient, that are not with the border.
    pub fn multiplications(&self) -> u64 {
        (self.taps() * self.out_pixels() * self.batch) as u64
            * (self.input / self.groups * self.output) as u64
    }

    /// Where row or column `to` of the output reads at `tap`, if inside `0..side`.
    fn reads(&self, to: usize, tap: usize, side: usize) -> Option<usize> {
        (to * self.stride + tap * self.dilation).checked_sub(self.padding).filter(|&at| at < side)
    }
}

/// The two ways through a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// From the input to the output.
    Forward,
    /// From the output's gradient to the input's; a transposed convolution forward.
    InputGradient,
}

impl Pass {
    /// The way back.
    pub fn turned(self) -> Self {
        match self {
            Self::Forward => Self::InputGradient,
            Self::InputGradient => Self::Forward,
        }
    }
}

/// One side of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Side {
    pub size: [usize; 2],
    pub channels: usize,
}

impl Side {
    pub fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }
}

/// Target pixels that use the same taps.
#[derive(Debug)]
pub(crate) struct Phase {
    /// Places of the kernel, `row * k + column`.
    pub taps: Vec<usize>,
    /// Pixels of one target map.
    pub targets: Vec<u32>,
    /// `[taps, targets]`: pixel of the source map, or -1.
    pub source: Vec<i32>,
}

/// All target pixels of one map.
#[derive(Debug)]
pub(crate) struct Plan {
    pub from_pixels: usize,
    pub to_pixels: usize,
    pub phases: Vec<Phase>,
}

/// Plans kept: more than the layers of a net differ in.
const KEPT: usize = 32;

impl Plan {
    /// The plan of a pass. It depends on neither batch nor channels and is the same in every step, so it is made once.
    pub fn of(shape: &ConvShape, pass: Pass) -> Arc<Self> {
        static PLANS: Mutex<Vec<(ConvShape, Pass, Arc<Plan>)>> = Mutex::new(Vec::new());
        let key = ConvShape { batch: 1, input: 1, output: 1, groups: 1, ..*shape };
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, plan)) = plans.iter().find(|plan| (plan.0, plan.1) == (key, pass)) {
            return plan.clone();
        }
        let plan = Arc::new(match pass {
            Pass::Forward => Self::forward(&key),
            Pass::InputGradient => Self::transposed(&key),
        });
        if plans.len() == KEPT {
            plans.remove(0);
        }
        plans.push((key, pass, plan.clone()));
        plan
    }

    fn forward(shape: &ConvShape) -> Self {
        let [out_height, out_width] = shape.out();
        assert!(
            shape.in_pixels().max(out_height * out_width) < 1 << 31,
            "a map of too many pixels"
        );
        let taps: Vec<usize> = (0..shape.taps()).collect();
        let mut source = Vec::with_capacity(taps.len() * out_height * out_width);
        for tap in &taps {
            let (i, j) = (tap / shape.kernel, tap % shape.kernel);
            for y in 0..out_height {
                let row = shape.reads(y, i, shape.height);
                source.extend((0..out_width).map(|x| {
                    let column = shape.reads(x, j, shape.width);
                    row.zip(column).map_or(-1, |(row, column)| (row * shape.width + column) as i32)
                }));
            }
        }
        let to_pixels = out_height * out_width;
        let targets = (0..to_pixels as u32).collect();
        let phases = vec![Phase { taps, targets, source }];
        Self { from_pixels: shape.in_pixels(), to_pixels, phases }
    }

    fn transposed(shape: &ConvShape) -> Self {
        let [out_height, out_width] = shape.out();
        let stride = shape.stride;
        // Output row that reads input row `y` at tap `i`: y + p - i d, where divisible by the stride.
        let read_by = |y: usize, i: usize, side: usize| {
            (y + shape.padding)
                .checked_sub(i * shape.dilation)
                .filter(|at| at.is_multiple_of(stride))
                .map(|at| at / stride)
                .filter(|&at| at < side)
        };
        let reaches = |y: usize, i: usize| {
            let at = (y + shape.padding) as i64 - (i * shape.dilation) as i64;
            at.rem_euclid(stride as i64) == 0
        };
        let mut phases = Vec::new();
        for phase in 0..stride * stride {
            let rows: Vec<usize> = (phase / stride..shape.height).step_by(stride).collect();
            let columns: Vec<usize> = (phase % stride..shape.width).step_by(stride).collect();
            if rows.is_empty() || columns.is_empty() {
                continue;
            }
            let taps: Vec<usize> = (0..shape.taps())
                .filter(|tap| {
                    reaches(rows[0], tap / shape.kernel) && reaches(columns[0], tap % shape.kernel)
                })
                .collect();
            let mut source = Vec::with_capacity(taps.len() * rows.len() * columns.len());
            for tap in &taps {
                for &y in &rows {
                    let row = read_by(y, tap / shape.kernel, out_height);
                    source.extend(columns.iter().map(|&x| {
                        let column = read_by(x, tap % shape.kernel, out_width);
                        row.zip(column)
                            .map_or(-1, |(row, column)| (row * out_width + column) as i32)
                    }));
                }
            }
            let targets = rows
                .iter()
                .flat_map(|y| columns.iter().map(move |x| (y * shape.width + x) as u32))
                .collect();
            phases.push(Phase { taps, targets, source });
        }
        Self { from_pixels: out_height * out_width, to_pixels: shape.in_pixels(), phases }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (source, tap, target) of every multiplication.
    fn products(plan: &Plan) -> Vec<[usize; 3]> {
        let mut all = Vec::new();
        for phase in &plan.phases {
            let sources = phase.source.chunks(phase.targets.len());
            for (tap, sources) in phase.taps.iter().zip(sources) {
                let pairs = sources.iter().zip(&phase.targets).filter(|(source, _)| **source >= 0);
                all.extend(
                    pairs.map(|(&source, &target)| [source as usize, *tap, target as usize]),
                );
            }
        }
        all.sort_unstable();
        all
    }

    #[test]
    fn the_transposed_plan_has_the_same_products_the_other_way_round() {
        let base = ConvShape { height: 7, width: 6, ..ConvShape::same(1, 0, 0, 1, 1) };
        let shapes = [
            base,
            ConvShape { kernel: 4, stride: 2, ..base },
            ConvShape { padding: 2, dilation: 2, ..base },
            ConvShape { padding: 0, ..base },
            ConvShape { kernel: 2, stride: 3, padding: 0, ..base },
        ];
        for shape in shapes {
            let forward = products(&Plan::forward(&shape));
            let mut turned: Vec<[usize; 3]> =
                products(&Plan::transposed(&shape)).iter().map(|[s, t, p]| [*p, *t, *s]).collect();
            turned.sort_unstable();
            assert_eq!(forward, turned, "{shape:?}");
        }
    }

    #[test]
    fn every_target_pixel_is_in_one_phase() {
        let shape = ConvShape { kernel: 4, stride: 2, ..ConvShape::same(1, 10, 6, 1, 1) };
        let plan = Plan::transposed(&shape);
        let mut targets: Vec<u32> = plan.phases.iter().flat_map(|p| p.targets.clone()).collect();
        targets.sort_unstable();
        assert_eq!(targets, (0..60).collect::<Vec<u32>>());
        assert!(plan.phases.iter().all(|phase| phase.taps.len() == 4));
    }
}
