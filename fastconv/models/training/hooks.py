"""The callbacks of one run: the user's, and a progress bar if they have none."""

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
    """`first`, the user's callbacks and the progress bar, with the parameters of the run set."""
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose: must be 'auto', 0, 1 or 2; received {verbose!r}")
    if callbacks is None:
        given: list[Callback] = []
    elif isinstance(callbacks, Callback):
        given = [callbacks]
    else:
        given = list(callbacks)
    bar = [] if any(isinstance(c, ProgbarLogger) for c in given) else [ProgbarLogger()]
    run_params = {
        **params,
        "steps": source.steps,
        "samples": source.samples,
        "batch_size": source.batch_size,
        "verbose": verbose,
    }
    return CallbackList([*first, *given, *bar], model, run_params)
