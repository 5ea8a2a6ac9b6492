//! What a person could do without any model: the bar that a learned prior has to clear.
//!
//! ```text
//! hole    picture [3,H,W], hole [H,W]   --mean, mean photo, biharmonic, eigenfaces--> filled [3,H,W]
//! small   picture [3,h,w]               --bicubic, lanczos-------------------------> [3,H,W]
//! grey    [H,W]                         --grey-------------------------------------> [3,H,W]
//! ```
//!
//! | way | looks at | source |
//! |---|---|---|
//! | [`fill_mean`] | the known pixels' mean colour | |
//! | [`fill_from`] | another picture, such as the [`mean_photo`] | |
//! | [`Biharmonic`] | the smoothest continuation of the known pixels | Damelin and Hoang 2018 |
//! | [`Eigenfaces`] | the principal components of other pictures | Turk and Pentland 1991 |
//! | [`bicubic`], [`lanczos`] | neighbouring pixels | Keys 1981 |
//! | [`grey`] | nothing: it stays grey | |
//!
//! A hole is `[H,W]`, row-major, true where a pixel is **missing**: the selection over which
//! [`mse_where`](crate::metric::mse_where) measures it. What stands in a hole is never read, and known pixels come back
//! bit for bit.

mod biharmonic;
mod eigen;
mod enlarge;
mod envelope;
mod mean;
mod subspace;

pub use biharmonic::Biharmonic;
pub use eigen::Eigenfaces;
pub use enlarge::{bicubic, grey, lanczos};
pub use mean::{fill_from, fill_mean, mean_photo};

use crate::error::{Error, Result};
use crate::image::Picture;

/// `Ok` if `hole` is a hole in a picture of `height` x `width` that leaves at least one pixel known.
fn check_hole(height: usize, width: usize, hole: &[bool]) -> Result<()> {
    if hole.len() != height * width {
        return Err(Error::input(
            "hole",
            format!("{} values for {width} x {height} pixels", hole.len()),
            format!("give {}, one a pixel", height * width),
        ));
    }
    if hole.iter().all(|&missing| missing) {
        return Err(Error::input(
            "hole",
            "it is the whole picture, so nothing is known",
            "leave at least one pixel",
        ));
    }
    Ok(())
}

/// `Ok` if `picture` has the given size.
fn check_size(what: &str, picture: &Picture, height: usize, width: usize) -> Result<()> {
    if (picture.height(), picture.width()) == (height, width) {
        return Ok(());
    }
    Err(Error::input(
        what,
        format!("it is {} x {}, not {width} x {height}", picture.width(), picture.height()),
        "bring all pictures to one size",
    ))
}

