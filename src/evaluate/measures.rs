//! The columns of an evaluation: the family of [`metric`](crate::metric), each measure as it is said of a task.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::image::Picture;
use crate::metric::{self, Better, Measure, Pair};
use crate::vgg16::{Input, Vgg16};

/// What is judged: a result beside what it should be.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    pub result: &'a Picture,
    pub truth: &'a Picture,
    /// `[H, W]`, true = known; for inpainting.
    pub known: Option<&'a [bool]>,
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

/// How a column is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its name for machines.
    pub name: &'static str,
    /// That for people.
    pub title: String,
    /// Digits after the point.
    pub digits: usize,
    pub lower_is_better: bool,
    /// Whether the tables for people have it.
    pub shown: bool,
}

/// The columns in their order; the first says which system is best.
const COLUMNS: [Column; 7] = [
    Column::Main,
    Column::Of(Measure::KnownMse),
    Column::Of(Measure::Mse),
    Column::Of(Measure::Psnr),
    Column::Of(Measure::Ssim),
    Column::Of(Measure::MsSsim),
    Column::Of(Measure::Perceptual),
];

#[derive(Debug, Clone, Copy)]
enum Column {
    /// Mean squared error in the hole; of the whole image where there is none.
    Main,
    Of(Measure),
}

/// All measures, with what they need.
#[derive(Debug, Default)]
pub struct Measures {
    by: metric::Measures,
    /// Whose weights of VGG16 there are, and a hash of them.
    vgg16: Option<(Input, String)>,
}

impl Measures {
    /// What needs no further files.
    pub fn usual() -> Self {
        Self::default()
    }

    /// With the perceptual measure by these weights, if there are some.
    pub fn new(vgg16: Option<Vgg16>) -> Self {
        let known = vgg16.as_ref().map(|vgg16| (vgg16.input(), vgg16.digest()));
        Self { by: metric::Measures::new(vgg16), vgg16: known }
    }

    pub fn heads(&self) -> Vec<Head> {
        COLUMNS.map(|column| self.head(column)).to_vec()
    }

    fn head(&self, column: Column) -> Head {
        let Column::Of(measure) = column else {
            let (name, title) = ("mse", "MSE".to_string());
            return Head { name, title, digits: 4, lower_is_better: true, shown: true };
        };
        let (name, title, digits, shown) = match measure {
            // That of the hole is the first column.
            Measure::Mse => ("whole_mse", "whole image".into(), 4, false),
            Measure::KnownMse => (measure.name(), "known pixels".into(), 4, true),
            Measure::Psnr => (measure.name(), "PSNR".into(), 2, true),
            // A short title, and no digits where numbers are large: those of Oxford's features are tens of thousands.
            Measure::Perceptual => match &self.vgg16 {
                Some((input, _)) => {
                    let digits = if *input == Input::Torchvision { 4 } else { 0 };
                    (measure.name(), format!("VGG16, {input}"), digits, true)
                }
                None => (measure.name(), "VGG16".into(), 0, true),
            },
            _ => (measure.name(), self.by.title(measure), 4, true),
        };
        Head { name, title, digits, lower_is_better: measure.better() == Better::Lower, shown }
    }

    /// What numbers depend on: the columns, and the weights of VGG16.
    pub fn settings(&self) -> Vec<String> {
        let weights = |column| match (column, &self.vgg16) {
            (Column::Of(Measure::Perceptual), Some((input, digest))) => {
                format!(" by {input} {digest}")
            }
            (Column::Of(Measure::Perceptual), None) => " without weights".to_string(),
            _ => String::new(),
        };
        COLUMNS.map(|column| self.head(column).name.to_string() + &weights(column)).to_vec()
    }

    /// What each says, in the order of the columns.
    ///
    /// # Errors
    /// A result of another size than the truth.
    pub fn read(&self, judged: &Judged) -> Result<Vec<Reading>> {
        let hole: Option<Vec<bool>> =
            judged.known.map(|known| known.iter().map(|known| !known).collect());
        let pair = Pair { restored: judged.result, truth: judged.truth, hole: hole.as_deref() };
        let read = |column| {
            let measure = match column {
                Column::Main if hole.is_some() => Measure::HoleMse,
                Column::Main => Measure::Mse,
                Column::Of(measure) => measure,
            };
            if let Some(why) = self.by.absent(measure, &pair) {
                return Ok(Reading::missing(&why));
            }
            let number = self.by.score(measure, &[pair])?[0].unwrap_or(f64::NAN);
            Ok(Reading::finite(number, "the result is the truth, bit for bit"))
        };
        COLUMNS.into_iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_a_number_or_says_why_there_is_none() {
        let [truth, other] = [0.5, 0.6].map(|v| Picture::constant(12, 12, [v; 3]).unwrap());
        let measures = Measures::usual();
        let judged = Judged { result: &truth, truth: &truth, known: None };
        let readings = measures.read(&judged).unwrap();
        assert_eq!(readings[0], Reading::Number(0.0));
        assert_eq!(readings[1], Reading::missing("nothing was missing"));
        let why = |at: usize| match &readings[at] {
            Reading::Missing { why } => why.clone(),
            Reading::Number(number) => number.to_string(),
        };
        assert!(why(3).contains("bit for bit"));
        assert_eq!(readings[4], Reading::Number(1.0));
        assert!(why(5).contains("not defined below 176 x 176"), "{}", why(5));
        assert!(why(6).contains("--vgg16 FILE"), "{}", why(6));
        let known: Vec<bool> = (0..144).map(|at| at != 5).collect();
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
