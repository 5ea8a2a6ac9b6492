//! The loss and its gradient against the definition in plain f64.

mod common;

use common::{bits, random, with_threads};
use lacuna_kernels::{
    Level, LossShape, LossWeights, Pyramid, kernel_weight, loss, loss_and_gradient, scale_images,
};

const SHAPES: [[usize; 4]; 8] = [
    [1, 1, 8, 8],
    [2, 3, 17, 23],
    [1, 3, 64, 64],
    [3, 1, 9, 40],
    [2, 1, 31, 8],
    [1, 1, 15, 15],
    [2, 3, 50, 33],
    [1, 1, 8, 1024],
];

/// Images, a map and the terms' weights of a shape.
struct Case {
    shape: LossShape,
    x: Vec<f32>,
    y: Vec<f32>,
    map: Option<Vec<f32>>,
    pyramid: Pyramid,
    laplacian: f32,
    mse: f32,
}

impl Case {
    fn new([batch, channels, height, width]: [usize; 4], pyramid: Pyramid, mapped: bool) -> Self {
        let shape = LossShape { batch, channels, height, width };
        let count = batch * channels * height * width;
        let map = mapped.then(|| random(height * width, 3));
        let (x, y) = (random(count, 1), random(count, 2));
        Self { shape, x, y, map, pyramid, laplacian: 0.7, mse: 1.3 }
    }

    /// All shapes with both kernels, with a map and without.
    fn all() -> impl Iterator<Item = Self> {
        SHAPES.into_iter().flat_map(|shape| {
            [Pyramid::Published, Pyramid::BurtAdelson].into_iter().flat_map(move |pyramid| {
                [false, true].map(|mapped| Self::new(shape, pyramid, mapped))
            })
        })
    }

    fn weights(&self) -> LossWeights<'_> {
        LossWeights {
            laplacian: self.laplacian,
            mse: self.mse,
            pyramid: self.pyramid,
            map: self.map.as_deref(),
        }
    }

    fn loss(&self, level: Level) -> Vec<f32> {
        let mut losses = vec![f32::NAN; self.shape.batch];
        loss(level, &self.x, &self.y, self.shape, self.weights(), &mut losses);
        losses
    }

    fn loss_and_gradient(&self, level: Level) -> (Vec<f32>, Vec<f32>) {
        let mut losses = vec![f32::NAN; self.shape.batch];
        let mut dx = vec![f32::NAN; self.x.len()];
        let weights = self.weights();
        loss_and_gradient(level, &self.x, &self.y, self.shape, weights, &mut losses, &mut dx);
        (losses, dx)
    }

    fn difference(&self) -> Vec<f64> {
        self.x.iter().zip(&self.y).map(|(x, y)| f64::from(*x) - f64::from(*y)).collect()
    }

    /// Losses and gradient of differences `d` by the definition; the gradient through the transposes of its steps.
    fn plain(&self, d: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let LossShape { batch, channels, height, width } = self.shape;
        let plane = height * width;
        let (mut losses, mut gradient) = (vec![0.0; batch], vec![0.0; d.len()]);
        let (a, b) = (f64::from(self.laplacian), f64::from(self.mse));
        for at in 0..batch * channels {
            let d = &d[at * plane..][..plane];
            let gradient = &mut gradient[at * plane..][..plane];
            for i in 0..plane {
                let w = self.map.as_ref().map_or(1.0, |map| f64::from(map[i]));
                losses[at / channels] += b * (w * d[i]).powi(2) / (channels * plane) as f64;
                gradient[i] = b * 2.0 * w * w * d[i] / (channels * plane) as f64;
            }
            if a != 0.0 {
                let (value, slope) = self.plain_pyramid(d.to_vec(), height, width, 0);
                losses[at / channels] += a * value;
                gradient.iter_mut().zip(slope).for_each(|(g, s)| *g += a * s);
            }
        }
        (losses, gradient)
    }

    /// The terms of level `j` and those below it of one plane, and their gradient.
    fn plain_pyramid(&self, d: Vec<f64>, h: usize, w: usize, j: i32) -> (f64, Vec<f64>) {
        let unit = 0.25f64.powi(j) / (self.shape.channels * h * w) as f64;
        let sign = |x: &f64| if *x == 0.0 { 0.0 } else { unit * x.signum() };
        if j == 3 {
            return (d.iter().map(|x| unit * x.abs()).sum(), d.iter().map(sign).collect());
        }
        let taps = |r: usize, c: usize| {
            (0..25).filter_map(move |tap| {
                let (row, col) = (r + tap / 5, c + tap % 5);
                let inside = (2..h + 2).contains(&row) && (2..w + 2).contains(&col);
                inside.then(|| {
                    let weight = kernel_weight(self.pyramid, tap / 5, tap % 5);
                    ((row - 2) * w + col - 2, f64::from(weight))
                })
            })
        };
        let smooth: Vec<f64> =
            (0..h * w).map(|at| taps(at / w, at % w).map(|(from, k)| k * d[from]).sum()).collect();
        let band: Vec<f64> = d.iter().zip(&smooth).map(|(d, g)| d - g).collect();
        let (h2, w2) = (h / 2, w / 2);
        let block = |at: usize| {
            let first = at / w2 * 2 * w + at % w2 * 2;
            [first, first + 1, first + w, first + w + 1]
        };
        let half =
            (0..h2 * w2).map(|at| block(at).map(|from| smooth[from]).iter().sum::<f64>() / 4.0);
        let (below, below_slope) = self.plain_pyramid(half.collect(), h2, w2, j + 1);

        let mut gradient: Vec<f64> = band.iter().map(sign).collect();
        let mut by_smooth: Vec<f64> = gradient.iter().map(|g| -g).collect();
        for (at, slope) in below_slope.iter().enumerate() {
            block(at).into_iter().for_each(|from| by_smooth[from] += slope / 4.0);
        }
        for (at, slope) in by_smooth.iter().enumerate() {
            taps(at / w, at % w).for_each(|(from, k)| gradient[from] += k * slope);
        }
        (band.iter().map(|x| unit * x.abs()).sum::<f64>() + below, gradient)
    }
}

