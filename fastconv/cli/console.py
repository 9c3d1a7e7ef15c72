"""The output of a training run: a progress bar in an epoch, and a line when it ends."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, cast

from fastconv.callbacks import Callback
from fastconv.cli.errors import say
from fastconv.utils.text import clock, duration, percent

if TYPE_CHECKING:
    from tqdm import tqdm

Logs = dict[str, float]
_BAR_EVERY = 0.1  # seconds between changes of the bar
_LINE_EVERY = 10.0  # seconds between lines of progress where there is no terminal for a bar


class Console(Callback):
    """Show step, accuracy, loss, images/s and time left; after an epoch, the test results.

    On a terminal the progress is a bar (on stderr), elsewhere a line every ten seconds.

    Parameters
    ----------
    test_images
        Number of images in the test set.

    Attributes
    ----------
    finished
        The number of finished epochs; they are also saved, since this is the last callback.
    """

    def __init__(self, test_images: int) -> None:
        super().__init__()
        self.test_images = test_images
        self.bar: tqdm[Any] | None = None
        self.best = -1.0
        self.finished = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = max(self.model.history.history.get("val_accuracy", []), default=-1.0)
        self.finished = self.params["initial_epoch"]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        from tqdm import tqdm

        self.title = f"Epoch {epoch + 1}/{self.params['epochs']}"
        self.started = self.last_line = time.perf_counter()
        self.trained = 0
        if sys.stderr is not None and sys.stderr.isatty():  # None: it was closed, 2>&-
            self.bar = tqdm(
                total=self.params["samples"],
                desc=self.title,
                leave=False,
                dynamic_ncols=True,
                mininterval=_BAR_EVERY,
                miniters=1,
                postfix=cast("Any", [""]),  # tqdm would put a comma before a string
                bar_format="{desc} |{bar}| {postfix[0]}",
            )

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        samples, size = self.params["samples"], self.params["batch_size"]
        done = min((batch + 1) * size, samples)
        now = time.perf_counter()
        self.training_seconds = now - self.started
        rate = done / max(self.training_seconds, 1e-9)
        if self.bar is None and now - self.last_line < _LINE_EVERY:
            self.trained = done
            return
        text = (
            f"step {batch + 1}/{self.params['steps']} accuracy {100 * logs['accuracy']:.1f} % "
            f"loss {logs['loss']:.3f} {rate:.0f} images/s {clock((samples - done) / rate)} left"
        )
        if self.bar is None:
            say(f"{self.title} {text}")
            self.last_line = now
        else:
            cast("Any", self.bar).postfix[0] = text
            self.bar.update(done - self.trained)
        self.trained = done

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if self.bar is not None:
            cast("Any", self.bar).postfix[0] = "testing"
            self.bar.refresh()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        self.close()
        accuracy = logs["val_accuracy"]
        seconds = time.perf_counter() - self.started
        rate = self.trained / max(self.training_seconds, 1e-9)
        best = "  (best so far)" if accuracy > self.best else ""
        self.best = max(self.best, accuracy)
        self.finished = epoch + 1
        say(
            f"{self.title}: accuracy {percent(accuracy * self.test_images, self.test_images)}, "
            f"loss {logs['val_loss']:.4f}; training accuracy {100 * logs['accuracy']:.2f} %, "
            f"loss {logs['loss']:.4f}; {duration(seconds)}, {rate:.0f} images/s{best}"
        )

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
