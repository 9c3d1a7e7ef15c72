"""Where a model begins: the shape and type of what is fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv._arguments import check_choice
from fastconv.utils.arrays import as_shape
from fastconv.utils.configured import checked_keywords


class SymbolicTensor:
    """A tensor that has a shape and a type but no values yet.

    Attributes
    ----------
    shape : tuple
        With the open batch axis: ``(None, 28, 28, 1)``.
    dtype : "float32", "uint8" or None
        None takes either.
    """

    def __init__(self, shape: tuple[int, ...], dtype: str | None, name: str | None) -> None:
        self.shape = (None, *shape)
        self.dtype = dtype
        self.name = name

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape without the batch axis."""
        return tuple(size for size in self.shape if size is not None)

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


@checked_keywords
def Input(
    shape: Sequence[int] | None = None,
    *,
    dtype: str | None = None,
    name: str | None = None,
) -> SymbolicTensor:
    """The first element of a model: the shape of one sample.

    Parameters
    ----------
    shape : tuple of int
        Without the batch axis, e.g. ``(32, 32, 3)``.
    dtype : "float32" or "uint8", optional
        Default: either; images in uint8 are taken as they are.
    name : str, optional

    Raises
    ------
    TypeError, ValueError
        If `shape` is not a tuple of whole numbers of at least 1.

    Examples
    --------
    >>> Input((32, 32, 3)).shape
    (None, 32, 32, 3)
    """
    sizes: Any = as_shape(shape, "shape", where="Input")
    if dtype is not None:
        check_choice(dtype, ("float32", "uint8"), where="Input", what="dtype")
    return SymbolicTensor(sizes, dtype, name)
