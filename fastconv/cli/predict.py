"""``fastconv predict``: the most likely classes of image files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from fastconv.cli.errors import FAILED, CommandError, as_command_errors, one_line, say
from fastconv.cli.parser import whole
from fastconv.cli.run_folder import load_best


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("run_folder", metavar="DIR", help="the folder of a training run, or a checkpoint in it")
    add("images", nargs="+", metavar="IMAGE", help="image files")
    add("--top", type=whole(1), default=3, metavar="N", help="classes to show (default: 3)")
    add("--strict", action="store_true", help="stop at an unreadable image instead of skipping it")


def run(arguments: argparse.Namespace, words: list[str]) -> int:
    """Run the command."""
    from fastconv.datasets._decode import decode
    from fastconv.datasets._image_format import ImageFormat
    from fastconv.utils.image_files import UnreadableError

    with as_command_errors():
        checkpoint = load_best(arguments.run_folder)
    height, width, channels = checkpoint.model.sample_shape
    form = ImageFormat(height, width, "grayscale" if channels == 1 else "rgb", "bilinear")
    names, pixels = [], []
    for name in arguments.images:
        try:
            pixels.append(decode(_content(name), form))
            names.append(name)
        except UnreadableError as error:
            message = f"{name}: is an unreadable image ({one_line(error)})"
            if arguments.strict:
                raise CommandError(message, FAILED) from error
            print(f"fastconv predict: {message}", file=sys.stderr)
    if names:
        with as_command_errors(FAILED):
            found = checkpoint.model.predict(np.stack(pixels))
        longest = max(map(len, names))
        for name, probabilities in zip(names, found, strict=True):
            ranked = _ranked(probabilities, checkpoint.class_names, arguments.top)
            say(f"{name:<{longest}}  {ranked}")
    return 0 if len(names) == len(arguments.images) else FAILED


def _content(name: str) -> bytes:
    try:
        return Path(name).expanduser().read_bytes()
    except IsADirectoryError:
        raise CommandError(f"{name}: IMAGE must be a file; received a folder") from None
    except OSError as error:
        raise CommandError(f"{name}: cannot be read ({error.strerror})") from error


def _ranked(probabilities: np.ndarray, class_names: tuple[str, ...], top: int) -> str:
    order = np.argsort(-probabilities, kind="stable")[:top]
    return "  ".join(f"{class_names[k]} {100 * probabilities[k]:.1f} %" for k in order)
