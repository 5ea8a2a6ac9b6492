//! The latent ConvNet f, one small net for every image, all layers of an image while they are in cache.
//!
//! ```text
//! s [S,S,c0] -> (conv 3x3 -> norm over the map -> leaky) x (L-1) -> conv 3x3 -> leaky -> z [h,w,cL]
//! row = [conv weights [c_l+1, c_l, 3, 3] of layer 0, .., L-1 | norm weight, norm bias of layer 0, .., L-2]
//! ```
//! No padding: each layer takes a pixel from every border. All images read the same s and have weights of their own.

use crate::bf16::Precision;
use crate::conv::convolve;
use crate::gather::Epilogue;
use crate::lanes::Level;
use crate::leaky::leaky_backward;
use crate::norm::{Moments, norm_act, norm_act_backward};
use crate::pack::{Packed, WeightStrides};
use crate::parts::{Shared, map_each_whole};
use crate::plan::{ConvShape, Pass};
use crate::pool::Scratch;
use crate::weight::conv_weight_gradient;

/// The shape of f with its fixed input.
#[derive(Debug, Clone)]
pub struct LatentNet {
    channels: Vec<usize>,
    side: usize,
    /// The nine neighbours of every pixel that the first layer writes, `[S-2, S-2, c0, 9]`: s never changes, so its
    /// first layer is a product of matrices.
    patches: Vec<f32>,
    epsilon: f32,
}

/// What the backward pass needs of every image.
#[derive(Debug)]
pub struct LatentTape(Vec<ImageTape>);

#[derive(Debug, Default)]
struct ImageTape {
    /// Outputs of the convolutions, before the norm, for all layers but the last.
    sums: Vec<Scratch>,
    /// Outputs of the layers, after the leaky ReLU.
    maps: Vec<Scratch>,
    moments: Vec<Moments>,
}

/// Where a layer's numbers lie in a row.
struct Layer {
    shape: ConvShape,
    conv: std::ops::Range<usize>,
    /// Norm weight and bias, all layers but the last.
    affine: Option<[std::ops::Range<usize>; 2]>,
}

impl LatentNet {
    /// f with `channels` from s to z; `s` `[c0, S, S]` row-major, `S = side + 2 layers`.
    ///
    /// # Panics
    /// Fewer than two widths, or `s` of another size.
    pub fn new(channels: &[usize], side: usize, s: &[f32], epsilon: f32) -> Self {
        assert!(channels.len() > 1, "a net has a layer");
        let input = side + 2 * (channels.len() - 1);
        let (pixels, first) = (input * input, channels[0]);
        assert_eq!(s.len(), first * pixels, "an s of another size");
        let mut patches = Vec::with_capacity((input - 2) * (input - 2) * first * 9);
        for (y, x) in (0..input - 2).flat_map(|y| (0..input - 2).map(move |x| (y, x))) {
            for plane in s.chunks_exact(pixels) {
                patches.extend((0..9).map(|tap| plane[(y + tap / 3) * input + x + tap % 3]));
            }
        }
        Self { channels: channels.to_vec(), side, patches, epsilon }
    }

    /// `[C, h, w]`
    pub fn latent_shape(&self) -> [usize; 3] {
        [self.channels[self.channels.len() - 1], self.side, self.side]
    }

    /// Numbers in a latent.
    pub fn latent_len(&self) -> usize {
        self.latent_shape().iter().product()
    }

    /// Numbers in a row.
    pub fn row_len(&self) -> usize {
        let convs: usize = self.channels.windows(2).map(|pair| 9 * pair[0] * pair[1]).sum();
        convs + 2 * self.channels[1..self.channels.len() - 1].iter().sum::<usize>()
    }

    fn layers(&self) -> Vec<Layer> {
        let count = self.channels.len() - 1;
        let mut next = 0;
        let mut take = |length: usize| {
            next += length;
            next - length..next
        };
        let convs: Vec<_> =
            self.channels.windows(2).map(|pair| take(9 * pair[0] * pair[1])).collect();
        let layer = |(at, conv): (usize, std::ops::Range<usize>)| {
            let [input, output] = [self.channels[at], self.channels[at + 1]];
            let side = self.side + 2 * (count - at);
            let shape = if at == 0 {
                let same = ConvShape::same(1, side - 2, side - 2, 9 * input, output);
                ConvShape { kernel: 1, padding: 0, ..same }
            } else {
                ConvShape { padding: 0, ..ConvShape::same(1, side, side, input, output) }
            };
            let affine = (at + 1 < count).then(|| [take(output), take(output)]);
            Layer { shape, conv, affine }
        };
        convs.into_iter().enumerate().map(layer).collect()
    }
}

/// `rows` `[B, P]` -> `z` `[B, h, w, C]`.
///
/// # Panics
/// Slices of other lengths.
pub fn latent_forward(level: Level, net: &LatentNet, rows: &[f32], z: &mut [f32]) {
    forward(level, net, rows, z, |_| {});
}

/// The same, with what [`latent_backward`] needs.
///
/// # Panics
/// As [`latent_forward`].
pub fn latent_forward_recorded(
    level: Level,
    net: &LatentNet,
    rows: &[f32],
    z: &mut [f32],
) -> LatentTape {
    LatentTape(forward(level, net, rows, z, |tape| tape))
}

