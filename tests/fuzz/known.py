"""Defects that are known and not yet mended: a pattern of a finding's line, and the defect.

The driver counts what a pattern finds under the defect. Every entry has a small reproducer of the
same name in reproducers.py; test_known.py fails as soon as that passes: then the entry goes, and
the reproducer stays as an ordinary test.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Known(NamedTuple):
    """A defect: its name, what its findings look like, and a sentence."""

    name: str
    pattern: str
    defect: str


KNOWN: list[Known] = []


def defect_of(line: str) -> str | None:
    """The sentence of the first entry whose pattern is found in a finding's line."""
    for known in KNOWN:
        if re.search(known.pattern, line, re.DOTALL):
            return f"{known.name}: {known.defect}"
    return None
