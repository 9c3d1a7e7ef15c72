"""Time contestants in turns, so that disturbances of the machine affect all of them equally.

Nothing is compared across runs: each contestant has a turn in every round, and the results are
medians over the rounds of the times, and of the ratios within a round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Call = Callable[[], Any]

OURS = "fastconv"
ROUNDS = 7
REST = 0.03  # seconds; the idle threads of an OpenMP runtime spin for a while, then sleep
TURN = 0.03  # seconds of calls in a turn


def make_quick() -> None:
    """One round of single calls, as a trial run; its figures mean nothing."""
    global ROUNDS, REST, TURN
    ROUNDS, REST, TURN = 1, 0.0, 0.0


@dataclass(frozen=True)
class Contest:
    """One case: our call, the peers' calls, the work of a call, and a check of the results.

    `work` is the number of floating-point operations or bytes of one call. `check` compares ours
    with `fastconv.reference` and the peers with ours, and raises AssertionError.
    """

    name: str
    ours: Call
    check: Call
    work: float = 0
    peers: Mapping[str, Call] = field(default_factory=dict)


@dataclass(frozen=True)
class Times:
    """Seconds of one call in each round, by contestant, and the peak rate in each round."""

    seconds: dict[str, list[float]]
    peaks: list[float]
    work: float

    def of(self, name: str = OURS) -> float:
        return median(self.seconds[name])

    def rate(self, name: str = OURS) -> float:
        """Billions of operations, or gigabytes, per second."""
        return 1e-9 * self.work / self.of(name)

    def share(self, name: str = OURS) -> float:
        """The rate as a share of the peak."""
        pairs = zip(self.seconds[name], self.peaks, strict=True)
        return median(1e-9 * self.work / seconds / peak for seconds, peak in pairs)

    def ratio(self, peer: str, name: str = OURS) -> float:
        """How many times as long the peer takes."""
        pairs = zip(self.seconds[peer], self.seconds[name], strict=True)
        return median(theirs / own for theirs, own in pairs)

    def best_peer(self, *prefixes: str) -> str | None:
        """The fastest peer whose name starts with one of `prefixes` (or of all, without them)."""
        names = [name for name in self.seconds if name != OURS and name.startswith(prefixes or "")]
        return min(names, key=self.of, default=None)


def turn(call: Call) -> float:
    """Rest, call once untimed to wake threads and touch pages, then time calls; their median."""
    time.sleep(REST)
    call()
    seconds: list[float] = []
    while not seconds or sum(seconds) < TURN:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def interleave(contest: Contest, rounds: int | None = None, peak: Call | None = None) -> Times:
    """Check, then run `rounds` rounds (by default `ROUNDS`).

    `peak()` returns the machine's peak rate in billions per second.
    """
    contest.check()
    calls = {OURS: contest.ours, **contest.peers}
    times = Times({name: [] for name in calls}, [], contest.work)
    for _ in range(ROUNDS if rounds is None else rounds):
        if peak is not None:
            times.peaks.append(peak())
        for name, call in calls.items():
            times.seconds[name].append(turn(call))
    return times


def run(benchmark: Any, contest: Contest) -> None:
    """The same under pytest-benchmark: the peers have their turns in the set-up of each round."""
    contest.check()
    times = Times({OURS: [], **{name: [] for name in contest.peers}}, [], contest.work)

    def others() -> None:
        for name, call in contest.peers.items():
            times.seconds[name].append(turn(call))
        times.seconds[OURS].append(turn(contest.ours))

    benchmark.pedantic(contest.ours, setup=others, rounds=ROUNDS, iterations=1)
    if contest.work:
        benchmark.extra_info["billions a second"] = round(times.rate(), 2)
    for name in contest.peers:
        benchmark.extra_info[f"{name} takes, times ours"] = round(times.ratio(name), 3)
