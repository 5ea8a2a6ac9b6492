"""Files of few bytes that ask for much, and what it takes the program to refuse each.

    python benches/bombs.py LACUNA WORK        Linux; nothing but Python

Each lies alone in a folder of WORK, is looked at by `lacuna data check`, and must be named as left out. Prints its bytes,
the processor's seconds and the most memory of the whole program.
"""

import os
import pathlib
import shutil
import struct
import subprocess
import sys
import zlib

MIB = 1 << 20


def zeros(count):
    pack = zlib.compressobj(9)
    return b"".join(pack.compress(bytes(MIB)) for _ in range(count // MIB)) + pack.flush()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(*chunks, width=8, height=8, pixels=None):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = pixels or chunk(b"IDAT", zlib.compress(bytes(25 * 8)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def riff(*chunks):
    body = b"WEBP" + b"".join(n + struct.pack("<I", len(d)) + d + bytes(len(d) % 2) for n, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8x(flags, width, height):
    return b"VP8X", bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def vp8l(width, height):
    return b"VP8L", b"\x2f" + struct.pack("<I", width - 1 | height - 1 << 14) + bytes(12)


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(side, *segments, scans=1, process=0xC0):
    """Grey, of no detail: after the first each scan says "nothing more" of all its blocks."""
    blocks = (-(-side // 8)) ** 2
    codes = segment(0xC4, bytes([0, 1] + [0] * 16)) + segment(0xC4, bytes([16, 1] + [0] * 15 + [0xE0]))
    frame = segment(process, struct.pack(">BHH", 8, side, side) + bytes([1, 1, 0x11, 0]))
    start = b"\xff\xd8" + b"".join(segments) + segment(0xDB, bytes(1) + bytes([1] * 64)) + frame + codes
    first = segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(blocks // 8 + 1)
    more = segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + bytes(2 * (blocks // (1 << 14) + 1))
    return start + first + more * (scans - 1) + b"\xff\xd9"


def giga():
    return zeros(1 << 30)


BOMBS = {
    "PNG, 60,000 x 60,000 by its header": ("a.png", lambda: png(width=60000, height=60000)),
    "PNG, 101 megapixels of one colour": ("a.png", lambda: png(width=10100, height=10000, pixels=chunk(b"IDAT", zeros(304 * MIB)))),
    "PNG, iCCP of 1 GiB": ("a.png", lambda: png(chunk(b"iCCP", b"x\0\0" + giga()))),
    "PNG, zTXt of 1 GiB": ("a.png", lambda: png(chunk(b"zTXt", b"Comment\0\0" + giga()))),
    "PNG, XMP of 60 MiB, 200 times": ("a.png", lambda: png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zeros(60 * MIB)) * 200)),
    "PNG, eXIf of 60 MiB, as it stands": ("a.png", lambda: png(chunk(b"eXIf", b"II*\0" + bytes(60 * MIB)))),
    "PNG, eXIf of 200 MiB, as it stands": ("a.png", lambda: png(chunk(b"eXIf", b"II*\0" + bytes(200 * MIB)))),
    "PNG, 3,000,000 comments": ("a.png", lambda: png(chunk(b"tEXt", b"C\0a") * 3000000)),
    "PNG, 3,000,000 empty IDAT": ("a.png", lambda: png(chunk(b"IDAT", b"") * 3000000)),
    "WebP, a canvas of 2^24 a side": ("a.webp", lambda: riff(vp8x(0, 1 << 24, 1 << 24), vp8l(8, 8))),
    "WebP, 16,383 x 16,383 by its header": ("a.webp", lambda: riff(vp8l(16383, 16383))),
    "WebP, 16,383 x 6,000 in 8 x 8": ("a.webp", lambda: riff(vp8x(0, 8, 8), vp8l(16383, 6000))),
    "WebP, EXIF of 60 MiB": ("a.webp", lambda: riff(vp8x(8, 8, 8), vp8l(8, 8), (b"EXIF", b"II*\0" + bytes(60 * MIB)))),
    "JPEG, 65,535 x 65,535 by its header": ("a.jpg", lambda: jpeg(65528).replace(struct.pack(">HH", 65528, 65528), b"\xff" * 4)[:700] + b"\xff\xd9"),
    "JPEG, 100 megapixels, 1,000 scans": ("a.jpg", lambda: jpeg(10000, scans=1000, process=0xC2)),
    "JPEG, 1 megapixel, 5,000 scans": ("a.jpg", lambda: jpeg(1000, scans=5000, process=0xC2)),
    "JPEG, 5,000,000 comments": ("a.jpg", lambda: jpeg(8, segment(0xFE, b"a") * 5000000)),
    "JPEG, comments of 60 MiB": ("a.jpg", lambda: jpeg(8, segment(0xFE, bytes(65533)) * 960)),
    "GIF, 65,535 x 65,535, called .png": ("a.png", lambda: b"GIF89a" + b"\xff" * 4 + bytes(2000)),
    "no picture, 1 GB, called .png": ("a.png", lambda: b"words " * (1 << 27)),
}


def measure(lacuna, work):
    print("| file | bytes | s | MiB |\n|---|---|---|---|")
    for number, (what, (name, _)) in enumerate(BOMBS.items()):
        folder = work / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # Made by another process: the memory of this one would count as that of the program that it starts.
        subprocess.run([sys.executable, __file__, "--make", what, folder / name], check=True)
        size = (folder / name).stat().st_size
        command = [lacuna, "data", "check", folder]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = run.stderr.read()
        _, status, used = os.wait4(run.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 2 and "skipped:" in said, (what, said)
        seconds = used.ru_utime + used.ru_stime
        print(f"| {what} | {size:,} | {seconds:.3f} | {used.ru_maxrss >> 10} |", flush=True)
        shutil.rmtree(folder)


if sys.argv[1] == "--make":
    pathlib.Path(sys.argv[3]).write_bytes(BOMBS[sys.argv[2]][1]())
else:
    measure(sys.argv[1], pathlib.Path(sys.argv[2]))
