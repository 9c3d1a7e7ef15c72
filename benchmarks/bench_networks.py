"""Steps of the networks people build: fastconv beside PyTorch, Keras and ONNX Runtime.

    python benchmarks/bench_networks.py [--networks NAME ...] [--modes training] [--batches 1 128]
        [--peers NAME ...] [--compile] [--threads 2] [--seconds 1] [--rounds 3] [--out PATH.json]

Every program runs alone in a process of its own; in each round all of them have a turn. Writes the
measurements (JSON), a table (Markdown) and a picture; a later run with the same file measures what
is missing in it. docs/benchmarks.md says how to read them.

Under pytest every network takes one step of training, after its outputs were checked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _interleave import Contest
from _interleave import run as run_contest
from networks import measure, presentation
from networks.catalogue import NETWORKS
from networks.description import Graph, graph_of, samples
from networks.functional import in_fastconv
from networks.programs import COMPILED, MODES, OURS, PEERS, PROGRAMS, versions
from networks.results import Mismatch, Results

import fastconv
from fastconv.bench.machine import processor
from fastconv.kernels import _isa
from fastconv.utils.files import write_atomically

BATCHES = (1, 8, 128)
QUICK = {"batches": (1, 2), "rounds": 1, "seconds": 0.005}
USUAL = {"batches": BATCHES, "rounds": 3, "seconds": 1.0}


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NAME",
        help=", ".join(NETWORKS))  # fmt: skip
    add("--modes", nargs="+", choices=MODES, default=MODES, metavar="MODE", help=", ".join(MODES))
    add("--batches", nargs="+", type=_positive(int), metavar="N", help="default: 1 8 128")
    add("--peers", nargs="*", choices=PEERS, metavar="NAME",
        help=f"{', '.join(PEERS)}; default: all that are installed, but not {COMPILED}; without a "
             "name: none")  # fmt: skip
    add("--compile", action="store_true", help=f"the peer {COMPILED} as well")
    add("--threads", type=_positive(int), default=2, metavar="N")
    add("--seconds", type=_positive(float), metavar="S", help="per measurement; default: 1")
    add("--rounds", type=_positive(int), metavar="N", help="default: 3")
    add("--timeout", type=_positive(float), default=1800.0, metavar="S", help="of one process")
    add("--out", type=Path, metavar="PATH", help="default: runs/networks.json")
    add("--fresh", action="store_true", help="measure again what the file holds already")
    add("--quick", action="store_true", help="a trial: small batches, a few milliseconds each")
    return parser


def _positive(kind: type) -> Any:
    def number(text: str) -> Any:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"must be more than 0; received {text}")
        return value

    return number


def programs(options: argparse.Namespace) -> list[str]:
    """The names of the programs to measure; says which are not installed."""
    wanted = options.peers
    if wanted is None:
        wanted = [name for name in PEERS if name != COMPILED]
    if options.compile:
        wanted = [*wanted, COMPILED]
    chosen = [OURS]
    for name in PEERS:
        if name in wanted and (missing := PROGRAMS[name].missing):
            print(f"{PROGRAMS[name].title} is left out: not installed: {', '.join(missing)}")
        elif name in wanted:
            chosen.append(name)
    return chosen


def conditions(threads: int, names: Sequence[str], quick: bool) -> dict[str, Any]:
    """What has to be equal for measurements to stand in one table."""
    return {
        "machine": f"{processor()}, {_isa.active()}",
        "threads": threads,
        "quick": quick,
        "versions": {"fastconv": fastconv.__version__, "numpy": np.__version__, **versions(names)},
    }


def main(words: list[str] | None = None) -> int:
    options = parser().parse_args(words)
    for key, value in (QUICK if options.quick else USUAL).items():
        if getattr(options, key) is None:
            setattr(options, key, value)
    out = options.out or Path("runs", "networks-quick.json" if options.quick else "networks.json")
    plan = measure.Plan(
        options.networks, options.batches, programs(options), options.threads, options.modes,
        options.rounds, options.seconds, options.timeout,
    )  # fmt: skip
    results = Results(conditions(plan.threads, plan.programs, options.quick), out)
    try:
        results.load()
    except Mismatch as error:
        print(f"{out} was measured otherwise ({error}): name another file", file=sys.stderr)
        return 2
    if options.fresh:
        for name in plan.networks:
            results.forget(plan.cases(name), plan.programs)
    try:
        for _ in measure.run(plan, results, lambda text: print(text, flush=True)):
            text = write(plan, results, out)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on, without --fresh", file=sys.stderr)
        return 130
    print(f"\n{text}")
    return int(any(m.network in plan.networks for m in results.failures()))


def write(plan: measure.Plan, results: Results, out: Path) -> str:
    """Write the table and the picture beside the file of the measurements; returns the table."""
    text = "\n".join(presentation.lines(plan, results)) + "\n"
    write_atomically(out.with_suffix(".md"), [text.encode()])
    presentation.write_picture(plan, results, out.with_suffix(".png"))
    return text


def contest(name: str, size: int) -> Contest:
    """A step of training; its outputs for one sample are compared with PyTorch's."""
    graph = graph_of(NETWORKS[name])
    ours = in_fastconv(graph, fastconv.get_num_threads())
    step = ours.training(*samples(graph, size))
    return Contest(name, step, lambda: check(graph, ours), size * 1e9)


def check(graph: Graph, ours: Any) -> None:
    """Compare our outputs with PyTorch's, if it is installed."""
    x, _ = samples(graph, 1)
    outputs = ours.outputs(x)
    assert np.isfinite(outputs).all()
    peer = PROGRAMS["torch-nchw"]
    if not peer.missing:
        theirs = peer.make(graph, fastconv.get_num_threads()).outputs(x)
        assert np.abs(theirs - outputs).max() < measure.TOLERANCE * np.abs(outputs).max()


@pytest.mark.parametrize("name", NETWORKS)
def bench_network(benchmark, request, name):
    quick = request.config.getoption("--quick", default=False)
    size = 2 if quick else measure.size_for(name, BATCHES[-1])
    benchmark.group = f"{NETWORKS[name].title}, batch {size}"
    run_contest(benchmark, contest(name, size))


if __name__ == "__main__":
    sys.exit(main())
