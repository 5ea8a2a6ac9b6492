"""The model of this project in PyTorch, written from the paper's description alone: is a figure ours or the data's?

Trains on the photos of a folder that `lacuna train --preset photos-64` trains on (the same split, by content), then
fills the centre hole (25 of 64) and colours the held-out ones, and prints mean squared errors. Running statistics are
not recomputed. Needs torch, numpy, pillow, blake3 from PyPI.

    python benches/faces_pytorch.py FACES [--seed 0] [--inner 5] [--steps 5900]
"""

import argparse
import math
import time
from pathlib import Path

import blake3
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

SIDE, BATCH, HOLD_OUT = 64, 16, 0.1
CHANNELS, LATENT = [2, 8, 16, 32, 64], 16
RATE, HALF_BOX, FIT_STEPS, FIT_RATE = 1.0, 0.01, 100, 0.0625
HOLE = slice(19, 44)


def photos(folder):
    """[N,3,64,64] to train on and held out; a photo's side follows from the first 52 bits of its file's hash."""
    sides = ([], [])
    for path in sorted(Path(folder).iterdir()):
        data = path.read_bytes()
        share = int(blake3.blake3(data).hexdigest()[:13], 16) / 2**52
        image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.LANCZOS)
        pixels = np.asarray(image, dtype="f4").transpose(2, 0, 1) / 255
        sides[share < HOLD_OUT].append(pixels)
    return [torch.tensor(np.stack(side)) for side in sides]


def start():
    """The row that all images start from: conv weights, then weight and bias of each norm."""
    convs = [(torch.rand(o, i, 3, 3) * 2 - 1) / math.sqrt(9 * i) for i, o in zip(CHANNELS, CHANNELS[1:])]
    norms = [tensor for width in CHANNELS[1:-1] for tensor in (torch.ones(width), torch.zeros(width))]
    return convs + norms


def latent(s, phi):
    """f: every image's own convolutions on the shared noise, each map normalised by itself."""
    layers = len(CHANNELS) - 1
    x = s.expand(phi[0].shape[0], -1, -1, -1)
    for layer in range(layers):
        weight = phi[layer]
        x = F.conv2d(x.reshape(1, -1, *x.shape[2:]), weight.reshape(-1, *weight.shape[2:]), groups=len(weight))
        x = x.reshape(len(weight), -1, *x.shape[2:])
        if layer < layers - 1:
            gamma, beta = (phi[layers + 2 * layer + k][:, :, None, None] for k in (0, 1))
            mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
            x = (x - mean) / torch.sqrt(var + 1e-5) * gamma + beta
        x = F.leaky_relu(x, 0.2)
    return x


def block(conv, width):
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.LeakyReLU(0.2))


def down(i, o):
    return block(nn.Conv2d(i, o, 4, 2, 1, bias=False), o)


def up(i, o):
    return block(nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), o)


def same(i, o):
    return block(nn.Conv2d(i, o, 3, 1, 1, bias=False), o)


def dilated():
    return block(nn.Conv2d(256, 256, 3, 1, 2, 2, 128, bias=False), 256)


class Generator(nn.Module):
    """g of the preset photos-64, 2,480,584 parameters."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([down(64, 64), down(64, 128), down(128, 256)])
        self.mid = nn.Sequential(dilated(), dilated(), dilated())
        self.up = nn.ModuleList([up(512, 128), up(256, 128), up(128, 64), up(64, 32)])
        self.tail = nn.Sequential(same(32, 16), same(16, 8), nn.Conv2d(8, 3, 3, 1, 1, bias=False))

    def forward(self, z):
        first = self.down[0](z)
        second = self.down[1](first)
        third = self.down[2](second)
        x = self.up[0](torch.cat([self.mid(third), third], 1))
        x = self.up[1](torch.cat([x, second], 1))
        x = self.up[3](self.up[2](x))
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        return torch.sigmoid(self.tail(x))


def kernel():
    e = torch.exp(-((torch.arange(5) - 2.0) ** 2) / 4)
    k = e[:, None] + e[None]
    return (k / k.sum())[None, None]


def loss(x, y):
    """LapL1 + MSE of each image."""
    d, total = x - y, ((x - y) ** 2).mean((1, 2, 3))
    for level in range(4):
        band = d
        if level < 3:
            smooth = F.conv2d(d.reshape(-1, 1, *d.shape[2:]), kernel(), padding=2).reshape(d.shape)
            band, d = d - smooth, F.avg_pool2d(smooth, 2)
        total = total + 4.0**-level * band.abs().mean((1, 2, 3))
    return total


def step(phi, gradients, rate):
    with torch.no_grad():
        for tensor, gradient in zip(phi, gradients):
            tensor -= rate * gradient
        for weight in phi[: len(CHANNELS) - 1]:
            weight.clamp_(-HALF_BOX, HALF_BOX)


def restore(g, s, row, count, energy):
    phi = [tensor.unsqueeze(0).repeat(count, *[1] * tensor.dim()).requires_grad_() for tensor in row]
    for _ in range(FIT_STEPS):
        step(phi, torch.autograd.grad(energy(g(latent(s, phi))).sum(), phi), FIT_RATE)
    with torch.no_grad():
        return g(latent(s, phi))


def evaluate(g, s, row, truth):
    g.eval().requires_grad_(False)
    mask = torch.ones(1, 1, SIDE, SIDE)
    mask[:, :, HOLE, HOLE] = 0
    grey = truth.mean(1, keepdim=True)
    filled = restore(g, s, row, len(truth), lambda x: loss(x * mask, truth * mask))
    coloured = restore(g, s, row, len(truth), lambda x: loss(x.mean(1, keepdim=True), grey))
    g.train().requires_grad_(True)
    hole = ((filled - truth) ** 2)[:, :, HOLE, HOLE].mean((1, 2, 3))
    return hole, ((coloured - truth) ** 2).mean((1, 2, 3))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inner", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5900)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    train, held_out = photos(options.folder)
    s = torch.rand(1, 2, LATENT + 8, LATENT + 8) * 0.1
    row, g = start(), Generator()
    rows = [tensor.unsqueeze(0).repeat(len(train), *[1] * tensor.dim()) for tensor in row]
    theta, losses, began = list(g.parameters()), [], time.time()
    marks = {1000, 2200, 3300, 4500, options.steps}
    while len(losses) < options.steps:
        for batch in torch.randperm(len(train)).split(BATCH):
            if len(batch) < BATCH:
                continue
            phi = [tensor[batch].clone().requires_grad_() for tensor in rows]
            for _ in range(options.inner):
                each = loss(g(latent(s, phi)), train[batch])
                gradients = torch.autograd.grad(each.sum(), phi + theta)
                step(phi, gradients[: len(phi)], RATE / BATCH)
                with torch.no_grad():
                    for tensor, gradient in zip(theta, gradients[len(phi) :]):
                        tensor -= RATE / BATCH * gradient
                losses.append(each.mean().item())
                if len(losses) in marks:
                    hole, colour = evaluate(g, s, row, held_out)
                    error = hole.std() / len(hole) ** 0.5
                    mean = np.mean(losses[-70:])
                    print(
                        f"step {len(losses)}: hole {hole.mean():.4f} +- {error:.4f}, colour {colour.mean():.4f}, "
                        f"loss {mean:.4f}, {time.time() - began:.0f} s",
                        flush=True,
                    )
            for tensor, new in zip(rows, phi):
                tensor[batch] = new.detach()


if __name__ == "__main__":
    main()
