//! How a picture is prepared for VGG16: it follows from who trained the weights.
//!
//! ```text
//! oxford       255 x - (103.939, 116.779, 123.68)                channels blue, green, red    the authors' own, for Caffe
//! oxford-rgb   255 x - (123.68, 116.779, 103.939)                red, green, blue             torchvision's IMAGENET1K_FEATURES
//! torchvision  (x - (.485, .456, .406)) / (.229, .224, .225)     red, green, blue             torchvision's IMAGENET1K_V1
//! ```
//! Known by the first numbers of the first layer, which differ from one training to the next, or by what the file says of
//! itself (`preprocess` in the text of a safetensors file).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Oxford,
    OxfordRgb,
    Torchvision,
}

/// The first biases of the first layer.
const OXFORD: [f32; 4] = [0.734_375, 0.093_38, 0.067_75, 0.886_23];
const TORCHVISION: [f32; 4] = [0.4034, 0.3778, 0.4644, -0.3228];

/// Oxford's first weight for blue.
const BLUE: f32 = 0.429_44;

/// How far a number may be from those above: they are known to so many digits, and may have been rounded to 16 bits.
const TOLERANCE: f32 = 2e-3;

impl Input {
    pub const ALL: [Input; 3] = [Input::Oxford, Input::OxfordRgb, Input::Torchvision];

    pub fn name(self) -> &'static str {
        match self {
            Input::Oxford => "oxford",
            Input::OxfordRgb => "oxford-rgb",
            Input::Torchvision => "torchvision",
        }
    }

    /// Whether the first layer reads blue first.
    pub(super) fn is_blue_first(self) -> bool {
        self == Input::Oxford
    }

    /// Factor and what is taken away after it, for red, green, blue in [0, 1].
    pub(super) fn scale_and_shift(self) -> [[f32; 3]; 2] {
        match self {
            Input::Oxford | Input::OxfordRgb => [[255.0; 3], [123.68, 116.779, 103.939]],
            Input::Torchvision => {
                let (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
                [
                    deviation.map(|d: f64| (1.0 / d) as f32),
                    [0, 1, 2].map(|c| (mean[c] / deviation[c]) as f32),
                ]
            }
        }
    }

    /// What the first layer (weights `[64, 3, 3, 3]`, and its bias) and the text in a file tell.
    pub(super) fn recognised(
        weight: &[f32],
        bias: &[f32],
        text: &BTreeMap<String, String>,
    ) -> Option<Self> {
        let near = |a: f32, b: f32| (a - b).abs() < TOLERANCE;
        let are = |known: [f32; 4]| known.iter().zip(bias).all(|(&a, &b)| near(a, b));
        if are(TORCHVISION) {
            return Some(Input::Torchvision);
        }
        if are(OXFORD) {
            // Of its first filter, nine numbers each: the first channel, and the third.
            let blue = |at: usize| weight.get(at).is_some_and(|&number| near(number, BLUE));
            return match (blue(0), blue(18)) {
                (true, _) => Some(Input::Oxford),
                (_, true) => Some(Input::OxfordRgb),
                _ => None,
            };
        }
        let said = text.get("preprocess")?.to_lowercase();
        let named = said.split([':', ',', ' ']).next().unwrap_or_default();
        match named {
            "caffe" => Some(Input::Oxford),
            name => name.parse().ok(),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Input {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Input::ALL.into_iter().find(|input| input.name() == text).ok_or_else(|| {
            let problem = "no weights of that name are known";
            Error::input(format!("`{text}`"), problem, "take oxford, oxford-rgb or torchvision")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_known_by_their_first_numbers_then_by_what_is_said_of_them() {
        let text = |said: &str| BTreeMap::from([("preprocess".to_string(), said.to_string())]);
        let weight = |blue: usize| (0..27).map(|at| if at == blue { BLUE } else { 0.1 }).collect();
        let known = |blue: usize, bias: [f32; 4], said: &str| {
            let weight: Vec<f32> = weight(blue);
            Input::recognised(&weight, &bias, &text(said))
        };
        assert_eq!(known(0, OXFORD, ""), Some(Input::Oxford));
        assert_eq!(known(18, OXFORD, ""), Some(Input::OxfordRgb));
        assert_eq!(known(9, OXFORD, ""), None);
        assert_eq!(known(0, TORCHVISION, "caffe: BGR"), Some(Input::Torchvision));
        let other = [0.1, 0.2, 0.3, 0.4];
        assert_eq!(known(0, other, "caffe: BGR, 0..255"), Some(Input::Oxford));
        assert_eq!(known(0, other, "torchvision"), Some(Input::Torchvision));
        assert_eq!(known(0, other, "none of these"), None);
        assert_eq!(Input::recognised(&[], &other, &BTreeMap::new()), None);
        assert!(Input::ALL.iter().all(|input| input.name().parse::<Input>().unwrap() == *input));
        assert!("keras".parse::<Input>().unwrap_err().to_string().contains("oxford-rgb"));
    }
}
