//! The SGD step against plain code, to the byte.

mod common;

use common::{bits, random, with_threads};
use lacuna_kernels::{Level, sgd, sgd_clamp};

/// Around the lanes of every instruction set and the pieces of a task.
const LENGTHS: [usize; 8] = [0, 1, 7, 8, 17, 1000, 32768, 70001];

#[test]
fn a_step_is_weights_less_rate_times_gradient() {
    for level in Level::available() {
        for length in LENGTHS {
            let (mut weights, gradient) = (random(length, 1), random(length, 2));
            let plain: Vec<f32> = weights.iter().zip(&gradient).map(|(w, g)| w - 0.3 * g).collect();
            sgd(level, &mut weights, &gradient, 0.3);
            assert_eq!(bits(&weights), bits(&plain), "{level}, {length} numbers");
        }
    }
}

#[test]
fn the_first_numbers_of_each_row_are_brought_into_the_box() {
    for level in Level::available() {
        for (row_len, clamped) in
            [(1, 0), (1, 1), (7, 3), (33, 33), (1000, 0), (70001, 32768), (70001, 40003)]
        {
            let (rows, gradient) = (random(3 * row_len, 3), random(3 * row_len, 4));
            let plain: Vec<f32> = (0..3 * row_len)
                .map(|at| {
                    let w = rows[at] - 0.1 * gradient[at];
                    if at % row_len < clamped { w.clamp(-0.5, 0.5) } else { w }
                })
                .collect();
            let stepped = |threads| {
                let mut rows = rows.clone();
                with_threads(threads, || {
                    sgd_clamp(level, &mut rows, row_len, &gradient, 0.1, clamped, 0.5);
                });
                bits(&rows)
            };
            assert_eq!(stepped(1), bits(&plain), "{level}, {clamped} of {row_len}");
            assert_eq!(stepped(2), bits(&plain), "{level}, {clamped} of {row_len}, two threads");
        }
    }
}

#[test]
fn what_is_not_a_number_stays_so_inside_the_box() {
    for level in Level::available() {
        for at in [0, 9, 15, 16, 18] {
            let (mut rows, mut gradient) = (vec![0.0; 19], vec![1.0; 19]);
            gradient[at] = f32::NAN;
            sgd_clamp(level, &mut rows, 19, &gradient, 1.0, 19, 0.01);
            for (i, w) in rows.iter().enumerate() {
                assert!(if i == at { w.is_nan() } else { *w == -0.01 }, "{level}: {w} at {i}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "as many numbers")]
fn a_gradient_of_another_length_is_refused() {
    sgd(Level::best(), &mut [0.0; 4], &[0.0; 3], 1.0);
}
