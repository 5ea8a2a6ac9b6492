"""Reads an export by Python's own safetensors, as its README says, and checks that it holds together.

python -m pip install safetensors numpy
lacuna export RUN --out FOLDER --latents
python tests/read_latents.py FOLDER
"""

import json
import os
import re
import sys

import numpy
from safetensors import deserialize

os.chdir(sys.argv[1])


def tensors_of(file):
    """Every tensor as numpy has it; bf16, which it has not, as the upper half of an f32."""
    for name, tensor in deserialize(open(file, "rb").read()):
        kind = {"F32": "<f4", "BF16": "<u2", "U8": "u1"}[tensor["dtype"]]
        numbers = numpy.frombuffer(tensor["data"], kind).reshape(tensor["shape"])
        if tensor["dtype"] == "BF16":
            numbers = (numbers.astype("<u4") << 16).view("<f4")
        yield name, numbers


# The card's first snippet, as it stands.
card = open("README.md").read()
snippets = re.findall(r"```python\n(.*?)```", card, re.S)
exec(snippets[0])
assert s.ndim == 3 and numpy.isfinite(s).all()
row_len = tensors["latent.start"].size

index = json.load(open("latents.safetensors.index.json"))
files = sorted(set(index["weight_map"].values()))
assert [f"latents-{at:05}-of-{len(files):05}.safetensors" for at in range(1, len(files) + 1)] == files
seen, rows, size = [], 0, 0
for at, file in enumerate(files, 1):
    tensors = dict(tensors_of(file))
    assert all(index["weight_map"][name] == file for name in tensors)
    phi, ids, flipped = (tensors[f"{name}.{at:05}"] for name in ["phi", "id", "flipped"])
    assert phi.shape == (len(ids), row_len) and ids.shape[1] == 32 and flipped.shape == (len(ids),)
    assert numpy.isfinite(phi).all() and set(flipped.tolist()) <= {0, 1}
    seen += [bytes(id) + bytes([side]) for id, side in zip(ids, flipped)]
    rows += len(phi)
assert seen == sorted(set(seen)), "rows are not in the order of their ids, or one stands twice"
assert rows == index["metadata"]["rows"] and row_len == index["metadata"]["row_len"]
print(f"{rows} rows of {row_len} numbers in {len(files)} files; the first is of {seen[0][:32].hex()}")

if "safetensors.numpy" in snippets[1]:
    tensors, count = {}, rows
    exec(snippets[1])
    assert len(rows) == count and [bytes.fromhex(id) + bytes([side]) for id, side in rows] == seen
    print("the snippet of the README reads them too")
