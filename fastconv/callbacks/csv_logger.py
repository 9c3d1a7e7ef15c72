"""The logs of every epoch as a CSV file."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

from fastconv._arguments import as_path
from fastconv.callbacks.base import Callback, Logs
from fastconv.utils.files import naming, write_atomically


class CSVLogger(Callback):
    """Write a line per epoch: the epoch, counted from 0, and everything in its logs.

    The file is complete after every epoch, whatever ends the run. A run that is stopped while it
    writes a line leaves a part of it, which goes when a run with `append` begins.

    Parameters
    ----------
    filename : path
    separator : str
    append : bool
        Append to the file of an earlier run: its lines before the first epoch of this run are
        kept, and those that it lacks come from the model's history.

    Raises
    ------
    ValueError
        If the file to append to is damaged, or its first column is not "epoch".
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
        lines = self._earlier() if self.append and self.path.is_file() else []
        self.columns = lines[0] if lines else []
        content = self._text(lines)
        if self.path.exists() and not self.path.is_file():  # a pipe, a terminal
            self._add(content)
        else:  # at once, or the lines of the earlier run could be lost
            write_atomically(self.path.resolve(), [content])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        line = {"epoch": str(epoch), **{name: repr(float(logs[name])) for name in logs}}
        if not self.columns:
            self.columns = list(line)
            self._add(self._text([self.columns]))
        self._add(self._text([[line.get(name, "") for name in self.columns]]))

    def _earlier(self) -> list[list[str]]:
        """The header and the lines of the epochs before this run's first."""
        text = self.path.read_text(encoding="utf-8", errors="replace")
        whole = text[: text.rfind("\n") + 1]  # what follows, a run wrote when it was stopped
        lines_of = csv.reader(io.StringIO(whole), delimiter=self.separator)
        try:
            found = [line for line in lines_of if line]
        except csv.Error as error:
            raise ValueError(f"CSVLogger: {self.path} is damaged: {error}") from error
        if found and found[0][:1] != ["epoch"]:
            raise ValueError(
                f"CSVLogger: {self.path} must begin with the column 'epoch' to be appended to; "
                f"received {found[0]}"
            )
        # A callback may have restored a later epoch than the first that `fit` was asked for.
        first = max(self.params.get("initial_epoch", 0), self.model.epoch)
        past = self.model.history
        names = [name for name, of in past.history.items() if len(of) == len(past.epoch)]
        columns = found[0] if found else ["epoch", *names]
        lines = {}
        # From the history come the lines that were not on the disk when the run was stopped.
        for row, epoch in enumerate(past.epoch):
            values = {name: repr(past.history[name][row]) for name in names}
            lines[epoch] = [str(epoch), *(values.get(name, "") for name in columns[1:])]
        for line in found[1:]:
            if line[0].isdecimal() and len(line) == len(columns):
                lines[int(line[0])] = line
        kept = [lines[epoch] for epoch in sorted(lines) if epoch < first]
        return [columns, *kept] if kept else found[:1]

    def _text(self, lines: list[list[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self.separator).writerows(lines)
        return text.getvalue().encode()

    def _add(self, content: bytes) -> None:
        with naming(self.path), self.path.open("ab") as file:
            file.write(content)
