"""Parses command lines; errors are one line, with the nearest valid word."""

from __future__ import annotations

import argparse
import difflib
import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from fastconv.cli.errors import CommandError, say

COMMANDS = {
    "train": "train a network on images",
    "evaluate": "measure a trained network on the test images",
    "predict": "name what is on images",
    "bench": "measure every layer of a network against the machine's limits",
    "info": "show the version, the processor, the threads and the arithmetic peak",
}


class _Parser(argparse.ArgumentParser):
    """Raises CommandError instead of printing the usage and exiting."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(message, command=self.prog)


def parse(words: Sequence[str], modules: Mapping[str, Any]) -> argparse.Namespace | None:
    """Return the arguments, with `run` and `command`; None when only help was asked for.

    `modules` may replace the modules of commands.
    """
    parser = _Parser(
        prog="fastconv",
        description="Train and run convolutional networks on CPUs.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="show the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    options: list[str] = []
    for name, purpose in COMMANDS.items():
        sub = commands.add_parser(
            name, help=purpose, description=_sentence(purpose), allow_abbrev=False
        )
        module = modules.get(name) or importlib.import_module(f"fastconv.cli.{name}")
        module.add_arguments(sub)
        options += sub._option_string_actions  # argparse has no public list of them
        sub.set_defaults(run=module.run)
    _check_command(words)
    try:
        arguments, unknown = parser.parse_known_args(words)
    except SystemExit:  # argparse has shown its help
        return None
    if unknown:
        raise CommandError(
            f"there is no argument {unknown[0]!r}{did_you_mean(unknown[0], options)}",
            command=f"fastconv {arguments.command or ''}".strip(),
        )
    if arguments.version:
        from fastconv import __version__

        say(f"fastconv {__version__}")
        return None
    if arguments.command is None:
        parser.print_help()
        return None
    return arguments


def _sentence(purpose: str) -> str:
    return purpose[0].upper() + purpose[1:] + "."


def _check_command(words: Sequence[str]) -> None:
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        raise CommandError(
            f"the commands are {', '.join(COMMANDS)}; received {words[0]!r}"
            f"{did_you_mean(words[0], COMMANDS)}"
        )


def did_you_mean(word: str, words: Sequence[str] | dict[str, str]) -> str:
    """A hint at the nearest of `words`, or an empty string."""
    near = difflib.get_close_matches(word.lower(), list(words), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def whole(minimum: int, maximum: int = 2**31 - 1) -> Callable[[str], int]:
    """Return argparse's `type` for whole numbers of a range."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            rule = f"{minimum} or more" if number < minimum else f"at most {maximum}"
            raise argparse.ArgumentTypeError(f"must be a whole number, {rule}; received {text!r}")
        return number

    return convert


def positive(text: str) -> float:
    """argparse's `type` for numbers above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0; received {text!r}")
    return number


def image_size(text: str) -> tuple[int, int]:
    """argparse's `type` for sizes: ``64``, or ``48x64``, height first."""
    parts = text.lower().split("x")
    if len(parts) in (1, 2) and all(p.isdecimal() and 0 < int(p) < 2**15 for p in parts):
        return int(parts[0]), int(parts[-1])
    raise argparse.ArgumentTypeError(
        f"must be a number of pixels or HEIGHTxWIDTH; received {text!r}"
    )
