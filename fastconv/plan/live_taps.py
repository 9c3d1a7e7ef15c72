"""A convolution without the taps that never meet the map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

Pass = Literal["fwd", "bwd_data", "bwd_weights"]


def live_taps(size: int, places: int, k: int, s: int, d: int, before: int) -> tuple[int, int, int]:
    """Along one axis the taps between the first and the last that meet the map at some place.

    Returns (first, last + 1, padding before the first), the padding negative where the first lies
    inside the map at once. If no tap meets the map it is one that does not.
    """
    # As a rule the first tap meets it at the last place, and the last tap at the first.
    if 0 <= (places - 1) * s - before < size and 0 <= (k - 1) * d - before < size:
        return 0, k, before

    def meets(tap: int) -> bool:
        least = before - tap * d  # what the place times the stride must be at least
        place = max(0, -(-least // s))
        return place < places and place * s < least + size

    first = max(0, -(-(before - (places - 1) * s) // d))
    last = min(k - 1, (before + size - 1) // d)
    while first < last and not meets(first):
        first += 1
    while first < last and not meets(last):
        last -= 1
    if first <= last and meets(first):
        return first, last + 1, before - first * d
    return 0, 1, min(before, (places - 1) * s + 1)


class LiveTaps:
    """A kernel for the taps that meet the map somewhere.

    The others, at either end of the window's axes, add nothing, and have no gradient. Without them
    no memory is spent on what lies between: a dilation of thousands takes no more than one of 1.

    Parameters
    ----------
    kind : type
        Of the kernel.
    arguments : dict
        Of the kernel for all taps.
    direction : str
    rows, columns : (first, last + 1, padding before the first)
        As `live_taps` has them.
    """

    PLACES: ClassVar[dict[Pass, tuple[int, int]]] = {
        "fwd": (1, 3), "bwd_data": (1, 1), "bwd_weights": (2, 4)
    }  # fmt: skip
    """Where w, or dw, stands among what `run` and `run_bytes` are given."""

    def __init__(
        self,
        kind: Any,
        arguments: dict[str, Any],
        direction: Pass,
        rows: tuple[int, int, int],
        columns: tuple[int, int, int],
    ) -> None:
        self.taps = slice(*rows[:2]), slice(*columns[:2])
        self.window = arguments["kh"], arguments["kw"]
        self.direction, self.algo = direction, arguments["algo"]
        kh, kw = rows[1] - rows[0], columns[1] - columns[0]
        live = {"kh": kh, "kw": kw, "pt": rows[2], "pl": columns[2]}
        live["dh"], live["dw"] = (
            arguments["dh"] if kh > 1 else 1,
            arguments["dw"] if kw > 1 else 1,
        )
        self.kernel = kind(**(arguments | live))

    def run(self, *arguments: Any) -> None:
        """As the kernel's."""
        self._run(self.kernel.run, self.PLACES[self.direction][0], list(arguments))

    def run_bytes(self, *arguments: Any) -> None:
        """As the kernel's."""
        self._run(self.kernel.run_bytes, self.PLACES[self.direction][1], list(arguments))

    def _run(self, run: Callable[..., None], place: int, arguments: list[Any]) -> None:
        w = arguments[place]
        if w.shape[:2] != self.window:
            raise ValueError(f"conv2d: w must have {self.window} taps; received {w.shape[:2]}")
        arguments[place] = live = w[self.taps].copy()
        run(*arguments)
        if self.direction == "bwd_weights":
            w[...] = 0
            w[self.taps] = live
