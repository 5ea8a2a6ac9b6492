//! The measures of an evaluation, each a column of its tables.
//!
//! A new one is a type with [`Measure`] and a line in [`Measures::usual`], or is handed to [`Measures::with`].

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::image::Picture;
use crate::metric::{mse, mse_where, psnr};

/// What is judged: a result beside what it should be.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    pub result: &'a Picture,
    pub truth: &'a Picture,
    /// `[H, W]`, true = known; for inpainting.
    pub known: Option<&'a [bool]>,
}

impl Judged<'_> {
    /// `[H, W]`, true = missing.
    pub fn hole(&self) -> Option<Vec<bool>> {
        self.known.map(|known| known.iter().map(|known| !known).collect())
    }
}

/// What a measure says of one result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reading {
    Number(f64),
    /// There is no number, and why.
    Missing {
        why: String,
    },
}

impl Reading {
    pub fn number(&self) -> Option<f64> {
        match self {
            Reading::Number(number) => Some(*number),
            Reading::Missing { .. } => None,
        }
    }

    /// `number` where it is finite, else `why`.
    pub fn finite(number: f64, why: &str) -> Self {
        match number.is_finite() {
            true => Reading::Number(number),
            false => Reading::missing(why),
        }
    }

    pub fn missing(why: &str) -> Self {
        Reading::Missing { why: why.to_string() }
    }
}

/// How a measure is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its name for machines.
    pub name: &'static str,
    /// That for people.
    pub title: &'static str,
    /// Digits after the point.
    pub digits: usize,
    pub lower_is_better: bool,
    /// Whether the tables for people have it.
    pub shown: bool,
}

/// One number for a result, or why there is none.
pub trait Measure: Debug + Send + Sync {
    fn head(&self) -> Head;

    /// # Errors
    /// A result of another size than the truth.
    fn read(&self, judged: &Judged) -> Result<Reading>;
}

/// All measures, in the order of their columns; the first says which system is best.
#[derive(Debug)]
pub struct Measures(Vec<Box<dyn Measure>>);

impl Measures {
    /// What needs no further files.
    pub fn usual() -> Self {
        Self(vec![Box::new(Error), Box::new(KnownError), Box::new(WholeError), Box::new(Psnr)])
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, measure: Box<dyn Measure>) -> Self {
        self.0.push(measure);
        self
    }

    pub fn heads(&self) -> Vec<Head> {
        self.0.iter().map(|measure| measure.head()).collect()
    }

    /// What each says.
    ///
    /// # Errors
    /// As [`Measure::read`].
    pub fn read(&self, judged: &Judged) -> Result<Vec<Reading>> {
        self.0.iter().map(|measure| measure.read(judged)).collect()
    }
}

/// Mean squared error in the hole; of the whole image where there is none.
#[derive(Debug)]
struct Error;

impl Measure for Error {
    fn head(&self) -> Head {
        Head { name: "mse", title: "MSE", digits: 4, lower_is_better: true, shown: true }
    }

    fn read(&self, judged: &Judged) -> Result<Reading> {
        Ok(Reading::Number(match judged.hole() {
            Some(hole) => mse_where(judged.result, judged.truth, &hole)?,
            None => mse(judged.result, judged.truth)?,
        }))
    }
}

/// Mean squared error of the known pixels.
#[derive(Debug)]
struct KnownError;

impl Measure for KnownError {
    fn head(&self) -> Head {
        let (name, title) = ("known_mse", "known pixels");
        Head { name, title, digits: 4, lower_is_better: true, shown: true }
    }

    fn read(&self, judged: &Judged) -> Result<Reading> {
        Ok(match judged.known {
            Some(known) => Reading::Number(mse_where(judged.result, judged.truth, known)?),
            None => Reading::missing("there is no hole"),
        })
    }
}

/// Mean squared error of the whole image.
#[derive(Debug)]
struct WholeError;

impl Measure for WholeError {
    fn head(&self) -> Head {
        let (name, title) = ("whole_mse", "whole image");
        Head { name, title, digits: 4, lower_is_better: true, shown: false }
    }

    fn read(&self, judged: &Judged) -> Result<Reading> {
        Ok(Reading::Number(mse(judged.result, judged.truth)?))
    }
}

/// Peak signal-to-noise ratio of the whole image.
#[derive(Debug)]
struct Psnr;

impl Measure for Psnr {
    fn head(&self) -> Head {
        Head { name: "psnr", title: "PSNR", digits: 2, lower_is_better: false, shown: true }
    }

    fn read(&self, judged: &Judged) -> Result<Reading> {
        let decibels = psnr(judged.result, judged.truth)?;
        Ok(Reading::finite(decibels, "the result is the truth, bit for bit"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_a_number_or_says_why_there_is_none() {
        let [truth, other] = [0.5, 0.6].map(|v| Picture::constant(2, 2, [v; 3]).unwrap());
        let measures = Measures::usual();
        let judged = Judged { result: &truth, truth: &truth, known: None };
        let readings = measures.read(&judged).unwrap();
        assert_eq!(readings[0], Reading::Number(0.0));
        assert_eq!(readings[1], Reading::missing("there is no hole"));
        assert!(matches!(&readings[3], Reading::Missing { why } if why.contains("bit for bit")));
        let known = [true, true, true, false];
        let half = Judged { result: &other, truth: &truth, known: Some(&known) };
        let readings = measures.read(&half).unwrap();
        assert!((readings[0].number().unwrap() - 0.01).abs() < 1e-6);
        assert!((readings[3].number().unwrap() - 20.0).abs() < 1e-4);
        // As they are kept: a number, or an object that says why.
        let json = serde_json::to_string(&[Reading::Number(0.25), Reading::missing("so")]).unwrap();
        assert_eq!(json, "[0.25,{\"why\":\"so\"}]");
        let back: Vec<Reading> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, [Reading::Number(0.25), Reading::missing("so")]);
    }
}