/// The largest difference over the largest number.
fn error(ours: &[f32], plain: &[f64]) -> f64 {
    assert_eq!(ours.len(), plain.len());
    let largest = plain.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let apart = ours.iter().zip(plain).map(|(a, b)| (f64::from(*a) - b).abs());
    apart.fold(0.0, |most, x| if x <= most { most } else { x }) / largest
}

#[test]
fn the_kernel_is_the_published_one() {
    // SPEC 2.2: normalised centre 0.060728, corner 0.022341.
    assert!((kernel_weight(Pyramid::Published, 2, 2) - 0.060_728).abs() < 1e-6);
    assert!((kernel_weight(Pyramid::Published, 0, 4) - 0.022_341).abs() < 1e-6);
    for pyramid in [Pyramid::Published, Pyramid::BurtAdelson] {
        let sum: f32 = (0..25).map(|at| kernel_weight(pyramid, at / 5, at % 5)).sum();
        assert!((sum - 1.0).abs() < 1e-6);
    }
}

#[test]
fn losses_and_gradients_are_those_of_the_definition() {
    for case in Case::all() {
        let (plain_losses, plain_gradient) = case.plain(&case.difference());
        for level in Level::available() {
            let (losses, dx) = case.loss_and_gradient(level);
            let what = (level, case.shape, case.pyramid, case.map.is_some());
            assert!(error(&losses, &plain_losses) <= 1e-5, "{what:?}: {losses:?} {plain_losses:?}");
            let apart = error(&dx, &plain_gradient);
            assert!(apart <= 1e-5, "{what:?}: {apart}");
            assert_eq!(bits(&case.loss(level)), bits(&losses), "{what:?}");
        }
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_definition() {
    for shape in [[1, 1, 8, 8], [2, 3, 17, 23]] {
        for pyramid in [Pyramid::Published, Pyramid::BurtAdelson] {
            let case = Case::new(shape, pyramid, true);
            let (_, dx) = case.loss_and_gradient(Level::best());
            let d = case.difference();
            let total = |d: &[f64]| case.plain(d).0.iter().sum::<f64>();
            let places: Vec<usize> = (0..d.len()).step_by(d.len().div_ceil(60)).collect();
            // Short beside the distance of any L_j from its kink at 0.
            let h = 1e-7;
            let slopes: Vec<f64> = places
                .iter()
                .map(|&at| {
                    let moved = |by: f64| {
                        let mut d = d.clone();
                        d[at] += by;
                        total(&d)
                    };
                    (moved(h) - moved(-h)) / (2.0 * h)
                })
                .collect();
            let ours: Vec<f32> = places.iter().map(|&at| dx[at]).collect();
            let apart = error(&ours, &slopes);
            assert!(apart <= 1e-5, "{shape:?} {pyramid:?}: {apart}");
        }
    }
}

#[test]
fn threads_and_batch_change_no_byte() {
    for level in Level::available() {
        let case = Case::new([4, 3, 33, 42], Pyramid::Published, true);
        let run = |threads| {
            let (losses, dx) = with_threads(threads, || case.loss_and_gradient(level));
            (bits(&losses), bits(&dx))
        };
        let (losses, dx) = run(1);
        assert_eq!(run(2), (losses.clone(), dx.clone()), "{level}");

        let image = case.x.len() / 4;
        for i in 0..4 {
            let range = i * image..(i + 1) * image;
            let alone = Case {
                shape: LossShape { batch: 1, ..case.shape },
                x: case.x[range.clone()].to_vec(),
                y: case.y[range.clone()].to_vec(),
                map: case.map.clone(),
                ..case
            };
            let (alone_loss, alone_dx) = alone.loss_and_gradient(level);
            assert_eq!(bits(&alone_loss), losses[i..=i], "{level}");
            assert_eq!(bits(&alone_dx), dx[range], "{level}");
        }
    }
}

#[test]
fn without_a_pyramid_any_size_is_allowed() {
    for shape in [[2, 3, 1, 1], [1, 1, 5, 7], [3, 1, 2, 19], [1, 3, 40, 3]] {
        for mapped in [false, true] {
            let mut case = Case::new(shape, Pyramid::Published, mapped);
            case.laplacian = 0.0;
            let (plain_losses, plain_gradient) = case.plain(&case.difference());
            for level in Level::available() {
                let (losses, dx) = case.loss_and_gradient(level);
                assert!(error(&losses, &plain_losses) <= 1e-5, "{shape:?} {level}");
                assert!(error(&dx, &plain_gradient) <= 1e-5, "{shape:?} {level}");
            }
        }
    }
}

#[test]
fn equal_images_have_no_loss_and_no_gradient() {
    for level in Level::available() {
        let mut case = Case::new([2, 3, 17, 23], Pyramid::Published, false);
        case.y = case.x.clone();
        let (losses, dx) = case.loss_and_gradient(level);
        assert_eq!(losses, [0.0; 2], "{level}");
        assert!(dx.iter().all(|g| *g == 0.0), "{level}");
    }
}

#[test]
fn what_is_not_a_number_shows_in_its_image_only() {
    for level in Level::available() {
        let mut case = Case::new([3, 1, 16, 16], Pyramid::Published, false);
        case.x[256 + 77] = f32::NAN;
        case.mse = 0.0;
        let losses = case.loss(level);
        assert_eq!(losses.iter().map(|x| x.is_nan()).collect::<Vec<_>>(), [false, true, false]);
    }
}

#[test]
fn upstream_scales_each_image() {
    for level in Level::available() {
        for length in [0, 5, 40_000] {
            let (gradient, upstream) = (random(3 * length, 5), [1.0, 0.25, -3.0]);
            let mut scaled = gradient.clone();
            scale_images(level, &mut scaled, &upstream);
            let plain: Vec<f32> =
                (0..3 * length).map(|at| gradient[at] * upstream[at / length]).collect();
            assert_eq!(bits(&scaled), bits(&plain), "{level}, {length} numbers");
        }
    }
}

#[test]
#[should_panic(expected = "8x8 is the least")]
fn a_pyramid_of_a_small_image_is_refused() {
    Case::new([1, 1, 7, 30], Pyramid::Published, false).loss(Level::best());
}
