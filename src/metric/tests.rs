//! What must hold of every measure.

use super::*;
use crate::runtime::{stream, uniform};
use crate::vgg16::Input;
use crate::vgg16::tests::of_formula;
use burn::tensor::Device;

/// `v = (7 i + 3) mod 11 / 10` over the flat index, and `(5 i + 1) mod 13 / 12`: pictures that numpy makes too.
pub(super) fn formula(height: usize, width: usize) -> (Picture, Picture) {
    let make = |a: usize, b: usize, m: usize| {
        let value = |i| ((a * i + b) % m) as f32 / (m - 1) as f32;
        Picture::new(height, width, (0..3 * height * width).map(value).collect()).unwrap()
    };
    (make(7, 3, 11), make(5, 1, 13))
}

fn noisy(truth: &Picture, sigma: f32) -> Picture {
    let mut rng = stream(1, "metric noise");
    let data = truth.data().iter().map(|v| v + sigma * (uniform(&mut rng) - 0.5)).collect();
    Picture::new(truth.height(), truth.width(), data).unwrap()
}

fn measures() -> Measures {
    Measures::new(Some(of_formula(Input::Oxford, &Device::flex())))
}

/// Every measure at a size near its least, with a hole.
fn each(mut law: impl FnMut(Measure, &Measures, &Picture, &Picture, &[bool])) {
    let measures = measures();
    for measure in Measure::ALL {
        let (height, width) = (measure.least_side() + 2, measure.least_side() + 1);
        let (a, b) = formula(height, width);
        let hole: Vec<bool> = (0..height * width).map(|at| at % 3 == 0).collect();
        law(measure, &measures, &a, &b, &hole);
    }
}

fn score(measures: &Measures, measure: Measure, pair: Pair) -> f64 {
    measures.score(measure, &[pair]).unwrap()[0].unwrap()
}

#[test]
fn a_picture_against_itself_scores_best_and_noise_makes_every_score_worse() {
    each(|measure, measures, truth, _, hole| {
        let of = |sigma: f32| {
            let restored = &noisy(truth, sigma);
            score(measures, measure, Pair { restored, truth, hole: Some(hole) })
        };
        let scores = [0.0, 0.02, 0.1, 0.5].map(of);
        let is_better = |a: &f64, b: &f64| match measure.better() {
            Better::Lower => a < b,
            Better::Higher => a > b,
        };
        assert!(scores.is_sorted_by(is_better), "{measure}: {scores:?}");
        let best = match (measure, measure.better()) {
            (_, Better::Lower) => 0.0,
            (Measure::Psnr, _) => f64::INFINITY,
            _ => 1.0,
        };
        assert!(scores[0] == best || (scores[0] - best).abs() < 1e-12, "{measure}: {scores:?}");
    });
}

#[test]
fn a_batch_is_its_pairs_one_by_one_bit_for_bit() {
    each(|measure, measures, a, b, hole| {
        let half = noisy(a, 0.3);
        let pairs = [(b, Some(hole)), (&half, Some(hole)), (a, None), (b, None)];
        let pairs = pairs.map(|(restored, hole)| Pair { restored, truth: a, hole });
        let together = measures.score(measure, &pairs).unwrap();
        for (pair, together) in pairs.iter().zip(together) {
            let alone = measures.score(measure, std::slice::from_ref(pair)).unwrap();
            assert_eq!(alone, [together], "{measure}");
        }
    });
}

#[test]
fn the_order_of_the_two_pictures_does_not_matter() {
    each(|measure, measures, a, b, hole| {
        let of =
            |restored, truth| score(measures, measure, Pair { restored, truth, hole: Some(hole) });
        assert_eq!(of(a, b), of(b, a), "{measure}");
    });
}

#[test]
fn pictures_of_two_sizes_are_an_error_that_names_both() {
    let measures = measures();
    let (a, b) = (formula(9, 7).0, formula(7, 9).0);
    for measure in Measure::ALL {
        let pair = Pair { restored: &a, truth: &b, hole: None };
        let message = measures.score(measure, &[pair]).unwrap_err().to_string();
        assert!(message.contains("7 x 9") && message.contains("9 x 7"), "{measure}: {message}");
    }
}

#[test]
fn what_is_not_defined_has_no_number_and_says_why() {
    let measures = measures();
    for measure in Measure::ALL {
        let least = measure.least_side();
        let (a, b) = formula((least - 1).max(1), least + 3);
        let whole = Pair { restored: &a, truth: &b, hole: None };
        let absent = measures.absent(measure, &whole);
        if least > 1 {
            assert!(absent.clone().unwrap().contains(&format!("{least} x {least}")));
        }
        assert_eq!(measures.score(measure, &[whole]).unwrap()[0].is_none(), absent.is_some());
    }
    let (a, b) = formula(20, 20);
    let whole = Pair { restored: &a, truth: &b, hole: None };
    let pair = |hole| Pair { hole: Some(hole), ..whole };
    let why = |measure, pair: &Pair| measures.absent(measure, pair).unwrap_or_default();
    assert!(why(Measure::HoleMse, &whole).contains("missing"));
    assert!(why(Measure::KnownMse, &whole).contains("missing"));
    assert!(why(Measure::HoleMse, &pair(&[false; 400])).contains("missing"));
    assert!(why(Measure::KnownMse, &pair(&[true; 400])).contains("known"));
    let none = Measures::default();
    assert!(none.absent(Measure::Perceptual, &whole).unwrap().contains("--vgg16"));
    assert_eq!(none.score(Measure::Perceptual, &[whole]).unwrap(), [None]);
    assert_eq!(none.title(Measure::Perceptual), "perceptual (VGG16)");
    assert_eq!(measures.title(Measure::Perceptual), "perceptual (VGG16, oxford)");
    assert!(measures.score(Measure::Perceptual, &[pair(&[true; 5])]).is_err());
}

#[test]
fn names_are_words_of_a_column_and_differ() {
    for measure in Measure::ALL {
        let name = measure.name();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert_eq!(Measure::ALL.iter().filter(|other| other.name() == name).count(), 1);
        assert_eq!(serde_json::to_string(&measure).unwrap(), format!("\"{name}\""));
    }
}
