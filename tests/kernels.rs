//! The layers on the CPU kernels against burn's own operations: forward and all gradients, for the shapes of every
//! preset and for odd ones. Maps are cut to 48 pixels a side: the kernels know channels, not sizes.

mod common;

use burn::module::Module;
use burn::tensor::activation::{leaky_relu, relu, sigmoid};
use burn::tensor::module::{batch_norm_train, conv_transpose2d, conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions, MaxPoolOptions};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use lacuna::Model;
use lacuna::config::Layers;
use lacuna::generator::{FrozenGenerator, GeneratorConfig};
use lacuna::image::{Picture, batch_of};
use lacuna::loss::{LossConfig, Pyramid, laplacian_l1, mse};
use lacuna::nn::{
    ConvConfig, ConvReluConfig, ConvTransposeConfig, NormAct, Precision, Resample,
    align_corners_x2, bilinear_x2, concat, load_state, max_pool, sigmoid_image, state_of,
};
use lacuna::restore::{Task, fit_step};
use lacuna::runtime::{stream, uniform};
use lacuna::train::joint_step;
use lacuna_kernels::bf16;

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
    let largest = b.iter().fold(f32::MIN_POSITIVE, |max, b| max.max(b.abs()));
    for (at, (a, b)) in a.iter().zip(b).enumerate() {
        // Not by the largest difference: that would pass over NaN.
        assert!(
            (a - b).abs() <= limit * largest,
            "{what}[{at}]: {a} for {b}, the largest {largest}"
        );
    }
}

/// The values of `f`, the gradient of `x`, and that of what `weight` gives, under one and the same random upstream
/// gradient.
fn with_gradients<const D: usize>(
    x: &Tensor<D>,
    f: impl Fn(Tensor<D>) -> Tensor<4>,
    weight: impl Fn(&Gradients) -> Option<Vec<f32>>,
) -> Vec<Vec<f32>> {
    let y = f(x.clone());
    let upstream = coarse(99, y.dims()).detach();
    let gradients = (y.clone() * upstream).sum().backward();
    let of_x = x.grad(&gradients).map(numbers).expect("x is tracked");
    [Some(numbers(y)), Some(of_x), weight(&gradients)].into_iter().flatten().collect()
}

/// [`random`], in numbers that bf16 can hold.
fn coarse<const D: usize>(seed: u64, dims: [usize; D]) -> Tensor<D> {
    let rounded = numbers(random(seed, dims)).into_iter().map(bf16).collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(rounded, dims), &device()).require_grad()
}

/// For what has no weight.
fn none(_: &Gradients) -> Option<Vec<f32>> {
    None
}

#[track_caller]
fn same(what: &str, ours: Vec<Vec<f32>>, theirs: Vec<Vec<f32>>) {
    same_within(LIMIT, what, ours, theirs);
}

#[track_caller]
fn same_within(limit: f32, what: &str, ours: Vec<Vec<f32>>, theirs: Vec<Vec<f32>>) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        let part = ["value", "gradient", "gradient of the weight"][at];
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
    let reference = |x| conv2d(x, weight.clone(), None, options.clone());
    let theirs = with_gradients(&x, reference, |grads| weight.grad(grads).map(numbers));
    let ours = with_gradients(
        &x,
        |x| layer.forward(x, Precision::F32),
        |grads| gradient_of(&layer, grads),
    );
    let winograd = config == ConvConfig::same(config.channels) && config.channels[0] >= 16;
    let limit = if winograd { 10.0 * LIMIT } else { LIMIT };
    same_within(limit, &format!("{config:?} {batch} x {h} x {w}"), ours, theirs);
}

/// The gradient of a module's one parameter.
fn gradient_of<M: Module>(module: &M, gradients: &Gradients) -> Option<Vec<f32>> {
    common::gradients_of(module, gradients).into_iter().next().map(|(_, gradient)| gradient)
}

