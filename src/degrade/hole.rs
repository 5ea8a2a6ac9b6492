//! Which pixels of a picture are missing, named in text.
//!
//! ```text
//! center:50      a square of 50 x 50 pixels, from row floor((H - 50) / 2), column floor((W - 50) / 2)
//! center:40%     the same with 40 % of the height and 40 % of the width, each rounded
//! half:left      floor(W / 2) columns; right, top, bottom likewise
//! random:0.95    exactly round(0.95 H W) pixels, scattered
//! ```
//! These are the holes of SPEC 3. The text is parsed once; afterwards a hole is an enum.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::error::{Error, Result};
use crate::runtime::stream;

const REMEDY: &str =
    "write `center:50`, `center:40%`, `half:left` (right, top, bottom) or `random:0.95`";

/// See the module. `Display` gives back the text it was parsed from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Hole {
    /// A rectangle in the middle.
    Center(Extent),
    /// The half at this side.
    Half(Side),
    /// This share of the pixels, in (0, 1), drawn at random.
    Random(f64),
}

/// How large a centre hole is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Extent {
    /// A square with this side.
    Pixels(usize),
    /// Percent of each side of the picture, in (0, 100).
    Percent(f64),
}

/// Where the missing half lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

impl Hole {
    /// Which pixels of a picture are known, `[height, width]` row-major; `seed` decides about a random hole only.
    ///
    /// # Errors
    /// A hole that takes nothing, or as much as the picture has along one of its sides (of a centre hole, some of the
    /// picture must be known all around). A random hole takes at least one pixel and leaves at least one.
    pub fn known(&self, height: usize, width: usize, seed: u64) -> Result<Vec<bool>> {
        self.known_from(height, width, &mut stream(seed, "degrade/hole"))
    }

