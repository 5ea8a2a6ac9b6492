//! How far every pixel is from the nearest known one: the exact distance, in time linear in the pixels.
//!
//! ```text
//! g(y, x) = rows to the nearest known pixel of column x       down, then up
//! d(y, x)^2 = min over i of (x - i)^2 + g(y, i)^2             the lower envelope of parabolas, row by row
//! ```
//! After Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", 2012.

use rayon::prelude::*;

/// From each pixel to the nearest known one (`known` `[height, width]`, row by row); infinite beyond `most`, which is at
/// most [`MAX_FEATHER`](super::MAX_FEATHER).
pub(super) fn distances(known: &[bool], height: usize, width: usize, most: usize) -> Vec<f32> {
    let far = u16::try_from(most).unwrap_or(u16::MAX - 1) + 1;
    let mut rows = vec![far; known.len()];
    let mut since = vec![far; width];
    let upwards = (0..height).rev();
    for row in (0..height).chain(upwards) {
        let row = row * width..(row + 1) * width;
        for ((since, known), rows) in since.iter_mut().zip(&known[row.clone()]).zip(&mut rows[row])
        {
            *since = if *known { 0 } else { (*since + 1).min(far) };
            *rows = (*rows).min(*since);
        }
    }
    let mut found = vec![f32::INFINITY; known.len()];
    found.par_chunks_mut(width).zip(rows.par_chunks(width)).for_each_init(
        || Vec::with_capacity(width),
        |lowest, (found, rows)| along(rows, far, lowest, found),
    );
    found
}

/// One row of the second pass; `lowest` is working space: the parabolas of the envelope by their column, and the first
/// column where each is the lowest.
fn along(rows: &[u16], far: u16, lowest: &mut Vec<(i64, i64)>, found: &mut [f32]) {
    let most = i64::from(far) - 1;
    let height = |column: i64| i64::from(rows[column as usize]).pow(2);
    lowest.clear();
    for column in (0..rows.len() as i64).filter(|&column| rows[column as usize] < far) {
        let mut from = 0;
        while let Some(&(other, start)) = lowest.last() {
            // From here on the new one is at most as high as the other.
            let twice = 2 * (column - other);
            let above = height(column) + column * column - height(other) - other * other;
            from = above.div_euclid(twice) + i64::from(above.rem_euclid(twice) != 0);
            if from > start {
                break;
            }
            lowest.pop();
            from = 0;
        }
        if from < rows.len() as i64 {
            lowest.push((column, from));
        }
    }
    let ends = lowest.iter().skip(1).map(|&(_, start)| start).chain([rows.len() as i64]);
    for (&(column, start), end) in lowest.iter().zip(ends) {
        for at in start..end {
            let square = (at - column).pow(2) + height(column);
            if square <= most * most {
                found[at as usize] = (square as f32).sqrt();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 40;

    #[test]
    fn distances_are_those_of_euclid() {
        // One known pixel, none, all, and scattered ones.
        let scattered = |at: usize| (at * 7919) % 101 == 3;
        let cases: [&dyn Fn(usize) -> bool; 4] =
            [&|at| at == 5 * SIDE + 5, &|_| false, &|_| true, &scattered];
        for case in cases {
            let known: Vec<bool> = (0..SIDE * SIDE).map(case).collect();
            for most in [0, 1, 9, 256] {
                let found = distances(&known, SIDE, SIDE, most);
                for (at, &found) in found.iter().enumerate() {
                    let square = |to: usize| {
                        (at / SIDE).abs_diff(to / SIDE).pow(2)
                            + (at % SIDE).abs_diff(to % SIDE).pow(2)
                    };
                    let nearest = (0..known.len()).filter(|&to| known[to]).map(square).min();
                    let near = nearest.filter(|&square| square <= most * most);
                    let expected = near.map_or(f32::INFINITY, |square| (square as f32).sqrt());
                    assert_eq!(found, expected, "{at} of {most}");
                }
            }
        }
    }
}
