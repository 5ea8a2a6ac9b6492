"""The model of this project in PyTorch, written from the paper's description alone, for any hourglass preset.

Shared by faces_pytorch.py (quality) and step_pytorch.py (speed), so both measure one model:

    architecture = preset("photos-64")
    g, row = Generator(architecture), start(architecture["latent"]["channels"])
    phi = [tensor.repeat(batch, *[1] * tensor.dim()) for tensor in row]     # one row of numbers an image
    each = loss(g(latent(s, phi)), target)                                  # [batch]
"""

import math
import tomllib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

SLOPE, EPSILON = 0.2, 1e-5


def preset(name):
    """The settings of presets/NAME.toml."""
    return tomllib.loads((Path(__file__).parents[1] / "presets" / f"{name}.toml").read_text())


def start(channels):
    """The row that all images start from: conv weights, then weight and bias of each norm."""
    convs = [(torch.rand(o, i, 3, 3) * 2 - 1) / math.sqrt(9 * i) for i, o in zip(channels, channels[1:])]
    norms = [tensor for width in channels[1:-1] for tensor in (torch.ones(width), torch.zeros(width))]
    return convs + norms


def conv_count(phi):
    """How many of the tensors of a row are conv weights: every layer but the last has a norm's two beside its own."""
    return (len(phi) + 2) // 3


def latent(s, phi):
    """f: every image's own convolutions on the shared noise, each map normalised by itself.

    The images lie side by side as channels of one picture from start to end. So one grouped convolution serves them
    all, and the norm of a map by itself is the plain batch norm of one picture, which PyTorch has as one kernel.
    """
    layers, images = conv_count(phi), len(phi[0])
    x = s.repeat(1, images, 1, 1)
    for layer in range(layers):
        x = F.conv2d(x, phi[layer].flatten(0, 1), groups=images)
        if layer < layers - 1:
            gamma, beta = (phi[layers + 2 * layer + k].flatten() for k in (0, 1))
            x = F.batch_norm(x, None, None, gamma, beta, training=True, eps=EPSILON)
        x = F.leaky_relu(x, SLOPE, inplace=True)
    return x.reshape(images, -1, *x.shape[2:])


def block(conv, width):
    return nn.Sequential(conv, nn.BatchNorm2d(width, eps=EPSILON), nn.LeakyReLU(SLOPE, inplace=True))


def down(i, o):
    return block(nn.Conv2d(i, o, 4, 2, 1, bias=False), o)


def up(i, o):
    return block(nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), o)


def same(i, o):
    return block(nn.Conv2d(i, o, 3, 1, 1, bias=False), o)


def dilated(width, groups):
    return block(nn.Conv2d(width, width, 3, 1, 2, 2, groups, bias=False), width)


class Generator(nn.Module):
    """g: an hourglass whose last two halved maps come again beside the first two doublings."""

    def __init__(self, architecture):
        super().__init__()
        widths = architecture["generator"]
        downs = [architecture["latent"]["channels"][-1], *widths["down"]]
        ups, tail = widths["up"], widths["tail"]
        inputs = [2 * downs[-1], ups[0] + downs[-2], *ups[1:-1]]
        self.down = nn.ModuleList(down(i, o) for i, o in zip(downs, downs[1:]))
        self.mid = nn.Sequential(*(dilated(downs[-1], widths["mid_groups"]) for _ in range(widths["mid"])))
        self.up = nn.ModuleList(up(i, o) for i, o in zip(inputs, ups))
        inner = [same(i, o) for i, o in zip([ups[-1], *tail], tail[:-1])]
        self.tail = nn.Sequential(*inner, nn.Conv2d([ups[-1], *tail][-2], 3, 3, 1, 1, bias=False))

    def forward(self, z):
        maps = [z]
        for layer in self.down:
            maps.append(layer(maps[-1]))
        x = self.mid(maps[-1])
        for index, layer in enumerate(self.up):
            x = layer(torch.cat([x, maps[-1 - index]], 1) if index < 2 else x)
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        return torch.sigmoid(self.tail(x))

    def folded(self):
        """Frozen, with the norms' running statistics folded into the convolutions: the same image for less work."""
        self.eval().requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.Sequential) and len(module) == 3 and isinstance(module[1], nn.BatchNorm2d):
                transposed = isinstance(module[0], nn.ConvTranspose2d)
                module[0] = fuse_conv_bn_eval(module[0], module[1], transposed)
                module[1] = nn.Identity()
        return self.requires_grad_(False)


def kernel():
    e = torch.exp(-((torch.arange(5) - 2.0) ** 2) / 4)
    k = e[:, None] + e[None]
    return (k / k.sum())[None, None]


KERNEL = kernel()


def loss(x, y, weight=None):
    """LapL1 + MSE of each image; `weight` is on the error before it is squared."""
    d = x - y
    weighted = d if weight is None else d * weight
    total = (weighted * weighted).mean((1, 2, 3))
    channels = d.shape[1]
    for level in range(4):
        band = d
        if level < 3:
            smooth = F.conv2d(d, KERNEL.expand(channels, -1, -1, -1), padding=2, groups=channels)
            band, d = d - smooth, F.avg_pool2d(smooth, 2)
        total = total + 4.0**-level * band.abs().mean((1, 2, 3))
    return total


@torch.no_grad()
def descend(tensors, gradients, rate):
    """SGD in place."""
    torch._foreach_add_(tensors, gradients, alpha=-rate)


@torch.no_grad()
def clamp(phi, half_box):
    """The conv weights of f back into their box, in place; the norms are free."""
    convs = phi[: conv_count(phi)]
    torch._foreach_clamp_min_(convs, -half_box)
    torch._foreach_clamp_max_(convs, half_box)
