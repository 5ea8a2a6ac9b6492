//! All pictures of a set, to be asked which of them are near to another, or to each other.
//!
//! Every window of every picture against every picture is a product of large matrices. The features are turned so that
//! their first numbers hold the most of them (the eigenvectors of their second moments); of these [`FIRST`] are kept, and
//! the length of all the others as one more. By Cauchy and Schwarz the product of two such is at least that of the whole
//! features, so nothing that is near is lost, and the whole product is taken of what is left.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use nalgebra::{DMatrix, DMatrixViewMut, SymmetricEigen};
use rayon::prelude::*;

use super::bands::{Bands, Feature, NUMBERS};
use super::descriptor::Descriptor;
use super::{CANDIDATE, Near, closely, dot};

/// Numbers of a feature that are multiplied first, the length of the others among them.
const FIRST: usize = 24;

/// Pictures that are compared with all in one piece, and pictures in a tile of those: a product is 30 x 8 x 1024 numbers,
/// which stay in the processor's cache.
const PIECE: usize = 8;
const TILE: usize = 1024;

/// Pictures that are compared with all before pairs are looked at closely, and the most pairs of them that wait for that.
const AT_ONCE: usize = 64 * PIECE;
const AT_MOST: usize = 1 << 21;

/// Pictures that can be asked for those near to another.
#[derive(Debug)]
pub struct Index {
    bands: Bands,
    descriptors: Vec<Descriptor>,
    /// Turned.
    features: Vec<Feature>,
    /// What turns them, `[NUMBERS, NUMBERS]`, a new axis a row.
    axes: Vec<f32>,
    /// The first numbers of all features, `[FIRST, TILE]` each.
    tiles: Vec<DMatrix<f32>>,
}

impl Index {
    /// The index of `descriptors`, about 1.4 KB each.
    pub fn new(descriptors: Vec<Descriptor>) -> Self {
        let bands = Bands::new();
        let plain: Vec<Feature> = descriptors.par_iter().map(|of| bands.feature(of)).collect();
        let axes = axes(&plain);
        let features: Vec<Feature> = plain.into_par_iter().map(|f| turned(&axes, &f)).collect();
        let tile = |features: &[Feature]| {
            DMatrix::from_iterator(FIRST, features.len(), features.iter().flat_map(first))
        };
        let tiles = features.par_chunks(TILE).map(tile).collect();
        Self { bands, descriptors, features, axes, tiles }
    }

    pub fn len(&self) -> usize {
        self.descriptors.len()
    }

    pub fn is_empty(&self) -> bool {
        self.descriptors.is_empty()
    }

    /// The places of the pictures that are near to another one, in their order, and how.
    pub fn query(&self, other: &Descriptor) -> Vec<(usize, Near)> {
        let mut places: Vec<usize> =
            self.candidates(std::slice::from_ref(other)).into_iter().map(|(_, at)| at).collect();
        // As a window in one of them.
        let feature = turned(&self.axes, &self.bands.feature(other));
        let is_inside = |at: &usize| {
            let windows = self.windows(&self.descriptors[*at]);
            windows.iter().any(|window| dot(window, &feature) > CANDIDATE)
        };
        places.par_extend((0..self.len()).into_par_iter().filter(is_inside));
        places.sort_unstable();
        places.dedup();
        let near = |at| Some((at, closely(&self.bands, &self.descriptors[at], other)?));
        places.into_par_iter().filter_map(near).collect()
    }

    /// All pairs of a picture of this index and one of `other` that are near, in the order of the places.
    pub fn across(&self, other: &Index) -> Vec<(usize, usize, Near)> {
        // Windows in those of the one against all of the other, and the other way round.
        let found = |windows: &Index, whole: &Index| -> Vec<(usize, usize)> {
            let pieces = windows.descriptors.par_chunks(PIECE).enumerate();
            let of_piece = |(at, piece): (usize, &[Descriptor])| {
                let found = whole.candidates(piece).into_iter();
                found.map(move |(one, other)| (at * PIECE + one, other))
            };
            pieces.flat_map_iter(of_piece).collect()
        };
        let mut pairs = found(self, other);
        pairs.extend(found(other, self).into_iter().map(|(theirs, ours)| (ours, theirs)));
        pairs.sort_unstable();
        pairs.dedup();
        let near = |(a, b): (usize, usize)| {
            Some((a, b, closely(&self.bands, &self.descriptors[a], &other.descriptors[b])?))
        };
        pairs.into_par_iter().filter_map(near).collect()
    }

