"""What was measured, in a JSON file that a later run continues."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fastconv.utils.files import write_atomically
from networks.programs import OURS, PEERS

Case = tuple[str, str, int]
"""A network's name, a mode and a batch size."""


@dataclass
class Measurement:
    """One program's step of a case: the median of each round, in seconds, and how many it is of."""

    network: str
    mode: str
    batch: int
    program: str
    medians: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    failure: str | None = None

    @property
    def case(self) -> Case:
        return self.network, self.mode, self.batch

    @property
    def seconds(self) -> float | None:
        """The median of the rounds' medians; None if it failed."""
        whole = self.medians and self.failure is None
        return statistics.median(self.medians) if whole else None


class Mismatch(Exception):
    """The file was measured elsewhere or otherwise."""


class Results:
    """All measurements, and under which `conditions`: the machine, the threads, the versions.

    `outputs` are some outputs of our networks, which the peers' are compared with.
    """

    def __init__(self, conditions: dict[str, Any], path: Path | None = None) -> None:
        self.conditions = conditions
        self.path = path
        self.outputs: dict[str, list[float]] = {}
        self.found: dict[tuple[Case, str], Measurement] = {}

    def load(self) -> None:
        """Take over what the file holds, if there is one.

        Raises
        ------
        Mismatch
            If its conditions differ. A library that only one of the two knows is no difference.
        """
        if self.path is None or not self.path.exists():
            return
        content = json.loads(self.path.read_text())
        theirs = content["conditions"]
        for key in ("machine", "threads", "quick"):
            if theirs[key] != self.conditions[key]:
                raise Mismatch(f"{key}: {theirs[key]!r} there, {self.conditions[key]!r} now")
        versions = self.conditions["versions"]
        for name, version in theirs["versions"].items():
            if versions.setdefault(name, version) != version:
                raise Mismatch(f"{name}: version {version} there, {versions[name]} now")
        self.outputs = content["outputs"]
        for entry in content["measurements"]:
            del entry["seconds"]
            measurement = Measurement(**entry)
            self.found[measurement.case, measurement.program] = measurement

    def save(self) -> None:
        """Write the file, if there is a path."""
        if self.path is None:
            return
        entries = [asdict(m) | {"seconds": m.seconds} for m in self.found.values()]
        content = {
            "conditions": self.conditions, "outputs": self.outputs, "measurements": entries,
        }  # fmt: skip
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, [json.dumps(content, indent=1).encode() + b"\n"])

    def measurement(self, case: Case, program: str) -> Measurement:
        """The measurement of a program, a new one if there was none."""
        return self.found.setdefault((case, program), Measurement(*case, program))

    def forget(self, cases: Iterable[Case], programs: Sequence[str]) -> None:
        """Drop what is to be measured again."""
        for case in cases:
            for program in programs:
                self.found.pop((case, program), None)

    def seconds(self, case: Case, program: str = OURS) -> float | None:
        """The time of a step; None if it was not measured, or failed."""
        measurement = self.found.get((case, program))
        return None if measurement is None else measurement.seconds

    def best_peer(self, case: Case) -> str | None:
        """The name of the fastest peer."""
        times = {name: self.seconds(case, name) for name in PEERS}
        measured = {name: seconds for name, seconds in times.items() if seconds is not None}
        return min(measured, key=lambda name: measured[name], default=None)

    def ratio(self, case: Case) -> float | None:
        """How many times as long the fastest peer takes."""
        ours, peer = self.seconds(case), self.best_peer(case)
        theirs = None if peer is None else self.seconds(case, peer)
        return None if ours is None or theirs is None else theirs / ours

    def failures(self) -> Iterator[Measurement]:
        """The measurements that failed."""
        return (m for m in self.found.values() if m.failure is not None)
