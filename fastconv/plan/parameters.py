"""Trainable arrays, and the flat array that holds all those of a model."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from fastconv.plan.arena import ALIGNMENT, aligned_zeros

_ALIGNED = ALIGNMENT // 4  # floats
_versions = itertools.count(1)  # of all parameters and stores: no version occurs twice
_latest = _arrangement = 0


def latest_version() -> int:
    """The version of what was changed last, of whichever model: a quick test for no change."""
    return _latest


def _next_version() -> int:
    global _latest
    _latest = next(_versions)
    return _latest


def arrangement() -> int:
    """A number that is another one after each call of `rearranged`, for whichever model."""
    return _arrangement


def rearranged() -> None:
    """Note that a parameter was made, moved or frozen, or that the layers of a model change.

    What was found out about the parameters of a model holds as long as `arrangement` is the same.
    """
    global _arrangement
    _arrangement = _next_version()


class Penalty(Protocol):
    """A regularization penalty on a parameter."""

    def add(self, w: np.ndarray, gradient: np.ndarray | None) -> float:
        """The penalty of flat float32 weights; adds its gradient to `gradient`, if given."""


class Parameter:
    """A named float32 array that training changes, with its gradient.

    Parameters
    ----------
    name : str
        For reports, errors and files.
    value : array_like
        Converted to float32 and copied to a C-contiguous array.
    trainable : bool
        If false, no gradient is computed. A plan reads it once, when it is built.

    Attributes
    ----------
    grad : ndarray or None
        Overwritten by a plan's backward pass; None before there is a training plan.
    regularizer : Penalty or None
        Added to the loss and the gradient when a model is trained.
    """

    __slots__ = (
        "_shown", "_store", "_trainable", "_value", "_version", "grad", "name", "regularizer",
    )  # fmt: skip

    def __init__(self, name: str, value: ArrayLike, trainable: bool = True) -> None:
        self.name = name
        self._trainable = bool(trainable)
        self.grad: np.ndarray | None = None
        self.regularizer: Penalty | None = None
        self._store: ParameterStore | None = None
        given = _as_float32(value, name)
        array = aligned_zeros(given.shape, np.float32)
        array[...] = given
        self._place(array)

    def _place(self, array: np.ndarray) -> None:
        """Keep the values in `array`, which holds them already."""
        self._value = array
        self._shown = _read_only(array)
        self._version = _next_version()
        rearranged()

    @property
    def value(self) -> np.ndarray:
        """The array itself, read-only: it follows every change.

        Assignment copies into it and requires the same shape. Whatever changes the array has a new
        `version`, so that plans derive again what they have derived from it.
        """
        return self._shown

    @value.setter
    def value(self, new: ArrayLike) -> None:
        array = _as_float32(new, self.name)
        if array.shape != self.shape:
            raise ValueError(
                f"parameter {self.name}: a new value has the shape of the old one, {self.shape}; "
                f"received {array.shape}"
            )
        self._value[...] = array
        self._version = _next_version()

    @contextmanager
    def changing(self) -> Iterator[np.ndarray]:
        """The array, writable within the context."""
        try:
            yield self._value
        finally:
            self._version = _next_version()

    @property
    def version(self) -> int:
        """A number that is another one, and larger, after each change of the values."""
        return self._version if self._store is None else max(self._version, self._store.version)

    @property
    def trainable(self) -> bool:
        """Whether training changes it; a plan reads it once, when it is built."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if bool(value) != self._trainable:
            self._trainable = bool(value)
            rearranged()

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape

    @property
    def size(self) -> int:
        return self._value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._value.dtype

    def numpy(self) -> np.ndarray:
        """A copy of the array."""
        return self._value.copy()

    def assign(self, value: ArrayLike) -> None:
        """Copy into the array; Keras's name for assigning to `value`."""
        self.value = value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._shown, dtype=dtype, copy=copy)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "_shown"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, part in state.items():
            setattr(self, name, part)
        self._place(self._value)

    def allocate_grad(self) -> np.ndarray:
        """The gradient's array, allocated if necessary, in the parameter's store if it has one."""
        if self.grad is None and self._store is not None and self.trainable:
            self._store.allocate_grads()
        if self.grad is None:
            self.grad = aligned_zeros(self.shape, np.float32)
        return self.grad

    def __repr__(self) -> str:
        frozen = "" if self.trainable else ", trainable=False"
        return f"Parameter({self.name!r}, {self.shape}{frozen})"


class ParameterStore:
    """Packs parameters into one flat float32 array; their `value` and `grad` become views of it.

    Every parameter is aligned to 64 bytes; the gaps between parameters hold zeros, and so do the
    gaps in the gradients, so that an optimizer may run over the flat arrays. The trainable ones
    come first. A parameter that was in another store moves here, which makes that store stale.

    Parameters
    ----------
    parameters : iterable of Parameter
        Duplicates (from a shared layer) are packed once.

    Attributes
    ----------
    values : (n,) float32 array
        All parameters; the first `trainable_size` elements hold the trainable ones. Whoever
        changes them calls `changed`.
    version : int
        See `Parameter.version`.
    grads : (trainable_size,) float32 array, or None before `allocate_grads`
        The gradients of the trainable parameters, at the same offsets as in `values`.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        unique = list(dict.fromkeys(parameters))
        self.parameters = sorted(unique, key=lambda p: not p.trainable)
        offset = 0
        self._offsets: list[int] = []
        self.trainable_size = 0
        for parameter in self.parameters:
            self._offsets.append(offset)
            offset += -(-parameter.size // _ALIGNED) * _ALIGNED
            if parameter.trainable:
                self.trainable_size = offset
        self.values = aligned_zeros((offset,), np.float32)
        self.grads: np.ndarray | None = None
        self.version = _next_version()
        for parameter, view in self.views(self.values):
            view[...] = parameter.value
            parameter._place(view)
            parameter._store = self
        if any(parameter.grad is not None for parameter in self.parameters):
            self.allocate_grads()

    def allocate_grads(self) -> np.ndarray:
        """The flat gradients, allocated if necessary; existing gradients are copied into them."""
        if self.grads is None:
            self.grads = aligned_zeros((self.trainable_size,), np.float32)
            for parameter, view in self.views(self.grads):
                if parameter._store is not self:
                    continue  # it has moved to another store
                if parameter.grad is not None:
                    view[...] = parameter.grad
                parameter.grad = view
        return self.grads

    def changed(self) -> None:
        """Note that `values` have been written to."""
        self.version = _next_version()

    def places(self) -> Iterator[tuple[Parameter, int]]:
        """Each parameter with the index of its first element."""
        return zip(self.parameters, self._offsets, strict=True)

    def views(self, flat: np.ndarray) -> Iterator[tuple[Parameter, np.ndarray]]:
        """Each parameter with its part of a flat array laid out like `values` or `grads`."""
        for parameter, offset in zip(self.parameters, self._offsets, strict=True):
            if offset + parameter.size <= flat.size:
                view = flat[offset : offset + parameter.size].reshape(parameter.shape)
                yield parameter, view


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def _as_float32(value: Any, name: str) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"parameter {name}: values are real numbers; received dtype {array.dtype}")
    return np.ascontiguousarray(array, np.float32).reshape(array.shape)
