"""Measure this machine and write one Markdown report: every figure of the README and more.

    python benchmarks/report.py [--threads N] [--quick] [--images ZIP] [--out report.md]

Contestants take turns in every round, and the machine's peak is measured in the same rounds, so
that shares and ratios hold where single times do not.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import _peers
import bench_conv2d
import bench_gemm
import bench_pool
import bench_train_step
import numpy as np
from _interleave import interleave
from _shapes import CONVOLUTIONS, POOLINGS, Gemm

import fastconv
from fastconv.kernels import _isa
from fastconv.kernels.peak import fma_peak


def machine(threads: int) -> Iterator[str]:
    """What was measured, on what."""
    name = platform.processor()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
        name = models[0] if models else name
    torch = _peers.torch.__version__ if _peers.torch is not None else "not installed"
    yield f"- processor: {name}, {os.cpu_count()} usable, instructions {_isa.active()}"
    yield f"- fastconv {fastconv.__version__}, NumPy {np.__version__}, PyTorch {torch}"
    yield f"- {threads} threads unless a row says otherwise; medians of interleaved rounds"


def steps(rounds: int) -> Iterator[str]:
    """Images a second of the table's network."""
    yield "| table's network, batch 128 | images/s | best PyTorch layout | ratio |"
    yield "|---|---|---|---|"
    for training in (True, False):
        times = interleave(bench_train_step.contest(training), rounds)
        peer = times.best_peer()
        theirs = f"{times.rate(peer):.0f} | {times.ratio(peer):.2f}" if peer else "no PyTorch | –"
        yield f"| {'training' if training else 'inference'} | {times.rate():.0f} | {theirs} |"


def scaling(rounds: int, threads: int) -> Iterator[str]:
    """One thread against all."""
    seconds: dict[int, list[float]] = {1: [], threads: []}
    step = bench_train_step.contest(True).ours
    for _ in range(rounds + 1):
        for n in seconds:
            fastconv.set_num_threads(n)
            step()
            start = time.perf_counter()
            step()
            seconds[n].append(time.perf_counter() - start)
    ratio = statistics.median(a / b for a, b in zip(seconds[1], seconds[threads], strict=True))
    peaks = [fma_peak(threads) / fma_peak(1) for _ in range(3)]
    yield f"- training step, {threads} threads over one: {ratio:.2f} times as fast"
    yield f"- the machine's FMA peak, {threads} threads over one: {statistics.median(peaks):.2f}"


def gemms(rounds: int, threads: int) -> Iterator[str]:
    """Square products, as shares of the peak."""
    yield "| GEMM | threads | GFLOP/s | share of FMA peak | against PyTorch | against NumPy |"
    yield "|---|---|---|---|---|---|"
    for n in (512, 1024, 2048):
        for team in (1, threads):
            _peers.use_threads(team)
            contest = bench_gemm.contest(Gemm("square", n, n, n))
            times = interleave(contest, rounds, lambda team=team: fma_peak(team))
            ratios = [_ratio(times, name) for name in ("PyTorch", "NumPy")]
            yield (
                f"| {n}³ | {team} | {times.rate():.0f} | {100 * times.share():.0f} % "
                f"| {' | '.join(ratios)} |"
            )


def convolutions(rounds: int, threads: int, algo: str, wanted) -> Iterator[str]:
    """Each pass of each convolution: share of the peak at direct FLOPs, and against PyTorch."""
    yield f"| convolution ({algo}) | pass | GFLOP/s | share of FMA peak | against PyTorch |"
    yield "|---|---|---|---|---|"
    ratios = []
    for case in filter(wanted, CONVOLUTIONS):
        for which in bench_conv2d.PASSES:
            contest = bench_conv2d.contest(case, which, algo)
            times = interleave(contest, rounds, lambda: fma_peak(threads))
            peer = times.best_peer()
            if peer:
                ratios.append(times.ratio(peer))
            yield (
                f"| {case} | {which} | {times.rate():.0f} | {100 * times.share():.0f} % "
                f"| {_ratio(times, peer)} |"
            )
    if ratios:
        mean = statistics.geometric_mean(ratios)
        yield f"\nAgainst PyTorch (better layout): mean {mean:.2f}, least {min(ratios):.2f}"


def pools(rounds: int) -> Iterator[str]:
    """Pooling, forward and backward."""
    yield "| pooling | GB/s | against PyTorch |"
    yield "|---|---|---|"
    for case in POOLINGS:
        for which in bench_pool.PASSES:
            times = interleave(bench_pool.contest(case, which), rounds)
            peer = _ratio(times, times.best_peer())
            yield f"| {case}-{which} | {times.rate():.1f} | {peer} |"


def package(images: Path | None) -> Iterator[str]:
    """Import time and, with `images`, loading an archive for the first time and from the cache."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"

    def cost(name: str) -> float:
        runs = (_python(code.format(name)) for _ in range(5))
        return statistics.median(float(run) for run in runs)

    yield f"- import fastconv: {1e3 * (cost('numpy, fastconv') - cost('numpy')):.0f} ms over numpy"
    if images is None:
        yield "- loading images: not measured (no --images)"
        return
    code = (
        "import time, sys; from fastconv.datasets import load_images; t = time.perf_counter(); "
        "load_images(sys.argv[1]); print(time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as cache:
        for how in ("first time", "from the cache"):
            seconds = float(_python(code, str(images), FASTCONV_CACHE=cache))
            yield f"- loading {images.name}, {how}: {seconds:.2f} s"


def _python(code: str, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return run.stdout.split()[-1]


def _ratio(times, peer: str | None) -> str:
    return f"{times.ratio(peer):.2f}" if peer in times.seconds else "not installed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=fastconv.get_num_threads())
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds")
    parser.add_argument("--images", type=Path, help="an archive of images to load")
    parser.add_argument("--out", type=Path, default=Path("report.md"))
    options = parser.parse_args()
    _peers.use_threads(options.threads)
    rounds = 3 if options.quick else 9

    def direct(case) -> bool:
        return case.k == 3 and case.stride == case.groups == 1 and case.ic >= 32 and case.oc <= 256

    sections = [
        ("Machine", machine(options.threads)),
        ("Steps", steps(rounds)),
        ("Threads", scaling(rounds, options.threads)),
        ("Package", package(options.images)),
        ("Matrix products", gemms(rounds, options.threads)),
        ("Direct 3x3 convolutions", convolutions(rounds, options.threads, "direct", direct)),
    ]
    if not options.quick:
        every = convolutions(rounds, options.threads, "auto", lambda case: True)
        sections += [("All convolutions", every), ("Pooling", pools(rounds))]
    with options.out.open("w") as file:
        for title, lines in sections:
            _peers.use_threads(options.threads)
            print(f"## {title}\n", file=file, flush=True)
            for line in lines:
                print(line)
                print(line, file=file, flush=True)
            print(file=file)
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
