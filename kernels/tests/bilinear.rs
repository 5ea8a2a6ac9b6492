mod common;

use common::{Random, assert_close, dot, same_for_any_threads};
use lacuna_kernels::{Level, bilinear_x2, bilinear_x2_backward};

const SHAPES: [[usize; 4]; 12] = [
    [1, 1, 1, 1],
    [2, 1, 3, 5],
    [1, 2, 2, 8],
    [3, 2, 1, 3],
    [1, 3, 3, 1],
    [2, 3, 2, 17],
    [1, 7, 5, 10],
    [2, 4, 4, 1024],
    [1, 11, 11, 8],
    [10, 8, 8, 64],
    [2, 33, 32, 3],
    [1, 64, 64, 40],
];

fn forward(level: Level, x: &[f32], shape: [usize; 4]) -> Vec<f32> {
    let mut y = vec![f32::NAN; 4 * x.len()];
    bilinear_x2(level, x, shape, &mut y);
    y
}

fn backward(level: Level, dy: &[f32], shape: [usize; 4]) -> Vec<f32> {
    let mut dx = vec![f32::NAN; dy.len() / 4];
    bilinear_x2_backward(level, dy, shape, &mut dx);
    dx
}

/// Where output `i` of `2 n` reads, and how much: `i (n - 1) / (2 n - 1)` in f64.
fn taps(i: usize, n: usize) -> [(usize, f64); 2] {
    let at = i as f64 * (n - 1) as f64 / (2 * n - 1) as f64;
    // An output at an input's place may come out just below it, which is as good.
    let low = at.floor() as usize;
    [(low, 1.0 - (at - low as f64)), ((low + 1).min(n - 1), at - low as f64)]
}

/// Calls `f(index of x, index of y, weight)`.
fn each_tap([b, h, w, c]: [usize; 4], mut f: impl FnMut(usize, usize, f64)) {
    for image in 0..b {
        for (oy, ox) in (0..2 * h).flat_map(|oy| (0..2 * w).map(move |ox| (oy, ox))) {
            for (iy, down) in taps(oy, h) {
                for (ix, along) in taps(ox, w) {
                    for channel in 0..c {
                        let x = ((image * h + iy) * w + ix) * c + channel;
                        let y = ((image * 2 * h + oy) * 2 * w + ox) * c + channel;
                        f(x, y, down * along);
                    }
                }
            }
        }
    }
}

#[test]
fn agrees_with_the_formula_in_f64() {
    for shape in SHAPES {
        let mut random = Random(shape[2] as u64);
        let x = random.numbers(shape.iter().product());
        let dy = random.numbers(4 * x.len());
        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
        each_tap(shape, |i, o, weight| {
            y[o] += weight * f64::from(x[i]);
            dx[i] += weight * f64::from(dy[o]);
        });
        for level in Level::available() {
            assert_close(&format!("{level} {shape:?} y"), &forward(level, &x, shape), &y, 1e-5);
            assert_close(&format!("{level} {shape:?} dx"), &backward(level, &dy, shape), &dx, 1e-5);
        }
    }
}

#[test]
fn corners_keep_their_place() {
    let x = [1.0, 2.0, 3.0, 4.0];
    for level in Level::available() {
        let y = forward(level, &x, [1, 2, 2, 1]);
        assert_eq!([y[0], y[3], y[12], y[15]], x, "{level}");
        assert_eq!(forward(level, &[7.0], [1, 1, 1, 1]), [7.0; 4], "{level}");
    }
}

#[test]
fn backward_is_the_adjoint() {
    for shape in SHAPES {
        let mut random = Random(3);
        let x = random.numbers(shape.iter().product());
        let dy = random.numbers(4 * x.len());
        for level in Level::available() {
            let (one, other) =
                (dot(&forward(level, &x, shape), &dy), dot(&x, &backward(level, &dy, shape)));
            let scale = dot(&dy, &dy);
            assert!((one - other).abs() <= 1e-6 * scale, "{level} {shape:?}: {one} {other}");
        }
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    for shape in [[1, 64, 64, 40], [3, 33, 32, 3]] {
        let mut random = Random(4);
        let x = random.numbers(shape.iter().product());
        let dy = random.numbers(4 * x.len());
        for level in Level::available() {
            same_for_any_threads(|| (forward(level, &x, shape), backward(level, &dy, shape)));
        }
    }
}
