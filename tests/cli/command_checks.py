"""What the tests of the commands share."""

from __future__ import annotations

import os
from pathlib import Path

import fastconv


def one_line(text: str) -> str:
    """The only line of `text`."""
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text.strip()


def environment() -> dict[str, str]:
    """For commands in processes of their own: this package, wherever it was imported from."""
    root = str(Path(fastconv.__file__).resolve().parents[1])
    return {**os.environ, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}
