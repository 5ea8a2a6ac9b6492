mod common;

use common::{Random, assert_close, same_for_any_threads};
use lacuna_kernels::{
    Level, concat, sigmoid_backward, sigmoid_to_channels_first, split, to_channels_first,
    to_channels_last,
};

/// `[b, h, w, c]`
const SHAPES: [[usize; 4]; 9] = [
    [1, 1, 1, 1],
    [2, 3, 5, 7],
    [1, 4, 4, 16],
    [10, 16, 16, 3],
    [1, 128, 129, 3],
    [2, 40, 40, 1],
    [1, 9, 7, 1024],
    [3, 32, 32, 40],
    [1, 1, 1, 20_000],
];

fn last_to_first([b, h, w, c]: [usize; 4]) -> [usize; 4] {
    [b, c, h, w]
}

/// The index in `[b, h, w, c]` of every number of `[b, c, h, w]`.
fn order([b, h, w, c]: [usize; 4]) -> impl Iterator<Item = usize> {
    let pixels = h * w;
    (0..b).flat_map(move |image| {
        (0..c).flat_map(move |channel| (0..pixels).map(move |p| (image * pixels + p) * c + channel))
    })
}

fn written(length: usize, f: impl FnOnce(&mut [f32])) -> Vec<f32> {
    let mut y = vec![f32::NAN; length];
    f(&mut y);
    y
}

#[test]
fn every_number_finds_its_place_and_back() {
    for shape in SHAPES {
        let last = Random(1).numbers(shape.iter().product());
        let first: Vec<_> = order(shape).map(|i| last[i]).collect();
        for level in Level::available() {
            let ours = written(last.len(), |y| to_channels_first(level, &last, shape, y));
            assert!(ours == first, "{level} {shape:?} to channels first");
            let ours =
                written(last.len(), |y| to_channels_last(level, &first, last_to_first(shape), y));
            assert!(ours == last, "{level} {shape:?} to channels last");
        }
    }
}

#[test]
fn joined_rows_split_into_what_they_were() {
    for (rows, ca, cb) in
        [(1, 1, 1), (5, 3, 8), (4000, 64, 10), (33, 17, 1024), (9, 8, 0), (0, 3, 4)]
    {
        let mut random = Random(2);
        let (a, b) = (random.numbers(rows * ca), random.numbers(rows * cb));
        let row = |r: usize| [&a[r * ca..(r + 1) * ca], &b[r * cb..(r + 1) * cb]].concat();
        let joined: Vec<_> = (0..rows).flat_map(row).collect();
        for level in Level::available() {
            let y = written(joined.len(), |y| concat(level, &a, ca, &b, cb, y));
            assert!(y == joined, "{level}, {rows} rows of {ca} and {cb}");
            let mut second = vec![f32::NAN; b.len()];
            let first = written(a.len(), |a| split(level, &y, a, ca, &mut second, cb));
            assert!(first == a && second == b, "{level}, {rows} rows of {ca} and {cb}, split");
        }
    }
}

#[test]
fn the_sigmoid_agrees_with_f64_and_so_does_its_gradient() {
    for shape in SHAPES {
        let mut random = Random(3);
        let x: Vec<_> =
            random.numbers(shape.iter().product()).into_iter().map(|x| 5.0 * x).collect();
        let dy = random.numbers(x.len());
        let y: Vec<_> = order(shape).map(|i| 1.0 / (1.0 + (-f64::from(x[i])).exp())).collect();
        let mut dx = vec![0.0; x.len()];
        for ((i, y), dy) in order(shape).zip(&y).zip(&dy) {
            dx[i] = f64::from(*dy) * y * (1.0 - y);
        }
        for level in Level::available() {
            let what = format!("{level} {shape:?}");
            let ours = written(x.len(), |y| sigmoid_to_channels_first(level, &x, shape, y));
            assert_close(&what, &ours, &y, 1e-6);
            let ours = written(x.len(), |dx| sigmoid_backward(level, &ours, &dy, shape, dx));
            assert_close(&what, &ours, &dx, 1e-5);
        }
    }
}

#[test]
fn the_sigmoid_is_right_to_1e_6_everywhere() {
    let far = [0.0, -0.0, 1e-40, 86.9, 88.0, 89.0, 104.0, 1e5, f32::MAX];
    let near = (-200_000..200_000).map(|i| i as f32 * 6e-4);
    let x: Vec<f32> = far.into_iter().chain(far.map(|x| -x)).chain(near).collect();
    for level in Level::available() {
        let y = written(x.len(), |y| sigmoid_to_channels_first(level, &x, [1, 1, x.len(), 1], y));
        let worst = x
            .iter()
            .zip(&y)
            .map(|(x, y)| (1.0 / (1.0 + (-f64::from(*x)).exp()) - f64::from(*y)).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst <= 2e-7, "{level}: {worst}");
        assert!(y.iter().all(|y| (0.0..=1.0).contains(y)), "{level}");
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    let shape = [3, 64, 64, 10];
    let mut random = Random(4);
    let x = random.numbers(shape.iter().product());
    let dy = random.numbers(x.len());
    for level in Level::available() {
        same_for_any_threads(|| {
            let y = written(x.len(), |y| sigmoid_to_channels_first(level, &x, shape, y));
            let dx = written(x.len(), |dx| sigmoid_backward(level, &y, &dy, shape, dx));
            let joined = written(2 * x.len(), |y| concat(level, &x, 10, &dy, 10, y));
            let last = written(x.len(), |y| to_channels_last(level, &x, [3, 10, 64, 64], y));
            (y, dx, joined, last)
        });
    }
}
