//! Small runs: settings that train in a moment, and photos to train on.

use std::collections::BTreeMap;
use std::path::Path;

use lacuna::config::{Config, Layers};
use lacuna::image::{Picture, save_png};
use lacuna::runtime::{stream, uniform};
use lacuna::store::Checkpoint;
use lacuna::store::state::RowKey;

/// A model of 16 x 16 pixels and a few thousand numbers, as settings over the preset `bench-64`.
pub const TINY: [&str; 15] = [
    "size=16",
    "latent.channels=[2, 4, 6]",
    "latent.side=4",
    "generator.down=[8, 8]",
    "generator.mid=1",
    "generator.mid_groups=4",
    "generator.up=[8, 8, 6]",
    "generator.tail=[4, 3]",
    "data.hold_out=0.0",
    "train.batch=3",
    "train.inner_steps=3",
    "train.passes=2",
    "train.lr_phi=0.3",
    "restore.inpaint.steps=6",
    "restore.superres.steps=6",
];

/// [`TINY`] with `more` over it.
pub fn tiny(more: &[&str]) -> Config {
    let mut layers = Layers::preset("bench-64").unwrap();
    for assignment in TINY.iter().chain(more) {
        layers.set(assignment).unwrap();
    }
    layers.finish().unwrap()
}

/// A picture of soft colours without symmetry, `side` x `side`.
pub fn picture(number: u64, side: usize) -> Picture {
    let mut rng = stream(number, "test picture");
    let waves: Vec<[f32; 4]> =
        (0..9).map(|_| std::array::from_fn(|_| uniform(&mut rng) * 6.0)).collect();
    let value = |at: usize| {
        let (c, y, x) = (at / (side * side), at / side % side, at % side);
        let (y, x) = (y as f32 / side as f32, x as f32 / side as f32);
        let sum: f32 = waves[3 * c..3 * c + 3]
            .iter()
            .map(|[a, b, phase, height]| height / 6.0 * (a * x + b * y + phase).sin())
            .sum();
        0.5 + 0.16 * sum
    };
    Picture::new(side, side, (0..3 * side * side).map(value).collect()).unwrap()
}

/// Writes `count` photos into `folder`.
pub fn write_photos(folder: &Path, count: u64, side: usize) {
    for number in 0..count {
        let photo = picture(number, side).to_rgb8();
        save_png(folder.join(format!("{number:02}.png")), photo).unwrap();
    }
}

/// All rows of `state` by their keys.
pub fn rows_of(state: &Checkpoint) -> BTreeMap<RowKey, Vec<f32>> {
    state.rows().unwrap().map(Result::unwrap).collect()
}