fn check_transposed(channels: [usize; 2], batch: usize, [h, w]: [usize; 2]) {
    let layer = ConvTransposeConfig { channels }.init(&mut stream(1, "w"), &device());
    let weight = state_of(&layer)["weight"].clone();
    let weight = Tensor::<4>::from_data(weight, &device()).require_grad();
    let x = random(2, [batch, channels[0], h, w]);
    let options = ConvTransposeOptions::new([2, 2], [1, 1], [0, 0], [1, 1], 1);
    let reference = |x| conv_transpose2d(x, weight.clone(), None, options.clone());
    let theirs = with_gradients(&x, reference, |grads| weight.grad(grads).map(numbers));
    let ours = with_gradients(
        &x,
        |x| layer.forward(x, Precision::F32),
        |grads| gradient_of(&layer, grads),
    );
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
            check_conv(ConvConfig::same([input, output]), 1, [48; 2]);
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

/// In bf16 a layer rounds its operands, each of them, and nothing else.
fn check_bf16<M: Module>(
    what: &str,
    layer: M,
    [b, c, h, w]: [usize; 4],
    forward: impl Fn(&M, Tensor<4>, Precision) -> Tensor<4>,
) {
    let all = |layer: &M, x: &Tensor<4>, precision| {
        with_gradients(x, |x| forward(layer, x, precision), |grads| gradient_of(layer, grads))
    };
    let x = random(2, [b, c, h, w]);
    let [single, half] = [Precision::F32, Precision::Bf16].map(|p| all(&layer, &x, p));
    for (single, half) in single.iter().zip(&half) {
        let norm =
            |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| x * x).sum::<f32>().sqrt();
        let apart = norm(&mut single.iter().zip(half).map(|(a, b)| a - b));
        let share = apart / norm(&mut single.iter().copied());
        assert!((5e-4..8e-3).contains(&share), "{what}: {share}");
    }
    let mut state = state_of(&layer);
    for data in state.values_mut() {
        let rounded: Vec<f32> = data.iter::<f32>().map(bf16).collect();
        *data = TensorData::new(rounded, data.shape().clone());
    }
    let (layer, x) = (load_state(layer, &state).unwrap(), coarse(2, [b, c, h, w]));
    let [single, half] = [Precision::F32, Precision::Bf16].map(|p| all(&layer, &x, p));
    same_within(10.0 * LIMIT, what, half, single);
}

#[test]
fn layers_in_bf16_round_their_operands() {
    let rng = || stream(1, "w");
    for (config, [b, h, w]) in [
        (ConvConfig::halving([5, 9]), [2, 8, 10]),
        (ConvConfig::halving([64, 40]), [2, 6, 6]),
        (ConvConfig::same([32, 17]), [1, 48, 48]),
        (ConvConfig::same([8, 3]), [2, 9, 7]),
        (ConvConfig::dilated(12, 4), [2, 5, 5]),
    ] {
        let (layer, dims) = (config.init(&mut rng(), &device()), [b, config.channels[0], h, w]);
        check_bf16(&format!("{config:?}"), layer, dims, |layer, x, p| layer.forward(x, p));
    }
    let layer = ConvTransposeConfig { channels: [24, 17] }.init(&mut rng(), &device());
    check_bf16("transposed", layer, [2, 24, 4, 5], |layer, x, p| layer.forward(x, p));
}

#[test]
fn norm_with_leaky_relu() {
    for [b, c, h, w] in [[2, 8, 6, 5], [1, 1, 3, 3], [3, 17, 4, 4], [2, 64, 16, 16]] {
        let norm = NormAct::new(c, &device());
        let x = random(3, [b, c, h, w]);
        let ones = Tensor::<1>::ones([c], &device());
        let zeros = Tensor::<1>::zeros([c], &device());
        let reference =
            |x| leaky_relu(batch_norm_train(x, ones.clone(), zeros.clone(), 1e-5).output, 0.2);
        let ours = with_gradients(&x, |x| norm.forward_train(x).0, none);
        same(&format!("norm {b} {c} {h} {w}"), ours, with_gradients(&x, reference, none));
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
            with_gradients(&x, bilinear_x2, none),
            with_gradients(&x, |x| resample.forward(x), none),
        );
        same(
            "concat",
            with_gradients(&x, |x| concat(x, y.clone()), |grads| y.grad(grads).map(numbers)),
            with_gradients(
                &x,
                |x| Tensor::cat(vec![x, y.clone()], 1),
                |grads| y.grad(grads).map(numbers),
            ),
        );
        same("sigmoid", with_gradients(&x, sigmoid_image, none), with_gradients(&x, sigmoid, none));
    }
}

