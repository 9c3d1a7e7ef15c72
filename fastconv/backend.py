"""What older programs ask Keras's backend: formats and types, of which there is one each."""

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
    """Where the channels of images are, unless a layer is told otherwise.

    Examples
    --------
    >>> image_data_format()
    'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Check that `data_format` is "channels_last"; layers take another one as an argument."""
    check_choice(data_format, ("channels_last",), where="set_image_data_format", what="data_format")


def floatx() -> str:
    """The type of weights and outputs.

    Examples
    --------
    >>> floatx()
    'float32'
    """
    return "float32"


def set_floatx(dtype: str) -> None:
    """Check that `dtype` is "float32"; there is no other one."""
    check_choice(dtype, ("float32",), where="set_floatx", what="dtype")


def epsilon() -> float:
    """The small number that optimizers and losses use unless they are told otherwise.

    Examples
    --------
    >>> epsilon()
    1e-07
    """
    return 1e-7


def clear_session() -> None:
    """Nothing: models share no state, and what nobody refers to is freed."""