/// `picture` with `value(c, i)` at every missing pixel `i` of channel `c`.
fn filled(
    picture: &Picture,
    hole: &[bool],
    value: impl Fn(usize, usize) -> f32,
) -> Result<Picture> {
    let mut data = picture.data().to_vec();
    for (c, plane) in data.chunks_exact_mut(hole.len()).enumerate() {
        for i in (0..hole.len()).filter(|&i| hole[i]) {
            plane[i] = value(c, i);
        }
    }
    Picture::new(picture.height(), picture.width(), data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::mse_where;
    use crate::runtime::{stream, uniform};

    /// A picture that numpy makes too: `((x (w-1-x)) (y+3) (c+2) + 17 y^2 + 5 x) mod 1009 / 1008`.
    pub(super) fn formula(height: usize, width: usize) -> Picture {
        let value = |i: usize| {
            let (c, y, x) = (i / (height * width), i / width % height, i % width);
            let v = x * (width - 1 - x) * (y + 3) * (c + 2) + 17 * y * y + 5 * x;
            (v % 1009) as f32 / 1008.0
        };
        Picture::new(height, width, (0..3 * height * width).map(value).collect()).unwrap()
    }

    /// `[height, width]`, true where `missing(y, x)`.
    pub(super) fn hole(
        height: usize,
        width: usize,
        missing: impl Fn(usize, usize) -> bool,
    ) -> Vec<bool> {
        (0..height * width).map(|i| missing(i / width, i % width)).collect()
    }

    /// A soft blob of a random place, size and colour over a slope: pictures that share their structure.
    pub(super) fn blobs(n: usize, side: usize) -> Vec<Picture> {
        let mut rng = stream(7, "blobs");
        let mut draw = move |low: f32, high: f32| low + (high - low) * uniform(&mut rng);
        let blob = |_| {
            let s = side as f32;
            let (y0, x0, r) = (draw(0.4, 0.6) * s, draw(0.4, 0.6) * s, draw(0.2, 0.3) * s);
            let (slope, colour) = (draw(-0.2, 0.2), [0; 3].map(|_| draw(0.2, 0.5)));
            let data = (0..3 * side * side).map(|i| {
                let (c, y, x) = (i / (side * side), (i / side % side) as f32, (i % side) as f32);
                let d2 = ((y - y0).powi(2) + (x - x0).powi(2)) / (r * r);
                0.3 + slope * x / s + colour[c] * (-d2).exp()
            });
            Picture::new(side, side, data.collect()).unwrap()
        };
        (0..n).map(blob).collect()
    }

    type Fill = Box<dyn Fn(&Picture, &[bool]) -> Result<Picture>>;

    /// Every way to fill a hole, for pictures of `side`; a new one earns the laws below by its row here.
    fn fills(training: &[Picture]) -> Vec<(&'static str, Fill)> {
        let mean = mean_photo(training).unwrap();
        let faces = Eigenfaces::fit(training, 20).unwrap();
        vec![
            ("mean", Box::new(fill_mean)),
            ("mean photo", Box::new(move |p, h| fill_from(p, h, &mean))),
            ("biharmonic", Box::new(|p, h| Biharmonic::new(p.height(), p.width(), h)?.fill(p))),
            ("eigenfaces", Box::new(move |p, h| faces.fill(p, h))),
        ]
    }

    #[test]
    fn known_pixels_come_back_bit_for_bit_and_the_hole_is_never_read() {
        let pictures = blobs(40, 12);
        let hole = hole(12, 12, |y, x| (4..9).contains(&y) && x > 5);
        let spoiled = filled(&pictures[0], &hole, |c, i| (c + i) as f32 * 10.0).unwrap();
        for (name, fill) in fills(&pictures[1..]) {
            let restored = fill(&pictures[0], &hole).unwrap();
            assert_eq!(restored, fill(&spoiled, &hole).unwrap(), "{name}");
            let known = |i: usize| !hole[i % hole.len()];
            let pairs = restored.data().iter().zip(pictures[0].data());
            assert!(pairs.enumerate().all(|(i, (a, b))| !known(i) || a == b), "{name}");
        }
    }

    #[test]
    fn without_a_hole_the_picture_stays_and_without_a_known_pixel_it_is_an_error() {
        let pictures = blobs(40, 12);
        for (name, fill) in fills(&pictures[1..]) {
            assert_eq!(fill(&pictures[0], &[false; 144]).unwrap(), pictures[0], "{name}");
            for hole in [vec![true; 144], vec![false; 143]] {
                assert!(matches!(fill(&pictures[0], &hole), Err(Error::Input { .. })), "{name}");
            }
        }
    }

    #[test]
    fn who_looks_at_more_fills_better() {
        let pictures = blobs(60, 16);
        let hole = hole(16, 16, |y, x| (5..11).contains(&y) && (5..11).contains(&x));
        let mut error = std::collections::BTreeMap::new();
        for (name, fill) in fills(&pictures[8..]) {
            let sum: f64 = (pictures[..8].iter())
                .map(|p| mse_where(&fill(p, &hole).unwrap(), p, &hole).unwrap())
                .sum();
            error.insert(name, sum / 8.0);
        }
        assert!(error["mean photo"] < error["mean"], "{error:?}");
        assert!(error["biharmonic"] < error["mean photo"], "{error:?}");
        assert!(error["eigenfaces"] < error["biharmonic"], "{error:?}");
    }
}
