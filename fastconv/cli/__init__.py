"""The command line: ``fastconv train | evaluate | predict | bench | info``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from fastconv.cli.errors import (
    FAILED,
    CommandError,
    flush_stdout,
    let_interrupts_end_the_process,
    one_line,
    plain_warnings,
    stop_code,
)


def main(argv: Sequence[str] | None = None, modules: Mapping[str, Any] | None = None) -> int:
    """Run a command and return its exit code.

    0: done; 1: the work failed; 2: the command, or a file or name in it, is wrong; 128 + the number
    of a signal that stopped it, such as 130 after Ctrl-C. Errors are one line on stderr.

    Parameters
    ----------
    argv
        The arguments after ``fastconv``; by default those of the process, which then is taken to
        be the command's own: Ctrl-C ends it.
    modules
        Objects with `add_arguments` and `run` that replace the modules of commands, by name.
    """
    if argv is None:
        let_interrupts_end_the_process()
    from fastconv.cli.parser import parse

    words = list(sys.argv[1:] if argv is None else argv)
    name = "fastconv"
    try:
        code = 0
        arguments = parse(words, modules or {})
        if arguments is not None:
            name = f"fastconv {arguments.command}"
            with plain_warnings():
                code = arguments.run(arguments, words)
        flush_stdout()
        return code
    except CommandError as error:
        print(f"{error.command or name}: {one_line(error)}", file=sys.stderr)
        code = error.code
    except KeyboardInterrupt as stop:
        print(f"{name}: interrupted", file=sys.stderr)
        code = stop_code(stop)
    except BrokenPipeError:  # as in `fastconv info | head`
        code = FAILED
    with suppress(CommandError, BrokenPipeError):  # the first error is the one to tell
        flush_stdout()
    return code
