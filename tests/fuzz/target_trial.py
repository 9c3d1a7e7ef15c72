"""Cases that go wrong on purpose: a trial of the driver."""

from __future__ import annotations

import ctypes
import os
import random
import signal
from pathlib import Path

import numpy as np
from driver import WrongOutcome


def make_target(name: str, scratch: Path) -> Trial:
    """The target "trial"."""
    return Trial()


class Trial:
    """A third of its cases are right."""

    def draw(self, rng: random.Random) -> TrialCase:
        """The next case."""
        return TrialCase(rng.choice(WAYS))


class TrialCase:
    """One way to go wrong."""

    large = False

    def __init__(self, way: str) -> None:
        self.name, self.text = way, f"a {way} on purpose"

    def run(self) -> None:
        """Go wrong."""
        if self.name == "crash":
            ctypes.string_at(0)
        elif self.name == "abort":
            os.kill(os.getpid(), signal.SIGABRT)
        elif self.name == "hang":
            while True:
                pass
        elif self.name == "memory":
            np.ones(100 << 20, np.uint8).copy().sum(), np.ones(60 << 20, np.float32).sum()
        elif self.name == "wrong":
            raise WrongOutcome("wrong result", "on purpose")
        elif self.name == "failure":
            raise ZeroDivisionError("the suite's own mistake")


WAYS = ("right", "right", "right", "crash", "abort", "hang", "memory", "wrong", "failure")
