"""Optimizer settings for groups of parameters."""

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
    """Parameters for which an optimizer has separate settings.

    Parameters
    ----------
    match : str
        The parameters' names, as in ``model.weights``: ``conv2d/bias``, or a pattern, ``*/bias``.
    learning_rate_multiplier : float
        Multiplies the optimizer's learning rate.
    weight_decay : float, optional
        Replaces the optimizer's.
    until : int, optional
        The number of steps after which they are frozen.

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
    """A range of the flat parameters that one call of `Optimizer.update` covers.

    Attributes
    ----------
    start, stop : int
        The range in the store.
    parameter : Parameter
        Its first one, or its only one.
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
    """The trainable parameters; adjacent ones with equal settings are joined, unless `alone`.

    The first group that matches a name applies.
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
