"""Preprocessing of images and features: rescaling, resizing, cropping and normalization."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv._arguments import as_flag, as_float, as_int, check_choice, is_whole, items_of
from fastconv.layers.base import Layer
from fastconv.layers.data_format import check_axis, image_shape, sample_axis
from fastconv.plan.geometry.points import Axes, resized, window
from fastconv.plan.operations.sampling import RESIZING
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape, as_numbers

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Rescaling(Layer):
    """y = scale * x + offset; takes uint8 images without conversion.

    Parameters
    ----------
    scale : float
        1 / 255 maps pixels to [0, 1].
    offset : float
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> Rescaling(1 / 255)(np.array([[0, 255]], np.uint8))
    array([[0., 1.]], dtype=float32)
    """

    takes_uint8 = True

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for what, number in (("scale", scale), ("offset", offset)):
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise TypeError(f"Rescaling: {what} must be a number; received {number!r}")
        self.scale = as_float(scale, "scale", where="Rescaling")
        self.offset = as_float(offset, "offset", where="Rescaling")

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.affine(x, self.scale, self.offset)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


class Resizing(Layer):
    """Resize images to a height and a width. Takes uint8 images; the result is float32.

    Parameters
    ----------
    height, width : int
    interpolation : "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5"
        Bicubic and Lanczos interpolation may overshoot the range of the pixels.
    crop_to_aspect_ratio : bool
        Crop the image to the new aspect ratio, instead of distorting it.
    pad_to_aspect_ratio : bool
        Pad the image to the new aspect ratio with `fill_value`, instead of distorting it.
    fill_mode : "constant"
    fill_value : float
    antialias : bool
        Whether downsampling takes all pixels into account, instead of skipping some; "nearest"
        always skips.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> Resizing(1, 4)(np.array([[1.0, 3.0]]).reshape(1, 1, 2, 1)).ravel().tolist()
    [1.0, 1.5, 2.5, 3.0]
    >>> Resizing(24, 24, crop_to_aspect_ratio=True)(np.zeros((2, 48, 64, 3), np.uint8)).shape
    (2, 24, 24, 3)
    """

    takes_uint8 = True

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.height = as_int(height, "height", where=where)
        self.width = as_int(width, "width", where=where)
        self.interpolation = check_choice(
            interpolation, RESIZING, where=where, what="interpolation"
        )
        self.crop_to_aspect_ratio = as_flag(
            crop_to_aspect_ratio, "crop_to_aspect_ratio", where=where
        )
        self.pad_to_aspect_ratio = as_flag(pad_to_aspect_ratio, "pad_to_aspect_ratio", where=where)
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError(
                f"{where}: at most one of crop_to_aspect_ratio and pad_to_aspect_ratio may be "
                "True; received both"
            )
        self.fill_mode = check_choice(fill_mode, ("constant",), where=where, what="fill_mode")
        self.fill_value = as_float(fill_value, "fill_value", where=where)
        self.antialias = as_flag(antialias, "antialias", where=where)

    def emit(self, graph: Graph, x: Value) -> Value:
        self.compute_output_shape(x.shape)
        keep = "crop" if self.crop_to_aspect_ratio else "pad" if self.pad_to_aspect_ratio else None
        return graph.resize(
            x,
            (self.height, self.width),
            self.interpolation,
            self.antialias,
            keep,
            self.fill_value,
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        channels = image_shape(input_shape, "channels_last", where=self.name)[2]
        return (self.height, self.width, channels)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
        }


class CenterCrop(Layer):
    """Crop each image to a central window.

    If the images are smaller than the window, their largest central part with the window's aspect
    ratio is resized to it. Takes uint8 images; the result is float32.

    Parameters
    ----------
    height, width : int
        Size of the window.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> CenterCrop(2, 2)(np.arange(16).reshape(1, 4, 4, 1)).reshape(2, 2).tolist()
    [[5.0, 6.0], [9.0, 10.0]]
    """

    takes_uint8 = True

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.height = as_int(height, "height", where=where)
        self.width = as_int(width, "width", where=where)

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


_ROWS = 256  # rows converted to float64 at a time


class Normalization(Layer):
    """y = (x - mean) / sqrt(variance), with given statistics or those computed by `adapt`.

    Takes uint8 images without conversion.

    Parameters
    ----------
    axis : int, tuple of int, or None
        The axes, counted with the batch axis, with a separate mean and variance for each index;
        None: a single mean and variance.
    mean, variance : float or array, optional
        Of a shape that broadcasts to the sizes along `axis`. Without them, `adapt` computes them,
        and they are non-trainable weights.
    invert : bool
        Compute x * sqrt(variance) + mean instead.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or a shape does not fit.

    Examples
    --------
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[0, 7], [2, 9], [0, 7], [2, 9]]))
    >>> layer(np.array([[0, 9]]))
    array([[-1.,  1.]], dtype=float32)
    >>> Normalization(mean=3.0, variance=4.0)(np.array([[1, 2], [3, 7]])).tolist()
    [[-1.0, -0.5], [0.0, 2.0]]
    """

    takes_uint8 = True

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        given = [] if axis is None else [axis] if is_whole(axis) else items_of(axis)
        if given is None:
            raise TypeError(
                f"{where}: axis must be a whole number, several, or None; received {axis!r}"
            )
        self.axis = tuple(check_axis(one, where=where) for one in given)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"{where}: mean and variance must be given together; received {mean!r} and "
                f"{variance!r}"
            )
        self.given: tuple[np.ndarray, np.ndarray] | None = None
        if mean is not None:
            found = [
                as_numbers(part, name, where=where).astype(np.float32)
                for name, part in (("mean", mean), ("variance", variance))
            ]
            if found[0].shape != found[1].shape or found[0].ndim > len(self.axis):
                raise ValueError(
                    f"{where}: mean and variance must have one shape, of at most {len(self.axis)} "
                    f"axes; received {found[0].shape} and {found[1].shape}"
                )
            self.given = found[0], found[1]
        self.invert = as_flag(invert, "invert", where=type(self).__name__)

    def build(self, input_shape: Shape) -> None:
        sizes = tuple(input_shape[axis] for axis in self._sample_axes(input_shape))
        if self.given is None:
            self.mean = self.add_weight("mean", sizes, "zeros", trainable=False)
            self.variance = self.add_weight("variance", sizes, "ones", trainable=False)
            return
        for name, value in zip(("mean", "variance"), self.given, strict=True):
            short = len(sizes) - value.ndim
            if any(n not in (1, size) for n, size in zip(value.shape, sizes[short:], strict=True)):
                raise ValueError(
                    f"{self.name}: {name} must be spread over {sizes}, the sizes along its axes; "
                    f"received {value.shape}"
                )
            parameter = Parameter(
                f"{self.name}/{name}", np.broadcast_to(value, sizes), trainable=False
            )
            setattr(self, name, parameter)

    def adapt(self, data: Any) -> None:
        """Compute the mean and the variance of `data`.

        Parameters
        ----------
        data : array (samples, ...), or an iterable of batches
            A batch is x, or a tuple (x, ...). Sums are accumulated in float64.

        Raises
        ------
        ValueError
            If mean and variance were given, or there are no samples.
        """
        if self.given is not None:
            raise ValueError(
                f"{self.name}: adapt finds the mean and the variance; received them already, in "
                "the constructor"
            )
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        for x in _parts(data, self.name):
            self.ensure_built(x.shape[1:])
            kept = [axis + 1 for axis in self._sample_axes(x.shape[1:])]
            rest = tuple(axis for axis in range(x.ndim) if axis not in kept)
            more = x.size // max(1, self.mean.size)
            # Merge two sums of squared deviations from different means (Chan et al. 1979).
            own = x.mean(axis=rest)
            if own.shape != self.mean.shape:
                raise ValueError(
                    f"{self.name}: the layer was built for {self.mean.shape} along its axes; "
                    f"received {own.shape}"
                )
            between = own - mean
            total = count + more
            around = x - np.expand_dims(own, rest)
            squares = squares + (around * around).sum(axis=rest)
            squares = squares + between * between * (count * more / total)
            mean = mean + between * (more / total)
            count = total
        if not count:
            raise ValueError(f"{self.name}: adapt needs samples; received none")
        self.mean.value = mean
        self.variance.value = squares / count

    def emit(self, graph: Graph, x: Value) -> Value:
        axes = self._sample_axes(x.shape)
        return graph.standardize(x, self.mean, self.variance, axes, self.invert)

    def _sample_axes(self, input_shape: Shape) -> list[int]:
        """The axes of a sample that have a separate mean for each index."""
        return sorted({sample_axis(axis, input_shape, where=self.name) for axis in self.axis})

    def get_config(self) -> dict[str, Any]:
        mean, variance = (None, None) if self.given is None else (p.tolist() for p in self.given)
        own = {"axis": self.axis or None, "mean": mean, "variance": variance}
        return {**super().get_config(), **own, "invert": self.invert}


def _parts(data: Any, where: str) -> Iterator[np.ndarray]:
    """`data` in float64, at most `_ROWS` rows at a time."""
    is_array = hasattr(data, "__array__") or not hasattr(data, "__iter__")
    if isinstance(data, (list, tuple)) and data:  # numbers, or batches
        is_array = not isinstance(data[0], tuple) and not hasattr(data[0], "__array__")
    for batch in [data] if is_array else data:
        x = as_numbers(batch[0] if isinstance(batch, tuple) else batch, "data", where=where)
        if x.ndim == 0:
            raise ValueError(f"{where}: data must have a batch axis; received a single number")
        for start in range(0, len(x), _ROWS):
            yield x[start : start + _ROWS].astype(np.float64)
