//! The latent ConvNet f (SPEC 1.1, 1.2, 1.4): a small net per image turns fixed noise into the latent.
//!
//! ```text
//! z = f_phi(s):   s [2,S,S] -> (conv 3x3 -> batch norm -> leaky) x (L-1) -> conv 3x3 -> leaky -> z [C,h,w]
//! row = [conv weights of layer 0, .., L-1 | norm weight, norm bias of layer 0, .., L-2]
//! ```
//! The box clamps the conv weights, the first part of the row; [`Clamp`] says whether the affine too.

use std::sync::Arc;

use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor, TensorData};
use lacuna_kernels::LatentNet;
use serde::{Deserialize, Serialize};

use super::LatentSpace;
use crate::error::{Error, Result};
use crate::nn::{BATCH_NORM_EPSILON, LEAKY_SLOPE, cpu, instance_norm_act, per_image_conv3x3};
use crate::runtime::{stream, uniform};

/// What a configuration may ask for at most, far above any that was trained: none of the sizes that follow overflows.
const MOST_WIDTHS: usize = 17;
const WIDEST: usize = 1 << 16;
const LARGEST_SIDE: usize = 1 << 14;

/// The shape of f and its box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvNetConfig {
    /// Channels from the noise to the latent, `[2, 8, 16, 32, 64]` for four layers.
    pub channels: Vec<usize>,
    /// Side of the latent map.
    pub side: usize,
    /// Half the side of the box, 0.01 in the paper.
    #[serde(rename = "box")]
    pub half_box: f32,
    /// What the box clamps.
    #[serde(default)]
    pub clamp: Clamp,
}

/// The part of a row that the box clamps after each step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clamp {
    /// Conv weights only, as the published program does.
    #[default]
    Conv,
    /// The norm's weight and bias too, as the paper's formula says.
    All,
}

impl ConvNetConfig {
    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.channels.len() - 1
    }

    /// Side of the fixed input: every 3x3 layer without padding takes a pixel from each border.
    pub fn input_side(&self) -> usize {
        self.side + 2 * self.layers()
    }

    /// Numbers in the fixed input.
    pub fn input_len(&self) -> usize {
        self.channels[0] * self.input_side() * self.input_side()
    }

    /// Numbers in the conv weights, the clamped first part of a row.
    pub fn conv_len(&self) -> usize {
        self.channels.windows(2).map(|pair| pair[0] * pair[1] * 9).sum()
    }

    /// Numbers in a row, P.
    pub fn row_len(&self) -> usize {
        let normed = &self.channels[1..self.layers()];
        self.conv_len() + 2 * normed.iter().sum::<usize>()
    }

    /// Numbers in the maps of one image, the latent among them.
    pub fn footprint(&self) -> usize {
        let side = |layer| self.side + 2 * (self.layers() - layer);
        (1..=self.layers()).map(|layer| self.channels[layer] * side(layer) * side(layer)).sum()
    }

    /// `[C, h, w]` as handed to the generator.
    pub fn latent_shape(&self) -> [usize; 3] {
        [self.channels.last().copied().unwrap_or(0), self.side, self.side]
    }

    /// Checks the values that the types cannot.
    ///
    /// # Errors
    /// Fewer than one layer, a zero width or side, or a box that is not positive.
    pub fn check(&self) -> Result<()> {
        if self.channels.len() < 2 || self.channels.contains(&0) {
            let problem = format!("{:?} is no chain of widths", self.channels);
            let remedy = "give at least two positive widths, as in [2, 8, 16, 32, 64]";
            return Err(Error::config("latent.channels", problem, remedy));
        }
        if self.channels.len() > MOST_WIDTHS || self.channels.iter().any(|width| *width > WIDEST) {
            let problem = "it has too many widths, or too large ones";
            let remedy = format!("give at most {MOST_WIDTHS}, none above {WIDEST}");
            return Err(Error::config("latent.channels", problem, remedy));
        }
        if !(1..=LARGEST_SIDE).contains(&self.side) {
            let remedy = format!("give 1 to {LARGEST_SIDE}, as in 16");
            return Err(Error::config("latent.side", format!("{} is no side", self.side), remedy));
        }
        if !(self.half_box.is_finite() && self.half_box > 0.0) {
            let problem = format!("{} is no box", self.half_box);
            return Err(Error::config("latent.box", problem, "give a positive one, as in 0.01"));
        }
        Ok(())
    }

    /// Draws the fixed input s, uniform in [0, 0.1), from `seed`.
    pub fn draw_input(&self, seed: u64) -> Vec<f32> {
        let mut rng = stream(seed, "latent/s");
        (0..self.input_len()).map(|_| 0.1 * uniform(&mut rng)).collect()
    }

    /// Draws the start that all images share: conv weights uniform in +-1/sqrt(9 in), norm weight 1, bias 0.
    pub fn draw_start(&self, seed: u64) -> Vec<f32> {
        let mut rng = stream(seed, "latent/start");
        let mut row = Vec::with_capacity(self.row_len());
        for pair in self.channels.windows(2) {
            let bound = 1.0 / ((pair[0] * 9) as f32).sqrt();
            row.extend((0..pair[0] * pair[1] * 9).map(|_| bound * (2.0 * uniform(&mut rng) - 1.0)));
        }
        for &channels in &self.channels[1..self.layers()] {
            row.extend(std::iter::repeat_n(1.0, channels));
            row.extend(std::iter::repeat_n(0.0, channels));
        }
        row
    }

    /// The space around the fixed input `s`, `[channels[0], S, S]` row-major.
    ///
    /// # Errors
    /// As [`check`](Self::check), or `s` of another length.
    pub fn init(&self, s: Vec<f32>, device: &Device) -> Result<ConvNet> {
        self.check()?;
        let (channels, side) = (self.channels[0], self.input_side());
        if s.len() != channels * side * side {
            return Err(Error::input(
                "fixed input s",
                format!("it has {} numbers", s.len()),
                format!("this architecture needs {channels} x {side} x {side}"),
            ));
        }
        let cpu = cpu::is_here(device).then(|| {
            Arc::new(LatentNet::new(&self.channels, self.side, &s, BATCH_NORM_EPSILON as f32))
        });
        let s = Tensor::from_data(TensorData::new(s, [1, channels, side, side]), device);
        Ok(ConvNet { config: self.clone(), s, cpu })
    }
}

