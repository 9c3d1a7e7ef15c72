"""A model that is told its input's shape by the first samples: built once they are accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fastconv.layers.rollback import unbuilt_by_error

if TYPE_CHECKING:
    from fastconv.models.model import Model


@contextmanager
def built_once_accepted(model: Model, *, with_loss: bool = True, where: str) -> Iterator[None]:
    """Within it, all that a call was given is checked, which connects a model but does not build
    it. At its end the model is built; an error leaves an unbuilt model unbuilt.

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
            model.compiled.forget()  # what it found for outputs that are gone
        raise


def _check_losses(model: Model, with_loss: bool, where: str) -> None:
    if with_loss:
        model.plans.check_losses(where=where)
