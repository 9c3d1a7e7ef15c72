"""Start the contestants' processes in turns and collect what they measure.

Two libraries in one process disturb each other: the waiting threads of one spin on the processors
of the other. So each has a process of its own, and only one of them runs at a time. In every round
all of them have a turn, and begin with another one than in the round before.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import fastconv
from networks.catalogue import NETWORKS
from networks.child import Job
from networks.programs import MODES, OURS, PROGRAMS
from networks.results import Case, Results

TOLERANCE = 1e-3  # of the largest output, among those of one sample that are compared


@dataclass(frozen=True)
class Plan:
    """What to measure; a network's `largest` replaces larger batch sizes."""

    networks: Sequence[str]
    batches: Sequence[int]
    programs: Sequence[str]
    threads: int
    modes: Sequence[str] = MODES
    rounds: int = 3
    seconds: float = 1.0
    timeout: float = 1800.0

    def cases(self, name: str) -> list[Case]:
        """The cases of a network, small batches first."""
        sizes = sorted({size_for(name, batch) for batch in self.batches})
        return [(name, mode, size) for mode in self.modes for size in sizes]


def size_for(name: str, batch: int) -> int:
    """The batch size at which a network stands for `batch`."""
    return min(batch, NETWORKS[name].largest)


def run(plan: Plan, results: Results, say: Callable[[str], None] = print) -> Iterator[str]:
    """Measure what `results` lacks; yields the name of each network when it is done."""
    for name in plan.networks:
        for number in range(plan.rounds):
            start = number % len(plan.programs)
            for program in (*plan.programs[start:], *plan.programs[:start]):
                _turn(plan, results, name, number, program, say)
        yield name


def _turn(
    plan: Plan, results: Results, name: str, number: int, program: str, say: Callable[[str], None]
) -> None:
    """All cases of one network in one program that have no result of this round yet."""

    def is_open(case: Case) -> bool:
        measurement = results.measurement(case, program)
        return measurement.failure is None and len(measurement.medians) <= number

    cases = [
        case
        for case in plan.cases(name)
        if PROGRAMS[program].measures(NETWORKS[name], case[1]) and is_open(case)
    ]
    begun = time.perf_counter()
    texts = []
    while left := [case for case in cases if is_open(case)]:
        job = Job(program, name, [case[1:] for case in left], plan.threads, plan.seconds)
        events, death = _process(job, plan.timeout)
        reason = death or "the process ended without a result"
        _take(results, left, program, events, reason)
        if all(map(is_open, left)):  # it came to no case, and another process would not either
            for case in left:
                results.measurement(case, program).failure = reason
        results.save()
        if death:
            texts.append(f", {death}")
    if cases:
        taken = time.perf_counter() - begun
        failed = sum(results.measurement(case, program).failure is not None for case in cases)
        texts += [f", {failed} of {len(cases)} cases failed"] if failed else []
        what = f"{name}, round {number + 1} of {plan.rounds}: {program}"
        say(f"{what} {taken:.0f} s{''.join(texts)}")


def _take(
    results: Results, cases: list[Case], program: str, events: list[dict[str, Any]], reason: str
) -> None:
    """Enter the events of a process; `reason` says why the case that it left unfinished failed."""
    name, current = cases[0][0], None
    for event in events:
        if "outputs" in event:
            if problem := _difference(results, name, program, event["outputs"]):
                for case in cases:
                    results.measurement(case, program).failure = problem
                return
        elif "begun" in event:
            mode, size = event["begun"]
            current = results.measurement((name, mode, size), program)
        elif current is not None:
            if "failure" in event:
                current.failure = event["failure"]
            else:
                current.medians.append(event["median"])
                current.steps.append(event["steps"])
            current = None
    if current is not None:
        current.failure = reason


def _difference(results: Results, name: str, program: str, outputs: list[float]) -> str | None:
    """How a peer's outputs differ from ours, if they do."""
    if program == OURS:
        results.outputs[name] = outputs
    if name not in results.outputs:
        return None
    ours, theirs = np.array(results.outputs[name]), np.array(outputs)
    difference = np.abs(theirs - ours).max() / np.abs(ours).max()
    if difference < TOLERANCE:
        return None
    return f"its outputs differ from fastconv's by {difference:.1e} of the largest"


def command(job: Job, path: Path) -> list[str]:
    """The command of the process that does a job and writes its events to a file."""
    words = [json.dumps(dataclasses.asdict(job)), str(path)]
    return [sys.executable, "-P", "-m", "networks.child", *words]


def _process(job: Job, timeout: float) -> tuple[list[dict[str, Any]], str]:
    """The events of a process, and why it ended early, or nothing."""
    roots = [Path(__file__).parents[1], Path(fastconv.__file__).parents[1]]
    threads = {name: str(job.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    environment = {
        **os.environ,
        **threads,
        "PYTHONPATH": os.pathsep.join(map(str, roots)),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events"
        path.touch()
        death = ""
        try:
            done = subprocess.run(
                command(job, path),
                env=environment,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            death = f"not done after {timeout:.0f} s"
        else:
            if done.returncode < 0:
                death = f"killed by {signal.Signals(-done.returncode).name}"
            elif done.returncode:
                last = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
                death = f"exit status {done.returncode}: {last}"
        *lines, _ = path.read_text().split("\n")  # what a crash cut off is no line
        return [json.loads(line) for line in lines], death