/// What `keep` makes of every image's tape; a tape that is not kept goes at once.
fn forward<T: Send>(
    level: Level,
    net: &LatentNet,
    rows: &[f32],
    z: &mut [f32],
    keep: impl Fn(ImageTape) -> T + Sync + Send,
) -> Vec<T> {
    let (length, size) = (net.row_len(), net.latent_len());
    let batch = rows.len() / length;
    assert_eq!(rows.len(), batch * length, "rows of another length");
    assert_eq!(z.len(), batch * size, "latents of another size");
    let (layers, z) = (net.layers(), Shared::new(z));
    map_each_whole(batch, |image| {
        let row = &rows[image * length..][..length];
        let mut tape = ImageTape::default();
        for layer in &layers {
            let x = tape.maps.last().map_or(net.patches.as_slice(), |map| map);
            let weights = packed(level, layer, row, Pass::Forward);
            let mut y = Scratch::new(layer.shape.out_len());
            let Some([gamma, beta]) = layer.affine.clone() else {
                let bias = &vec![0.0; layer.shape.output];
                convolve(&layer.shape, &weights, x, Epilogue::BiasLeaky(bias), &mut y);
                // SAFETY: a task has an image of its own.
                unsafe { z.part(image * size..(image + 1) * size) }.copy_from_slice(&y);
                tape.maps.push(y);
                continue;
            };
            let mut sums = Scratch::new(y.len());
            convolve(&layer.shape, &weights, x, Epilogue::Nothing, &mut sums);
            tape.moments.push(norm_act(level, &sums, &row[gamma], &row[beta], net.epsilon, &mut y));
            tape.sums.push(sums);
            tape.maps.push(y);
        }
        keep(tape)
    })
}

/// The gradient of `rows`, `[B, P]`, from that of the latents.
///
/// # Panics
/// Slices of other lengths than in the forward pass.
pub fn latent_backward(
    level: Level,
    net: &LatentNet,
    rows: &[f32],
    tape: &LatentTape,
    dz: &[f32],
    drows: &mut [f32],
) {
    let (length, size, batch) = (net.row_len(), net.latent_len(), tape.0.len());
    assert_eq!(rows.len(), batch * length, "rows of another length");
    assert_eq!(drows.len(), batch * length, "row gradients of another length");
    assert_eq!(dz.len(), batch * size, "latent gradients of another size");
    let (layers, drows) = (net.layers(), Shared::new(drows));
    map_each_whole(batch, |image| {
        let (row, tape) = (&rows[image * length..][..length], &tape.0[image]);
        // SAFETY: a task has an image of its own.
        let drow = unsafe { drows.part(image * length..(image + 1) * length) };
        let mut dy = Scratch::new(size);
        dy.copy_from_slice(&dz[image * size..][..size]);
        for (at, layer) in layers.iter().enumerate().rev() {
            let mut dsums = Scratch::new(dy.len());
            match layer.affine.clone() {
                None => leaky_backward(level, &tape.maps[at], &dy, &mut dsums),
                Some([gamma, beta]) => {
                    let (head, tail) = drow.split_at_mut(beta.start);
                    norm_act_backward(
                        level,
                        &tape.sums[at],
                        &row[gamma.clone()],
                        &row[beta.clone()],
                        &tape.moments[at],
                        net.epsilon,
                        &dy,
                        &mut dsums,
                        &mut head[gamma],
                        &mut tail[..beta.len()],
                    );
                }
            }
            let x: &[f32] = if at == 0 { &net.patches } else { &tape.maps[at - 1] };
            weight_gradient(level, layer, x, &dsums, &mut drow[layer.conv.clone()]);
            if at > 0 {
                let weights = packed(level, layer, row, Pass::InputGradient);
                let mut dx = Scratch::new(layer.shape.in_len());
                convolve(&layer.shape, &weights, &dsums, Epilogue::Nothing, &mut dx);
                dy = dx;
            }
        }
    });
}

fn packed(level: Level, layer: &Layer, row: &[f32], pass: Pass) -> Packed {
    let ConvShape { input, kernel, .. } = layer.shape;
    let taps = kernel * kernel;
    let strides = WeightStrides { target: taps * input, source: taps, tap: 1 };
    Packed::of(level, Precision::F32, &layer.shape, &row[layer.conv.clone()], strides, pass)
}

/// The weight gradient in the order of a row, `[out, in, tap]`.
fn weight_gradient(level: Level, layer: &Layer, x: &[f32], dy: &[f32], to: &mut [f32]) {
    let ConvShape { input, output, kernel, .. } = layer.shape;
    let taps = kernel * kernel;
    let mut tap_major = Scratch::new(to.len());
    conv_weight_gradient(level, Precision::F32, &layer.shape, x, dy, &mut tap_major);
    for (o, of_output) in to.chunks_exact_mut(taps * input).enumerate() {
        for (i, of_input) in of_output.chunks_exact_mut(taps).enumerate() {
            for (tap, number) in of_input.iter_mut().enumerate() {
                *number = tap_major[(tap * input + i) * output + o];
            }
        }
    }
}
