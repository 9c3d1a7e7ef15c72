"""The callbacks of one run: the caller's, and a progress bar unless they bring their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fastconv.callbacks import Callback, CallbackList, ProgbarLogger

if TYPE_CHECKING:
    from fastconv.models.data.sources import Source
    from fastconv.models.model import Model


def make_hooks(
    model: Model,
    callbacks: Callback | Iterable[Callback] | None,
    source: Source,
    verbose: int | str,
    *,
    first: Sequence[Callback] = (),
    **params: int,
) -> CallbackList:
    """`first`, then the caller's callbacks, then the bar, all of them told what will run."""
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose: must be 'auto', 0, 1 or 2; received {verbose!r}")
    if callbacks is None:
        own: list[Callback] = []
    elif isinstance(callbacks, Callback):
        own = [callbacks]
    else:
        own = list(callbacks)
    shown = [] if any(isinstance(c, ProgbarLogger) for c in own) else [ProgbarLogger()]
    told = {
        **params,
        "steps": source.steps,
        "samples": source.samples,
        "batch_size": source.batch_size,
        "verbose": verbose,
    }
    return CallbackList([*first, *own, *shown], model, told)
