"""The settings and the summary that all sections share, and small helpers."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from _interleave import Contest, Times, interleave

from fastconv.kernels.peak import fma_peak

MISSING = "not installed"


@dataclass
class Report:
    """Settings of a report, and the figures for its summary, filled in by the sections."""

    threads: int
    quick: bool = False
    rounds: int = 9
    figures: dict[str, str] = field(default_factory=dict)

    @property
    def rounds_of_many(self) -> int:
        """The number of rounds where only the mean over many cases is reported."""
        return -(-self.rounds // 2)

    def measure(self, contest: Contest, rounds: int) -> Times:
        """Run a contest, with the machine's peak measured in every round."""
        return interleave(contest, rounds, lambda: fma_peak(self.threads))

    def summary(self) -> Iterator[str]:
        """The table of the figures so far."""
        yield "| what | measured |"
        yield "|---|---|"
        for what, text in self.figures.items():
            yield f"| {what} | {text} |"


def ratio(times: Times, peer: str | None) -> str:
    """How many times as long the peer takes, as a cell of a table."""
    return f"{times.ratio(peer):.2f}" if peer in times.seconds else MISSING


def mean(ratios: Iterable[float]) -> str:
    """The geometric mean, as text."""
    ratios = list(ratios)
    return f"{statistics.geometric_mean(ratios):.2f} ×" if ratios else MISSING
