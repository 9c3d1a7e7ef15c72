"""Settings that older programs read from Keras's backend: data format, dtype and epsilon, fixed."""

from __future__ import annotations

from fastconv._arguments import check_choice

__all__ = [
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_floatx",
    "set_image_data_format",
]


def image_data_format() -> str:
    """The default data format of layers.

    Examples
    --------
    >>> image_data_format()
    'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Check that `data_format` is "channels_last"; for another, use a layer's `data_format`."""
    check_choice(data_format, ("channels_last",), where="set_image_data_format", what="data_format")


def floatx() -> str:
    """The dtype of weights and outputs.

    Examples
    --------
    >>> floatx()
    'float32'
    """
    return "float32"


def set_floatx(dtype: str) -> None:
    """Check that `dtype` is "float32", the only one."""
    check_choice(dtype, ("float32",), where="set_floatx", what="dtype")


def epsilon() -> float:
    """The default epsilon of optimizers and losses.

    Examples
    --------
    >>> epsilon()
    1e-07
    """
    return 1e-7


def clear_session() -> None:
    """Do nothing: models share no state, and unreferenced ones are freed."""