/// What does not learn lies on the plain device, beside maps with gradients.
#[test]
fn what_vgg16_is_made_of() {
    let plain = Device::flex();
    for (channels, batch, size @ [h, w]) in
        [([3, 64], 2, [12, 9]), ([64, 128], 1, [17, 16]), ([5, 7], 3, [1, 2])]
    {
        let [input, output] = channels;
        let weight = random(1, [output, input, 3, 3]).inner() * 0.1;
        let bias = random(2, [output]).inner();
        let config = ConvReluConfig { channels, size, gradients: true };
        let layer = config.init(&numbers(weight.clone()), numbers(bias.clone()), &plain);
        let x = random(3, [batch, input, h, w]);
        let theirs = |x| {
            let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            relu(conv2d(x, weight.clone(), Some(bias.clone()), options))
        };
        let ours = with_gradients(&x, |x| layer.forward(x), none);
        let theirs = with_gradients(&x, theirs, none);
        same_within(10.0 * LIMIT, &format!("{channels:?} {h} x {w}"), ours, theirs);
        let pool = |x| max_pool2d(x, MaxPoolOptions::new([2, 2]));
        if h > 1 {
            let what = format!("the largest of four, {h} x {w}");
            same(&what, with_gradients(&x, max_pool, none), with_gradients(&x, pool, none));
        }
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
        let reference = |x: Tensor<4>| {
            let squared = mse(x.clone(), y.clone()).mul_scalar(1.3);
            as_map(laplacian_l1(x, y.clone(), pyramid).mul_scalar(0.7) + squared)
        };
        let theirs = with_gradients(&x, reference, none);
        let ours = with_gradients(&x, |x| as_map(loss.per_image(x, y.clone())), none);
        same("loss", ours, theirs);
    }
}

/// Restoration goes through frozen layers only: folded norms, packed weights, all ways of convolving.
#[test]
fn a_frozen_generator_is_the_one_it_was() {
    for preset in ["bench-64", "photos-64"] {
        let config = Layers::preset(preset).unwrap().finish().unwrap();
        let [c, h, w] = config.latent.shape();
        let net = config.generator.init([c, h, w], &mut stream(1, "g"), &device()).unwrap();
        let mut state = net.state();
        for (name, data) in &mut state {
            // Statistics and affine as of a trained net, not the 0 and 1 of a fresh one.
            let range = match name.rsplit('.').next() {
                Some("running_var") => 0.05..0.3,
                Some("running_mean") => -0.2..0.2,
                Some("weight") if name.contains("norm") => 0.5..1.5,
                Some("bias") => -0.3..0.3,
                _ => continue,
            };
            let mut rng = stream(2, name);
            let draw = |_| range.start + (range.end - range.start) * uniform(&mut rng);
            let numbers: Vec<f32> = (0..data.shape().num_elements()).map(draw).collect();
            *data = TensorData::new(numbers, data.shape().clone());
        }
        let net = net.load(&state).unwrap();
        let FrozenGenerator::Hourglass(frozen) = net.clone().frozen(Precision::F32) else {
            panic!("no kernels")
        };
        let z = random(3, [2, c, h, w]);
        let ours = with_gradients(&z, |z| frozen.forward(z), none);
        let theirs = with_gradients(&z, |z| net.forward(z), none);
        close(preset, &ours[0], &theirs[0], 10.0 * LIMIT);
        // A sum that rounding moves over zero takes the other slope of the leaky ReLU, so single numbers may differ.
        let square = |numbers: &[f32]| numbers.iter().map(|x| x * x).sum::<f32>();
        let apart: Vec<f32> = ours[1].iter().zip(&theirs[1]).map(|(a, b)| a - b).collect();
        let relative = (square(&apart) / square(&theirs[1])).sqrt();
        assert!(relative <= 5e-3, "{preset}, gradient: {relative}");
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
