"""The base of the random augmentation layers."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import as_float, items_of
from fastconv.layers.base import Layer
from fastconv.layers.data_format import image_shape
from fastconv.utils.arrays import Shape
from fastconv.utils.random import check_seed

Range = tuple[float, float]


class RandomLayer(Layer):
    """A layer that changes each image at random in training; in inference nothing is random.

    The change of an image depends on the seed, the training step and the image's index in the
    batch, never on the number of threads; a resumed run draws the same. Takes uint8 images; the
    result is float32.
    """

    uses_training = True
    takes_uint8 = True

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.given_seed = check_seed(seed, where=type(self).__name__)

    @property
    def step_seed(self) -> int:
        """The `seed` argument, or else the layer's seed."""
        return self.seed if self.given_seed is None else self.given_seed

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return image_shape(input_shape, "channels_last", where=self.name)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.given_seed}


def factor_range(
    value: Any, what: str, *, where: str, low: float, high: float, low_too: bool = True
) -> Range:
    """(smallest, largest) from a number f, which stands for (-f, f), or from two numbers.

    Both must be from `low` to `high`, and not `low` itself unless `low_too`.
    """
    ends = items_of(value)
    if ends is None:
        end = abs(as_float(value, what, where=where))
        ends = [-end, end]
    if len(ends) != 2:
        raise ValueError(
            f"{where}: {what} must be a number or (smallest, largest); received {value!r}"
        )
    first, second = sorted(as_float(end, what, where=where) for end in ends)
    if not (low <= first <= second <= high) or (first == low and not low_too):
        rule = f"from {low:g}" if low_too else f"above {low:g}"
        raise ValueError(f"{where}: {what} must be {rule} to {high:g}; received {value!r}")
    return first, second
