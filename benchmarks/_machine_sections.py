"""Sections of the report about the machine, and about the package as a whole."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from _report import MISSING, Report

import fastconv
from fastconv.bench.machine import processor
from fastconv.kernels import _isa
from fastconv.kernels._threads import available_cpus
from fastconv.kernels.peak import fma_peak, memory_bandwidth


def machine(report: Report) -> Iterator[str]:
    """The machine, the libraries and their versions."""
    versions = ", ".join(
        f"{name} {_version(package)}"
        for name, package in (
            ("NumPy", "numpy"),
            ("PyTorch", "torch"),
            ("Keras", "keras"),
            ("TensorFlow", "tensorflow"),
        )
    )
    yield f"- processor: {processor()}, {available_cpus()} usable, instructions {_isa.active()}"
    yield f"- fastconv {fastconv.__version__}, {versions}"
    yield f"- Python {platform.python_version()}, {platform.system()} {platform.release()}"
    for count in sorted({1, report.threads}):
        peak, bandwidth = fma_peak(count), memory_bandwidth(count)
        yield (
            f"- {count} thread{'s' * (count > 1)}: {peak:.0f} GFLOP/s of fused multiply-adds in "
            f"registers, {bandwidth:.1f} GB/s from and to memory"
        )
    yield (
        f"- {report.threads} threads unless a row says otherwise; medians of interleaved rounds; "
        "columns named after a peer say how many times as long it takes"
    )


def package(report: Report, images: Path | None) -> Iterator[str]:
    """Import time and, with `images`, loading an archive for the first time and from the cache."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    runs = 1 if report.quick else 5

    def cost(name: str) -> float:
        return statistics.median(float(_python(code.format(name))) for _ in range(runs))

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


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return MISSING


def _python(code: str, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return run.stdout.split()[-1]
