"""The inputs of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_int, check_choice
from fastconv.layers.base import Layer
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.utils.arrays import OpenShape, as_open_shape
from fastconv.utils.configured import checked_keywords

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value

__all__ = ["Input", "InputLayer", "SymbolicTensor"]


class InputLayer(Layer):
    """The layer of an input of a model; `Input` makes one and returns its tensor.

    Parameters
    ----------
    shape : tuple
        The shape of a sample, without the batch axis; None leaves a size open.
    dtype : "float32" or "uint8", optional
    input_shape : tuple, optional
        Older name of `shape`.
    name : str, optional
    """

    takes_uint8 = True

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        dtype: str | None = None,
        *,
        input_shape: Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        shape = input_shape if shape is None else shape
        self.shape: OpenShape = as_open_shape(shape, "shape", where="Input")
        if dtype is not None:
            check_choice(dtype, ("float32", "uint8"), where="Input", what="dtype")
        self.dtype = dtype
        self.built = True
        call = Call(self, [])
        call.outputs = SymbolicTensor(self.shape, dtype, call)
        self.calls.append(call)

    def emit(self, graph: Graph, x: Value) -> Value:
        return x

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "shape": self.shape, "dtype": self.dtype}


@checked_keywords
def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    *,
    dtype: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
) -> SymbolicTensor:
    """An input of a model: a symbolic tensor with the shape of one sample.

    Parameters
    ----------
    shape : tuple
        Without the batch axis, e.g. ``(32, 32, 3)``. None leaves a size open: ``(None, None, 3)``.
    batch_size : int, optional
        Accepted as in Keras, but without effect: batches may have any size.
    batch_shape : tuple, optional
        Instead of `shape`, with the batch axis: ``(None, 32, 32, 3)``.
    dtype : "float32" or "uint8", optional
        Default: either; uint8 images are taken without conversion.
    name : str, optional
        Also the key of this input in a dictionary of arrays.

    Raises
    ------
    TypeError, ValueError
        If `shape` is not a tuple of None and whole numbers of at least 1, or both shapes are given.

    Examples
    --------
    >>> Input((32, 32, 3)).shape
    (None, 32, 32, 3)
    """
    if batch_shape is not None:
        if shape is not None:
            raise ValueError(
                "Input: shape or batch_shape must be given, not both; received "
                f"shape={shape!r}, batch_shape={batch_shape!r}"
            )
        sizes = as_open_shape(batch_shape, "batch_shape", where="Input")
        batch_size, shape = sizes[0], sizes[1:]
    if batch_size is not None:
        as_int(batch_size, "batch_size", where="Input")
    y: SymbolicTensor = InputLayer(shape, dtype=dtype, name=name).output  # type: ignore[arg-type]
    return y
