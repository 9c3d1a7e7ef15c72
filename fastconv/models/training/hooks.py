"""The callbacks of one run: the user's, and a progress bar if they have none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fastconv.callbacks import Callback, CallbackList, ProgbarLogger
from fastconv.callbacks.base import as_callbacks

if TYPE_CHECKING:
    from fastconv.models.data.sources import Source
    from fastconv.models.model import Model


def checked_hooks(
    callbacks: Callback | Iterable[Callback] | None, verbose: int | str
) -> list[Callback]:
    """The user's callbacks as a list; raises if what `make_hooks` is to be given is wrong.

    Apart from it, so that a call refuses these arguments before it builds the model.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose: must be 'auto', 0, 1 or 2; received {verbose!r}")
    return as_callbacks(callbacks)


def make_hooks(
    model: Model,
    given: Sequence[Callback],
    source: Source,
    verbose: int | str,
    *,
    first: Sequence[Callback] = (),
    **params: int,
) -> CallbackList:
    """`first`, the callbacks `given` and the progress bar, with the parameters of the run set."""
    bar = [] if any(isinstance(c, ProgbarLogger) for c in given) else [ProgbarLogger()]
    run_params = {
        **params,
        "steps": source.steps,
        "samples": source.samples,
        "batch_size": source.batch_size,
        "verbose": verbose,
    }
    return CallbackList([*first, *given, *bar], model, run_params)
