//! The layers on the CPU kernels against burn's own operations: forward and all gradients, for the shapes of every
//! preset and for odd ones. Maps are cut to 16 pixels a side: the kernels know channels, not sizes.

use burn::module::Module;
use burn::tensor::activation::{leaky_relu, sigmoid};
use burn::tensor::module::{batch_norm_train, conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor, TensorData};
use lacuna::Model;
use lacuna::config::Layers;
use lacuna::generator::GeneratorConfig;
use lacuna::image::{Picture, batch_of};
use lacuna::loss::{LossConfig, Pyramid, laplacian_l1, mse};
use lacuna::nn::{
    ConvConfig, ConvTransposeConfig, NormAct, Resample, align_corners_x2, bilinear_x2, concat,
    sigmoid_image, state_of,
};
use lacuna::restore::{Task, fit_step};
use lacuna::runtime::{stream, uniform};
use lacuna::train::joint_step;

/// max|a-b| / max|b|; ten times that where Winograd's way is taken.
const LIMIT: f32 = 1e-5;

fn device() -> Device {
    Device::flex().autodiff()
}

fn random<const D: usize>(seed: u64, dims: [usize; D]) -> Tensor<D> {
    let mut rng = stream(seed, "kernels");
    let numbers: Vec<f32> =
        (0..dims.iter().product()).map(|_| 2.0 * uniform(&mut rng) - 1.0).collect();
    Tensor::from_data(TensorData::new(numbers, dims), &device()).require_grad()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

#[track_caller]
fn close(what: &str, a: &[f32], b: &[f32], limit: f32) {
    assert_eq!(a.len(), b.len(), "{what}");
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let largest = b.iter().fold(f32::MIN_POSITIVE, |max, b| max.max(b.abs()));
    assert!(worst <= limit * largest, "{what}: {:e}", worst / largest);
}

/// The values of `f` and the gradients of `inputs` under one and the same random upstream gradient.
fn with_gradients<const D: usize, const E: usize>(
    x: &Tensor<D>,
    w: &Tensor<E>,
    f: impl Fn(Tensor<D>, Tensor<E>) -> Tensor<4>,
) -> [Vec<f32>; 3] {
    let y = f(x.clone(), w.clone());
    let upstream = random(99, y.dims()).detach();
    let gradients = (y.clone() * upstream).sum().backward();
    let of_x = x.grad(&gradients).map(numbers).unwrap_or_default();
    let of_w = w.grad(&gradients).map(numbers).unwrap_or_default();
    [numbers(y), of_x, of_w]
}

#[track_caller]
fn same(what: &str, ours: [Vec<f32>; 3], theirs: [Vec<f32>; 3]) {
    same_within(LIMIT, what, ours, theirs);
}

#[track_caller]
fn same_within(limit: f32, what: &str, ours: [Vec<f32>; 3], theirs: [Vec<f32>; 3]) {
    for (part, (a, b)) in
        ["value", "gradient", "second gradient"].iter().zip(ours.iter().zip(&theirs))
    {
        close(&format!("{what}, {part}"), a, b, limit);
    }
}

fn check_conv(config: ConvConfig, batch: usize, [h, w]: [usize; 2]) {
    let layer = config.init(&mut stream(1, "w"), &device());
    let weight = state_of(&layer)["weight"].clone();
    let weight = Tensor::<4>::from_data(weight, &device()).require_grad();
    let x = random(2, [batch, config.channels[0], h, w]);
    let ConvConfig { stride, padding, dilation, groups, .. } = config;
    let options = ConvOptions::new([stride; 2], [padding; 2], [dilation; 2], groups);
    let theirs = with_gradients(&x, &weight, |x, w| conv2d(x, w, None, options.clone()));
    let mut ours = with_gradients(&x, &weight, |x, _| layer.forward(x));
    let gradients =
        (layer.forward(x.clone()) * random(99, layer.forward(x).dims()).detach()).sum().backward();
    ours[2] = gradient_of(&layer, &gradients);
    let winograd = config == ConvConfig::same(config.channels) && config.channels[0] >= 16;
    let limit = if winograd { 10.0 * LIMIT } else { LIMIT };
    same_within(limit, &format!("{config:?} {batch} x {h} x {w}"), ours, theirs);
}

/// The gradient of a module's one parameter.
fn gradient_of<M: Module>(module: &M, gradients: &burn::tensor::Gradients) -> Vec<f32> {
    struct First<'a>(&'a burn::tensor::Gradients, Vec<f32>);
    impl burn::module::ModuleVisitor for First<'_> {
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
            self.1 = param.val().grad(self.0).map(numbers).unwrap_or_default();
        }
    }
    let mut first = First(gradients, Vec::new());
    module.visit(&mut first);
    first.1
}

