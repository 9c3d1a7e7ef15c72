"""What ends a command: errors, one line on stderr; and signals. Both give an exit code."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FAILED = 1
WRONG = 2
_STOPPING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class CommandError(Exception):
    """Ends the command with a line on stderr."""

    def __init__(self, message: object, code: int = WRONG, command: str | None = None) -> None:
        super().__init__(str(message))
        self.code = code
        self.command = command  # the command whose arguments are wrong, while they are parsed


class Stopped(KeyboardInterrupt):
    """A signal has asked the command to stop."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def stop_code(stop: KeyboardInterrupt) -> int:
    """The exit code that a shell reports of a process that the signal has ended."""
    return 128 + (stop.signum if isinstance(stop, Stopped) else signal.SIGINT)


def say_stopped(stop: KeyboardInterrupt, text: str) -> int:
    """Say that a signal has stopped the work, and `text`; return the exit code."""
    by = "Interrupted"
    if isinstance(stop, Stopped) and stop.signum != signal.SIGINT:
        by = f"Stopped by {signal.Signals(stop.signum).name}"
    with contextlib.suppress(OSError):  # with SIGHUP the terminal is gone
        print(f"{by}. {text}", file=sys.stderr, flush=True)
    return stop_code(stop)


@contextmanager
def stopping_signals() -> Iterator[None]:
    """Within it, Ctrl-C, SIGTERM and SIGHUP raise Stopped, so that files are closed and removed.

    A second signal ends the process at once. Signals that are ignored (``nohup``) or that a program
    handles, of which the command is a part, stay so.
    """
    before: dict[int, Any] = {}

    def stop(signum: int, frame: object) -> None:
        for taken in before:
            signal.signal(taken, signal.SIG_DFL)
        raise Stopped(signum)

    if threading.current_thread() is threading.main_thread():
        for signum in _STOPPING:
            if signal.getsignal(signum) in (signal.SIG_DFL, signal.default_int_handler):
                before[signum] = signal.getsignal(signum)
                signal.signal(signum, stop)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def let_interrupts_end_the_process() -> None:
    """Ctrl-C ends the process silently, also within imports and after the last statement.

    As an exception it would show a traceback there, or be taken for a module that cannot be loaded.
    """
    if (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def as_command_errors(code: int = WRONG) -> Iterator[None]:
    """Turn the library's errors about bad input into a CommandError, which has no traceback."""
    try:
        yield
    except BrokenPipeError:  # of stdout: nobody reads what the command has to say
        raise
    except (ValueError, OSError, FloatingPointError, MemoryError) as error:
        raise CommandError(error if str(error) else type(error).__name__, code) from error


def say(text: str) -> None:
    """Print a line of a long command, at once.

    Raises
    ------
    CommandError
        If it cannot be written; BrokenPipeError if nobody reads it.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"standard output: {error.strerror}", FAILED) from error


def flush_stdout() -> None:
    """Write what is left in stdout's buffer; raises as `say` does.

    What cannot be written is given up, or Python would try again when it exits, and report it.
    """
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError as error:
            sys.stdout = None
            if isinstance(error, BrokenPipeError):
                raise
            raise CommandError(f"standard output: {error.strerror}", FAILED) from error


def one_line(error: object) -> str:
    """A message without line breaks."""
    return " ".join(str(error).split())


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show every UserWarning as one line on stderr."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"warning: {one_line(message)}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
