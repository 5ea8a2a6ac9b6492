//! What a mask says: which pixels are to be filled; and whether it was painted as a mask at all.
//!
//! ```text
//! w = mean of R, G and B times opacity          a pixel is filled where w >= 1/2
//! m0, m1 = means of w below and above the threshold that divides it best (Otsu, 1979)
//! between: more than a quarter of m1 - m0 from both
//! area: between, with all of its eight neighbours
//! ```
//! The edge of a brush and what a JPEG makes of it are between too, but not in areas: they take at most 0.3 % of the pixels
//! of painted masks of 24 to 512 pixels a side, whatever their two colours and as JPEGs down to quality 20. Of photos it is 4 %
//! to 39 %, but for a wall of brick with hardly any contrast.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::image::{EXTENSIONS, load_bytes};

/// The value from which on a pixel is filled.
const FILLED: f32 = 0.5;

/// The share of areas between the two values from which on a mask is told of.
const AREAS: f64 = 0.02;

/// The mask of a photo that is hardly one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unclear {
    pub path: PathBuf,
    /// The share of its pixels that lie between its two values.
    pub between: f64,
}

/// Which pixels of `photo`, of `width` x `height`, are known by the mask with the content `bytes`, row by row, and whether
/// that was hard to say; `path` and `photo` are named in errors.
///
/// # Errors
/// What is no picture, or of another size.
pub(crate) fn known_in(
    bytes: &[u8],
    path: &Path,
    (width, height): (u32, u32),
    photo: &Path,
) -> Result<(Vec<bool>, Option<Unclear>)> {
    let mask = load_bytes(bytes, path)?;
    let size = (mask.original.width(), mask.original.height());
    if size != (width, height) {
        // Turned upright by its EXIF, the photo may have other sides than a file manager tells.
        let turned = if size == (height, width) { " when it is upright" } else { "" };
        let problem = format!(
            "the mask is {} x {} pixels, the photo `{}` {width} x {height}{turned}",
            size.0,
            size.1,
            photo.display()
        );
        return Err(Error::picture(path, problem, "make it as large as the whole photo"));
    }
    // What is painted on a transparent layer is the mask; the colours hidden under what is clear are nobody's.
    let mut white = mask.values()?.channel_mean();
    if let Some(alpha) = mask.alpha() {
        white.iter_mut().zip(alpha).for_each(|(white, alpha)| *white *= alpha);
    }
    let known = white.iter().map(|&white| white < FILLED).collect();
    let unclear = between(&white, width as usize)
        .map(|between| Unclear { path: path.to_path_buf(), between });
    Ok((known, unclear))
}

/// The share of `values` (0..1, rows of `width`) between the two that they mostly have, where much of it is in areas.
fn between(values: &[f32], width: usize) -> Option<f64> {
    /// Less is no difference, whatever the two values.
    const LEAST: f64 = 4.0 / 255.0;
    let (low, high) = two_values(values)?;
    let far = ((high - low) / 4.0).max(LEAST) as f32;
    let (low, high) = (low as f32, high as f32);
    let is_between = |v: &f32| (v - low).abs() > far && (v - high).abs() > far;
    let between: Vec<bool> = values.iter().map(is_between).collect();
    let rows: Vec<&[bool]> = between.chunks_exact(width).collect();
    // Outside of the mask is nothing that would say otherwise.
    let all =
        |row: &[bool], x: usize| row[x.saturating_sub(1)..(x + 2).min(width)].iter().all(|&b| b);
    let is_area = |y: usize, x: usize| {
        rows[y.saturating_sub(1)..(y + 2).min(rows.len())].iter().all(|row| all(row, x))
    };
    let areas: usize =
        (0..rows.len()).map(|y| (0..width).filter(|&x| rows[y][x] && is_area(y, x)).count()).sum();
    let share = |count: usize| count as f64 / values.len() as f64;
    let count = between.iter().filter(|&&between| between).count();
    (share(areas) > AREAS).then(|| share(count))
}

