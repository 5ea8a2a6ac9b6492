"""Writes event_file.tfevents by TensorBoard's own writer (tensorboard 2.21.0, no TensorFlow).

python -m pip install tensorboard && python tests/reference/event_file.py
"""

import os

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


def event(step, **what):
    return Event(wall_time=1_700_000_000.25 + step, step=step, **what)


def scalar(tag, number):
    return Summary.Value(tag=tag, simple_value=number)


png = bytes(range(100))  # Not a real one: nothing here looks into it.
image = Summary.Image(height=7, width=300, colorspace=3, encoded_image_string=png)
events = [
    event(0, file_version="brain.Event:2"),
    event(10, summary=Summary(value=[scalar("loss", 0.1), scalar("learning_rate/phi", 0.0625)])),
    event(20, summary=Summary(value=[scalar("loss", 0.0)])),
    event(20, summary=Summary(value=[Summary.Value(tag="preview", image=image)])),
    event(21, session_log=SessionLog(status=SessionLog.START)),
]
with open(os.path.join(os.path.dirname(__file__), "event_file.tfevents"), "wb") as file:
    writer = RecordWriter(file)
    for each in events:
        writer.write(each.SerializeToString())
    writer.flush()
