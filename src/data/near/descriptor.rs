//! What is kept of a picture to know it again: 1 KiB.

use std::fmt;

use crate::image::Picture;

/// The side of the grey picture that is kept.
pub(super) const SIDE: usize = 32;

/// A picture in 32 x 32 grey pixels of 8 bits, stretched to their whole range: brightness and contrast are forgotten.
#[derive(Clone, PartialEq, Eq)]
pub struct Descriptor(Box<[u8; SIDE * SIDE]>);

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Descriptor({:02x?}...)", &self.0[..8])
    }
}

impl Descriptor {
    /// The descriptor of `picture`, of any size and aspect.
    pub fn of(picture: &Picture) -> Self {
        // Means over areas want some pixels in each.
        let larger = match picture.height().min(picture.width()) < 2 * SIDE {
            true => picture.resized(2 * SIDE, 2 * SIDE).ok(),
            false => None,
        };
        let picture = larger.as_ref().unwrap_or(picture);
        let means = means(&picture.channel_mean(), picture.height(), picture.width());
        let low = means.iter().copied().fold(f32::INFINITY, f32::min);
        let range = means.iter().copied().fold(f32::NEG_INFINITY, f32::max) - low;
        let level = |mean: f32| match range * 255.0 < 1.0 {
            true => 0,
            false => ((mean - low) / range * 255.0).round() as u8,
        };
        let mut levels = Box::new([0; SIDE * SIDE]);
        levels.iter_mut().zip(means).for_each(|(at, mean)| *at = level(mean));
        Self(levels)
    }

    /// The grey levels, row-major, 0 to 255.
    pub(super) fn levels(&self) -> &[u8; SIDE * SIDE] {
        &self.0
    }
}

/// The means of `grey`, `[height, width]`, over `SIDE` x `SIDE` areas, pixels at their borders by the part inside.
fn means(grey: &[f32], height: usize, width: usize) -> Vec<f32> {
    let mut rows = vec![0.0; SIDE * width];
    for (area, sums) in rows.chunks_exact_mut(width).enumerate() {
        for (y, weight) in covered(area, height) {
            let row = &grey[y * width..(y + 1) * width];
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let columns: Vec<Vec<(usize, f32)>> =
        (0..SIDE).map(|area| covered(area, width).collect()).collect();
    let of_row = |row: &[f32]| -> Vec<f32> {
        columns
            .iter()
            .map(|column| column.iter().map(|&(x, weight)| weight * row[x]).sum())
            .collect()
    };
    rows.chunks_exact(width).flat_map(of_row).collect()
}

/// The pixels of a side of `length` that the area number `area` covers, with their weights, which sum to 1.
fn covered(area: usize, length: usize) -> impl Iterator<Item = (usize, f32)> {
    let size = length as f64 / SIDE as f64;
    let (start, end) = (area as f64 * size, (area + 1) as f64 * size);
    let last = (end.ceil() as usize).min(length);
    (start as usize..last).map(move |at| {
        let inside = (at as f64 + 1.0).min(end) - (at as f64).max(start);
        (at, (inside.max(0.0) / size) as f32)
    })
}
