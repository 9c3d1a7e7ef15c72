"""Runs that are stopped at every instant, one after another, and what became of them."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fault_runs import Outcome, Server, Training, difference

SIZES = (1, 200, 30_000)
"""Files may not grow beyond these: nothing, a part of a text, a part of a checkpoint."""
MEMORY = (0, 100_000, 1_000_000)
"""So many more bytes may be had: for a small file's text, a checkpoint, a plan."""


def _by_signal(signum: int) -> Callable[[str], list[dict[str, Any]]]:
    return lambda call: [{"signal": int(signum)}]


def _by_size(dies: bool) -> Callable[[str], list[dict[str, Any]]]:
    def cases(call: str) -> list[dict[str, Any]]:
        begins = call in ("open", "tempfile.mkstemp")
        return [{"size": size, "dies": dies} for size in SIZES] if begins else []

    return cases


FAULTS: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    "killed": _by_signal(signal.SIGKILL),
    "killed within a write": _by_size(dies=True),
    "full disk": _by_size(dies=False),
    "low memory": lambda call: [{"memory": size} for size in MEMORY],
    "SIGINT": _by_signal(signal.SIGINT),
    "SIGTERM": _by_signal(signal.SIGTERM),
    "SIGHUP": _by_signal(signal.SIGHUP),
}
"""What can happen, and for the call at an instant, the orders that make the server do it."""


def run_instants(
    server: Server,
    kind: str,
    fault: str,
    images: Path,
    folder: Path,
    *,
    epochs: int = 3,
    chosen: Callable[[Sequence[str]], Sequence[int]] | None = None,
) -> tuple[int, list[str]]:
    """Stop runs of a kind at all instants, or those `chosen` of their calls, counted from 0.

    Returns the number of stopped runs, and a line for every one that left something wrong.
    """
    whole = Training(kind, images, folder / "whole", epochs)
    outcome = server.run(whole)
    assert outcome.status == 0, outcome
    end = whole.end()
    if warm := fault == "low memory":
        # A thread that lacks memory when it begins lets Python wait for it forever: the images are
        # in the cache already, and no threads decode them.
        shutil.rmtree(whole.run)
        outcome = server.run(whole)
    calls = outcome.instants
    done, faults = 0, []
    for number in range(len(calls)) if chosen is None else chosen(calls):
        for case in FAULTS[fault](calls[number]):
            training = Training(kind, images, folder / "stopped", epochs)
            if warm and kind == "command":
                shutil.copytree(whole.folder / "cache", training.folder / "cache")
            outcome = server.run(training, at=number + 1, **case)
            done += 1
            try:
                _check_status(kind, fault, outcome)
                training.check_what_is_left()
                if kind == "command":
                    assert training.saved_epochs() >= outcome.out.count("\nEpoch ")
                resumed = server.run(training)
                assert resumed.status == 0, resumed
                found = difference(training.end(), end)
                assert not found, found
            except Exception as error:
                faults.append(f"{kind} {fault} at {number} ({calls[number]}), {case}: {error!r}")
            shutil.rmtree(training.folder, ignore_errors=True)
    shutil.rmtree(whole.folder)
    return done, faults


def _check_status(kind: str, fault: str, outcome: Outcome) -> None:
    """The run ended as it should, and said so in a line."""
    if fault == "killed":
        assert outcome.status == -signal.SIGKILL, outcome
    elif fault == "killed within a write":  # or in none, if no later file was that large
        assert outcome.status in (-signal.SIGXFSZ, 0), outcome
    elif kind != "command":  # a program's errors are its own
        return
    elif fault == "low memory":
        assert outcome.status in (0, 1, 2), outcome
        assert outcome.err.count("\n") == (outcome.status > 0), outcome
        assert "Traceback" not in outcome.err, outcome
    elif fault == "full disk":
        assert outcome.status in (0, 1), outcome
        if outcome.status:
            last = outcome.err.splitlines()[-1]  # after a warning that the cache is not written
            assert last.startswith("fastconv train: [Errno 27] File too large: '/"), outcome
    else:
        signum = signal.Signals[fault]
        # Outside of the training itself the system ends the process.
        assert outcome.status in (128 + signum, -signum), outcome
        assert outcome.err.count("\n") <= 1, outcome
        assert "Traceback" not in outcome.err, outcome