    /// The same with the caller's stream, which only a random hole draws from. Errors: as [`Hole::known`].
    pub fn known_from(
        &self,
        height: usize,
        width: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<bool>> {
        let (all_rows, all_columns) = (0..height, 0..width);
        let (rows, columns) = match *self {
            Self::Random(share) => {
                let missing = self.missing(share, height, width)?;
                return Ok(scattered(height * width, missing, rng));
            }
            Self::Center(extent) => {
                let (h, w) = match extent {
                    Extent::Pixels(side) => (side, side),
                    Extent::Percent(percent) => (part(percent, height), part(percent, width)),
                };
                // Both before the subtraction: a hole larger than the picture has no offset.
                self.fits(h, height, "high")?;
                self.fits(w, width, "wide")?;
                let (top, left) = ((height - h) / 2, (width - w) / 2);
                (top..top + h, left..left + w)
            }
            Self::Half(Side::Left) => (all_rows, 0..width / 2),
            Self::Half(Side::Right) => (all_rows, width - width / 2..width),
            Self::Half(Side::Top) => (0..height / 2, all_columns),
            Self::Half(Side::Bottom) => (height - height / 2..height, all_columns),
        };
        if rows.is_empty() || columns.is_empty() {
            return Err(self.error(format!("it takes no pixel of {width} x {height}")));
        }
        Ok(outside(rows, columns, height, width))
    }

    fn fits(&self, hole: usize, side: usize, direction: &str) -> Result<()> {
        if (1..side).contains(&hole) {
            return Ok(());
        }
        Err(self.error(format!("it would be {hole} of {side} pixels {direction}")))
    }

    /// How many pixels a random hole takes.
    fn missing(&self, share: f64, height: usize, width: usize) -> Result<usize> {
        if !(share > 0.0 && share < 1.0) {
            return Err(self.error("the share is not between 0 and 1"));
        }
        match height.checked_mul(width) {
            Some(pixels) if pixels > 1 => {
                Ok(((share * pixels as f64).round() as usize).clamp(1, pixels - 1))
            }
            _ => {
                Err(self.error(format!("{width} x {height} pixels cannot lose some and keep some")))
            }
        }
    }

    fn error(&self, problem: impl Into<String>) -> Error {
        Error::input(
            format!("hole `{self}`"),
            problem,
            "choose a hole smaller than the picture, of one pixel or more",
        )
    }
}

/// `percent` of `side`, rounded; what does not fit is left to the check that follows.
fn part(percent: f64, side: usize) -> usize {
    (percent / 100.0 * side as f64).round() as usize
}

/// All pixels but those in `rows` and `columns`.
fn outside(rows: Range<usize>, columns: Range<usize>, height: usize, width: usize) -> Vec<bool> {
    let row = |i: usize| {
        let crossed = rows.contains(&i);
        let columns = columns.clone();
        (0..width).map(move |j| !(crossed && columns.contains(&j)))
    };
    (0..height).flat_map(row).collect()
}

/// `missing` of `pixels`, each choice equally likely: every pixel in turn is taken with the chance that is still due
/// (Knuth's algorithm S), so the count is exact and no list of places is needed.
fn scattered(pixels: usize, missing: usize, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut due = missing;
    (0..pixels)
        .map(|at| {
            let left = (pixels - at) as u128;
            // Uniform below `left`; the bias of one multiplication of 64 bits is below left / 2^64.
            let drawn = (u128::from(rng.next_u64()) * left) >> 64;
            let taken = drawn < due as u128;
            due -= usize::from(taken);
            !taken
        })
        .collect()
}

impl FromStr for Hole {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = |problem: &str| Err(Error::input(format!("hole `{text}`"), problem, REMEDY));
        match text.split_once(':') {
            Some(("center", size)) => match size.strip_suffix('%') {
                Some(percent) => match percent.parse::<f64>() {
                    Ok(percent) if percent > 0.0 && percent < 100.0 => {
                        Ok(Self::Center(Extent::Percent(percent)))
                    }
                    _ => refuse("the percentage is no number between 0 and 100"),
                },
                None => match size.parse() {
                    Ok(0) => refuse("it takes no pixel"),
                    Ok(side) => Ok(Self::Center(Extent::Pixels(side))),
                    Err(_) => refuse("the side is no whole number of pixels"),
                },
            },
            Some(("half", side)) => match side {
                "left" => Ok(Self::Half(Side::Left)),
                "right" => Ok(Self::Half(Side::Right)),
                "top" => Ok(Self::Half(Side::Top)),
                "bottom" => Ok(Self::Half(Side::Bottom)),
                _ => refuse("there is no such half"),
            },
            Some(("random", share)) => match share.parse::<f64>() {
                Ok(share) if share > 0.0 && share < 1.0 => Ok(Self::Random(share)),
                _ => refuse("the share is no number between 0 and 1"),
            },
            _ => refuse("there is no such hole"),
        }
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Center(Extent::Pixels(side)) => write!(f, "center:{side}"),
            Self::Center(Extent::Percent(percent)) => write!(f, "center:{percent}%"),
            Self::Half(Side::Left) => write!(f, "half:left"),
            Self::Half(Side::Right) => write!(f, "half:right"),
            Self::Half(Side::Top) => write!(f, "half:top"),
            Self::Half(Side::Bottom) => write!(f, "half:bottom"),
            Self::Random(share) => write!(f, "random:{share}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str, height: usize, width: usize, seed: u64) -> Result<Vec<bool>> {
        text.parse::<Hole>()?.known(height, width, seed)
    }

    fn missing(text: &str, height: usize, width: usize) -> usize {
        known(text, height, width, 1).unwrap().into_iter().filter(|known| !known).count()
    }

    /// The known pixels as `#`, the missing ones as `.`.
    fn drawn(text: &str, height: usize, width: usize) -> Vec<String> {
        let known = known(text, height, width, 1).unwrap();
        let row = |row: &[bool]| row.iter().map(|&known| if known { '#' } else { '.' }).collect();
        known.chunks(width).map(row).collect()
    }

