"""Images moved, turned and zoomed at random."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_float, check_choice
from fastconv.layers.random_layer import RandomLayer, factor_range
from fastconv.plan.geometry.points import Draw, Rotation, Translation, Zoom, whole
from fastconv.plan.operations.sampling import FILL_MODES, INTERPOLATIONS

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class RandomMove(RandomLayer, ABC):
    """A map of the image onto itself, which leaves places that must be filled."""

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

    @abstractmethod
    def draw(self, height: int, width: int) -> Draw:
        """What maps each image of this size."""

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
    """While training, move each image down or up and to the right or left.

    Parameters
    ----------
    height_factor, width_factor : float or (smallest, largest)
        Shares of the height and the width, from -1 to 1; f stands for (-f, f). Positive ones move
        down and to the right.
    fill_mode : "reflect", "wrap", "constant" or "nearest"
        What lies beyond the edges: c b a | a b c | c b a, a b c | a b c | a b c, `fill_value`, or
        a a a | a b c | c c c.
    interpolation : "bilinear" or "nearest"
    seed : int, optional
        Default: from the model's seed and the layer's place in it.
    fill_value : float
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

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
        self.height_factor, self.width_factor = (
            factor_range(value, name, where=type(self).__name__, low=-1, high=1)
            for name, value in (("height_factor", height_factor), ("width_factor", width_factor))
        )

    def draw(self, height: int, width: int) -> Draw:
        return Translation(height, width, self.height_factor, self.width_factor)

    def get_config(self) -> dict[str, Any]:
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}


class RandomRotation(RandomMove):
    """While training, turn each image around its middle.

    Parameters
    ----------
    factor : float or (smallest, largest)
        Shares of a full circle, from -1 to 1; f stands for (-f, f). Positive ones turn
        counter-clockwise.
    fill_mode, interpolation, seed, fill_value, name, input_shape
        As for `RandomTranslation`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

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
        self.factor = factor_range(factor, "factor", where=type(self).__name__, low=-1, high=1)

    def draw(self, height: int, width: int) -> Draw:
        return Rotation(height, width, self.factor)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomZoom(RandomMove):
    """While training, make each image smaller or larger around its middle.

    Parameters
    ----------
    height_factor : float or (smallest, largest)
        Above -1 and up to 1; f stands for (-f, f). Positive ones zoom out: with 0.5, half as much
        again of the image's height is seen.
    width_factor : float or (smallest, largest), optional
        The same for the width; by default the proportions stay.
    fill_mode, interpolation, seed, fill_value, name, input_shape
        As for `RandomTranslation`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

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
        where = type(self).__name__
        self.height_factor = factor_range(
            height_factor, "height_factor", where=where, low=-1, high=1, low_too=False
        )
        self.width_factor = None
        if width_factor is not None:
            self.width_factor = factor_range(
                width_factor, "width_factor", where=where, low=-1, high=1, low_too=False
            )

    def draw(self, height: int, width: int) -> Draw:
        return Zoom(height, width, self.height_factor, self.width_factor)

    def get_config(self) -> dict[str, Any]:
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}
