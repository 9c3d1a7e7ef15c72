"""Models whose input shape comes from the first samples, built once these are accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fastconv.layers.rollback import unbuilt_by_error

if TYPE_CHECKING:
    from fastconv.models.model import Model


@contextmanager
def built_once_accepted(model: Model, *, with_loss: bool = True, where: str) -> Iterator[None]:
    """A context for the checks of a call's arguments, which connect a model but do not build it.

    At the end of the context the model is built; after an error an unbuilt model is still unbuilt.
    `with_loss` also checks that the losses fit the model's last layers.
    """
    if model.built:
        yield
        _check_losses(model, with_loss, where)
        return
    try:
        with model.plans.lock.writing, unbuilt_by_error(model):
            yield
            model.build_layers()
            _check_losses(model, with_loss, where)
    except BaseException:
        if model.compiled is not None:
            model.compiled.forget()  # what was resolved for outputs that no longer exist
        raise


def _check_losses(model: Model, with_loss: bool, where: str) -> None:
    if with_loss:
        model.plans.check_losses(where=where)
