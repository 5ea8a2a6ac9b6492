"""What the seam of a hole is worth: photos with holes of three kinds, mended with seams of several widths.

    python benches/seams.py LACUNA MODEL PHOTOS WORK        needs numpy and Pillow

PHOTOS holds photos of one size that the model never saw, WORK is written to. Prints the mean squared error inside the
holes in the photo's own size, mean and standard error over photos, for each width in pixels of the photo.
"""

import pathlib
import random
import subprocess
import sys

import numpy as np
from PIL import Image, ImageDraw

lacuna, model, photos, work = sys.argv[1:5]
work = pathlib.Path(work)
names = sorted(p for p in pathlib.Path(photos).iterdir() if p.suffix.lower() in (".jpg", ".png"))


def numbers(path):
    return np.asarray(Image.open(path).convert("RGB"), float) / 255


def result(path):
    """The name of what becomes of a photo."""
    return path.stem + ".png"


def hole(kind, size, seed):
    """A mask, 255 = known."""
    (width, height), rng = size, random.Random(seed)
    mask = Image.new("L", size, 255)
    draw = ImageDraw.Draw(mask)
    for _ in range(3):
        if kind == "scratches":
            ends = [rng.randrange(side) for side in (width, height, width, height)]
            draw.line(ends, fill=0, width=max(1, round(width / 26)))
        elif kind == "blots":
            x, y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.85) * height
            r = rng.uniform(0.05, 0.11) * width
            draw.ellipse([x - r, y - r, x + r, y + r], fill=0)
        else:
            draw.rectangle([0.3 * width, 0.3 * height, 0.7 * width, 0.7 * height], fill=0)
    return mask


for kind in ("scratches", "blots", "window"):
    damaged = work / kind
    damaged.mkdir(parents=True, exist_ok=True)
    cases = []
    for seed, path in enumerate(names):
        photo = Image.open(path).convert("RGB")
        mask = hole(kind, photo.size, seed)
        pixels = np.dstack([np.asarray(photo), np.asarray(mask)])
        pixels[pixels[..., 3] == 0] = 0
        Image.fromarray(pixels).save(damaged / result(path))
        missing = pixels[..., 3] == 0
        cases.append((result(path), missing, numbers(path)[missing]))
    for width in (0, 2, 4, 8, 16, 24, 40, None):
        out = work / f"{kind}-{width}"
        seam = [] if width is None else ["--feather", str(width)]
        command = [lacuna, "restore", "inpaint", damaged, "--model", model, "--out", out, "--shrink", "-q", *seam]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        errors = [((numbers(out / name)[missing] - truth) ** 2).mean() for name, missing, truth in cases]
        error = np.std(errors, ddof=1) / len(errors) ** 0.5
        print(f"{kind:10} {width if width is not None else 'default':>7}  {np.mean(errors):.5f} +- {error:.5f}", flush=True)
