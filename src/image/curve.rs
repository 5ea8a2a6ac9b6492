//! What is done to the points of a curve before it is drawn.

use super::ticks::coordinate;

/// The points that have a place on the axes, from left to right.
pub(crate) fn drawable(points: &[(f64, f64)], log_y: bool) -> Vec<(f64, f64)> {
    let has_place =
        |&(x, y): &(f64, f64)| coordinate(x, false).is_some() && coordinate(y, log_y).is_some();
    let mut points: Vec<_> = points.iter().copied().filter(has_place).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

/// The exponential moving average over about a fiftieth of the points (at least ten), without a bias at the start:
///
/// ```text
/// m_t = d m_{t-1} + (1-d) y_t,  m_0 = 0;    average_t = m_t / (1 - d^t),   d = 1 - 2 / (span + 1)
/// ```
/// On a logarithmic axis of the logarithms, so that the average runs through the middle of what is seen.
pub(crate) fn smoothed(points: &[(f64, f64)], log_y: bool) -> Vec<(f64, f64)> {
    let span = (points.len() / 50).max(10) as f64;
    let decay = 1.0 - 2.0 / (span + 1.0);
    let (mut mean, mut weight) = (0.0, 0.0);
    let average = |&(x, y): &(f64, f64)| {
        let y = coordinate(y, log_y)?;
        mean = decay * mean + (1.0 - decay) * y;
        weight = decay * weight + (1.0 - decay);
        let y = mean / weight;
        Some((x, if log_y { 10f64.powf(y) } else { y }))
    };
    points.iter().filter_map(average).collect()
}

/// The lowest and the highest point of each column of pixels: looks the same, and a million points draw in no time.
pub(super) fn thinned(pixels: impl Iterator<Item = (f32, f32)>) -> Vec<(f32, f32)> {
    // (order, point) of the two ends of the column that is being collected.
    let mut column: Option<[(usize, (f32, f32)); 2]> = None;
    let mut kept = Vec::new();
    let mut keep = |mut ends: [(usize, (f32, f32)); 2]| {
        ends.sort_by_key(|(order, _)| *order);
        kept.push(ends[0].1);
        if ends[0].0 != ends[1].0 {
            kept.push(ends[1].1);
        }
    };
    for new in pixels.enumerate() {
        match &mut column {
            Some([low, high]) if low.1.0.floor() == new.1.0.floor() => {
                if new.1.1 < low.1.1 {
                    *low = new;
                }
                if new.1.1 > high.1.1 {
                    *high = new;
                }
            }
            _ => column.replace([new, new]).into_iter().for_each(&mut keep),
        }
    }
    column.into_iter().for_each(&mut keep);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_without_a_place_are_left_out_and_the_rest_sorted() {
        let points = [(3.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (2.0, -1.0), (0.0, 5.0)];
        assert_eq!(drawable(&points, false), [(0.0, 5.0), (2.0, -1.0), (3.0, 1.0)]);
        assert_eq!(drawable(&points, true), [(0.0, 5.0), (3.0, 1.0)]);
    }

    #[test]
    fn the_average_of_a_constant_is_the_constant_from_the_first_point_on() {
        let flat: Vec<_> = (0..200).map(|i| (f64::from(i), 0.25)).collect();
        for log in [false, true] {
            assert!(smoothed(&flat, log).iter().all(|(_, y)| (y - 0.25).abs() < 1e-12));
        }
    }

    #[test]
    fn the_average_is_quieter_than_the_values() {
        let noisy: Vec<_> = (0..500).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        assert!(smoothed(&noisy, false)[20..].iter().all(|(_, y)| (y - 0.5).abs() < 0.1));
    }

    #[test]
    fn thinning_keeps_both_ends_of_every_column_in_their_order() {
        let column = [(1.0, 5.0), (1.2, 9.0), (1.4, 7.0), (1.6, 2.0), (2.0, 3.0)];
        assert_eq!(thinned(column.into_iter()), [(1.2, 9.0), (1.6, 2.0), (2.0, 3.0)]);
        let sparse = [(0.0, 1.0), (3.5, 2.0), (9.0, 0.0)];
        assert_eq!(thinned(sparse.into_iter()), sparse);
        assert!(thinned(std::iter::empty()).is_empty());
        let many = (0..1_000_000).map(|i| (i as f32 / 1000.0, (i % 977) as f32));
        assert!(thinned(many).len() <= 2_000);
    }
}
