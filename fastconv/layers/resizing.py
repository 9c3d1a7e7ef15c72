"""Images brought to one size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_float, as_int, check_choice
from fastconv.layers.base import Layer
from fastconv.layers.channels import image_shape
from fastconv.plan.operations.sampling import RESIZING
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Resizing(Layer):
    """Stretch images to a height and a width. Takes uint8 images; the result is float32.

    Parameters
    ----------
    height, width : int
    interpolation : "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5"
        Bicubic and Lanczos' results may lie beyond the smallest and the largest value.
    crop_to_aspect_ratio : bool
        Leave out what does not fit the new proportions, instead of distorting.
    pad_to_aspect_ratio : bool
        Or add what is missing, with `fill_value`.
    fill_mode : "constant"
    fill_value : float
    antialias : bool
        Whether a step of several pixels takes all of them in, instead of skipping some; "nearest"
        always skips.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

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
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = bool(pad_to_aspect_ratio)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                f"{where}: at most one of crop_to_aspect_ratio and pad_to_aspect_ratio may be "
                "True; received both"
            )
        self.fill_mode = check_choice(fill_mode, ("constant",), where=where, what="fill_mode")
        self.fill_value = as_float(fill_value, "fill_value", where=where)
        self.antialias = bool(antialias)

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
