//! One joint step on theta and the phi of a minibatch (SPEC 2.1), and the statistics that are left to do.
//!
//! ```text
//! l_i = L(g_theta(f_phi_i(s)), x_i)            one loss per image
//! theta  <-  theta - lr_theta  d(mean_i l_i)/d theta
//! phi_i  <-  project(phi_i - lr_phi  d l_i / d phi_i)
//! ```
//! One backward pass of the sum serves both: a phi_i sees its own loss alone, whatever the batch.

use burn::tensor::Tensor;

use super::sgd::sgd;
use crate::config::TrainConfig;
use crate::generator::Generator;
use crate::latent::LatentSpace;
use crate::loss::LossConfig;
use crate::model::Model;
use crate::nn::Statistics;

/// What a step leaves behind.
#[derive(Debug)]
pub struct Stepped {
    pub generator: Generator,
    /// `[B, P]`, without gradients.
    pub rows: Tensor<2>,
    /// The losses before the step, `[B]`.
    pub losses: Tensor<1>,
}

/// Takes the step. `generator` is on a device with gradients and comes by value, so that its tensors can be
/// changed in place; `rows` `[B, P]` and `target` `[B, 3, S, S]` are without gradients.
pub fn joint_step(
    generator: Generator,
    latent: &dyn LatentSpace,
    rows: Tensor<2>,
    target: &Tensor<4>,
    loss: &LossConfig,
    config: &TrainConfig,
) -> Stepped {
    let batch = rows.dims()[0];
    let rows = rows.autodiff().require_grad();
    let (image, statistics) =
        generator.forward_train(latent.decode(rows.clone()), config.precision);
    let losses = loss.per_image(image, target.clone());
    let mut gradients = losses.clone().sum().backward();

    let mut generator = sgd(generator, &mut gradients, config.lr_theta / batch as f64);
    generator.update_running(&statistics, config.bn_momentum);
    let moved = match rows.grad_remove(&mut gradients) {
        Some(gradient) => latent.step(rows.inner(), gradient, config.lr_phi),
        None => rows.inner(),
    };
    Stepped { generator, rows: moved, losses: losses.inner() }
}

/// The running statistics recomputed over many minibatches with phi and theta fixed (SPEC 1.5).
///
/// ```text
/// mean = mean_b(mean_b),   variance = mean_b(variance_b + mean_b^2) - mean^2
/// ```
/// Each minibatch is normalised by its own statistics, as in training; the variance of all counts how far
/// the minibatches lie apart.
#[derive(Debug, Default)]
pub struct Recalibration {
    sums: Vec<[Tensor<1>; 2]>,
    weight: f64,
}

impl Recalibration {
    /// Runs `rows` `[B, P]` through `model` (on a device without gradients) and counts its statistics.
    pub fn add(&mut self, model: &Model, rows: Tensor<2>) {
        let weight = rows.dims()[0] as f64;
        let precision = model.config.train.precision;
        let (_, statistics) = model.generator.forward_train(model.latent.decode(rows), precision);
        let terms = statistics.into_iter().map(|Statistics { mean, variance }| {
            let square = variance + mean.clone() * mean.clone();
            [mean.mul_scalar(weight), square.mul_scalar(weight)]
        });
        self.sums = match self.sums.is_empty() {
            true => terms.collect(),
            false => {
                let old = std::mem::take(&mut self.sums).into_iter();
                old.zip(terms).map(|([m, s], [new_m, new_s])| [m + new_m, s + new_s]).collect()
            }
        };
        self.weight += weight;
    }

    /// Puts the statistics into `model`; nothing happens before the first [`add`](Self::add).
    pub fn finish(self, model: &mut Model) {
        if self.weight == 0.0 {
            return;
        }
        let statistics: Vec<Statistics> = self
            .sums
            .into_iter()
            .map(|[mean, square]| {
                let mean = mean.div_scalar(self.weight);
                let square = square.div_scalar(self.weight);
                // Rounding must not make a variance negative.
                let variance = (square - mean.clone() * mean.clone()).clamp_min(0.0);
                Statistics { mean, variance }
            })
            .collect();
        model.generator.update_running(&statistics, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;
    use crate::runtime::{stream, uniform};
    use burn::tensor::Device;

    /// The running statistics of the first layer after a recalibration over `rows` in batches of `batch`.
    fn first_layer(model: &mut Model, rows: &[f32], batch: usize) -> Vec<f32> {
        let mut statistics = Recalibration::default();
        for rows in rows.chunks(batch * model.latent.row_len()) {
            statistics.add(model, model.rows(rows.to_vec()));
        }
        statistics.finish(model);
        let state = model.generator.state();
        ["down.0.norm.running_mean", "down.0.norm.running_var"]
            .iter()
            .flat_map(|name| state[*name].clone().try_into_vec::<f32>().unwrap())
            .collect()
    }

    #[test]
    fn recalibrated_statistics_are_those_of_all_images_at_once() {
        let config = Layers::preset("bench-64").unwrap().finish().unwrap();
        let mut model = Model::draw(&config, &Device::flex()).unwrap();
        let mut rng = stream(1, "rows");
        let rows: Vec<f32> =
            (0..6 * config.latent.row_len()).map(|_| 0.02 * uniform(&mut rng) - 0.01).collect();
        // What enters the first norm depends on no other norm of g, so there the law is exact, up to the
        // n/(n-1) of each batch.
        let whole = first_layer(&mut model, &rows, 6);
        let parts = first_layer(&mut model, &rows, 2);
        for (whole, part) in whole.iter().zip(&parts) {
            assert!((whole - part).abs() <= 0.01 * whole.abs() + 1e-6, "{whole} {part}");
        }
    }
}