/// See the module and [`ConvNetConfig`].
#[derive(Debug, Clone)]
pub struct ConvNet {
    config: ConvNetConfig,
    s: Tensor<4>,
    /// The same net for the CPU kernels, where they are.
    cpu: Option<Arc<LatentNet>>,
}

impl ConvNet {
    /// `decode` in burn's operations, for every device.
    fn decode_by_operations(&self, rows: Tensor<2>) -> Tensor<4> {
        let batch = rows.dims()[0];
        let layers = self.config.layers();
        let mut next = 0;
        let mut take = |length: usize| {
            next += length;
            rows.clone().slice([0..batch, next - length..next])
        };
        let convs: Vec<Tensor<5>> = self
            .config
            .channels
            .windows(2)
            .map(|pair| take(pair[0] * pair[1] * 9).reshape([batch, pair[1], pair[0], 3, 3]))
            .collect();
        let affine: Vec<[Tensor<2>; 2]> = self.config.channels[1..layers]
            .iter()
            .map(|&channels| [take(channels), take(channels)])
            .collect();

        let [_, channels, height, width] = self.s.dims();
        let mut x = self.s.clone().expand([batch, channels, height, width]);
        for (layer, conv) in convs.into_iter().enumerate() {
            x = per_image_conv3x3(x, conv);
            x = match affine.get(layer) {
                Some([weight, bias]) => instance_norm_act(x, weight.clone(), bias.clone()),
                None => leaky_relu(x, LEAKY_SLOPE),
            };
        }
        x
    }
}

impl LatentSpace for ConvNet {
    fn row_len(&self) -> usize {
        self.config.row_len()
    }

    fn latent_shape(&self) -> [usize; 3] {
        self.config.latent_shape()
    }

    fn decode(&self, rows: Tensor<2>) -> Tensor<4> {
        match &self.cpu {
            Some(net) => cpu::latents(rows, net),
            None => self.decode_by_operations(rows),
        }
    }

    fn step(&self, rows: Tensor<2>, gradient: Tensor<2>, lr: f64) -> Tensor<2> {
        if self.cpu.is_none() {
            return self.project(rows - gradient.mul_scalar(lr));
        }
        let clamped = match self.config.clamp {
            Clamp::Conv => self.config.conv_len(),
            Clamp::All => self.config.row_len(),
        };
        cpu::descend_rows(rows, gradient, lr as f32, clamped, self.config.half_box)
    }

