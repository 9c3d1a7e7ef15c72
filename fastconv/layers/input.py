"""Where a model begins: the shape and type of what is fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import check_choice
from fastconv.layers.base import Layer
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.utils.arrays import OpenShape, as_open_shape
from fastconv.utils.configured import checked_keywords

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.values import Value

__all__ = ["Input", "InputLayer", "SymbolicTensor"]


class InputLayer(Layer):
    """What `Input` makes: the place in a model where arrays come in.

    Parameters
    ----------
    shape : tuple
        Of a sample, without the batch axis; None leaves a size open.
    dtype : "float32" or "uint8", optional
    name : str, optional
    """

    takes_uint8 = True

    def __init__(
        self, shape: Sequence[int | None], dtype: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
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
    *,
    dtype: str | None = None,
    name: str | None = None,
) -> SymbolicTensor:
    """The beginning of a model: a symbolic tensor with the shape of one sample.

    Parameters
    ----------
    shape : tuple
        Without the batch axis, e.g. ``(32, 32, 3)``. None leaves a size open: ``(None, None, 3)``.
    dtype : "float32" or "uint8", optional
        Default: either; images in uint8 are taken as they are.
    name : str, optional
        Also the name by which a dictionary of arrays is matched with several inputs.

    Raises
    ------
    TypeError, ValueError
        If `shape` is not a tuple of None and whole numbers of at least 1.

    Examples
    --------
    >>> Input((32, 32, 3)).shape
    (None, 32, 32, 3)
    """
    y: SymbolicTensor = InputLayer(shape, dtype=dtype, name=name).output  # type: ignore[arg-type]
    return y
