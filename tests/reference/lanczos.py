"""Reference numbers of the Lanczos-3 filter for tests/lanczos.rs, by Pillow.

pip install pillow numpy && python lanczos.py > lanczos.json

The picture is value(y, x) = ((37 y^2 + 91 x + 53 x y) mod 256) / 255. Pillow drops the weight beyond an edge and
renormalises; we give it to the edge pixel. So the picture is padded with copies of its edge pixels first, as far as
the filter reaches and by a whole number of output pixels, and the padding of the result is cut off. Away from the
edges both agree without that, which is asserted here.
"""
import json
from math import ceil, gcd

import numpy
import PIL
from PIL import Image

CASES = [((64, 64), (8, 8)), ((64, 64), (16, 16)), ((64, 48), (10, 7)), ((9, 8), (21, 20))]


def resize(a, to):
    picture = Image.fromarray(a.astype(numpy.float32))
    assert picture.mode == "F"
    return numpy.asarray(picture.resize((to[1], to[0]), Image.Resampling.LANCZOS))


def padding(n, m):
    """The least padding, in input and output pixels, that keeps the pixel centres and covers the filter's reach."""
    step_in, step_out = n // gcd(n, m), m // gcd(n, m)
    times = ceil(3 * max(n / m, 1) / step_in)
    return times * step_in, times * step_out


def case(size, to):
    y, x = numpy.mgrid[: size[0], : size[1]]
    a = (37 * y * y + 91 * x + 53 * x * y) % 256 / 255
    pads = [padding(n, m) for n, m in zip(size, to)]
    wide = numpy.pad(a, [(p, p) for p, _ in pads], mode="edge")
    wide = resize(wide, [m + 2 * q for m, (_, q) in zip(to, pads)])
    ours = wide[tuple(slice(q, q + m) for m, (_, q) in zip(to, pads))]
    inside = [
        [i for i in range(m) if (i + 0.5) * n / m >= 3 * max(n / m, 1) and (m - i - 0.5) * n / m >= 3 * max(n / m, 1)]
        for n, m in zip(size, to)
    ]
    grid = numpy.ix_(*inside)
    assert abs(ours - resize(a, to))[grid].max() < 1e-6
    return {"from": size, "to": to, "numbers": [round(float(v), 6) for v in ours.flat]}


print(json.dumps({"origin": f"Pillow {PIL.__version__}, lanczos.py", "cases": [case(*c) for c in CASES]}))
