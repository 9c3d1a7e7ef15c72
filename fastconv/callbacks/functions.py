"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastconv.callbacks.base import Callback
from fastconv.utils.configured import unknown_choice

_HOOKS = tuple(name for name in dir(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """Calls the given functions as hooks.

    Parameters
    ----------
    **functions : callable
        ``on_epoch_end=lambda epoch, logs: ...`` and so on, with the arguments of the hooks of
        `Callback`; on_batch_begin and on_batch_end are those of training.

    Raises
    ------
    TypeError
        If a name is not that of a hook, or a value is not callable.

    Examples
    --------
    >>> shout = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(self, **functions: Callable[..., Any] | None) -> None:
        super().__init__()
        for name, function in functions.items():
            if name not in _HOOKS:
                raise unknown_choice("LambdaCallback", list(_HOOKS), name)
            if function is None:
                continue
            if not callable(function):
                raise TypeError(f"LambdaCallback: {name} must be a function; received {function!r}")
            setattr(self, name, function)