    fn project(&self, rows: Tensor<2>) -> Tensor<2> {
        let [batch, length] = rows.dims();
        let (conv, half) = (self.config.conv_len(), self.config.half_box);
        if conv == length || self.config.clamp == Clamp::All {
            return rows.clamp(-half, half);
        }
        let clamped = rows.clone().slice([0..batch, 0..conv]).clamp(-half, half);
        Tensor::cat(vec![clamped, rows.slice([0..batch, conv..length])], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(channels: &[usize], side: usize) -> ConvNetConfig {
        ConvNetConfig { channels: channels.to_vec(), side, half_box: 0.01, clamp: Clamp::Conv }
    }

    #[test]
    fn row_lengths_are_those_of_the_paper() {
        let celeba = config(&[2, 8, 16, 32, 64], 32);
        assert_eq!((celeba.conv_len(), celeba.row_len()), (24_336, 24_448));
        assert_eq!(celeba.input_side(), 40);
        let bedrooms = config(&[2, 8, 16, 32, 64, 64], 64);
        assert_eq!((bedrooms.conv_len(), bedrooms.row_len()), (61_200, 61_440));
        let hq = config(&[2, 8, 16, 32, 64, 64, 64, 64], 256);
        assert_eq!((hq.conv_len(), hq.row_len(), hq.input_side()), (134_928, 135_424, 270));
    }

    #[test]
    fn the_projection_boxes_conv_weights_only_and_is_idempotent() {
        let config = config(&[2, 3, 4], 4);
        let device = Device::flex();
        let space = config.init(config.draw_input(1), &device).unwrap();
        let row = Tensor::<2>::full([2, config.row_len()], 0.5, &device);
        let once = space.project(row);
        let numbers = once.to_data().try_to_vec::<f32>().unwrap();
        let (conv, affine) = numbers[..config.row_len()].split_at(config.conv_len());
        assert!(conv.iter().all(|&x| x == 0.01));
        assert!(affine.iter().all(|&x| x == 0.5));
        assert_eq!(space.project(once.clone()).to_data(), once.to_data());
    }

    #[test]
    fn the_kernels_agree_with_the_operations() {
        let widths: [&[usize]; 4] =
            [&[2, 8, 16, 32, 64], &[2, 8, 16, 32, 64, 64, 64, 64], &[1, 3], &[3, 5, 7, 1]];
        for channels in widths {
            let config = config(channels, 6);
            let device = Device::flex().autodiff();
            let space = config.init(config.draw_input(1), &device).unwrap();
            let row: Vec<f32> = [config.draw_start(2), config.draw_start(3)].concat();
            // As small as the box makes them, so that the norms' epsilon counts.
            let row: Vec<f32> = row.iter().map(|x| if *x == 1.0 { 1.0 } else { 0.1 * x }).collect();
            let row = TensorData::new(row, [2, config.row_len()]);
            let rows = Tensor::<2>::from_data(row, &device).require_grad();
            let numbers = |z: Tensor<4>| z.into_data().try_into_vec::<f32>().unwrap();
            let both = |decode: &dyn Fn(Tensor<2>) -> Tensor<4>| {
                let z = decode(rows.clone());
                let gradients = (z.clone() * z.clone()).sum().backward();
                let gradient = rows.grad(&gradients).unwrap().into_data();
                [numbers(z), gradient.try_into_vec::<f32>().unwrap()]
            };
            let ours = both(&|rows| space.decode(rows));
            let theirs = both(&|rows| space.decode_by_operations(rows));
            for (ours, theirs) in ours.iter().zip(&theirs) {
                let largest = theirs.iter().fold(0f32, |max, x| max.max(x.abs()));
                for (a, b) in ours.iter().zip(theirs) {
                    assert!(
                        (a - b).abs() <= 1e-5 * largest,
                        "{channels:?}: {a} for {b} of {largest}"
                    );
                }
            }
        }
    }

    #[test]
    fn rows_are_independent_bit_for_bit() {
        let config = config(&[2, 5, 6, 3], 5);
        let device = Device::flex();
        let space = config.init(config.draw_input(1), &device).unwrap();
        let mut rows = config.draw_start(7);
        rows.extend(config.draw_start(8));
        let both = Tensor::from_data(TensorData::new(rows, [2, config.row_len()]), &device);
        let z = space.decode(both.clone());
        let second = space.decode(both.slice(1..2));
        assert_eq!(z.slice(1..2).to_data(), second.to_data());
    }

    #[test]
    fn nonsense_is_an_error_that_names_the_key() {
        let device = Device::flex();
        let message = |config: ConvNetConfig| config.init(vec![], &device).unwrap_err().to_string();
        assert!(message(config(&[2], 4)).contains("latent.channels"));
        assert!(message(config(&[2, 0], 4)).contains("latent.channels"));
        assert!(message(config(&[2, 4], 0)).contains("latent.side"));
        assert!(
            message(ConvNetConfig { half_box: -1.0, ..config(&[2, 4], 4) }).contains("latent.box")
        );
        assert!(message(config(&[2, 4], 4)).contains("2 x 6 x 6"));
    }
}
