"""Settings of their own for some parameters."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from fastconv._arguments import as_int
from fastconv.optimizers.hyperparameters import check_number, optional_number
from fastconv.plan.parameters import Parameter, ParameterStore
from fastconv.utils.configured import Configured


class Group(Configured):
    """Parameters that an optimizer treats in a way of their own.

    Parameters
    ----------
    match : str
        The parameters' names, as in ``model.weights``: ``conv2d/bias``, or a pattern, ``*/bias``.
    learning_rate_multiplier : float
        Their learning rate is the optimizer's times this.
    weight_decay : float, optional
        In place of the optimizer's.
    until : int, optional
        The number of steps after which they stay as they are.

    Examples
    --------
    >>> from fastconv.optimizers import SGD
    >>> optimizer = SGD(0.1, weight_decay=1e-4, groups=[Group("*/bias", 2.0, weight_decay=0)])
    >>> optimizer.groups
    [Group(match='*/bias', learning_rate_multiplier=2.0, weight_decay=0.0, until=None)]
    """

    def __init__(
        self,
        match: str,
        learning_rate_multiplier: float = 1.0,
        weight_decay: float | None = None,
        until: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        if not isinstance(match, str):
            raise TypeError(f"Group: match must be a name or a pattern; received {match!r}")
        self.match = match
        self.learning_rate_multiplier = check_number(
            learning_rate_multiplier, "learning_rate_multiplier", 0, math.inf, where="Group"
        )
        self.weight_decay = optional_number(weight_decay, "weight_decay", where="Group")
        self.until = None if until is None else as_int(until, "until", where="Group", minimum=0)

    def get_config(self) -> dict[str, Any]:
        return {
            "match": self.match,
            "learning_rate_multiplier": self.learning_rate_multiplier,
            "weight_decay": self.weight_decay,
            "until": self.until,
        }


@dataclass(slots=True)
class Segment:
    """A stretch of the flat parameters that is changed by one call.

    Attributes
    ----------
    start, stop : int
        Where it lies in the store.
    parameter : Parameter
        The first one in it, or the only one.
    """

    start: int
    stop: int
    parameter: Parameter
    multiplier: float
    weight_decay: float
    until: float

    @property
    def size(self) -> int:
        return self.stop - self.start


def segments_of(
    store: ParameterStore, groups: Sequence[Group], weight_decay: float | None, *, alone: bool
) -> list[Segment]:
    """The trainable parameters, neighbours with the same settings together unless `alone`.

    The first group that matches a name counts.
    """
    trainable = [(p, start) for p, start in store.places() if p.trainable]
    _check_matches(groups, [p.name for p in store.parameters])
    found: list[Segment] = []
    for parameter, start in trainable:
        group = next((g for g in groups if fnmatchcase(parameter.name, g.match)), Group("*"))
        decay = weight_decay if group.weight_decay is None else group.weight_decay
        segment = Segment(
            start,
            start + parameter.size,
            parameter,
            group.learning_rate_multiplier,
            decay or 0.0,
            math.inf if group.until is None else group.until,
        )
        if found and not alone and _alike(found[-1], segment):
            found[-1].stop = segment.stop
        else:
            found.append(segment)
    return found


def _alike(a: Segment, b: Segment) -> bool:
    return (a.multiplier, a.weight_decay, a.until) == (b.multiplier, b.weight_decay, b.until)


def _check_matches(groups: Iterable[Group], names: list[str]) -> None:
    for group in groups:
        if not any(fnmatchcase(name, group.match) for name in names):
            near = difflib.get_close_matches(group.match, names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(
                f"optimizer: a group must match a parameter's name, {', '.join(names)}; "
                f"received {group.match!r}{hint}"
            )
