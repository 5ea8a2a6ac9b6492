"""Whole steps of PyTorch at its best against whole steps of this program, in turn in one run, on the CPU.

Both do the same: the preset's model and batch, f32, all cores, the same allocator settings. A round asks the one and
then the other for some steps (the order changes from round to round), so that a busy machine slows both; the ratio is
that of a round's medians. PyTorch gets channels-last tensors, the latent nets as one grouped convolution, updates in place, and
in restoration a g with its norms folded into the convolutions. Needs torch from PyPI, and cargo.

    python benches/step_pytorch.py                                  # all cases and phases, a Markdown table
    python benches/step_pytorch.py --cases photos-64 --phases training restoration --rounds 9
    python benches/step_pytorch.py --only-pytorch --bf16 --no-tuning

Phases: `training` (joint step on theta and phi: forward, LapL1 + MSE, backward, SGD, box), `restoration` (one step of
inpainting: g frozen, phi alone moves), `latent` (f alone, forward and backward).

The program under test is started as `--lacuna` CASE PHASE. It reads lines: to "go N" it answers with one line, the JSON
list of the milliseconds of N steps; to "end" with {"peak_mib": M}, and exits.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import torch

from model_pytorch import Generator, clamp, descend, latent, loss, preset, start

# Steps in a round.
CASES = {"bench-64": 10, "photos-64": 10, "celeba-128": 3}
PHASES = ["training", "restoration", "latent"]
WARM_UP = 3
# Freed memory stays with the process, on large pages: else both measure how fast the system hands out zeroed pages.
TUNING = {
    "MALLOC_MMAP_THRESHOLD_": str(8 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
CHANNELS_LAST = torch.channels_last


def cores():
    return len(os.sched_getaffinity(0))


# PyTorch's side of a case.


def ring(known, pixels, weight):
    """[1,1,S,S]: `weight` on the known pixels within `pixels` of the hole, 1 elsewhere."""
    near = torch.nn.functional.max_pool2d(1 - known, 2 * pixels + 1, 1, pixels)
    return 1 + (weight - 1) * near * known


def pytorch_step(case, phase, bf16, compiled):
    """A function that takes one step and returns the losses of the images, or none where there is no loss."""
    settings = preset(case)
    channels, side = settings["latent"]["channels"], settings["latent"]["side"]
    batch, size, half_box = settings["train"]["batch"], settings["size"], settings["latent"]["box"]
    border = side + 2 * (len(channels) - 1)
    s = torch.rand(1, channels[0], border, border) * 0.1
    phi = [tensor.repeat(batch, *[1] * tensor.dim()).requires_grad_() for tensor in start(channels)]
    target = torch.rand(batch, 3, size, size).contiguous(memory_format=CHANNELS_LAST)
    g = Generator(settings)
    optimised = torch.compile if compiled else lambda function: function
    # The losses stay in f32.
    precision = torch.autocast("cpu", torch.bfloat16) if bf16 else nullcontext()

    def image(phi):
        with precision:
            return g(latent(s, phi).contiguous(memory_format=CHANNELS_LAST)).float()

    if phase == "latent":
        upstream = torch.randn(batch, channels[-1], side, side)

        def forward(phi):
            with precision:
                return latent(s, phi).float()

        forward = optimised(forward)

        def step():
            torch.autograd.grad(forward(phi), phi, upstream)
            return []

    elif phase == "training":
        g = g.to(memory_format=CHANNELS_LAST).train()
        theta = list(g.parameters())
        rate = settings["train"]["lr_theta"] / batch
        forward = optimised(lambda phi: loss(image(phi), target))

        def step():
            each = forward(phi)
            gradients = torch.autograd.grad(each.sum(), phi + theta)
            descend(phi, gradients[: len(phi)], settings["train"]["lr_phi"])
            clamp(phi, half_box)
            descend(theta, gradients[len(phi) :], rate)
            return each.tolist()

    else:
        g = g.folded().to(memory_format=CHANNELS_LAST)
        restore = settings["restore"]
        known = torch.ones(1, 1, size, size)
        known[..., : size // 4 + 1] = 0
        weight = ring(known, restore["ring_pixels"], restore["ring_weight"])
        measured = target * known
        forward = optimised(lambda phi: loss(image(phi) * known, measured, weight))

        def step():
            each = forward(phi)
            descend(phi, torch.autograd.grad(each.sum(), phi), restore["inpaint"]["lr"])
            clamp(phi, half_box)
            return each.tolist()

    return step


def peak_mebibytes():
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def serve(case, phase, bf16, compiled):
    """The child for PyTorch; the protocol is in the module's text."""
    torch.manual_seed(0)
    torch.set_num_threads(cores())
    torch.set_flush_denormal(True)
    step = pytorch_step(case, phase, bf16, compiled)
    for line in sys.stdin:
        word, *count = line.split()
        if word == "end":
            print(json.dumps({"peak_mib": peak_mebibytes()}), flush=True)
            return
        milliseconds, losses = [], []
        for _ in range(int(count[0])):
            began = time.perf_counter()
            losses += step()
            milliseconds.append((time.perf_counter() - began) * 1e3)
        assert torch.tensor(losses).isfinite().all(), "a loss is no number any more"
        print(json.dumps(milliseconds), flush=True)


