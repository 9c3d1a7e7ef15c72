"""Recording: steps that read an image at other points."""

from __future__ import annotations

from fastconv._arguments import as_float, check_choice
from fastconv.plan import primitives
from fastconv.plan.geometry.points import Axes, Draw, resized
from fastconv.plan.geometry.resizing import CURVES, resizing
from fastconv.plan.recorder import Recorder, Value, with_batch

FILL_MODES = {
    "reflect": "symmetric", "wrap": "wrap", "constant": "constant", "nearest": "nearest",
}  # fmt: skip
"""Keras's names, and what the kernels call them."""

INTERPOLATIONS = ("nearest", "bilinear")
RESIZING = ("nearest", *CURVES)


class Sampling(Recorder):
    """Steps that read an image at other points."""

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
        """x (ih, iw, ic), of float32 or uint8, at the points `still`.

        While training, at points that `draw` makes for each image out of `seed`, the step and the
        image's row. Beyond the edges: `FILL_MODES`. Where nothing changes nothing is recorded.
        """
        where = self._where("resample")
        self._image(x, where)
        check_choice(interpolation, INTERPOLATIONS, where=where, what="interpolation")
        check_choice(fill_mode, FILL_MODES, where=where, what="fill_mode")
        step = primitives.Resample(
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
        """x (ih, iw, ic), of float32 or uint8, stretched to `size`, by one of `RESIZING`.

        `keep` as in `sampling.stretches`. With `antialias` no pixel is skipped.
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
        step = primitives.Resize(rows, columns, fill if keep == "pad" else 0.0)
        return self._record(step, (x,), (*size, x.shape[2]))

    def as_float(self, x: Value) -> Value:
        """x itself, or what makes float32 of bytes."""
        if x.dtype == "float32":
            return x
        return self._record(primitives.Affine(1.0, 0.0), (x,), x.shape)

    def _image(self, x: Value, where: str) -> None:
        """Refuse what is no image (ih, iw, ic), of whatever dtype."""
        self._own(x, where)
        if len(x.shape) != 3:
            raise ValueError(
                f"{where}: x must have the axes (batch, height, width, channels); received "
                f"{with_batch(x)}"
            )

    def _seed(self, seed: int, where: str) -> int:
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise TypeError(f"{where}: seed must be a whole number; received {seed!r}")
        if not 0 <= int(seed) < 2**64:
            raise ValueError(f"{where}: seed must be between 0 and 2**64 - 1; received {seed!r}")
        return int(seed)
