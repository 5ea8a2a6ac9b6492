"""Peak anonymous memory and speed of training on a thousand images and on a million, tiny ones.

    python3 benches/many.py target/release/lacuna FOLDER [COUNT ...]

Writes a tar of PNGs of 16 x 16 pixels for each COUNT (1,000 to 1,000,000 by tens if none is given) into FOLDER, and
trains 300 steps or one pass over it, the longer of both, with a model of 16 x 16 pixels whose minibatch takes as much
memory as that of an ordinary one; a million need 12 GB there. Prints a table as in docs/results.md, and draws it as
FOLDER/memory.svg. Needs Linux (/proc) and nothing but Python.
"""

import io, json, math, random, re, struct, subprocess, sys, tarfile, threading, time, zlib
from pathlib import Path

SIDE = 16
SETTINGS = """size=16 latent.channels=[2,4,6] latent.side=4 generator.down=[16,16] generator.mid=1
generator.mid_groups=4 generator.up=[16,16,72] generator.tail=[72,3] data.hold_out=0.0 data.flip=false train.batch=1000
train.inner_steps=1 train.reshuffle=true train.lr_phi=0.1 train.lr_theta=0.5 train.pending_mb=1.0
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


def train(program, photos, out, passes):
    command = [program, "train", f"tar:{photos}", "--out", out, "--preset", "bench-64", "--json"]
    for setting in SETTINGS + [f"train.passes={passes}"]:
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


def chart(rows):
    """Memory over images, both axes from nothing; the number of images by its logarithm."""
    most = 50 * math.ceil(max(peak for _, peak in rows) * 1.1 / 50)
    x = lambda count: 90 + 175 * (math.log10(count) - 3)
    y = lambda peak: 250 - 220 * peak / most
    text = lambda x, y, words, anchor="middle": (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{words}</text>')
    lines = [f'<path d="M60 {y(v):.0f}H640" stroke="#bbb"/>' + text(54, y(v) + 4, v, "end")
             for v in range(0, most + 1, 100)]
    lines += [text(x(count), 270, f"{count:,}") for count, _ in rows]
    points = " ".join(f"{x(count):.1f},{y(peak):.1f}" for count, peak in rows)
    lines.append(f'<polyline points="{points}" fill="none" stroke="#0a6" stroke-width="2"/>')
    lines += [f'<circle cx="{x(count):.1f}" cy="{y(peak):.1f}" r="4" fill="#0a6"/>'
              + text(x(count), y(peak) + 20, f"{peak:.0f}") for count, peak in rows]
    lines.append(text(352, 292, "images") + text(60, 16, "peak anonymous memory, MiB", "start"))
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 300" width="680" height="300" font-size="13" '
            'font-family="sans-serif"><rect width="680" height="300" fill="#fff"/>' + "".join(lines) + "</svg>\n")


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    counts = [int(count) for count in sys.argv[3:]] or [1_000, 10_000, 100_000, 1_000_000]
    folder.mkdir(parents=True, exist_ok=True)
    print("| images | peak anonymous memory, MiB | steps | images/s | before the first step, s | state on disk, MB |")
    print("|---|---|---|---|---|---|")
    rows = []
    for count in counts:
        photos, out = folder / f"{count}.tar", folder / f"run-{count}"
        if not photos.exists():
            archive(photos, count)
        subprocess.run(["rm", "-rf", out])
        peak, before, speed, steps = train(program, photos, out, max(1, 300_000 // count))
        disk = (out / "state.redb").stat().st_size / 1e6
        print(f"| {count:,} | {peak:.1f} | {steps:,} | {1000 * speed:,.0f} | {before:.1f} | {disk:.0f} |", flush=True)
        rows.append((count, peak))
        (folder / "memory.svg").write_text(chart(rows))


main()