    /// All pairs that are near, the smaller place first, in their order; of a group of which all are near to each other,
    /// as many pairs as connect it. `watch` hears how many pictures have been compared with all, and may break off, which
    /// gives `None`.
    pub fn pairs(
        &self,
        watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Option<Vec<(usize, usize, Near)>> {
        let mut groups = Groups::new(self.len());
        let mut pairs = Vec::new();
        // In pieces of the same size for any number of threads, so that the same pairs are found. Of pictures that are all
        // alike, as the frames of a film, a piece finds very many; then it is a smaller one, after which they are a group.
        let (mut start, mut size) = (0, AT_ONCE);
        while start < self.len() {
            watch(start).is_continue().then_some(())?;
            let Some(mut found) = self.apart(start, size, &groups) else {
                size = PIECE;
                continue;
            };
            found.sort_unstable();
            found.dedup();
            for found in found.chunks(AT_ONCE) {
                let apart: Vec<_> =
                    found.iter().copied().filter(|&(a, b)| groups.of(a) != groups.of(b)).collect();
                let near = |(a, b): (usize, usize)| {
                    Some((a, b, closely(&self.bands, &self.descriptors[a], &self.descriptors[b])?))
                };
                let near: Vec<_> = apart.into_par_iter().filter_map(near).collect();
                pairs.extend(near.into_iter().filter(|&(a, b, _)| groups.join(a, b)));
            }
            (start, size) = (start + size, (2 * size).min(AT_ONCE));
        }
        pairs.sort_unstable_by_key(|&(a, b, _)| (a, b));
        Some(pairs)
    }

    /// The pairs, in no order, of the `size` pictures from `start` on with all that are like them and of another group;
    /// `None` where they are more than [`AT_MOST`] and could be fewer.
    fn apart(&self, start: usize, size: usize, groups: &Groups) -> Option<Vec<(usize, usize)>> {
        let count = AtomicUsize::new(0);
        let is_over = || size > PIECE && count.load(Ordering::Relaxed) > AT_MOST;
        let pieces = self.descriptors[start..(start + size).min(self.len())].par_chunks(PIECE);
        let found = pieces.enumerate().map(|(at, piece)| {
            let first = start + at * PIECE;
            let found = if is_over() { Vec::new() } else { self.candidates(piece) };
            let pairs = found.into_iter().map(|(one, other)| (first + one, other));
            let apart = pairs.filter(|&(a, b)| groups.root(a) != groups.root(b));
            let apart: Vec<_> = apart.map(|(a, b)| (a.min(b), a.max(b))).collect();
            count.fetch_add(apart.len(), Ordering::Relaxed);
            if is_over() { Vec::new() } else { apart }
        });
        let found: Vec<Vec<_>> = found.collect();
        (!is_over()).then(|| found.concat())
    }

    /// Which of `pictures` has a window that is like which of all.
    fn candidates(&self, pictures: &[Descriptor]) -> Vec<(usize, usize)> {
        let windows: Vec<Feature> = pictures.iter().flat_map(|of| self.windows(of)).collect();
        let rows = windows.iter().flat_map(first);
        let firsts = DMatrix::from_row_iterator(windows.len(), FIRST, rows);
        let mut found = Vec::new();
        let rows = windows.len();
        let mut products = vec![0.0; rows * TILE];
        for (number, (tile, features)) in
            self.tiles.iter().zip(self.features.chunks(TILE)).enumerate()
        {
            let products = &mut products[..rows * features.len()];
            DMatrixViewMut::from_slice(products, rows, features.len())
                .gemm(1.0, &firsts, tile, 0.0);
            let columns = products.chunks_exact(rows).zip(features);
            for (column, (bounds, feature)) in columns.enumerate() {
                // All of them at first, without a branch for each: hardly any column has one.
                if !bounds.iter().fold(false, |any, &bound| any | (bound > CANDIDATE)) {
                    continue;
                }
                for (row, &bound) in bounds.iter().enumerate() {
                    let pair = (row / self.bands.count(), number * TILE + column);
                    // The windows of a picture follow each other; of frames that are all alike each would be a pair.
                    if bound > CANDIDATE
                        && found.last() != Some(&pair)
                        && dot(&windows[row], feature) > CANDIDATE
                    {
                        found.push(pair);
                    }
                }
            }
        }
        found
    }

    fn windows(&self, descriptor: &Descriptor) -> Vec<Feature> {
        self.bands.windows(descriptor).iter().map(|window| turned(&self.axes, window)).collect()
    }
}

/// The first numbers, and the length of the others, with room for rounding.
fn first(feature: &Feature) -> impl Iterator<Item = f32> {
    let (first, others) = feature.split_at(FIRST - 1);
    let length = dot(others, others).sqrt() + 1e-4;
    first.iter().copied().chain([length]).collect::<Vec<_>>().into_iter()
}

/// The axes along which the features have the most of their length, those first.
fn axes(features: &[Feature]) -> Vec<f32> {
    /// So many are enough to find them.
    const SAMPLE: usize = 20_000;
    let mut moments = DMatrix::<f64>::zeros(NUMBERS, NUMBERS);
    for feature in features.iter().step_by(features.len().div_ceil(SAMPLE).max(1)) {
        for (row, a) in feature.iter().enumerate() {
            for (column, b) in feature.iter().enumerate() {
                moments[(row, column)] += f64::from(a * b);
            }
        }
    }
    let eigen = SymmetricEigen::new(moments);
    let mut order: Vec<usize> = (0..NUMBERS).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let axis =
        |at: usize| eigen.eigenvectors.column(at).iter().map(|&v| v as f32).collect::<Vec<_>>();
    order.into_iter().flat_map(axis).collect()
}

fn turned(axes: &[f32], feature: &Feature) -> Feature {
    let mut turned = [0.0; NUMBERS];
    turned.iter_mut().zip(axes.chunks_exact(NUMBERS)).for_each(|(v, axis)| *v = dot(axis, feature));
    turned
}

/// Which pictures belong together, by the smallest of their places.
#[derive(Debug)]
struct Groups(Vec<usize>);

impl Groups {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&self, mut at: usize) -> usize {
        while self.0[at] != at {
            at = self.0[at];
        }
        at
    }

    /// The same, and shorter to find the next time.
    fn of(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    /// Whether the two were apart until now.
    fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.of(a), self.of(b));
        self.0[a.max(b)] = a.min(b);
        a != b
    }
}
