"""``fastconv info``: the processor that the kernels run on, and its arithmetic peak."""

from __future__ import annotations

import argparse
import platform

from fastconv.cli.errors import FAILED, as_command_errors, say
from fastconv.cli.parser import whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--threads", type=whole(1, 1024), metavar="N", help="default: one for each processor"
    )


def run(arguments: argparse.Namespace, words: list[str]) -> int:
    """Run the command."""
    import numpy as np

    import fastconv
    from fastconv.bench.machine import processor
    from fastconv.datasets._cache import cache_dir
    from fastconv.kernels._isa import active, available
    from fastconv.kernels._threads import available_cpus
    from fastconv.kernels.peak import fma_peak

    if arguments.threads is not None:
        with as_command_errors():
            fastconv.set_num_threads(arguments.threads)
    threads = fastconv.get_num_threads()
    _line("fastconv", fastconv.__version__)
    _line("Python", f"{platform.python_version()}, NumPy {np.__version__}")
    _line("processor", f"{processor()}, {available_cpus()} usable")
    _line("instructions", f"{active()} (of {', '.join(available())})")
    _line("threads", str(threads))
    _line("OpenMP", _openmp())
    _line("cache", str(cache_dir()))
    with as_command_errors(FAILED):
        for count in sorted({1, threads}):
            name = f"peak, {count} thread{'s' * (count > 1)}"
            _line(name, f"{fma_peak(count):.0f} GFLOP/s (fused multiply-adds, float32)")
    return 0


def _line(name: str, value: str) -> None:
    say(f"{name + ':':<17} {value}")


def _openmp() -> str:
    """The kernels' OpenMP library, with the file that it was loaded from."""
    from threadpoolctl import threadpool_info

    from fastconv.kernels._threads import has_openmp

    if not has_openmp():
        return "none; kernels run on one thread"
    found = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
    return ", ".join(f"{pool['prefix']} ({pool['filepath']})" for pool in found) or "built in"
