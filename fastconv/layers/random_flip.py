"""Images mirrored at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv._arguments import check_choice
from fastconv.layers.random_layer import RandomLayer
from fastconv.plan.geometry.points import Flip, whole

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value

_MODES = {
    "horizontal": (False, True), "vertical": (True, False), "horizontal_and_vertical": (True, True),
}  # fmt: skip


class RandomFlip(RandomLayer):
    """While training, mirror half of the images.

    Parameters
    ----------
    mode : "horizontal", "vertical" or "horizontal_and_vertical"
        Left to right, top to bottom, or both at once, which is half a turn.
    seed : int, optional
        Default: from the model's seed and the layer's place in it.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if `mode` is misspelt.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(8).reshape(4, 1, 2, 1)
    >>> layer = RandomFlip("horizontal", seed=21)
    >>> layer(x, training=True).reshape(4, 2).tolist()
    [[0.0, 1.0], [2.0, 3.0], [5.0, 4.0], [7.0, 6.0]]
    >>> bool((layer(x) == x).all())
    True
    """

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.mode = check_choice(mode, _MODES, where=type(self).__name__, what="mode")

    def emit(self, graph: Graph, x: Value) -> Value:
        height, width, _ = self.compute_output_shape(x.shape)
        still, draw = whole(height, width), Flip(height, width, *_MODES[self.mode])
        return graph.resample(x, still, draw, self.step_seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}
