//! Batch norm with affine, then leaky ReLU.
//!
//! ```text
//! y = leaky(gamma * (x - mean) / sqrt(var + eps) + beta),   leaky(v) = max(v, 0.2 v)
//! ```
//! Statistics are results, not hidden state: a training pass hands them out and the caller decides
//! what becomes of them (running average, recalibration). The running variance is the unbiased one,
//! n/(n-1), as PyTorch keeps it; the normalisation itself uses the biased one.

use burn::module::{Module, Param, ParamId};
use burn::tensor::activation::leaky_relu;
use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Device, Tensor};

use super::cpu;
use crate::image::numbers_of;

/// Part of the model: the variance of f's first layer (~1.5e-6) lies below it (SPEC 1.4).
pub const BATCH_NORM_EPSILON: f64 = 1e-5;

/// Slope of the leaky ReLU for negative numbers.
pub const LEAKY_SLOPE: f64 = 0.2;

/// Mean and unbiased variance of each channel over one batch, `[C]` each, without gradients.
#[derive(Debug, Clone)]
pub struct Statistics {
    pub mean: Tensor<1>,
    pub variance: Tensor<1>,
}

/// Batch norm and leaky ReLU over `C` channels.
#[derive(Module, Debug)]
pub struct NormAct {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: Param<Tensor<1>>,
    running_var: Param<Tensor<1>>,
}

impl NormAct {
    /// Weight 1, bias 0, running mean 0, running variance 1.
    pub fn new(channels: usize, device: &Device) -> Self {
        let constant = |value: f32| Tensor::<1>::full([channels], value, device);
        Self {
            weight: Param::from_tensor(constant(1.0)),
            bias: Param::from_tensor(constant(0.0)),
            running_mean: Param::from_tensor(constant(0.0)).set_require_grad(false),
            running_var: Param::from_tensor(constant(1.0)).set_require_grad(false),
        }
    }

    /// `[B, C, H, W]` with the running statistics: what restoration uses (SPEC 1.5).
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = batch_norm(
            x,
            self.weight.val(),
            self.bias.val(),
            self.running_mean.val(),
            self.running_var.val(),
            BATCH_NORM_EPSILON,
        );
        leaky_relu(y, LEAKY_SLOPE)
    }

    /// `[B, C, H, W]` with the batch's own statistics, which are handed out.
    pub fn forward_train(&self, x: Tensor<4>) -> (Tensor<4>, Statistics) {
        let [batch, _, height, width] = x.dims();
        let n = (batch * height * width) as f64;
        let (y, mean, variance) = if cpu::is_here(&x.device()) {
            cpu::norm_act(x, self.weight.val(), self.bias.val())
        } else {
            let out = batch_norm_train(x, self.weight.val(), self.bias.val(), BATCH_NORM_EPSILON);
            (leaky_relu(out.output, LEAKY_SLOPE), out.mean, out.variance)
        };
        // A single number a channel has no unbiased variance; PyTorch refuses it, here it counts 0.
        let unbiased = if n > 1.0 { n / (n - 1.0) } else { 1.0 };
        let statistics =
            Statistics { mean: mean.inner(), variance: variance.inner().mul_scalar(unbiased) };
        (y, statistics)
    }

    /// Weight, bias, running mean and variance on the host.
    pub(super) fn numbers(&self) -> cpu::NormNumbers {
        let of = |param: &Param<Tensor<1>>| numbers_of(param.val().inner());
        let (gamma, beta) = (of(&self.weight), of(&self.bias));
        cpu::NormNumbers {
            gamma,
            beta,
            mean: of(&self.running_mean),
            variance: of(&self.running_var),
        }
    }

    /// `running = (1 - momentum) * running + momentum * statistics`
    pub fn update_running(&mut self, statistics: &Statistics, momentum: f64) {
        let blend = |old: &Param<Tensor<1>>, new: &Tensor<1>| {
            let old = old.val();
            let device = old.device();
            let mixed = old.inner().mul_scalar(1.0 - momentum) + new.clone().mul_scalar(momentum);
            Param::initialized(ParamId::new(), mixed.to_device(&device)).set_require_grad(false)
        };
        self.running_mean = blend(&self.running_mean, &statistics.mean);
        self.running_var = blend(&self.running_var, &statistics.variance);
    }
}

/// Batch norm over each image's own map, always with its own statistics, then leaky ReLU: the norm
/// of f (SPEC 1.2). x `[B, C, H, W]`, weight and bias `[B, C]`.
pub fn instance_norm_act(x: Tensor<4>, weight: Tensor<2>, bias: Tensor<2>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let rows = batch * channels;
    let y = batch_norm_train(
        x.reshape([1, rows, height, width]),
        weight.reshape([rows]),
        bias.reshape([rows]),
        BATCH_NORM_EPSILON,
    );
    leaky_relu(y.output, LEAKY_SLOPE).reshape([batch, channels, height, width])
}
