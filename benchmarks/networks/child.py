"""The process of one contestant: ``python -m networks.child JOB PATH``.

JOB is a `Job` in JSON. Events are appended to the file PATH, a line of JSON each, so that a crash
loses nothing: first ``{"outputs": ...}``, some of the network's outputs for one sample; then for
each case ``{"begun": case}`` and either its median or ``{"failure": ...}``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from networks.catalogue import NETWORKS
from networks.description import graph_of, samples
from networks.programs import PROGRAMS, TRAINING

SHOWN = 32  # of the outputs


@dataclasses.dataclass(frozen=True)
class Job:
    """What to measure: cases are pairs of mode and batch size; `seconds` is for each of them."""

    program: str
    network: str
    cases: list[tuple[str, int]]
    threads: int
    seconds: float


def timed(step: Callable[[], Any], seconds: float) -> tuple[list[float], Any]:
    """The seconds of each step, and what the last one returned.

    First two steps are not timed, for what a library prepares; or one, if it takes longer than all
    of the measurement.
    """
    start = time.perf_counter()
    result = step()
    if time.perf_counter() - start < seconds:
        step()
    taken: list[float] = []
    while not taken or sum(taken) < seconds:
        start = time.perf_counter()
        result = step()
        taken.append(time.perf_counter() - start)
    return taken, result


def run(job: Job, note: Callable[[dict[str, Any]], None]) -> None:
    """Measure; `note` takes the events."""
    graph = graph_of(NETWORKS[job.network])
    program = PROGRAMS[job.program].make(graph, job.threads)
    outputs = program.outputs(samples(graph, 1)[0])
    note({"outputs": [float(value) for value in outputs.ravel()[:SHOWN]]})
    for mode, size in job.cases:
        note({"begun": [mode, size]})
        try:
            x, y = samples(graph, size)
            step = program.training(x, y) if mode == TRAINING else program.inference(x)
            taken, result = timed(step, job.seconds)
            if mode == TRAINING:
                loss = float(np.ravel(result)[0])
                if not math.isfinite(loss):
                    raise ArithmeticError(f"the loss is {loss}")
        except Exception as error:
            note({"failure": f"{type(error).__name__}: {error}"})
        else:
            note({"median": statistics.median(taken), "steps": len(taken)})


if __name__ == "__main__":
    with Path(sys.argv[2]).open("a") as file:
        run(
            Job(**json.loads(sys.argv[1])),
            lambda event: print(json.dumps(event), file=file, flush=True),
        )
