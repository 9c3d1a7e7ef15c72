"""A process that forks a child for every run, so that a run takes a tenth of a second, not one.

A child can be ended, or have its disk filled, at a chosen instant. The instants are the calls that
change or look at files, as Python's audit events report them, and `os.fsync`, which has no event:
between two of them nothing that is on the disk changes, except within a write. So every state in
which a killed process can leave its files is reached by naming instants one after another; for
the states within a write, the system itself ends the process when a file grows beyond a size.

Orders are read from stdin and answered on stdout, one JSON value per line; see `fault_runs.Server`.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CALLS = {
    "open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.listdir",
    "os.scandir", "os.truncate", "fcntl.flock", "tempfile.mkstemp", "tempfile.mkdtemp",
}  # fmt: skip


class Instants:
    """Counts the instants of this process, and acts at one of them."""

    def __init__(self, folder: str, at: int, act: Callable[[], None]) -> None:
        self.folder, self.at, self.act = folder, at, act
        self.names: list[str] = []
        sync = os.fsync

        def counted_sync(handle: int) -> None:
            self._count("os.fsync")
            sync(handle)

        os.fsync = counted_sync
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in CALLS and (event != "open" or str(arguments[0]).startswith(self.folder)):
            self._count(event)

    def _count(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.at:
            self.at = 0
            self.act()


def act_of(order: dict[str, Any]) -> Callable[[], None]:
    """What happens at the instant: a signal, less memory, or files that cannot grow."""
    if "signal" in order:
        return lambda: os.kill(os.getpid(), order["signal"])

    if "memory" in order:
        return lambda: leave(order["memory"])

    def limit() -> None:
        # Python ignores the signal of a file that is too large, and gets an error instead.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if order.get("dies") else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["size"], order["size"]))

    return limit


HOARD: list[bytearray] = []


def leave(memory: int) -> None:
    """Let this process have only so many more bytes of memory, those that it has freed included."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for size in (1 << 20, 1 << 16, 1 << 12):
        with contextlib.suppress(MemoryError):
            while True:
                HOARD.append(bytearray(size))
    while memory > 0 and HOARD:
        memory -= len(HOARD.pop())


def run(words: list[str]) -> int:
    """``fastconv WORDS``, or the user's program."""
    if words[0] in ("checkpoint", "backup", "steps"):
        import user_program

        return user_program.main(words)
    from fastconv.cli import main

    return main(words)


def child(order: dict[str, Any], answers: int) -> None:
    """One run; the names of its instants go to `answers`, unless it is killed."""
    os.environ.update(order["environment"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        given = signal.default_int_handler if signum == signal.SIGINT else signal.SIG_DFL
        signal.signal(signum, given)
    instants = Instants(order["folder"], order.get("at", 0), act_of(order))
    code = run(order["words"])
    sys.stdout.flush()
    os.write(answers, json.dumps(instants.names).encode())
    os._exit(code)


def forked(order: dict[str, Any]) -> dict[str, Any]:
    """Run a child: its status as `os.waitpid` gives it, its output, its instants."""
    pipes = [os.pipe() for _ in range(3)]  # much smaller than a pipe's buffer, all of them
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(pipes[0][1], 1)
            os.dup2(pipes[1][1], 2)
            child(order, pipes[2][1])
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(99)
    _, status = os.waitpid(pid, 0)
    texts = []
    for reader, writer in pipes:
        os.close(writer)
        with os.fdopen(reader) as file:
            texts.append(file.read())
    return {
        "status": os.waitstatus_to_exitcode(status),
        "out": texts[0],
        "err": texts[1],
        "instants": json.loads(texts[2] or "[]"),
    }


def serve() -> None:
    """Answer orders until stdin ends; the first run imports everything, in this process itself."""
    sys.path.insert(0, str(HERE))
    sys.modules["matplotlib"] = None  # type: ignore[assignment]  # drawing takes longer than training
    orders, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # what the first run prints
    with tempfile.TemporaryDirectory() as scratch, os.fdopen(orders) as lines:
        os.environ["FASTCONV_CACHE"] = scratch
        for words in json.loads(lines.readline()):
            run([*words, f"{scratch}/run"])
        os.write(answers, b"{}\n")
        for line in lines:
            os.write(answers, json.dumps(forked(json.loads(line))).encode() + b"\n")


if __name__ == "__main__":
    serve()
