"""``fastconv evaluate``: the accuracy of a run's best checkpoint."""

from __future__ import annotations

import argparse
import sys
import time

from fastconv.cli.data import HELP, Data, Source, find_place, load
from fastconv.cli.errors import FAILED, CommandError, as_command_errors, say
from fastconv.cli.parser import whole
from fastconv.cli.run_folder import Checkpoint, load_best
from fastconv.utils.text import duration, percent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("run_folder", metavar="DIR", help="the folder of a training run, or a checkpoint in it")
    add("data", nargs="?", metavar="DATA", help=f"{HELP} (default: the run's own test images)")
    add("--threads", type=whole(1, 1024), metavar="N", help="default: one for each processor")
    add("--strict", action="store_true", help="stop at an unreadable image instead of skipping it")


def run(arguments: argparse.Namespace, words: list[str]) -> int:
    """Run the command."""
    with as_command_errors():
        checkpoint = load_best(arguments.run_folder)
        if arguments.threads is not None:
            from fastconv import set_num_threads

            set_num_threads(arguments.threads)
        data = _data(checkpoint, arguments.data, arguments.strict)
    began = time.perf_counter()
    with as_command_errors(FAILED):
        logs = checkpoint.model.evaluate(
            data.x_test,
            data.y_test,
            batch_size=checkpoint.settings.batch_size,
            verbose=1 if sys.stdout.isatty() else 0,
            return_dict=True,
        )
    seconds = time.perf_counter() - began
    count = len(data.x_test)
    say(
        f"Test accuracy {percent(logs['accuracy'] * count, count)}, loss {logs['loss']:.4f}; "
        f"{duration(seconds)}, {count / seconds:.0f} images/s"
    )
    return 0


def _data(checkpoint: Checkpoint, word: str | None, strict: bool) -> Data:
    """The run's test images, or those of other data with the same classes."""
    own = checkpoint.settings.source
    place = own.place if word is None else find_place(word)
    if place == own.place:
        data = load(own, strict=strict)
    else:
        height, width, channels = checkpoint.model.sample_shape
        color_mode = "grayscale" if channels == 1 else "rgb"
        data = load(Source(place, None, (height, width), color_mode), strict=strict, whole=True)
    if data.class_names != checkpoint.class_names:
        raise CommandError(
            f"{place}: the classes must be those of the run, {', '.join(checkpoint.class_names)}; "
            f"received {', '.join(data.class_names)}"
        )
    if data.image_shape != checkpoint.model.sample_shape:
        raise CommandError(
            f"{place}: images must be {checkpoint.model.sample_shape}; received {data.image_shape}"
        )
    return data
