"""Warnings as a user wants to see them: without the place in the code."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastconv.cli.errors import one_line


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show every UserWarning as one line on stderr."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"warning: {one_line(message)}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
