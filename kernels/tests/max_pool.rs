//! The largest of four against plain loops, and its gradient; the plain ReLU's gradient.

mod common;

use common::{random, same_for_any_threads};
use lacuna_kernels::{Level, max_pool, max_pool_backward, relu_backward};

const SHAPES: [[usize; 4]; 6] =
    [[1, 2, 2, 1], [2, 3, 5, 3], [1, 1, 4, 2], [3, 4, 4, 17], [1, 9, 8, 64], [2, 16, 17, 5]];

/// Numbers among which many are equal.
fn coarse(count: usize, seed: u64) -> Vec<f32> {
    random(count, seed).into_iter().map(|x| (4.0 * x).round()).collect()
}

#[test]
fn the_largest_of_four_and_the_first_place_that_has_it() {
    for shape @ [b, h, w, c] in SHAPES {
        let x = coarse(b * h * w * c, 1);
        let [rows, columns] = [h / 2, w / 2];
        let dy = random(b * rows * columns * c, 2);
        let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
        max_pool(&x, shape, &mut y);
        max_pool_backward(&x, &dy, shape, &mut dx);
        let mut expected = vec![0.0; x.len()];
        for at in 0..dy.len() {
            let (image, rest) = (at / (rows * columns * c), at % (rows * columns * c));
            let (row, column, channel) = (rest / (columns * c), rest / c % columns, rest % c);
            let place =
                |i: usize| ((image * h + 2 * row + i / 2) * w + 2 * column + i % 2) * c + channel;
            let largest = (0..4).map(|i| x[place(i)]).fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(y[at], largest, "{shape:?}");
            let first = (0..4).map(place).find(|&at| x[at] == largest).unwrap();
            expected[first] = dy[at];
        }
        assert_eq!(dx, expected, "{shape:?}");
    }
}

#[test]
fn what_is_no_number_is_not_hidden() {
    for at in 0..4 {
        let mut x = vec![1.0; 4];
        x[at] = f32::NAN;
        let mut y = [0.0];
        max_pool(&x, [1, 2, 2, 1], &mut y);
        assert!(y[0].is_nan(), "{at}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let shape = [3, 17, 16, 9];
    let x = random(shape.iter().product(), 3);
    same_for_any_threads(|| {
        let mut y = vec![0.0; 3 * 8 * 8 * 9];
        max_pool(&x, shape, &mut y);
        let mut dx = vec![0.0; x.len()];
        max_pool_backward(&x, &y, shape, &mut dx);
        (y, dx)
    });
}

#[test]
fn a_gradient_passes_the_plain_relu_where_its_output_is_above_0() {
    let (y, dy) =
        (coarse(1000, 4).into_iter().map(|y| y.max(0.0)).collect::<Vec<_>>(), random(1000, 5));
    for level in Level::available() {
        let mut dx = vec![f32::NAN; 1000];
        relu_backward(level, &y, &dy, &mut dx);
        for at in 0..1000 {
            assert_eq!(dx[at], if y[at] > 0.0 { dy[at] } else { 0.0 }, "{level}");
        }
    }
}