# The parent.


class Child:
    """A process that takes steps when asked."""

    def __init__(self, name, command, tuned):
        self.name = name
        environment = {**os.environ, **(TUNING if tuned else {})}
        root = Path(__file__).resolve().parents[1]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=root)

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # It died; the empty answer below says so.
        answer = self.process.stdout.readline()
        try:
            return json.loads(answer)
        except ValueError:
            raise SystemExit(f"{self.name} answered {answer!r} to {line!r}; what it says is above") from None

    def steps(self, count):
        milliseconds = self.ask(f"go {count}")
        if len(milliseconds) != count:
            raise SystemExit(f"{self.name} answered {len(milliseconds)} times to {count} steps")
        return milliseconds

    def end(self):
        peak = self.ask("end")["peak_mib"]
        self.process.wait()
        return peak

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()


def measure(commands, rounds, count, tuned):
    """Per program a list of milliseconds for each round, and the peak in MiB."""
    children = []
    try:
        for name, command in commands.items():
            children.append(Child(name, command, tuned))
            children[-1].steps(WARM_UP)
        times = {child.name: [] for child in children}
        for number in range(rounds):
            for child in children if number % 2 == 0 else reversed(children):
                times[child.name].append(child.steps(count))
        return times, {child.name: child.end() for child in children}
    finally:
        for child in children:
            child.kill()


def spread(numbers, digits):
    """The median and the range."""
    low, high = min(numbers), max(numbers)
    return f"{statistics.median(numbers):.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def machine():
    """What the figures hold for, in one line."""
    lines = [line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line]
    facts = {key.strip(): value.strip() for key, value in lines}
    flags = facts.get("flags", "").split()
    vectors = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    capability = torch.backends.cpu.get_cpu_capability()
    return (
        f"{facts.get('model name', 'unknown CPU')}, {cores()} cores, {' '.join(vectors) or 'no avx2'}; "
        f"PyTorch {torch.__version__} ({capability}), {peak_mebibytes():.0f} MiB before it does anything; "
        f"load before {os.getloadavg()[0]:.1f}"
    )


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=PHASES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="in a round (default: 10, of celeba-128 3)")
    parser.add_argument("--bf16", action="store_true", help="PyTorch's convolutions in bf16 (autocast)")
    parser.add_argument("--compile", action="store_true", help="torch.compile; needs a C++ compiler")
    parser.add_argument("--no-tuning", action="store_true", help="leave the allocator's settings alone")
    parser.add_argument("--only-pytorch", action="store_true")
    parser.add_argument("--lacuna", default="cargo bench --bench step -- --serve", metavar="CMD")
    parser.add_argument("--serve-pytorch", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    chosen = options()
    if chosen.serve_pytorch:
        return serve(*chosen.serve_pytorch, chosen.bf16, chosen.compile)
    flavour = [flag for flag in ("bf16", "compile") if getattr(chosen, flag)]
    print(f"{machine()}; PyTorch in {' + '.join(flavour) or 'f32'}; ", end="")
    print("allocator " + ("as it comes" if chosen.no_tuning else "tuned for both"), end="\n\n")
    titles = ["case", "phase", "batch", "PyTorch ms"]
    titles += ["PyTorch MiB"] if chosen.only_pytorch else ["lacuna ms", "lacuna/PyTorch"]
    titles += [] if chosen.only_pytorch else ["PyTorch MiB", "lacuna MiB", "lacuna/PyTorch MiB"]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}", flush=True)
    for case in chosen.cases:
        for phase in chosen.phases:
            itself = [sys.executable, str(Path(__file__).resolve()), "--serve-pytorch", case, phase]
            commands = {"PyTorch": itself + [f"--{flag}" for flag in flavour]}
            if not chosen.only_pytorch:
                commands["lacuna"] = [*shlex.split(chosen.lacuna), case, phase]
            times, peaks = measure(commands, chosen.rounds, chosen.steps or CASES[case], not chosen.no_tuning)
            cells = [case, phase, str(preset(case)["train"]["batch"])]
            cells += [spread(sum(rounds, []), 1) for rounds in times.values()]
            if not chosen.only_pytorch:
                medians = [[statistics.median(one) for one in rounds] for rounds in times.values()]
                cells.append(spread([ours / theirs for theirs, ours in zip(*medians)], 2))
            cells += [f"{peak:.0f}" for peak in peaks.values()]
            if not chosen.only_pytorch:
                cells.append(f"{peaks['lacuna'] / peaks['PyTorch']:.2f}")
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
