"""Peak anonymous memory and speed of training on a thousand images and on a million, tiny ones.

    python3 benches/many.py target/release/lacuna FOLDER [COUNT ...]

Writes a tar of PNGs of 16 x 16 pixels for each COUNT (1,000 to 1,000,000 by tens if none is given) into FOLDER, and
trains one pass over it with a model of 16 x 16 pixels; a million need 8 GB there. Prints a table as in
docs/results.md. Needs Linux (/proc) and nothing but Python.
"""

import io, json, random, re, struct, subprocess, sys, tarfile, threading, time, zlib
from pathlib import Path

SIDE = 16
SETTINGS = """size=16 latent.channels=[2,4,6] latent.side=4 generator.down=[16,16] generator.mid=1
generator.mid_groups=4 generator.up=[16,16,8] generator.tail=[8,3] data.hold_out=0.0 data.flip=true train.batch=64
train.inner_steps=1 train.passes=1 train.reshuffle=true train.lr_phi=0.1 train.lr_theta=0.5 train.pending_mb=1.0
train.checkpoint_minutes=1.0""".split()


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(pixels):
    rows = b"".join(b"\0" + pixels[y * SIDE * 3:(y + 1) * SIDE * 3] for y in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def archive(path, count):
    draw = random.Random(count)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for at in range(count):
            # A colour that fades into another: there is something to learn, and no two are alike.
            a, b = draw.randbytes(3), draw.randbytes(3)
            ramp = [bytes((a[c] * (15 - i) + b[c] * i) // 15 for c in range(3)) for i in range(SIDE)]
            data = png(b"".join(colour * SIDE for colour in ramp))
            entry = tarfile.TarInfo(f"{at:07d}.png")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def status(pid, field):
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"{field}:\s+(\d+) kB", text)
    return int(found[1]) if found else 0


def train(program, photos, out):
    command = [program, "train", f"tar:{photos}", "--out", out, "--preset", "bench-64", "--json"]
    for setting in SETTINGS:
        command += ["--set", setting]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak, ended = [0], threading.Event()

    def look():
        while not ended.wait(0.002):
            peak[0] = max(peak[0], status(child.pid, "RssAnon"))

    looker = threading.Thread(target=look)
    looker.start()
    began, first, last, steps, seconds = time.time(), None, None, 0, 0.0
    for line in child.stdout:
        event = json.loads(line)
        if event["event"] == "step":
            first = first or time.time()
            last, steps = time.time(), event["step"]
    ended.set()
    looker.join()
    assert child.wait() == 0
    return peak[0] / 1024, first - began, (steps - 1) / (last - first), steps


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    counts = [int(count) for count in sys.argv[3:]] or [1_000, 10_000, 100_000, 1_000_000]
    folder.mkdir(parents=True, exist_ok=True)
    print("| images | rows | peak anonymous memory, MiB | steps | steps/s | before the first step, s | state on disk, MB |")
    print("|---|---|---|---|---|---|---|")
    for count in counts:
        photos, out = folder / f"{count}.tar", folder / f"run-{count}"
        if not photos.exists():
            archive(photos, count)
        subprocess.run(["rm", "-rf", out])
        peak, before, speed, steps = train(program, photos, out)
        disk = (out / "state.redb").stat().st_size / 1e6
        print(f"| {count:,} | {2 * count:,} | {peak:.1f} | {steps:,} | {speed:.0f} | {before:.1f} | {disk:.0f} |", flush=True)


main()
