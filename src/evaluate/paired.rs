//! Whether one way is better than another by more than chance, over the same pictures.
//!
//! ```text
//! d_i = error of one - error of the other on picture i, zeros left out
//! R_i = rank of |d_i|, equal ones share the mean of theirs;    W = min(sum of R_i with d_i > 0, ... with d_i < 0)
//! p = P(as far from the middle as W, or further | each sign is a coin)
//! ```
//! The signed-rank test (F. Wilcoxon, "Individual comparisons by ranking methods", 1945), two-sided. It asks nothing of the
//! distribution of errors, which has a long tail; a t-test would. Up to [`EXACT`] pairs all sign patterns are counted, ties
//! included; beyond, W is taken as normal with the variance that ties leave it. Of fewer than six pairs no p is below .05.
//!
//! Several comparisons: the step-down of S. Holm, "A simple sequentially rejective multiple test procedure", 1979.

/// Pairs up to which all 2^n patterns of signs are counted.
const EXACT: usize = 50;

/// What became of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// Sums of the ranks of differences above 0, and below.
    pub above: f64,
    pub below: f64,
    /// Differences that are not 0.
    pub pairs: usize,
    /// Two-sided, 0..1; 1 where there is no pair.
    pub p: f64,
}

/// The signed-rank test of `differences`; what is no number counts as 0.
pub fn signed_rank(differences: &[f64]) -> SignedRank {
    let mut sizes: Vec<(f64, bool)> = differences
        .iter()
        .filter(|d| d.is_finite() && **d != 0.0)
        .map(|d| (d.abs(), *d > 0.0))
        .collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let pairs = sizes.len();
    // Twice the rank is whole, also where ranks are shared.
    let (mut doubled, mut ties) = (Vec::with_capacity(pairs), 0.0);
    for equal in sizes.chunk_by(|a, b| a.0 == b.0) {
        let (first, count) = (doubled.len() + 1, equal.len());
        doubled.extend(std::iter::repeat_n(2 * first + count - 1, count));
        ties += (count as f64).powi(3) - count as f64;
    }
    let sum = |wanted: bool| -> usize {
        doubled.iter().zip(&sizes).filter(|(_, one)| one.1 == wanted).map(|(rank, _)| rank).sum()
    };
    let (above, below) = (sum(true), sum(false));
    let least = above.min(below);
    let p = match pairs {
        0 => 1.0,
        1..=EXACT => 2.0 * exact(&doubled, least),
        _ => normal(pairs as f64, ties, least as f64 / 2.0),
    };
    SignedRank { above: above as f64 / 2.0, below: below as f64 / 2.0, pairs, p: p.min(1.0) }
}

/// P(sum <= `least`) where each of `ranks` counts with probability 1/2.
fn exact(ranks: &[usize], least: usize) -> f64 {
    // Patterns of signs by their sum: at most 2^50 of them, whole in f64.
    let mut patterns = vec![0.0; ranks.iter().sum::<usize>() + 1];
    patterns[0] = 1.0;
    let mut reach = 0;
    for rank in ranks {
        reach += rank;
        for at in (*rank..=reach).rev() {
            patterns[at] += patterns[at - rank];
        }
    }
    patterns[..=least].iter().sum::<f64>() * 0.5f64.powi(ranks.len() as i32)
}

/// Two-sided, W as normal.
fn normal(n: f64, ties: f64, least: f64) -> f64 {
    let mean = n * (n + 1.0) / 4.0;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    libm::erfc((mean - least) / variance.sqrt() / std::f64::consts::SQRT_2)
}

/// Holm's adjustment of `p`, in their order: each compares with the level of all together.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let (mut adjusted, mut least) = (vec![0.0; p.len()], 0.0f64);
    for (at, &which) in order.iter().enumerate() {
        least = least.max((p.len() - at) as f64 * p[which]).min(1.0);
        adjusted[which] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs that numpy makes too.
    fn differences(n: usize, shift: f64) -> Vec<f64> {
        let x = |i: usize| ((7 * i + 3) % 101) as f64 / 101.0;
        let y = |i: usize| ((29 * i + 11) % 97) as f64 / 97.0 + shift;
        (0..n).map(|i| x(i) - y(i)).collect()
    }

    #[test]
    fn the_numbers_are_those_of_scipy() {
        // scipy 1.17.1: stats.wilcoxon(x, y, method="exact", correction=False): statistic, p.
        for (n, shift, statistic, p) in [
            (7, 0.0, 3.0, 0.078125),
            (12, 0.1, 25.0, 0.30126953125),
            (30, 0.05, 188.0, 0.370740607380867),
        ] {
            let test = signed_rank(&differences(n, shift));
            assert_eq!(test.above.min(test.below), statistic);
            assert!((test.p - p).abs() < 1e-12, "{n}: {}", test.p);
        }
        // method="approx".
        for (n, shift, p) in [(60, 0.03, 0.3167407566408771), (200, 0.02, 0.456692695858125)] {
            let test = signed_rank(&differences(n, shift));
            assert!((test.p - p).abs() < 1e-9, "{n}: {}", test.p);
        }
    }

    #[test]
    fn ties_and_zeros_count_as_in_scipy() {
        // scipy 1.17.1: method=PermutationMethod(n_resamples=inf).
        let x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        let y = [2, 2, 1, 6, 3, 8, 9, 11, 7, 14];
        let d: Vec<f64> = x.iter().zip(y).map(|(x, y)| f64::from(x - y)).collect();
        let test = signed_rank(&d);
        assert_eq!((test.above.min(test.below), test.pairs), (13.5, 9));
        assert!((test.p - 0.3359375).abs() < 1e-12, "{}", test.p);
        // method="approx", four of eighty are 0.
        let d: Vec<f64> =
            (0..80).map(|i| f64::from((3 * i) % 17) - f64::from((5 * i + 2) % 19)).collect();
        let test = signed_rank(&d);
        assert_eq!((test.above.min(test.below), test.pairs), (1211.5, 76));
        assert!((test.p - 0.19247342364064624).abs() < 1e-9, "{}", test.p);
    }

    #[test]
    fn turning_all_signs_changes_nothing_and_nothing_is_no_evidence() {
        for n in [9, 70] {
            let d = differences(n, 0.2);
            let turned: Vec<f64> = d.iter().map(|d| -d).collect();
            let (one, other) = (signed_rank(&d), signed_rank(&turned));
            assert_eq!((one.above, one.below, one.p), (other.below, other.above, other.p));
        }
        assert_eq!(signed_rank(&[]).p, 1.0);
        assert_eq!(signed_rank(&[0.0, 0.0, f64::NAN]).p, 1.0);
        // All in one direction: 2 / 2^n.
        assert_eq!(signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0]).p, 0.0625);
        assert_eq!(signed_rank(&[1.0; 6]).p, 0.03125);
    }

    #[test]
    fn at_the_border_the_two_ways_to_count_agree() {
        for shift in [0.0, 0.1, 0.2] {
            let d = differences(EXACT, shift);
            let test = signed_rank(&d);
            let near = normal(EXACT as f64, 0.0, test.above.min(test.below));
            assert!((test.p - near).abs() < 0.01, "{} {near}", test.p);
        }
    }

    #[test]
    fn holm_multiplies_step_by_step_and_keeps_the_order() {
        // By hand: 4 x .005, 3 x .01, 2 x .03, and the last not below that.
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, wanted) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - wanted).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
