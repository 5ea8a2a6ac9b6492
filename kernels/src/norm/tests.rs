use super::*;

/// Forward and backward of one map, on this thread.
struct Serial<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    dy: &'a [f32],
}

impl Kernel for Serial<'_> {
    type Output = [Vec<f32>; 6];

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> Self::Output {
        let Self { x, gamma, beta, dy } = self;
        let channels = gamma.len();
        let map = || vec![f32::NAN; x.len()];
        let vector = || vec![f32::NAN; channels];
        let (mut y, mut mean, mut variance) = (map(), vector(), vector());
        let (mut dx, mut dgamma, mut dbeta) = (map(), vector(), vector());
        // SAFETY: by the promise of `run`.
        unsafe {
            norm_act_serial::<L>(x, channels, gamma, beta, 1e-5, &mut y, &mut mean, &mut variance);
            norm_act_backward_serial::<L>(
                x,
                channels,
                gamma,
                beta,
                &mean,
                &variance,
                1e-5,
                dy,
                &mut dx,
                &mut dgamma,
                &mut dbeta,
            );
        }
        [y, mean, variance, dx, dgamma, dbeta]
    }
}

#[test]
fn one_map_on_one_thread_gives_the_bytes_of_the_parallel_functions() {
    for (pixels, channels) in [(22 * 22, 8), (35, 10), (1, 3), (100 * 100, 3), (7, 40)] {
        let numbers = |length: usize, seed: usize| -> Vec<f32> {
            (0..length).map(|i| ((i * 7919 + seed) % 1009) as f32 / 300.0 - 1.7).collect()
        };
        let (x, dy) = (numbers(pixels * channels, 1), numbers(pixels * channels, 5));
        let (gamma, beta) = (numbers(channels, 2), numbers(channels, 3));
        for level in Level::available() {
            let serial = level.run(Serial { x: &x, gamma: &gamma, beta: &beta, dy: &dy });
            let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            let (mut dgamma, mut dbeta) = (vec![0.0; channels], vec![0.0; channels]);
            let m = norm_act(level, &x, &gamma, &beta, 1e-5, &mut y);
            norm_act_backward(
                level,
                &x,
                &gamma,
                &beta,
                &m,
                1e-5,
                &dy,
                &mut dx,
                &mut dgamma,
                &mut dbeta,
            );
            let parallel = [y, m.mean, m.variance, dx, dgamma, dbeta];
            assert_eq!(serial, parallel, "{level}, {pixels} pixels of {channels}");
        }
    }
}
