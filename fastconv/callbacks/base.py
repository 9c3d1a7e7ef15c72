"""The base class of callbacks, and the list of them that a run calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastconv.utils.configured import Configured

if TYPE_CHECKING:
    from fastconv.models.model import Model

Logs = dict[str, float]


class Callback(Configured):
    """Hooks of `fit`, `evaluate` and `predict`; a subclass overrides those that it needs.

    Attributes
    ----------
    model : Model
    params : dict
        "epochs", "initial_epoch", "steps", "samples", "batch_size", "verbose"; steps and samples
        are None where they are not known in advance.
    """

    model: Model
    adds_to_logs = False
    """Whether `on_epoch_end` adds to the logs, and so is called before callbacks that read them."""
    comes_last = False
    """Whether it is called after all others, to save their effects too."""

    def __init__(self, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.params: dict[str, Any] = {}

    def set_model(self, model: Model) -> None:
        """Set the model that is run."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Set the parameters of the run."""
        self.params = params

    def restore(self) -> None:
        """Before training begins: restore the state in which an earlier run stopped."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch; not called when an error ends the training."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step, counted from 0 in every epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step; `logs` holds the means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_end`."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation, also the validation inside `fit`."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction."""

    def close(self) -> None:
        """Release files and the progress bar; called once when a run ends, also by an error."""


def as_callbacks(callbacks: Callback | Iterable[Callback] | None) -> list[Callback]:
    """The argument `callbacks` as a list; TypeError if anything in it is no callback."""
    if callbacks is None or isinstance(callbacks, Callback):
        return [] if callbacks is None else [callbacks]
    if not isinstance(callbacks, Iterable):
        raise TypeError(
            "callbacks: must be a callback or a list of callbacks; received "
            f"{type(callbacks).__name__}"
        )
    given = list(callbacks)
    for callback in given:
        if not isinstance(callback, Callback):
            made = isinstance(callback, type) and issubclass(callback, Callback)
            hint = f" (write {callback.__name__}(...))" if made else ""
            raise TypeError(
                "callbacks: each must be an instance of fastconv.callbacks.Callback; "
                f"received {callback!r}{hint}"
            )
    return given


class CallbackList:
    """Calls each hook on all callbacks, in order; closes them when the run ends."""

    def __init__(
        self, callbacks: Iterable[Callback] | None, model: Model, params: dict[str, Any]
    ) -> None:
        self.callbacks = as_callbacks(callbacks)
        self.callbacks.sort(key=lambda callback: (callback.comes_last, not callback.adds_to_logs))
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def call(self, hook: str, *args: Any) -> None:
        """Call `hook` of every callback, e.g. ``call("on_epoch_end", epoch, logs)``."""
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def __enter__(self) -> CallbackList:
        return self

    def __exit__(self, *error: object) -> None:
        self.call("close")
