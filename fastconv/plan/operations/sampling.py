"""Image resampling and resizing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastconv._arguments import as_float, check_choice
from fastconv.kernels.images.resample import resample, resample_bwd
from fastconv.kernels.images.resample_affine import resample_affine, resample_affine_bwd
from fastconv.kernels.images.resize import resize, resize_bwd
from fastconv.plan.executor import (
    Executor,
    FusedStep,
    Setting,
    copy_as_float,
)
from fastconv.plan.geometry.draws import uniforms
from fastconv.plan.geometry.points import Axes, Draw, resized
from fastconv.plan.geometry.resizing import CURVES, Weights, resizing
from fastconv.plan.operations.elementwise import Affine
from fastconv.plan.recorder import Primitive, Recorder, Value, with_batch

FILL_MODES = {
    "reflect": "symmetric", "wrap": "wrap", "constant": "constant", "nearest": "nearest",
}  # fmt: skip
"""From Keras's names to those of the kernels."""
INTERPOLATIONS = ("nearest", "bilinear")
RESIZING = ("nearest", *CURVES)


@dataclass(frozen=True, eq=False)
class Resample(Primitive):
    """x (ih, iw, ic), float32 or uint8, sampled at given points: y (oh, ow, ic), float32.

    `still` are fixed points; in training, `draw`, if given, makes random points for each image.
    `mode` and `fill` are those of `kernels.images.resample`.
    """

    still: Axes
    draw: Draw | None = None
    seed: int = 0
    bilinear: bool = True
    mode: str = "nearest"
    fill: float = 0.0

    @property
    def title(self) -> str:
        if self.draw is not None:
            return f"random {type(self.draw).__name__.lower()}"
        return "resize {}x{}".format(*self.still.size)


@dataclass(frozen=True, eq=False)
class Resize(Primitive):
    """x (ih, iw, ic), float32 or uint8, filtered along rows and columns: y (oh, ow, ic).

    Pixels beyond the edges have the value `fill`.
    """

    rows: Weights
    columns: Weights
    fill: float = 0.0

    @property
    def title(self) -> str:
        return f"resize {len(self.rows.first)}x{len(self.columns.first)}"


class SamplingRecorder(Recorder):
    """Steps that resample or resize an image."""

    def resample(
        self,
        x: Value,
        still: Axes,
        draw: Draw | None = None,
        seed: int = 0,
        interpolation: str = "bilinear",
        fill_mode: str = "nearest",
        fill_value: float = 0.0,
    ) -> Value:
        """x (ih, iw, ic), float32 or uint8, sampled at the points `still`.

        In training, at the points that `draw`, if given, makes for each image from `seed`, the step
        and the image's row. `FILL_MODES` lists the rules for points beyond the edges. The identity
        is not recorded.
        """
        where = self._where("resample")
        self._image(x, where)
        check_choice(interpolation, INTERPOLATIONS, where=where, what="interpolation")
        check_choice(fill_mode, FILL_MODES, where=where, what="fill_mode")
        step = Resample(
            still,
            None if self.in_inference else draw,
            self._seed(seed, where),
            interpolation == "bilinear",
            FILL_MODES[fill_mode],
            as_float(fill_value, "fill_value", where=where),
        )
        if step.draw is None and still.is_identity(x.shape[:2]):
            return self.as_float(x)
        return self._record(step, (x,), (*still.size, x.shape[2]))

    def resize(
        self,
        x: Value,
        size: tuple[int, int],
        interpolation: str = "bilinear",
        antialias: bool = False,
        keep: str | None = None,
        fill_value: float = 0.0,
    ) -> Value:
        """x (ih, iw, ic), float32 or uint8, resized to `size`, by one of `RESIZING`.

        `keep` as in `points.stretches`. With `antialias` the filter widens when shrinking, so that
        no pixel is skipped.
        """
        where = self._where("resize")
        self._image(x, where)
        check_choice(interpolation, RESIZING, where=where, what="interpolation")
        fill = as_float(fill_value, "fill_value", where=where)
        source = (x.shape[0], x.shape[1])
        if source == size:
            return self.as_float(x)
        if interpolation == "nearest" or (interpolation == "bilinear" and not antialias):
            points = resized(source, size, keep)
            return self.resample(
                x, points, None, 0, interpolation, fill_mode="constant", fill_value=fill
            )
        rows, columns = resizing(source, size, interpolation, antialias, keep)
        step = Resize(rows, columns, fill if keep == "pad" else 0.0)
        return self._record(step, (x,), (*size, x.shape[2]))

    def as_float(self, x: Value) -> Value:
        """x itself, or its conversion from uint8 to float32."""
        if x.dtype == "float32":
            return x
        return self._record(Affine(1.0, 0.0), (x,), x.shape)

    def _image(self, x: Value, where: str) -> None:
        """Raise an error unless x is an image (ih, iw, ic), of any dtype."""
        self._own(x, where)
        if len(x.shape) != 3:
            raise ValueError(
                f"{where}: x must have the axes (batch, height, width, channels); received "
                f"{with_batch(x)}"
            )


class ResampleExecutor(Executor):
    """Backward computes the points again and scatters dy to the pixels that were read."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.how = step.get(Resample)
        self.unchanged = self.how.still.is_identity(step.inputs[0].shape[:2])

    def forward(self, training: bool, step: int) -> None:
        how, x, y = self.how, self.inputs[0], self.output
        drawn = training and how.draw is not None
        if self.unchanged and not drawn:
            copy_as_float(x, y)
            return
        points = self._points(step) if drawn else how.still
        if isinstance(points, Axes):
            resample(x, y, points.rows, points.columns, how.bilinear, how.mode, how.fill)
        else:
            resample_affine(x, y, points, how.bilinear, how.mode, how.fill)

    def backward(self, step: int) -> None:
        how, dy, dx = self.how, self.d_output, self.dx
        points = how.still if how.draw is None else self._points(step)
        if isinstance(points, Axes):
            resample_bwd(dy, dx, points.rows, points.columns, how.bilinear, how.mode)
        else:
            resample_affine_bwd(dy, dx, points, how.bilinear, how.mode)

    def _points(self, step: int) -> Axes | np.ndarray:
        assert self.how.draw is not None
        points = self.how.draw(uniforms(self.setting.rows, self.how.seed, step))
        if isinstance(points, Axes):
            return Axes(*(np.ascontiguousarray(part) for part in points))
        return np.ascontiguousarray(points)


class ResizeExecutor(Executor):
    """y = weighted sums of x, plus the weight outside x times the fill value."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.get(Resize)
        rows, columns = found.rows, found.columns
        self.weights = rows.first, rows.weights, columns.first, columns.weights
        self.border = border(found)

    def forward(self, training: bool, step: int) -> None:
        resize(self.inputs[0], self.output, *self.weights)
        if self.border is not None:
            np.add(self.output, self.border, out=self.output)

    def backward(self, step: int) -> None:
        resize_bwd(self.d_output, self.dx, *self.weights)


def border(how: Resize) -> np.ndarray | None:
    """The fill value's contribution to every pixel, (oh, ow, 1); None if it is 0."""
    if not how.fill:
        return None
    inside = np.outer(1 - how.rows.missing, 1 - how.columns.missing)
    return (how.fill * (1 - inside)).astype(np.float32)[..., None]
