"""Random augmentation of pixel values: contrast, brightness, erased boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_float, items_of
from fastconv.layers.random_layer import RandomLayer, Range, factor_range

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class RandomContrast(RandomLayer):
    """In training, change each image's contrast: y = clip((x - mean) * f + mean).

    There is one f for each image; the mean is that of each of its channels.

    Parameters
    ----------
    factor : float or (lower, upper)
        f is from 1 - lower to 1 + upper; both are from 0 to 1, and a number stands for both.
    value_range : (smallest, largest)
        Range of the pixels: (0, 255) for bytes, (0, 1) after `Rescaling(1 / 255)`.
    seed : int, optional
        Default: derived from the model's seed and the layer's index.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = RandomContrast(0.5, seed=21)
    >>> y = layer(np.array([90.0, 110.0]).reshape(1, 1, 2, 1), training=True)
    >>> float(y.mean()), bool(abs(np.diff(y, axis=2)).max() > 10)
    (100.0, True)
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        where = type(self).__name__
        ends = items_of(factor)
        ends = [factor, factor] if ends is None else ends
        if len(ends) != 2 or not all(0 <= as_float(e, "factor", where=where) <= 1 for e in ends):
            raise ValueError(
                f"{where}: factor must be from 0 to 1, or (lower, upper) of such numbers; "
                f"received {factor!r}"
            )
        self.factor = (float(ends[0]), float(ends[1]))
        self.value_range = value_limits(value_range, where=where)

    def emit(self, graph: Graph, x: Value) -> Value:
        self.compute_output_shape(x.shape)
        factor = (1 - self.factor[0], 1 + self.factor[1])
        return graph.contrast(x, factor, self.value_range, self.step_seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomBrightness(RandomLayer):
    """In training, change each image's brightness: y = clip(x + d), with one d for each image.

    Parameters
    ----------
    factor : float or (smallest, largest)
        From -1 to 1; f stands for (-f, f). d is this fraction of the range of values.
    value_range, seed, name, input_shape
        As for `RandomContrast`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = RandomBrightness((0.2, 0.2))
    >>> layer(np.array([0.0, 100, 250]).reshape(1, 1, 3, 1), training=True).ravel().tolist()
    [51.0, 151.0, 255.0]
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        where = type(self).__name__
        self.factor = factor_range(factor, "factor", where=where, low=-1, high=1)
        self.value_range = value_limits(value_range, where=where)

    def emit(self, graph: Graph, x: Value) -> Value:
        self.compute_output_shape(x.shape)
        low, high = self.value_range
        delta = [(high - low) * share for share in self.factor]
        return graph.brightness(x, delta, self.value_range, self.step_seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomErasing(RandomLayer):
    """In training, overwrite a box of some images with a value or with noise (cutout).

    Zhong et al., "Random Erasing Data Augmentation" (2017).

    Parameters
    ----------
    factor : float or (smallest, largest)
        Each image is changed with a probability drawn from this range; f stands for (0, f). With
        (1, 1) every image is changed, with the default half of them.
    scale : float or (smallest, largest)
        The height and the width of a box are the image's, each times the square root of a number
        from this range, which is about the fraction of the image that is covered.
    fill_value : None, a number, or a number for each channel
        None: normal noise, multiplied by the largest value and clipped.
    value_range, seed, name, input_shape
        As for `RandomContrast`; `fill_value` is clipped as well.

    Examples
    --------
    >>> import numpy as np
    >>> layer = RandomErasing((1, 1), scale=(0.25, 0.25), fill_value=0, seed=21)
    >>> layer(np.ones((1, 4, 4, 1)), training=True).reshape(4, 4)
    array([[1., 1., 1., 1.],
           [1., 1., 0., 0.],
           [1., 1., 0., 0.],
           [1., 1., 1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        where = type(self).__name__
        self.factor, self.scale = (
            factor_range(
                value if items_of(value) is not None else (0, value),
                name,
                where=where,
                low=0,
                high=1,
            )
            for name, value in (("factor", factor), ("scale", scale))
        )
        fill = items_of(fill_value)
        self.fill_value: Any = None
        if fill is not None:
            self.fill_value = tuple(as_float(n, "fill_value", where=where) for n in fill)
        elif fill_value is not None:
            self.fill_value = as_float(fill_value, "fill_value", where=where)
        self.value_range = value_limits(value_range, where=where)

    def emit(self, graph: Graph, x: Value) -> Value:
        channels = self.compute_output_shape(x.shape)[2]
        fill = self.fill_value
        if isinstance(fill, float):
            fill = (fill,) * channels
        return graph.erase(x, self.factor, self.scale, fill, self.value_range, self.step_seed)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "factor": self.factor,
            "scale": self.scale,
            "fill_value": self.fill_value,
            "value_range": self.value_range,
        }


def value_limits(value: Any, *, where: str) -> Range:
    """Return (smallest, largest) value of a pixel, or raise ValueError."""
    ends = items_of(value)
    if ends is None or len(ends) != 2:
        raise ValueError(f"{where}: value_range must be (smallest, largest); received {value!r}")
    low, high = (as_float(end, "value_range", where=where) for end in ends)
    if not low < high:
        raise ValueError(f"{where}: value_range must be (smallest, largest); received {value!r}")
    return low, high
