"""Reads the event files of a run by TensorBoard itself and compares them with the run's own log and preview.

python -m pip install tensorboard
lacuna train PHOTOS --out RUN --tensorboard BOARD
python tests/read_tensorboard.py RUN BOARD
"""

import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator

run, board = map(pathlib.Path, sys.argv[1:])
everything = {"scalars": 0, "images": 0, "tensors": 0}
events = event_accumulator.EventAccumulator(str(board), size_guidance=everything)
events.Reload()
print("tags:", {kind: tags for kind, tags in events.Tags().items() if tags})

log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
loss = events.Scalars("loss")
assert [point.step for point in loss] == [line["step"] for line in log], "steps differ from the log"
single = lambda number: struct.unpack("f", struct.pack("f", number))[0]  # As both have it.
assert [point.value for point in loss] == [single(line["loss"]) for line in log], "other losses"
print(f"loss: {len(loss)} points, steps {loss[0].step} to {loss[-1].step}, each as in log.jsonl")

for tag in ["images_per_second", "learning_rate/theta", "learning_rate/phi"]:
    points = events.Scalars(tag)
    assert [point.step for point in points] == [point.step for point in loss], tag
    print(f"{tag}: {points[0].value:g} to {points[-1].value:g}")

images = events.Images("preview")
assert images[-1].encoded_image_string == (run / "preview.png").read_bytes(), "another preview"
print(f"preview: {len(images)} images, the last {images[-1].width} x {images[-1].height}, preview.png byte for byte")

# What the web page reads: everything as tensors, each with the plugin that shows it.
page = plugin_event_accumulator.EventAccumulator(str(board))
page.Reload()
shown = {plugin: sorted(page.PluginTagToContent(plugin)) for plugin in ["scalars", "images"]}
print("shown by the plugins:", shown)
assert shown["images"] == ["preview"] and "loss" in shown["scalars"]
