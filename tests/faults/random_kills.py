"""`kill -9` at random instants of real processes, and what became of the training each time."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_runs import KINDS, Server, Training, difference

EPOCHS = 8  # of the command, so that files are written most of the time


@dataclass
class Tally:
    """What a number of kills have led to."""

    kills: int = 0
    lost: int = 0
    equal: int = 0
    in_start: int = 0  # before the first line of output
    in_write: int = 0  # a file or folder was half done
    resumed: int = 0  # the run that was killed had gone on from an earlier one
    epochs: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        epochs = ", ".join(f"{number}: {count}" for number, count in sorted(self.epochs.items()))
        return (
            f"{self.kills} kills: {self.lost} lost, {self.equal} equal ends\n"
            f"{self.in_start} before the first line of output, {self.in_write} within a write, "
            f"{self.resumed} of a run that had gone on from another; by epochs saved: {epochs}"
        )


@dataclass
class Whole:
    """The uninterrupted run of a kind: its end, and how long it takes to it."""

    end: dict[str, Any]
    seconds: float
    training_seconds: float  # from the first line of output on


def started(training: Training, stub: Path) -> subprocess.Popen[str]:
    """The run in a process of its own, both its outputs in one pipe."""
    return subprocess.Popen(
        training.command,
        env=training.whole_environment(stub),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def timed(training: Training, stub: Path) -> tuple[float, float]:
    """Run it to its end; return the seconds, and those from the first line of output on."""
    began = time.perf_counter()
    with started(training, stub) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        line = time.perf_counter()
        rest = process.stdout.read()
    assert process.returncode == 0, first + rest
    ended = time.perf_counter()
    return ended - began, ended - line


def kill(training: Training, stub: Path, delay: float, after_line: bool) -> tuple[bool, str]:
    """Kill a run after a delay; return whether it was still running, and its output."""
    with started(training, stub) as process:
        assert process.stdout is not None
        first = process.stdout.readline() if after_line else ""
        time.sleep(delay)
        process.kill()
        text = first + process.stdout.read()
    assert process.returncode in (0, -9), text
    return process.returncode == -9, text


def without_matplotlib(folder: Path) -> Path:
    """A folder for PYTHONPATH: drawing the curves would take longer than training."""
    folder.mkdir()
    (folder / "matplotlib.py").write_text("raise ModuleNotFoundError('matplotlib')\n")
    return folder


def run_kills(
    server: Server,
    count: int,
    seed: int,
    images: Path,
    folder: Path,
    kinds: tuple[str, ...] = KINDS,
    report: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Kill `count` runs, and after every kill let a copy of what is left go on to its end.

    What is killed is a process of its own, from its start on; the copy goes on in the server.
    """
    rng, tally = random.Random(seed), Tally()
    stub = without_matplotlib(folder / "stub")
    wholes: dict[str, Whole] = {}
    for kind in kinds:
        wholes[kind] = whole_run(kind, images, folder, stub)
    while tally.kills < count:
        if tally.kills % 20 == 19:  # other work on the machine may have come or gone
            kind = rng.choice(kinds)
            wholes[kind] = whole_run(kind, images, folder, stub)
        # The command as often as all ways of a program together.
        kind = "command" if "command" in kinds and rng.random() < 0.5 else rng.choice(kinds)
        training = Training(kind, images, folder / "killed", EPOCHS)
        for number in range(4):
            saved = training.saved_epochs()
            after_line = rng.random() < 0.7
            whole = wholes[kind]
            most = whole.training_seconds if after_line else whole.seconds
            killed, text = kill(training, stub, rng.uniform(0, most), after_line)
            if not killed:
                break
            tally.kills += 1
            tally.resumed += number > 0
            tally.in_start += not text
            _judge(server, training, saved, text, whole, tally)
            report(tally)
            if tally.kills == count or rng.random() < 0.4:
                break
        shutil.rmtree(training.folder, ignore_errors=True)
    return tally


def whole_run(kind: str, images: Path, folder: Path, stub: Path) -> Whole:
    """Run a training of this kind to its end."""
    training = Training(kind, images, folder / "whole", EPOCHS)
    times = timed(training, stub)
    end = training.end()
    shutil.rmtree(training.folder)
    return Whole(end, *times)


def _judge(
    server: Server, training: Training, saved: int, text: str, whole: Whole, tally: Tally
) -> None:
    """Look at what a kill has left, and at the end of a copy that goes on."""
    tally.in_write += bool(training.half_done())
    copy = training.copy(training.folder.with_name("copy"))
    try:
        training.check_what_is_left()
        now = training.saved_epochs()
        tally.epochs[now] += 1
        told = text.count("\nEpoch ") if training.kind == "command" else 0
        if (copy.run / "model.safetensors").exists():  # then the program's backup may have gone
            told = saved = 0
        assert now >= saved + told, f"{now} epochs are saved, after {saved} and {told} more"
    except Exception as error:
        tally.lost += 1
        tally.faults.append(f"{training.kind}: lost: {error!r}")
    try:
        outcome = server.run(copy)
        assert outcome.status == 0, outcome
        found = difference(copy.end(), whole.end)
        assert not found, found
        tally.equal += 1
    except Exception as error:
        tally.faults.append(f"{training.kind}: end: {error!r}")
    shutil.rmtree(copy.folder, ignore_errors=True)
