"""Errors and warnings of commands: one line on stderr, and an exit code."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FAILED = 1
WRONG = 2
INTERRUPTED = 130  # as a shell reports a process that SIGINT has ended


class CommandError(Exception):
    """Ends the command with a line on stderr."""

    def __init__(self, message: object, code: int = WRONG, command: str | None = None) -> None:
        super().__init__(str(message))
        self.code = code
        self.command = command  # the command whose arguments are wrong, while they are parsed


@contextmanager
def as_command_errors(code: int = WRONG) -> Iterator[None]:
    """Turn the library's errors about bad input into a CommandError, which has no traceback."""
    try:
        yield
    except (ValueError, OSError, FloatingPointError, MemoryError) as error:
        raise CommandError(error if str(error) else type(error).__name__, code) from error


def one_line(error: object) -> str:
    """A message without line breaks."""
    return " ".join(str(error).split())


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show every UserWarning as one line on stderr."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"warning: {one_line(message)}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
