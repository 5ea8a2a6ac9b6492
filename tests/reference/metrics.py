"""Reference numbers of the measures for tests/metrics.rs, by scikit-image, pytorch-msssim and PyTorch.

pip install torch pytorch-msssim==1.0.0 scikit-image numpy && python metrics.py > metrics.json

Pictures: the truth is ((37 y^2 + 91 x + 53 x y + 29 c) mod 256) / 255; the restored one is (3 truth + other) / 4 with
other = ((41 x^2 + 17 y + 31 x y + 83 c) mod 256) / 255, all in f32. The hole is rows h/4..5h/8 and columns w/4..2w/3.
VGG16's weights come from a formula too: see `numbers`. Sizes of MS-SSIM are multiples of 16: what becomes of an odd row
differs from program to program. Nothing here needs the network or the published weights.
"""
import json
import math

import numpy
import pytorch_msssim
import skimage
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

WIDTHS = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]]
MASK = (1 << 32) - 1


def pictures(height, width):
    c, y, x = numpy.mgrid[:3, :height, :width]
    truth = ((37 * y * y + 91 * x + 53 * x * y + 29 * c) % 256 / 255).astype(numpy.float32)
    other = ((41 * x * x + 17 * y + 31 * x * y + 83 * c) % 256 / 255).astype(numpy.float32)
    three, four = numpy.float32(3), numpy.float32(4)
    return ((three * truth + other) / four).astype(numpy.float32), truth


def hole(height, width):
    mask = numpy.zeros((height, width), bool)
    mask[height // 4 : height * 5 // 8, width // 4 : width * 2 // 3] = True
    return mask


def numbers(seed, count, bound):
    """Uniform in +-bound: the index, hashed."""
    h = (numpy.arange(count, dtype=numpy.uint64) * 2654435761 + seed * 40503) & MASK
    h ^= h >> 15
    h = (h * 2246822519) & MASK
    h ^= h >> 13
    u = (h >> 8).astype(numpy.float64) / (1 << 24)
    return ((2 * u - 1) * bound).astype(numpy.float32)


def layers():
    """[(weight, bias)] of the thirteen convolutions, in the order of the channels that the file has."""
    made, source, at = [], 3, 0
    for block in WIDTHS:
        for width in block:
            bound = math.sqrt(6 / (9 * source))
            weight = numbers(2 * at + 1, width * source * 9, bound).reshape(width, source, 3, 3)
            made.append((torch.from_numpy(weight), torch.from_numpy(numbers(2 * at + 2, width, 0.1))))
            source, at = width, at + 1
    return made


def prepared(picture, kind):
    x = torch.from_numpy(picture)[None].double()
    if kind == "oxford":
        mean = torch.tensor([103.939, 116.779, 123.68], dtype=torch.float64).reshape(3, 1, 1)
        return x.flip(1) * 255 - mean
    if kind == "oxford-rgb":
        mean = torch.tensor([123.68, 116.779, 103.939], dtype=torch.float64).reshape(3, 1, 1)
        return x * 255 - mean
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).reshape(3, 1, 1)
    return (x - mean) / torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).reshape(3, 1, 1)


def features(picture, kind):
    x, at, maps = prepared(picture, kind), 0, []
    for number, block in enumerate(WIDTHS):
        if number:
            x = torch.nn.functional.max_pool2d(x, 2)
        for _ in block:
            weight, bias = LAYERS[at]
            x = torch.relu(torch.nn.functional.conv2d(x, weight.double(), bias.double(), padding=1))
            at += 1
        maps.append(x)
    return maps


def perceptual(restored, truth, kind, mask=None):
    total = 0
    for a, b in zip(features(restored, kind), features(truth, kind)):
        squares = (a - b) ** 2
        if mask is None:
            total += squares.mean() / 5
            continue
        weight = torch.from_numpy(mask)[None, None].double()
        weight = torch.nn.functional.interpolate(weight, size=a.shape[2:], mode="area")
        total += (squares * weight).sum() / weight.sum() / a.shape[1] / 5
    return float(total)


def vgg(height, width, kind):
    restored, truth = pictures(height, width)
    maps = [m[0].numpy() for m in features(truth, kind)]
    places = [[int(at) for at in numpy.linspace(0, m.size - 1, 7)] for m in maps]
    return {
        "height": height,
        "width": width,
        "input": kind,
        "mean": [float(m.mean()) for m in maps],
        "max": [float(m.max()) for m in maps],
        "places": places,
        "numbers": [[float(m.reshape(-1)[at]) for at in p] for m, p in zip(maps, places)],
        "whole": perceptual(restored, truth, kind),
        "hole": perceptual(restored, truth, kind, hole(height, width)),
    }


def classic(height, width):
    restored, truth = pictures(height, width)
    ssim = structural_similarity(
        restored.astype(numpy.float64),
        truth.astype(numpy.float64),
        channel_axis=0,
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    case = {
        "height": height,
        "width": width,
        "mse": float(((restored.astype(float) - truth) ** 2).mean()),
        "hole_mse": float(((restored.astype(float) - truth) ** 2)[:, hole(height, width)].mean()),
        "known_mse": float(((restored.astype(float) - truth) ** 2)[:, ~hole(height, width)].mean()),
        "psnr": float(peak_signal_noise_ratio(truth.astype(float), restored.astype(float), data_range=1)),
        "ssim": float(ssim),
    }
    if min(height, width) >= 176:
        a, b = (torch.from_numpy(p)[None].double() for p in (restored, truth))
        score = pytorch_msssim.ms_ssim(a, b, data_range=1.0)
        case["ms_ssim"] = float(score)
    return case


LAYERS = layers()
print(
    json.dumps(
        {
            "origin": f"scikit-image {skimage.__version__}, pytorch-msssim 1.0.0, "
            f"PyTorch {torch.__version__}, numpy {numpy.__version__}; metrics.py",
            "classic": [classic(*size) for size in [(11, 11), (17, 24), (64, 64), (176, 192), (208, 256)]],
            "vgg16": [vgg(40, 49, kind) for kind in ["oxford", "oxford-rgb", "torchvision"]],
        },
        indent=1,
    )
)