fn check_transposed(channels: [usize; 2], batch: usize, [h, w]: [usize; 2]) {
    let layer = ConvTransposeConfig { channels }.init(&mut stream(1, "w"), &device());
    let weight = state_of(&layer)["weight"].clone();
    let weight = Tensor::<4>::from_data(weight, &device()).require_grad();
    let x = random(2, [batch, channels[0], h, w]);
    let options = ConvTransposeOptions::new([2, 2], [1, 1], [0, 0], [1, 1], 1);
    let theirs = with_gradients(&x, &weight, |x, w| conv_transpose2d(x, w, None, options.clone()));
    let mut ours = with_gradients(&x, &weight, |x, _| layer.forward(x));
    let gradients =
        (layer.forward(x.clone()) * random(99, layer.forward(x).dims()).detach()).sum().backward();
    ours[2] = gradient_of(&layer, &gradients);
    same(&format!("transposed {channels:?} {batch} x {h} x {w}"), ours, theirs);
}

#[test]
fn convolutions_of_all_presets() {
    for preset in
        ["bench-64", "photos-64", "drawn-64", "celeba-128", "bedrooms-256", "celebahq-1024"]
    {
        let config = Layers::preset(preset).unwrap().finish().unwrap();
        let GeneratorConfig::Hourglass(net) = &config.generator;
        let [mut input, mut side, _] = config.latent.shape();
        let mut skips = Vec::new();
        for &output in &net.down {
            check_conv(ConvConfig::halving([input, output]), 1, [side.min(8); 2]);
            (input, side) = (output, side / 2);
            skips.push(output);
        }
        check_conv(ConvConfig::dilated(input, net.mid_groups), 2, [side.min(4); 2]);
        for &output in &net.up {
            let skip = if skips.len() + 2 > net.down.len() { skips.pop().unwrap_or(0) } else { 0 };
            check_transposed([input + skip, output], 1, [side.min(4); 2]);
            (input, side) = (output, side * 2);
        }
        for &output in &net.tail {
            check_conv(ConvConfig::same([input, output]), 1, [16; 2]);
            input = output;
        }
    }
}

#[test]
fn convolutions_of_odd_shapes() {
    check_conv(ConvConfig::same([1, 1]), 1, [1, 1]);
    check_conv(ConvConfig::same([3, 17]), 3, [7, 5]);
    check_conv(ConvConfig::halving([5, 9]), 2, [6, 10]);
    check_conv(ConvConfig::dilated(12, 4), 2, [5, 3]);
    check_transposed([7, 3], 3, [1, 5]);
    check_transposed([1, 1], 1, [2, 2]);
}

#[test]
fn norm_with_leaky_relu() {
    for [b, c, h, w] in [[2, 8, 6, 5], [1, 1, 3, 3], [3, 17, 4, 4], [2, 64, 16, 16]] {
        let norm = NormAct::new(c, &device());
        let x = random(3, [b, c, h, w]);
        let ones = Tensor::<1>::ones([c], &device()).require_grad();
        let zeros = Tensor::<1>::zeros([c], &device());
        let theirs = with_gradients(&x, &ones, |x, gamma| {
            leaky_relu(batch_norm_train(x, gamma, zeros.clone(), 1e-5).output, 0.2)
        });
        let mut ours = with_gradients(&x, &ones, |x, _| norm.forward_train(x).0);
        // The norm's own weight is not the tensor `ones`: its gradient is asked of the module elsewhere (parity).
        ours[2] = theirs[2].clone();
        same(&format!("norm {b} {c} {h} {w}"), ours, theirs);
    }
}

