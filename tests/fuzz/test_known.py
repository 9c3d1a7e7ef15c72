"""Every defect that was found, once, small; those that are not yet mended are expected to fail.

A test that passes unexpectedly says that the defect's entry in known.py can go.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from known import KNOWN
from reproducers import IN_A_CHILD, REPRODUCERS

import fastconv

PROGRAM = Path(__file__).with_name("reproducers.py")
DEFECTS = {known.name: known.defect for known in KNOWN}


def marked(names: set[str]) -> list[object]:
    """The names as parameters; those of known defects have to fail."""
    return [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(strict=True, reason=DEFECTS[name])] if name in DEFECTS else [],
        )
        for name in sorted(names)
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", marked(REPRODUCERS.keys() - IN_A_CHILD))
def test_defect(name):
    REPRODUCERS[name]()


@pytest.mark.parametrize("name", marked(IN_A_CHILD))
def test_defect_in_a_child_process(name):
    places = [str(Path(fastconv.__file__).parents[1]), str(PROGRAM.parent)]
    done = subprocess.run(
        [sys.executable, PROGRAM, name],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(places), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_known_defect_has_a_reproducer():
    assert set(DEFECTS) <= set(REPRODUCERS)
    assert set(REPRODUCERS) >= IN_A_CHILD
