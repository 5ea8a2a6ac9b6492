//! How large an hourglass is, from its widths alone: what is said before it is made.

use super::HourglassConfig;
use crate::generator::Footprint;

/// One convolution on its way through the net.
struct Layer {
    /// Channels that enter and that leave.
    channels: [usize; 2],
    /// Weights for each pair of channels.
    taps: usize,
    /// Side of the map that leaves.
    side: usize,
}

impl HourglassConfig {
    /// Learned numbers, for a latent of `latent_channels`.
    pub fn parameters(&self, latent_channels: usize) -> usize {
        // No layer has a bias; gamma and beta of the norms stand for it, and the last has no norm.
        let layers = self.layers(latent_channels, 1 << self.down.len());
        let grouped = self.down.len()..self.down.len() + self.mid;
        let weights = layers.iter().enumerate().map(|(at, layer)| {
            let [input, output] = layer.channels;
            let groups = if grouped.contains(&at) { self.mid_groups } else { 1 };
            input * output * layer.taps / groups
        });
        let normed = &layers[..layers.len() - 1];
        weights.sum::<usize>() + normed.iter().map(|layer| 2 * layer.channels[1]).sum::<usize>()
    }

    /// The tensors of the net by name, with their shapes, for a latent of `latent_channels`.
    pub fn shapes(&self, latent_channels: usize) -> Vec<(String, Vec<usize>)> {
        let parts = [("down", self.down.len()), ("mid", self.mid), ("up", self.up.len())];
        let parts = parts.into_iter().chain([("tail", self.tail.len() - 1)]);
        let names = parts.flat_map(|(part, count)| (0..count).map(move |at| (part, at)));
        let layers = self.layers(latent_channels, 1 << self.down.len());
        let mut shapes = Vec::new();
        for (layer, (part, at)) in layers.iter().zip(names) {
            let [input, output] = layer.channels;
            let side = layer.taps.isqrt();
            let weight = match part {
                "up" => vec![input, output, side, side],
                "mid" => vec![output, input / self.mid_groups, side, side],
                _ => vec![output, input, side, side],
            };
            shapes.push((format!("{part}.{at}.conv.weight"), weight));
            for number in ["weight", "bias", "running_mean", "running_var"] {
                shapes.push((format!("{part}.{at}.norm.{number}"), vec![output]));
            }
        }
        let last = layers.last().map(|Layer { channels: [input, output], .. }| {
            ("last.weight".to_string(), vec![*output, *input, 3, 3])
        });
        shapes.extend(last);
        shapes
    }

    /// How much one image leaves in memory while it passes, for a latent of side `latent_side`.
    pub fn footprint(&self, latent_side: usize) -> Footprint {
        let layers = self.layers(0, latent_side);
        let normed = layers.iter().map(|layer| layer.channels[1] * layer.side * layer.side);
        // A doubling layer that a skip joins reads a concatenation, and the tail an enlarged map.
        let joined = layers[self.down.len() + self.mid..].iter().take(2);
        let joined = joined.map(|layer| layer.channels[0] * (layer.side / 2).pow(2));
        let enlarged = layers.last().map_or(0, |last| last.side * last.side) * self.top();
        Footprint { normed: normed.sum(), bare: joined.sum::<usize>() + enlarged }
    }

    /// Channels of the map that is enlarged.
    fn top(&self) -> usize {
        self.up.last().copied().unwrap_or(0)
    }

    fn layers(&self, latent_channels: usize, latent_side: usize) -> Vec<Layer> {
        let (mut input, mut side) = (latent_channels, latent_side);
        let mut layers = Vec::new();
        let mut add = |extra: usize, output: usize, taps: usize, side: usize| {
            layers.push(Layer { channels: [input + extra, output], taps, side });
            input = output;
        };
        for &width in &self.down {
            side /= 2;
            add(0, width, 16, side);
        }
        let lowest = self.down.last().copied().unwrap_or(0);
        (0..self.mid).for_each(|_| add(0, lowest, 9, side));
        let mut skips = self.down.iter().rev().take(2);
        for &width in &self.up {
            side *= 2;
            add(skips.next().copied().unwrap_or(0), width, 16, side);
        }
        side *= 2;
        self.tail.iter().for_each(|&width| add(0, width, 9, side));
        layers
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::config::{Layers, PRESETS};
    use crate::runtime::stream;

    #[test]
    fn parameters_and_shapes_are_those_of_the_net_that_is_made() {
        for (name, _) in PRESETS {
            let config = Layers::preset(name).unwrap().finish().unwrap();
            let shape = config.latent.shape();
            let rng = &mut stream(0, "size");
            let net = config.generator.init(shape, rng, &burn::tensor::Device::flex()).unwrap();
            let state = net.state();
            let shapes: BTreeMap<_, _> =
                state.iter().map(|(name, data)| (name.clone(), data.shape().to_vec())).collect();
            let expected: BTreeMap<_, _> = config.generator.shapes(shape).into_iter().collect();
            assert_eq!(shapes, expected, "{name}");
            let learned = state.iter().filter(|(name, _)| !name.contains("running"));
            let count: usize = learned.map(|(_, data)| data.num_elements()).sum();
            assert_eq!(config.generator.parameters(shape), count, "{name}");
        }
    }

    #[test]
    fn the_maps_of_the_celeba_net_are_those_counted_by_hand() {
        let config = Layers::preset("celeba-128").unwrap().finish().unwrap();
        let footprint = config.generator.footprint(32);
        let normed = 256 * 256 + 512 * 64 + 4 * 1024 * 16 // down, mid
            + 512 * 64 + 512 * 256 + 256 * 1024 + 128 * 4096 // up
            + (64 + 32 + 3) * 16384; // tail
        assert_eq!(footprint.normed, normed);
        assert_eq!(footprint.bare, 2048 * 16 + 1024 * 64 + 128 * 16384);
    }
}
