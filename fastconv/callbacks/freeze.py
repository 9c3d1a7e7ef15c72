"""Freezing a layer during training."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import as_int
from fastconv.callbacks.base import Callback, Logs


class Freeze(Callback):
    """Train a layer for the first epochs only: from `epoch` on its weights are frozen.

    From then on no gradients are computed for them, nor for the layers before them if none of these
    is trained.

    Parameters
    ----------
    layer : str
        The name of one of the model's layers.
    epoch : int
        The first epoch, counted from 0, in which it is not trained.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or the model has no such layer.

    Examples
    --------
    >>> from fastconv import Sequential, layers
    >>> stack = [layers.Dense(4, name="first", input_shape=(3,)), layers.Dense(2)]
    >>> model = Sequential(stack, seed=21)
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((6, 3)), np.ones((6, 2))
    >>> _ = model.fit(x, y, epochs=2, verbose=0, callbacks=[Freeze("first", epoch=1)])
    >>> [layer.trainable for layer in model.layers]
    [False, True]
    """

    def __init__(self, layer: str, epoch: int, **unknown: Any) -> None:
        super().__init__(**unknown)
        if not isinstance(layer, str):
            raise TypeError(f"Freeze: layer must be a layer's name; received {layer!r}")
        self.layer = layer
        self.epoch = as_int(epoch, "epoch", where="Freeze", minimum=0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.model.get_layer(self.layer)  # raises if there is none

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        layer = self.model.get_layer(self.layer)
        if layer.trainable != (epoch < self.epoch):
            layer.trainable = epoch < self.epoch

    def get_config(self) -> dict[str, Any]:
        return {"layer": self.layer, "epoch": self.epoch}