#[test]
fn what_lies_between_the_layers() {
    for [b, c, h, w] in [[2, 5, 6, 4], [1, 1, 1, 1], [3, 16, 7, 9]] {
        let (x, y) = (random(4, [b, c, h, w]), random(5, [b, c + 2, h, w]));
        let double = [align_corners_x2(h), align_corners_x2(w)];
        let resample = Resample::new(&double[0], &double[1], &device());
        same(
            "bilinear",
            with_gradients(&x, &y, |x, _| bilinear_x2(x)),
            with_gradients(&x, &y, |x, _| resample.forward(x)),
        );
        same(
            "concat",
            with_gradients(&x, &y, concat),
            with_gradients(&x, &y, |x, y| Tensor::cat(vec![x, y], 1)),
        );
        same(
            "sigmoid",
            with_gradients(&x, &y, |x, _| sigmoid_image(x)),
            with_gradients(&x, &y, |x, _| sigmoid(x)),
        );
    }
}

#[test]
fn the_loss_of_images() {
    for (dims, pyramid) in
        [([2, 3, 16, 24], Pyramid::Published), ([3, 1, 17, 9], Pyramid::BurtAdelson)]
    {
        let (x, y) = (random(6, dims), random(7, dims).detach());
        let loss = LossConfig { laplacian: 0.7, mse: 1.3, pyramid };
        let as_map = |losses: Tensor<1>| losses.reshape([dims[0], 1, 1, 1]);
        let theirs = with_gradients(&x, &y, |x, y| {
            let squared = mse(x.clone(), y.clone()).mul_scalar(1.3);
            as_map(laplacian_l1(x, y, pyramid).mul_scalar(0.7) + squared)
        });
        let mut ours = with_gradients(&x, &y, |x, y| as_map(loss.per_image(x, y)));
        // The target is a constant to the kernels.
        ours[2] = theirs[2].clone();
        same("loss", ours, theirs);
    }
}

/// A buffer comes back with old numbers in it: whoever takes one must write all of it.
#[test]
fn what_buffers_held_before_changes_nothing() {
    let config = Layers::preset("bench-64").unwrap().finish().unwrap();
    let plain = Device::flex();
    let picture = |number: u64| {
        let mut rng = stream(number, "poison");
        let numbers = (0..3 * 64 * 64).map(|_| uniform(&mut rng)).collect();
        Picture::new(64, 64, numbers).unwrap()
    };
    let pictures: Vec<Picture> = (0..3).map(picture).collect();
    let target = batch_of(&pictures, &plain).unwrap();
    let step = || {
        let model = Model::draw(&config, &plain.clone().autodiff()).unwrap();
        let rows = model.fixed.start.repeat(3);
        let rows =
            Tensor::<2>::from_data(TensorData::new(rows, [3, config.latent.row_len()]), &plain);
        let (latent, loss) = (model.latent, &config.loss);
        let stepped =
            joint_step(model.generator, &*latent, rows.clone(), &target, loss, &config.train);
        let frozen = Model::draw(&config, &plain).unwrap().frozen().unwrap();
        let evidence: Vec<_> = pictures
            .iter()
            .map(|picture| Task::Colorize.evidence(picture, None, &config, &plain).unwrap())
            .collect();
        let (fitted, energies) = fit_step(&frozen, &evidence, rows, 0.1);
        let state = stepped.generator.state();
        let theta: Vec<f32> =
            state.into_values().flat_map(|data| data.try_into_vec::<f32>().unwrap()).collect();
        [theta, numbers(stepped.rows), numbers(stepped.losses), numbers(fitted), energies]
    };
    let first = step();
    lacuna_kernels::poison();
    assert!(step() == first);
    assert!(first.iter().flatten().all(|number| number.is_finite()));
}