    #[test]
    fn every_hole_takes_exactly_its_pixels() {
        for (text, height, width, count) in [
            ("center:50", 128, 128, 2500),
            ("center:100", 256, 256, 10_000),
            ("center:400", 1024, 1024, 160_000),
            ("center:40%", 64, 64, 26 * 26),
            ("center:40%", 10, 20, 4 * 8),
            ("half:left", 64, 64, 2048),
            ("half:right", 5, 7, 5 * 3),
            ("half:top", 5, 7, 2 * 7),
            ("random:0.95", 64, 64, 3891),
            ("random:0.5", 3, 3, 5),
            ("random:0.001", 4, 4, 1),
            ("random:0.999", 4, 4, 15),
        ] {
            assert_eq!(missing(text, height, width), count, "{text} of {width} x {height}");
        }
    }

    #[test]
    fn holes_lie_where_their_names_say() {
        assert_eq!(drawn("center:2", 5, 4), ["####", "#..#", "#..#", "####", "####"]);
        assert_eq!(drawn("center:50%", 4, 6), ["######", "#...##", "#...##", "######"]);
        assert_eq!(drawn("half:left", 2, 5), ["..###", "..###"]);
        assert_eq!(drawn("half:right", 2, 5), ["###..", "###.."]);
        assert_eq!(drawn("half:top", 3, 2), ["..", "##", "##"]);
        assert_eq!(drawn("half:bottom", 3, 2), ["##", "##", ".."]);
    }

    #[test]
    fn random_holes_repeat_with_their_seed_and_differ_with_another() {
        let draw = |seed| known("random:0.5", 16, 16, seed).unwrap();
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        // The others do not look at the seed.
        assert_eq!(known("center:3", 9, 9, 1).unwrap(), known("center:3", 9, 9, 2).unwrap());
    }

    #[test]
    fn random_holes_favour_no_place() {
        let mut taken = [0; 12];
        for seed in 0..2000 {
            for (count, known) in taken.iter_mut().zip(known("random:0.25", 3, 4, seed).unwrap()) {
                *count += usize::from(!known);
            }
        }
        // 500 each, standard deviation 19.
        assert!(taken.iter().all(|count| (400..600).contains(count)), "{taken:?}");
    }

    #[test]
    fn text_survives_the_way_through_a_hole() {
        for text in ["center:50", "center:40%", "center:39.06%", "half:top", "random:0.95"] {
            assert_eq!(text.parse::<Hole>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_an_error_that_repeats_it_and_shows_what_to_write() {
        for text in [
            "",
            "center",
            "center:",
            "center:0",
            "center:-5",
            "center:1.5",
            "center:0%",
            "center:100%",
            "center:nan%",
            "half:middle",
            "half:",
            "random:0",
            "random:1",
            "random:-0.1",
            "random:nan",
            "random:95%",
            "square:5",
            "center :5",
        ] {
            let message = text.parse::<Hole>().unwrap_err().to_string();
            assert!(message.contains(&format!("`{text}`")), "{message}");
            assert!(message.contains("`center:50`"), "{message}");
        }
    }

    #[test]
    fn a_hole_that_leaves_or_takes_nothing_is_an_error() {
        for (text, height, width) in [
            ("center:50", 50, 64),
            ("center:50", 64, 50),
            ("center:51", 50, 50),
            ("center:99.9%", 64, 64),
            ("center:1%", 8, 8),
            ("half:left", 4, 1),
            ("half:top", 1, 4),
            ("half:top", 0, 4),
            ("half:top", 4, 0),
            ("random:0.5", 1, 1),
            ("random:0.5", 0, 5),
            ("center:1", 0, 0),
        ] {
            let message = known(text, height, width, 1).unwrap_err().to_string();
            assert!(message.contains(text) && message.contains("smaller"), "{message}");
        }
        assert!(Hole::Random(f64::NAN).known(4, 4, 1).is_err());
        assert!(Hole::Center(Extent::Percent(f64::NAN)).known(4, 4, 1).is_err());
        assert!(Hole::Center(Extent::Pixels(0)).known(4, 4, 1).is_err());
    }
}
