use serde_json::Value;

use super::*;
use crate::explore::tests::{matrix, numbers, reference};
use crate::runtime::stream;

const PLAIN: GmmSettings = GmmSettings {
    components: 3,
    prior_rows: 0.0,
    ridge: 1e-4,
    tolerance: f64::NEG_INFINITY,
    most_steps: 40,
    seed: 0,
};

fn quiet() -> impl FnMut(usize, f64) -> ControlFlow<()> {
    |_, _| ControlFlow::Continue(())
}

fn points(reference: &Value) -> DMatrix<f64> {
    matrix(reference, "points", reference["dims"].as_u64().unwrap() as usize)
}

#[test]
fn every_step_is_that_of_scikit_learn() {
    let reference = reference();
    let points = points(&reference);
    let of: Vec<usize> = (0..points.ncols()).map(|i| i % 3).collect();
    let start = Gmm::of_groups(&points, &of, &PLAIN).unwrap();
    let (gmm, likelihoods) = start.improve(&points, &PLAIN, &mut quiet()).unwrap();
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-6 * b.abs().max(1e-2), "{a} for {b}");
    let theirs = numbers(&reference["likelihoods"]);
    assert_eq!(likelihoods.len(), theirs.len());
    likelihoods.iter().zip(theirs).for_each(|(a, b)| near(*a, b));
    near(gmm.log_likelihood(&points).unwrap(), reference["likelihood"].as_f64().unwrap());
    gmm.weights.iter().zip(numbers(&reference["weights"])).for_each(|(a, b)| near(*a, b));
    let means = gmm.means.iter().flat_map(|mean| mean.iter().copied());
    means.zip(numbers(&reference["means"])).for_each(|(a, b)| near(a, b));
    let covariances = gmm.factors.iter().flat_map(|l| (l * l.transpose()).data.as_vec().clone());
    covariances.zip(numbers(&reference["covariances"])).for_each(|(a, b)| near(a, b));
}

#[test]
fn no_step_lowers_the_likelihood_and_the_end_is_reached() {
    let points = points(&reference());
    for seed in 0..4 {
        let settings = GmmSettings { seed, ridge: 0.0, tolerance: 1e-9, most_steps: 500, ..PLAIN };
        let (_, likelihoods) = Gmm::fit(&points, &settings, &mut quiet()).unwrap();
        assert!(likelihoods.windows(2).all(|pair| pair[1] >= pair[0] - 1e-10), "{likelihoods:?}");
        assert!(likelihoods.len() < 500);
    }
}

#[test]
fn what_is_drawn_has_the_mean_and_the_covariance_of_the_mixture() {
    let points = points(&reference());
    let (gmm, _) = Gmm::fit(&points, &PLAIN, &mut quiet()).unwrap();
    let (n, d) = (40_000, points.nrows());
    let mut rng = stream(3, "draws");
    let drawn = DMatrix::from_columns(&(0..n).map(|_| gmm.draw(&mut rng)).collect::<Vec<_>>());
    let weighted = |of: &dyn Fn(usize) -> DMatrix<f64>| {
        let each = (0..3).map(|k| of(k) * gmm.weights[k]);
        each.fold(DMatrix::zeros(d, d), |sum, one| sum + one)
    };
    let mean = (0..3).fold(DVector::zeros(d), |sum, k| sum + &gmm.means[k] * gmm.weights[k]);
    let covariance = weighted(&|k| {
        let off = &gmm.means[k] - &mean;
        &gmm.factors[k] * gmm.factors[k].transpose() + &off * off.transpose()
    });
    let found = drawn.column_mean();
    let off = DMatrix::from_fn(d, n, |j, i| drawn[(j, i)] - found[j]);
    let spread = &off * off.transpose() / n as f64;
    for i in 0..d {
        // Five standard errors of n draws; those of a covariance as of a Gaussian, the tails of which a mixture has not.
        assert!((found[i] - mean[i]).abs() < 5.0 * (covariance[(i, i)] / n as f64).sqrt());
        for j in 0..d {
            let scale = covariance[(i, i)] * covariance[(j, j)] + covariance[(i, j)].powi(2);
            let error = (spread[(i, j)] - covariance[(i, j)]).abs();
            assert!(error < 5.0 * (scale / n as f64).sqrt(), "{i} {j}: {error}");
        }
    }
}

#[test]
fn the_prior_holds_a_component_of_a_few_points_and_threads_change_no_bit() {
    // Twelve points in twenty dimensions: without a prior no covariance has full rank.
    let points =
        DMatrix::from_fn(20, 12, |j, i| ((i * 31 + j * 17 + i * j * 7) % 23) as f64 / 23.0);
    let plain = GmmSettings { ridge: 0.0, most_steps: 20, ..PLAIN };
    assert!(Gmm::fit(&points, &plain, &mut quiet()).unwrap_err().to_string().contains("ridge"));
    let held = GmmSettings { prior_rows: 20.0, ..plain };
    let fit = || Gmm::fit(&points, &held, &mut quiet()).unwrap().0;
    let in_threads =
        |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(fit);
    let one = in_threads(1);
    assert!(one.log_likelihood(&points).unwrap().is_finite());
    assert_eq!(one, in_threads(3));
}

#[test]
fn a_mixture_of_too_few_points_is_refused_and_a_watch_ends_it() {
    let points = points(&reference());
    let few = points.columns(0, 2).into_owned();
    assert!(Gmm::fit(&few, &PLAIN, &mut quiet()).is_err());
    let stop = Gmm::fit(&points, &PLAIN, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(stop, Err(Error::Stopped { .. })));
}
