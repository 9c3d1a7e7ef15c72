"""Every known defect, once, small: a test that passes says that the entry can go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from known import KNOWN
from reproducers import REPRODUCERS

PROGRAM = Path(__file__).with_name("reproducers.py")
MARKS = [
    pytest.param(known.name, marks=pytest.mark.xfail(strict=True, reason=known.defect))
    for known in KNOWN
]


@pytest.mark.parametrize("name", MARKS)
def test_known_defect_is_mended(name):
    places = [str(PROGRAM.parents[2]), str(PROGRAM.parent)]
    done = subprocess.run(
        [sys.executable, PROGRAM, name],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(places), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_defect_has_a_reproducer():
    assert {known.name for known in KNOWN} == set(REPRODUCERS)
