"""Windows cut out of images, anywhere or from the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_int
from fastconv.layers.base import Layer
from fastconv.layers.channels import image_shape
from fastconv.layers.random_layer import RandomLayer
from fastconv.plan.geometry.points import Axes, Crop, resized, window
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class RandomCrop(RandomLayer):
    """While training, cut a window out of each image, each at a place of its own.

    Otherwise, and where an image is smaller than the window, the largest part from the middle that
    has the window's proportions is resized to it.

    Parameters
    ----------
    height, width : int
        Of the window.
    seed : int, optional
        Default: from the model's seed and the layer's place in it.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> layer = RandomCrop(2, 2, seed=21)
    >>> layer(np.arange(16).reshape(1, 4, 4, 1), training=True).reshape(2, 2).tolist()
    [[4.0, 5.0], [8.0, 9.0]]
    >>> layer(np.zeros((5, 3, 9, 3))).shape
    (5, 2, 2, 3)
    """

    def __init__(self, height: int, width: int, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.height, self.width = _size(self, height, width)

    def emit(self, graph: Graph, x: Value) -> Value:
        source, size = x.shape[:2], (self.height, self.width)
        self.compute_output_shape(x.shape)
        fits = source[0] >= size[0] and source[1] >= size[1]
        draw = Crop((source[0], source[1]), size) if fits else None
        return graph.resample(
            x, resized((source[0], source[1]), size, "crop"), draw, self.step_seed
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        channels = image_shape(input_shape, "channels_last", where=self.name)[2]
        return (self.height, self.width, channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}


class CenterCrop(Layer):
    """The middle of each image.

    Where an image is smaller than the window, the largest part from the middle that has the
    window's proportions is resized to it. Takes uint8 images as they are; the result is float32.

    Parameters
    ----------
    height, width : int
        Of the window.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> CenterCrop(2, 2)(np.arange(16).reshape(1, 4, 4, 1)).reshape(2, 2).tolist()
    [[5.0, 6.0], [9.0, 10.0]]
    """

    takes_uint8 = True

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height, self.width = _size(self, height, width)

    def emit(self, graph: Graph, x: Value) -> Value:
        self.compute_output_shape(x.shape)
        return graph.resample(x, self._points(x.shape[0], x.shape[1]))

    def _points(self, height: int, width: int) -> Axes:
        if height >= self.height and width >= self.width:
            top, left = (height - self.height) // 2, (width - self.width) // 2
            return window(self.height, self.width, top, left)
        return resized((height, width), (self.height, self.width), "crop")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        channels = image_shape(input_shape, "channels_last", where=self.name)[2]
        return (self.height, self.width, channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}


def _size(layer: Layer, height: int, width: int) -> tuple[int, int]:
    where = type(layer).__name__
    return as_int(height, "height", where=where), as_int(width, "width", where=where)
