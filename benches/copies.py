"""Copies planted among photos, and how many of them `lacuna data check` finds.

    python benches/copies.py LACUNA PHOTOS WORK

For each kind of copy WORK gets a folder with all PHOTOS and a copy of each: smaller, saved as JPEG, mirrored, cropped by
5 % on every side, by 5 % in a corner, by a tenth at a random place, and all of these at once. Counts the copies that
stand in one group with their photo, and the photos that stand in a group with another one: false alarms. Needs Pillow.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

QUALITY = 75


def smaller(photo, _):
    return photo.resize([side * 6 // 10 for side in photo.size], Image.LANCZOS)


def same(photo, _):
    return photo


def mirrored(photo, _):
    return photo.transpose(Image.FLIP_LEFT_RIGHT)


def cropped(photo, _):
    width, height = photo.size
    x, y = round(0.05 * width), round(0.05 * height)
    return photo.crop((x, y, width - x, height - y))


def corner(photo, _):
    width, height = photo.size
    return photo.crop((round(0.05 * width), round(0.05 * height), width, height))


def anywhere(photo, dice):
    width, height = photo.size
    x, y = dice.randint(0, width // 10), dice.randint(0, height // 10)
    return photo.crop((x, y, x + width - width // 10, y + height - height // 10))


def all_at_once(photo, dice):
    return smaller(mirrored(anywhere(photo, dice), dice), dice)


KINDS = [smaller, same, mirrored, cropped, corner, anywhere, all_at_once]


def plant(photos, folder, kind):
    """Every photo, and `copy-NAME` of it; all but `same` without loss, so that one thing is measured at a time."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    dice = random.Random(1)
    for path in photos:
        shutil.copy(path, folder / path.name)
        copy = kind(Image.open(path).convert("RGB"), dice)
        lossy = kind in (same, all_at_once)
        copy.save(folder / f"copy-{path.stem}{'.jpg' if lossy else '.png'}", quality=QUALITY)


def check(lacuna, folder):
    began = time.time()
    command = [lacuna, "data", "check", folder, "--json"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return json.loads(lines[-1]), time.time() - began


def main():
    lacuna, photos, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    paths = sorted(p for p in photos.iterdir() if p.suffix in (".jpg", ".png", ".webp"))
    print("| copies | found | false alarms | similarity of the copies | groups across the split | s |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        plant(paths, work / kind.__name__, kind)
        report, seconds = check(lacuna, work / kind.__name__)
        found, alarms, like, across = 0, 0, [], 0
        for group in report["near"]:
            names = [Path(member["name"]).stem for member in group["members"]]
            of = [name.removeprefix("copy-") for name in names]
            found += sum(name.startswith("copy-") and of.count(one) == 2 for name, one in zip(names, of))
            alarms += len(set(of)) if len(set(of)) > 1 else 0
            like += [member["similarity"] for member in group["members"] if member["similarity"]]
            across += group["across"]
        least, median = min(like, default=0), sorted(like)[len(like) // 2] if like else 0
        print(
            f"| {kind.__name__.replace('_', ' ')} | {found} of {len(paths)} | {alarms} of {len(paths)} "
            f"| {least:.3f} at least, {median:.3f} median | {across} | {seconds:.1f} |",
            flush=True,
        )


main()
