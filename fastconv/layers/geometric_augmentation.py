"""Random geometric augmentation: translation, rotation, zoom, flip and crop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_float, as_int, check_choice
from fastconv.layers.data_format import image_shape
from fastconv.layers.random_layer import RandomLayer, Range, factor_range
from fastconv.plan.geometry.points import (
    Crop,
    Draw,
    Flip,
    Rotation,
    Translation,
    Zoom,
    resized,
    whole,
)
from fastconv.plan.operations.sampling import FILL_MODES, INTERPOLATIONS
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class RandomMove(RandomLayer, ABC):
    """A random transformation to an image of the same size; pixels from outside are filled."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        where = type(self).__name__
        self.fill_mode = check_choice(fill_mode, FILL_MODES, where=where, what="fill_mode")
        self.interpolation = check_choice(
            interpolation, INTERPOLATIONS, where=where, what="interpolation"
        )
        self.fill_value = as_float(fill_value, "fill_value", where=where)

    def as_factor(self, value: Any, what: str, low_too: bool = True) -> Range:
        """(smallest, largest) of a factor from -1 to 1."""
        where = type(self).__name__
        return factor_range(value, what, where=where, low=-1, high=1, low_too=low_too)

    @abstractmethod
    def draw(self, height: int, width: int) -> Draw:
        """The random transformation of images of this size."""

    def emit(self, graph: Graph, x: Value) -> Value:
        height, width, _ = self.compute_output_shape(x.shape)
        return graph.resample(
            x,
            whole(height, width),
            self.draw(height, width),
            self.step_seed,
            self.interpolation,
            self.fill_mode,
            self.fill_value,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "fill_mode": self.fill_mode,
            "interpolation": self.interpolation,
            "fill_value": self.fill_value,
        }


class RandomTranslation(RandomMove):
    """In training, shift each image vertically and horizontally.

    Parameters
    ----------
    height_factor, width_factor : float or (smallest, largest)
        Fractions of the height and the width, from -1 to 1; f stands for (-f, f). Positive ones
        shift down and to the right.
    fill_mode : "reflect", "wrap", "constant" or "nearest"
        How pixels beyond the edges are filled: c b a | a b c | c b a, a b c | a b c | a b c,
        `fill_value`, or a a a | a b c | c c c.
    interpolation : "bilinear" or "nearest"
    seed : int, optional
        Default: derived from the model's seed and the layer's index.
    fill_value : float
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = RandomTranslation(0, (0.25, 0.25), fill_mode="constant")
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 1, 4, 1), training=True).ravel().tolist()
    [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.height_factor = self.as_factor(height_factor, "height_factor")
        self.width_factor = self.as_factor(width_factor, "width_factor")

    def draw(self, height: int, width: int) -> Draw:
        return Translation(height, width, self.height_factor, self.width_factor)

    def get_config(self) -> dict[str, Any]:
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}


class RandomRotation(RandomMove):
    """In training, rotate each image around its center.

    Parameters
    ----------
    factor : float or (smallest, largest)
        Fractions of a full circle, from -1 to 1; f stands for (-f, f). Positive ones rotate
        counterclockwise.
    fill_mode, interpolation, seed, fill_value, name, input_shape
        As for `RandomTranslation`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = RandomRotation((0.25, 0.25))
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 2, 2, 1), training=True).round(5).ravel().tolist()
    [2.0, 4.0, 1.0, 3.0]
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.factor = self.as_factor(factor, "factor")

    def draw(self, height: int, width: int) -> Draw:
        return Rotation(height, width, self.factor)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomZoom(RandomMove):
    """In training, zoom each image in or out around its center.

    Parameters
    ----------
    height_factor : float or (smallest, largest)
        Above -1 and up to 1; f stands for (-f, f). Positive ones zoom out: with 0.5, the output
        covers 1.5 times the image's height.
    width_factor : float or (smallest, largest), optional
        The same for the width; by default the aspect ratio is kept.
    fill_mode, interpolation, seed, fill_value, name, input_shape
        As for `RandomTranslation`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = RandomZoom(0, (-0.5, -0.5))
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 1, 4, 1), training=True).ravel().tolist()
    [1.75, 2.25, 2.75, 3.25]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.height_factor = self.as_factor(height_factor, "height_factor", low_too=False)
        self.width_factor = None
        if width_factor is not None:
            self.width_factor = self.as_factor(width_factor, "width_factor", low_too=False)

    def draw(self, height: int, width: int) -> Draw:
        return Zoom(height, width, self.height_factor, self.width_factor)

    def get_config(self) -> dict[str, Any]:
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}


_MODES = {
    "horizontal": (False, True), "vertical": (True, False), "horizontal_and_vertical": (True, True),
}  # fmt: skip


class RandomFlip(RandomLayer):
    """In training, mirror each image with probability 1/2.

    Parameters
    ----------
    mode : "horizontal", "vertical" or "horizontal_and_vertical"
        Left to right, top to bottom, or both at once, which is a rotation by 180 degrees.
    seed, name, input_shape
        As for `RandomTranslation`.

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
        identity, draw = whole(height, width), Flip(height, width, *_MODES[self.mode])
        return graph.resample(x, identity, draw, self.step_seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}


class RandomCrop(RandomLayer):
    """In training, crop each image to a window at a random position.

    In inference, and for images smaller than the window, the largest central part with the window's
    aspect ratio is resized to it.

    Parameters
    ----------
    height, width : int
        Size of the window.
    seed, name, input_shape
        As for `RandomTranslation`.

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
        where = type(self).__name__
        self.height = as_int(height, "height", where=where)
        self.width = as_int(width, "width", where=where)

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
