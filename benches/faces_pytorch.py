"""The model of this project in PyTorch (model_pytorch.py), trained on faces: is a figure ours or the data's?

Trains on the photos of a folder that `lacuna train --preset photos-64` trains on (the same split, by content), then
fills the centre hole (25 of 64) and colours the held-out ones, and prints mean squared errors. Running statistics are
not recomputed. Needs torch, numpy, pillow, blake3 from PyPI.

    python benches/faces_pytorch.py FACES [--seed 0] [--inner 5] [--steps 5900]
"""

import argparse
import time
from pathlib import Path

import blake3
import numpy as np
import torch
from PIL import Image

from model_pytorch import Generator, clamp, descend, latent, loss, preset, start

SIDE, BATCH, HOLD_OUT = 64, 16, 0.1
ARCHITECTURE = preset("photos-64")
CHANNELS, LATENT = ARCHITECTURE["latent"]["channels"], ARCHITECTURE["latent"]["side"]
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


def step(phi, gradients, rate):
    descend(phi, gradients, rate)
    clamp(phi, HALF_BOX)


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
    side = LATENT + 2 * (len(CHANNELS) - 1)
    s = torch.rand(1, 2, side, side) * 0.1
    row, g = start(CHANNELS), Generator(ARCHITECTURE)
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
                descend(theta, gradients[len(phi) :], RATE / BATCH)
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
