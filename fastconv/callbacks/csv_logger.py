"""The logs of every epoch as a CSV file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from fastconv._arguments import as_path
from fastconv.callbacks.base import Callback, Logs


class CSVLogger(Callback):
    """Write a line per epoch: the epoch, counted from 0, and everything in its logs.

    The file is complete after every epoch, whatever ends the run.

    Parameters
    ----------
    filename : path
    separator : str
    append : bool
        Append to the file of an earlier run: its lines before `initial_epoch` are kept.

    Raises
    ------
    ValueError
        If the first column of the file to append to is not "epoch".
    """

    def __init__(
        self,
        filename: str | os.PathLike[str],
        separator: str = ",",
        append: bool = False,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        self.path = Path(as_path(filename, "filename", where="CSVLogger"))
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"CSVLogger: separator must be one character; received {separator!r}")
        self.separator = separator
        self.append = bool(append)
        self.columns: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.columns = []
        lines = self._earlier() if self.append else []
        self.columns = lines[0] if lines else []
        self._write("w", lines)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        line = {"epoch": str(epoch), **{name: repr(float(logs[name])) for name in logs}}
        if not self.columns:
            self.columns = list(line)
            self._write("a", [self.columns])
        self._write("a", [[line.get(name, "") for name in self.columns]])

    def _earlier(self) -> list[list[str]]:
        """The header and the lines of the epochs before this run's first."""
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            lines = [line for line in csv.reader(file, delimiter=self.separator) if line]
        if not lines:
            return []
        if lines[0][:1] != ["epoch"]:
            raise ValueError(
                f"CSVLogger: {self.path} must begin with the column 'epoch' to be appended to; "
                f"received {lines[0]}"
            )
        first = self.params.get("initial_epoch", 0)
        kept = [line for line in lines[1:] if line[0].isdecimal() and int(line[0]) < first]
        return [lines[0], *kept]

    def _write(self, mode: str, lines: list[list[str]]) -> None:
        with self.path.open(mode, newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=self.separator).writerows(lines)
