"""Damaged versions of a file, the same in every run, and a child that may not take much memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import fastconv

SANITIZED = "libasan" in os.environ.get("LD_PRELOAD", "")
"""Whether this runs under AddressSanitizer, whose own memory is a part of the process's."""

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**64 - 1)


def damaged(content: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """`count` versions of `content`, each with one to three faults."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        version = bytearray(content)
        for _ in range(rng.integers(1, 4)):
            _harm(version, rng)
        yield bytes(version)


def _harm(content: bytearray, rng: np.random.Generator) -> None:
    # Headers are short and lie at both ends: half of all faults are put there.
    n = len(content)
    near = int(rng.choice([n, min(n, 64), min(n, 512)]))
    place = int(rng.integers(0, near + 1))
    if rng.random() < 0.3:
        place = n - place
    length = int(rng.choice([1, 2, 4, 8, 64]))
    kind = rng.integers(0, 7)
    if kind <= 1 and n:
        content[min(place, n - 1)] ^= 1 << int(rng.integers(0, 8))
    elif kind == 2:
        del content[place:]
    elif kind == 3:
        content[place:place] = rng.bytes(length)
    elif kind == 4:
        del content[place : place + length]
    elif kind == 5:
        number, size = int(rng.choice(len(_NUMBERS))), int(rng.choice([2, 4, 8]))
        order = "big" if rng.random() < 0.5 else "little"
        field = (_NUMBERS[number] % 256**size).to_bytes(size, order)
        content[place : place + size] = field
    else:
        other = int(rng.integers(0, n + 1))
        content[place : place + length] = content[other : other + length]


def check_damaged(load: Callable[[], object], name: str) -> bool:
    """Whether `load` succeeds; if not, it must raise a ValueError that holds `name`."""
    try:
        load()
    except ValueError as error:
        if name not in str(error):
            raise
        return False
    return True


def megabytes(
    program: str, *arguments: object, stdin: bytes = b"", most: int = 4 << 30
) -> tuple[int, str]:
    """What a child took at its peak beyond its imports, and what it printed.

    `program` defines ``run()``; a child that wants more than `most` bytes dies. (Not under
    AddressSanitizer, which reserves terabytes of addresses for itself.)
    """
    code = f"""
import re, sys
import numpy as np
from pathlib import Path
from PIL import Image
Image.init()
from fastconv.datasets import _cifar_pickle, _decode, _idx, cifar10, directory, mnist
{program}
def peak():
    # Not getrusage's, which a child inherits from its parent at the fork.
    return int(re.search("VmHWM:[^0-9]*([0-9]+)", Path("/proc/self/status").read_text())[1]) >> 10
before = peak()
try:
    run()
except ValueError as error:
    print(error)
print(peak() - before)
"""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    child = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(Path(fastconv.__file__).parents[1])},
        input=stdin,
        capture_output=True,
        timeout=120,
        preexec_fn=None if SANITIZED else limit,
    )
    assert child.returncode == 0, child.stderr.decode()
    *lines, taken = child.stdout.decode().splitlines()
    return int(taken), "\n".join(lines)
