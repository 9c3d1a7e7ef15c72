"""The command line: ``fastconv train | evaluate | predict | bench | info``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from fastconv.cli.errors import INTERRUPTED, CommandError, one_line, plain_warnings


def main(argv: Sequence[str] | None = None, modules: Mapping[str, Any] | None = None) -> int:
    """Run a command and return its exit code.

    0: done; 1: the work failed; 2: the command, or a file or name in it, is wrong; 130: Ctrl-C.
    Errors are one line on stderr.

    Parameters
    ----------
    argv
        The arguments after ``fastconv``; by default those of the process.
    modules
        Objects with `add_arguments` and `run` that replace the modules of commands, by name.
    """
    from fastconv.cli.parser import parse

    words = list(sys.argv[1:] if argv is None else argv)
    name = "fastconv"
    try:
        arguments = parse(words, modules or {})
        if arguments is None:
            return 0
        name = f"fastconv {arguments.command}"
        with plain_warnings():
            return arguments.run(arguments, words)
    except CommandError as error:
        print(f"{error.command or name}: {one_line(error)}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # as in `fastconv info | head`
        sys.stdout = None  # type: ignore[assignment]
        return 1
