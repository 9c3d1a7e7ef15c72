"""Measure this machine and write one Markdown report: every figure of the README and more.

    python benchmarks/report.py [--threads N] [--only SECTION ...] [--quick] [--out report.md]

Contestants take turns in every round, and the machine's peak is measured in the same rounds, so
that shares and ratios hold where single times do not. The file is rewritten after every section.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import _interleave
import _kernel_sections
import _machine_sections
import _peers
import _shapes
import _step_sections
from _report import Report

import fastconv
from fastconv.utils.files import write_atomically

SECTIONS = {
    "machine": "Machine",
    "steps": "Steps of the table's network",
    "networks": "Training steps of networks with batch normalisation",
    "recipes": "Steps of the recipes",
    "threads": "Threads",
    "memory": "Memory",
    "package": "Package",
    "gemm": "Matrix products",
    "pooling": "Pooling",
    "elementwise": "Through memory once",
    "direct": "Direct 3x3 convolutions",
    "conv": "Convolutions",
}


def lines_of(name: str, report: Report, images: Path | None) -> Iterator[str]:
    """The lines of a section, as they are measured."""
    if name == "package":
        return _machine_sections.package(report, images)
    section = {
        "machine": _machine_sections.machine,
        "steps": _step_sections.steps,
        "networks": _step_sections.networks,
        "recipes": _step_sections.recipe_steps,
        "threads": _step_sections.scaling,
        "memory": _step_sections.memory,
        "gemm": _kernel_sections.gemms,
        "pooling": _kernel_sections.pools,
        "elementwise": _kernel_sections.elementwise,
        "direct": _kernel_sections.direct,
        "conv": _kernel_sections.convolutions,
    }[name]
    return section(report)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--threads", type=int, default=fastconv.get_num_threads())
    add("--quick", action="store_true", help="a trial: small cases, one round")
    add(
        "--rounds", type=int, metavar="N", help="of every contestant (default: 9, for many cases 5)"
    )
    add("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    add("--images", type=Path, help="an archive of images to load")
    add("--out", type=Path, default=Path("report.md"))
    options = parser.parse_args(words)
    if options.quick:
        _shapes.make_small()
        _interleave.make_quick()
    report = Report(options.threads, options.quick, options.rounds or (1 if options.quick else 9))
    done: dict[str, list[str]] = {}
    for name in options.only or SECTIONS:
        _peers.use_threads(options.threads)
        print(f"## {SECTIONS[name]}\n")
        done[name] = []
        for line in lines_of(name, report, options.images):
            print(line, flush=True)
            done[name].append(line)
        print()
        write_atomically(options.out, [compose(report, done).encode()])
    print(f"written to {options.out}")


def compose(report: Report, done: dict[str, list[str]]) -> str:
    """The Markdown so far: the summary, then the sections that its figures are from."""
    head = "# Benchmarks\n"
    if report.quick:
        head += "\nA trial (--quick): the figures mean nothing.\n"
    parts = [head, "\n".join(["## Figures\n", *report.summary()]) + "\n"]
    parts += ["\n".join([f"## {SECTIONS[name]}\n", *lines]) + "\n" for name, lines in done.items()]
    return "\n".join(parts)


if __name__ == "__main__":
    main()
