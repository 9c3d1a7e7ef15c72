"""The progress bar."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, cast

from fastconv.callbacks.base import Callback, Logs

if TYPE_CHECKING:
    from tqdm import tqdm


class ProgbarLogger(Callback):
    """A bar for every epoch: step, metrics, images per second and the time left.

    With ``verbose=2``, or with "auto" and no terminal (a file, a pipe), every epoch is one line.

    Parameters
    ----------
    verbose : "auto", 0, 1 or 2
        Default: the `verbose` of `fit`, `evaluate` or `predict`.
    """

    def __init__(self, verbose: int | str | None = None, **unknown: Any) -> None:
        super().__init__(**unknown)
        if verbose not in (None, "auto", 0, 1, 2):
            raise ValueError(
                f"ProgbarLogger: verbose must be one of 'auto', 0, 1, 2; received {verbose!r}"
            )
        self.verbose = verbose
        self.bar: tqdm[Any] | None = None
        self.in_training = False
        self.level = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.in_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.in_training = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.started = time.perf_counter()
        self.title = f"Epoch {epoch + 1}/{self.params['epochs']}"
        self._start(self.title)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self.bar is not None:
            self._show(self.params["steps"] or int(self.bar.n), logs)
            self.bar.refresh()
            self.close()
        elif self.level == 2:
            seconds = time.perf_counter() - self.started
            print(f"{self.title} - {seconds:.1f}s - {_metrics(logs)}", flush=True)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self.in_training:
            self._start("Evaluate")

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self.in_training:
            self._advance(batch, logs or {})

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self.in_training:
            if self.level == 2:
                print(f"Evaluate - {_metrics(logs or {})}", flush=True)
            self.close()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._start("Predict")

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch, logs or {})

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self.close()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _start(self, title: str) -> None:
        self.level = _level(self.params["verbose"] if self.verbose is None else self.verbose)
        self.close()
        if self.level == 1:
            from tqdm import tqdm

            samples = self.params["samples"]
            self.bar = tqdm(
                total=self.params["steps"] if samples is None else samples,
                desc=title,
                unit="step" if samples is None else "img",
                file=sys.stdout,
                dynamic_ncols=True,
                postfix=cast("Any", [""]),
                bar_format="{desc} {percentage:3.0f}%|{bar}| {postfix[0]} {rate_fmt} {remaining}",
            )

    def _advance(self, batch: int, logs: Logs) -> None:
        if self.bar is not None:
            self._show(batch + 1, logs)
            if self.params["samples"] is None:
                self.bar.update(1)
            else:
                left = self.params["samples"] - self.bar.n
                self.bar.update(min(self.params["batch_size"], left))

    def _show(self, step: int, logs: Logs) -> None:
        of = "" if self.params["steps"] is None else f"/{self.params['steps']}"
        text = f"step {step}{of} {_metrics(logs)}".rstrip()
        cast("Any", self.bar).postfix[0] = text


def _metrics(logs: Logs) -> str:
    return " - ".join(f"{name}: {_number(value)}" for name, value in logs.items())


def _number(value: float) -> str:
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.3e}"


def _level(verbose: int | str | None) -> int:
    if verbose == "auto":
        return 1 if sys.stdout.isatty() else 2
    return int(verbose or 0)
