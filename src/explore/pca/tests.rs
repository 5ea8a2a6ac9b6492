use serde_json::Value;

use super::*;
use crate::explore::tests::{Held, matrix, numbers, reference};

fn exact(components: usize) -> PcaSettings {
    PcaSettings { components, tolerance: 1e-12, most_passes: 60, seed: 1 }
}

fn fit(rows: &dyn Rows, settings: &PcaSettings) -> Pca {
    Pca::fit(rows, settings, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn rows(reference: &Value) -> Held {
    let numbers = numbers(&reference["rows"]).iter().map(|x| *x as f32).collect();
    Held { numbers, width: reference["width"].as_u64().unwrap() as usize }
}

/// Sine of the largest angle between the spans of orthonormal columns.
fn angle(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let left = b - a * (a.transpose() * b);
    left.singular_values().max()
}

/// Many rows of slowly falling variances, as those of latents are.
fn many(n: usize, width: usize) -> Held {
    let mut rng = stream(5, "rows");
    let row = |_| {
        let pairs = (0..width.div_ceil(2)).flat_map(|_| normal_pair(&mut rng)).take(width);
        let scaled = pairs.enumerate().map(|(j, x)| x * (1.0 + j as f32).powf(-0.5) + 2.0);
        scaled.collect::<Vec<f32>>()
    };
    Held { numbers: (0..n).flat_map(row).collect(), width }
}

#[test]
fn components_and_variances_are_those_of_scikit_learn() {
    let reference = reference();
    let theirs = matrix(&reference, "components", 30);
    let pca = fit(&rows(&reference), &exact(8));
    let ours = pca.components.map(f64::from);
    assert!(angle(&ours, &theirs) < 1e-3, "{}", angle(&ours, &theirs));
    // Each by itself too, as far as its neighbours let it be told from them.
    for (a, b) in ours.column_iter().zip(theirs.column_iter()) {
        assert!(a.dot(&b).abs() > 1.0 - 1e-5);
    }
    for (a, b) in pca.variances.iter().zip(numbers(&reference["variances"])) {
        assert!((a - b).abs() < 1e-5 * b, "{a} for {b}");
    }
    for (a, b) in pca.mean.iter().zip(numbers(&reference["mean"])) {
        assert!((f64::from(*a) - b).abs() < 1e-6);
    }
    assert!((pca.explained() - reference["explained"].as_f64().unwrap()).abs() < 1e-6);
}

#[test]
fn components_are_orthonormal_and_more_of_them_explain_more() {
    let rows = many(700, 90);
    let mut before = 0.0;
    for k in [1, 5, 20, 60, 200] {
        let pca = fit(&rows, &PcaSettings::new(k, 0));
        assert_eq!(pca.components.ncols(), k.min(90));
        let gram = pca.components.transpose() * &pca.components;
        let off = (gram - DMatrix::identity(k.min(90), k.min(90))).abs().max();
        assert!(off < 1e-5, "{k}: {off}");
        assert!(pca.explained() > before && pca.variances.windows(2).all(|v| v[0] >= v[1]));
        let coordinates = pca.coordinates(&rows, &mut |_| Ok(())).unwrap();
        assert!((coordinates.explained() - pca.explained()).abs() < 2e-3 * pca.explained());
        before = pca.explained();
    }
    assert!((before - 1.0).abs() < 1e-5, "all of them explain all: {before}");
}

#[test]
fn a_row_in_all_its_coordinates_is_the_row() {
    let rows = many(12, 40);
    let pca = fit(&rows, &exact(40));
    assert_eq!(pca.components.ncols(), 11);
    let points = pca.coordinates(&rows, &mut |_| Ok(())).unwrap().points;
    for (row, y) in rows.numbers.chunks(40).zip(points.column_iter()) {
        let back = pca.row(y.as_slice());
        assert!(row.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}

#[test]
fn threads_change_no_bit_and_a_second_time_is_the_first() {
    let rows = many(600, 200);
    let fit = || fit(&rows, &PcaSettings::new(70, 4));
    let in_threads =
        |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(fit);
    let one = in_threads(1);
    assert_eq!(one, in_threads(3));
    assert_eq!(one, fit());
}

#[test]
fn rows_that_are_all_equal_have_no_variance_and_too_few_are_refused() {
    let equal = Held { numbers: [0.5, -0.25, 1.0].repeat(9), width: 3 };
    let pca = fit(&equal, &exact(2));
    assert!(pca.variances.iter().all(|v| *v == 0.0) && pca.explained() == 1.0);
    assert!(pca.components.iter().all(|x| x.is_finite()));
    for (n, components) in [(0, 2), (1, 2), (9, 0)] {
        let few = Held { numbers: vec![1.0; 3 * n], width: 3 };
        let refused = Pca::fit(&few, &exact(components), &mut |_| ControlFlow::Continue(()));
        assert!(refused.unwrap_err().to_string().contains("component"), "{n}");
    }
    let stop = Pca::fit(&equal, &exact(2), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stop, Err(Error::Stopped { .. })));
}
