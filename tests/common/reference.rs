//! One reference run: a safetensors file in the format of `tests/reference/README.md`.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use lacuna::generator::{Hourglass, HourglassConfig};
use lacuna::latent::{Clamp, ConvNetConfig};
use lacuna::nn::{State, load_state, state_of};
use lacuna::runtime::stream;
use safetensors::SafeTensors;
use serde::Deserialize;

/// The metadata of a run.
#[derive(Deserialize)]
pub struct Config {
    pub latent_side: usize,
    pub f_channels: Vec<usize>,
    pub down: Vec<usize>,
    pub up: Vec<usize>,
    pub tail: Vec<usize>,
    pub mid_groups: usize,
    pub batch: usize,
    pub steps: usize,
    pub lr_theta: f64,
    pub lr_phi: f64,
    #[serde(rename = "box")]
    pub half_box: f32,
    pub bn_momentum: f64,
}

pub struct Reference {
    pub config: Config,
    bytes: Vec<u8>,
}

impl Reference {
    pub fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let text = header.metadata().as_ref().unwrap()["config"].clone();
        Self { config: serde_json::from_str(&text).unwrap(), bytes }
    }

    pub fn latent_config(&self) -> ConvNetConfig {
        ConvNetConfig {
            channels: self.config.f_channels.clone(),
            side: self.config.latent_side,
            half_box: self.config.half_box,
            clamp: Clamp::Conv,
        }
    }

    /// The generator with the weights under `before` or `after`.
    pub fn generator(&self, when: &str, device: &Device) -> Hourglass {
        let config = HourglassConfig {
            down: self.config.down.clone(),
            mid: (0..).take_while(|i| self.has(&format!("before.g.mid.{i}.weight"))).count(),
            mid_groups: self.config.mid_groups,
            up: self.config.up.clone(),
            tail: self.config.tail.clone(),
        };
        let channels = *self.config.f_channels.last().unwrap();
        let rng = &mut stream(0, "any");
        let net = config.init(channels, self.config.latent_side, rng, device).unwrap();
        let state: State = state_of(&net)
            .into_iter()
            .map(|(name, data)| {
                let numbers = self.numbers(&format!("{when}.{}", self.name_of(&name)));
                let shape = data.shape().clone();
                (name, TensorData::new(numbers, shape))
            })
            .collect();
        load_state(net, &state).unwrap()
    }

    /// `down.0.conv.weight` -> `g.down.0.weight`, `tail.1.norm.bias` -> `g.tail.1.bn.bias`,
    /// `last.weight` -> `g.tail.N.weight`.
    pub fn name_of(&self, ours: &str) -> String {
        let last = format!("tail.{}.weight", self.config.tail.len() - 1);
        let name = if ours == "last.weight" { last } else { ours.to_string() };
        format!("g.{}", name.replace(".conv.", ".").replace(".norm.", ".bn."))
    }

    /// Rows `[B, P]` out of the tensors under `prefix`.
    pub fn rows(&self, prefix: &str, device: &Device) -> Tensor<2> {
        let parts = self.row_parts().into_iter().map(|(name, _)| {
            let numbers = self.numbers(&format!("{prefix}.{name}"));
            let length = numbers.len() / self.config.batch;
            Tensor::from_data(TensorData::new(numbers, [self.config.batch, length]), device)
        });
        Tensor::cat(parts.collect(), 1)
    }

    /// The parts of rows `[B, P]` by their names in the file.
    pub fn split_rows(&self, rows: Tensor<2>) -> Vec<(String, Tensor<2>)> {
        let mut next = 0;
        let mut parts = Vec::new();
        for (name, length) in self.row_parts() {
            parts.push((name, rows.clone().slice([0..self.config.batch, next..next + length])));
            next += length;
        }
        assert_eq!(next, rows.dims()[1]);
        parts
    }

    fn row_parts(&self) -> Vec<(String, usize)> {
        let channels = &self.config.f_channels;
        let convs = channels.windows(2).enumerate();
        let mut parts: Vec<(String, usize)> =
            convs.map(|(i, pair)| (format!("conv.{i}"), pair[0] * pair[1] * 9)).collect();
        for (i, &width) in channels[1..channels.len() - 1].iter().enumerate() {
            parts.push((format!("bn.{i}.weight"), width));
            parts.push((format!("bn.{i}.bias"), width));
        }
        parts
    }

    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let shape: [usize; D] = file.tensor(name).unwrap().shape().try_into().unwrap();
        Tensor::from_data(TensorData::new(self.numbers(name), shape), device)
    }

    /// Row `i` of a matrix.
    pub fn row(&self, name: &str, i: usize) -> Vec<f32> {
        let batch = self.config.batch;
        self.numbers(name)[i * batch..(i + 1) * batch].to_vec()
    }

    pub fn numbers(&self, name: &str) -> Vec<f32> {
        self.find(name).unwrap_or_else(|| panic!("the reference has no `{name}`"))
    }

    pub fn find(&self, name: &str) -> Option<Vec<f32>> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = file.tensor(name).ok()?;
        let bytes = view.data().chunks_exact(4);
        Some(bytes.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// How many tensors have a name that starts with `prefix`.
    pub fn count(&self, prefix: &str) -> usize {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        file.names().iter().filter(|name| name.starts_with(prefix)).count()
    }

    /// The error of `found` against the tensor `name`.
    pub fn error<const D: usize>(&self, name: &str, found: Tensor<D>) -> f32 {
        worst(&found.into_data().try_to_vec().unwrap(), &self.numbers(name))
    }
}

/// `max|a - b| / max|b|`; a number that is not finite counts as infinitely wrong.
pub fn worst(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0f32, |m, x| m.max(x.abs()));
    let difference = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    difference.fold(0f32, |m, x| if x.is_finite() { m.max(x) } else { f32::INFINITY }) / largest
}