/// The means of `values` below and above the threshold between which the variance is largest; `None` of one value.
fn two_values(values: &[f32]) -> Option<(f64, f64)> {
    const BINS: usize = 256;
    let mut counts = [0u64; BINS];
    for value in values {
        counts[(value * BINS as f32).clamp(0.0, BINS as f32 - 1.0) as usize] += 1;
    }
    let sum = |counts: &[u64], from: usize| -> (f64, f64) {
        let each = counts.iter().zip(from..).map(|(&n, bin)| (n as f64, bin as f64 + 0.5));
        each.fold((0.0, 0.0), |(count, sum), (n, at)| (count + n, sum + n * at / BINS as f64))
    };
    let (all, total) = sum(&counts, 0);
    let (mut best, mut found, mut below) = (0.0, None, (0.0, 0.0));
    for bin in 0..BINS - 1 {
        let (count, part) = sum(&counts[bin..=bin], bin);
        below = (below.0 + count, below.1 + part);
        let above = (all - below.0, total - below.1);
        if below.0 == 0.0 || above.0 == 0.0 {
            continue;
        }
        let (low, high) = (below.1 / below.0, above.1 / above.0);
        let variance = below.0 * above.0 * (high - low).powi(2);
        if variance > best {
            (best, found) = (variance, Some((low, high)));
        }
    }
    found
}

/// The mask for the picture `below`: `path` itself, or the file of that place and stem in the folder `path`.
///
/// # Errors
/// There is none.
pub(super) fn mask_of(path: &Path, below: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let same = path.join(below);
    let upper = EXTENSIONS.map(str::to_uppercase);
    let others = EXTENSIONS.iter().copied().chain(upper.iter().map(String::as_str));
    let others = others.map(|extension| same.with_extension(extension));
    std::iter::once(same.clone()).chain(others).find(|path| path.is_file()).ok_or_else(|| {
        let what = format!("photo `{}`", below.display());
        let problem = format!("it has no mask: `{}` is not there, in no format", same.display());
        Error::input(what, problem, "give every photo a mask of its name, or leave it out")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 60;

    fn share(value: impl Fn(f32, f32) -> f32) -> Option<f64> {
        let at = |at: usize| value((at / SIDE) as f32, (at % SIDE) as f32);
        let values: Vec<f32> = (0..SIDE * SIDE).map(at).collect();
        between(&values, SIDE)
    }

    /// How much of a pixel is covered by a disc with an edge `soft` pixels wide.
    fn disc(y: f32, x: f32, soft: f32) -> f32 {
        ((18.0 - (y - 30.0).hypot(x - 30.0)) / soft + 0.5).clamp(0.0, 1.0)
    }

    #[test]
    fn whatever_is_painted_in_two_values_is_a_mask() {
        // White, grey and faint paint, on black and on white, with the edge of a brush, and with a codec's waves.
        for (paint, ground) in [(1.0, 0.0), (0.5, 0.0), (0.33, 1.0), (0.9, 1.0)] {
            let painted = |y, x| ground + (paint - ground) * disc(y, x, 1.5);
            assert_eq!(share(painted), None, "{paint} on {ground}");
            let waves =
                |y: f32, x: f32| 0.15 * (paint - ground) * (1.6 * x).sin() * (0.9 * y).cos();
            assert_eq!(share(|y, x| painted(y, x) + waves(y, x)), None, "{paint} on {ground}");
        }
        assert_eq!(share(|_, _| 1.0), None);
        assert_eq!(share(|y, x| ((y + x) % 2.0).round()), None, "a raster");
    }

    #[test]
    fn slopes_and_third_values_in_areas_are_told_of() {
        let slope = share(|_, x| x / SIDE as f32).unwrap();
        assert!((0.3..0.7).contains(&slope), "{slope}");
        let soft = share(|y, x| disc(y, x, 12.0)).unwrap();
        assert!((0.1..0.3).contains(&soft), "{soft}");
        let third = share(|y, x| if x < 12.0 && y < 30.0 { 0.5 } else { disc(y, x, 1.0) }).unwrap();
        assert!((0.09..0.12).contains(&third), "{third}");
    }
}
