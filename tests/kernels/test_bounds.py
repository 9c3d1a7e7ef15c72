"""Kernels read and write nothing outside their arrays: memory there may not be touched."""

import signal
import sys
from pathlib import Path

import pytest
from kernel_checks import run_python

PROGRAM = Path(__file__).with_name("guarded_calls.py")
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs mprotect")
FAMILIES = ["gemm", "conv2d", "pool2d", "elementwise", "losses", "images"]


@pytest.mark.parametrize("side", ["end", "start"])
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_outside_is_touched(family, side):
    done = run_python(PROGRAM, family, side)
    calls = done.stdout.splitlines()
    assert done.returncode == 0, f"{calls[-1:]}\n{done.stderr}"
    assert calls[-1].startswith("all ")
    assert int(calls[-1].split()[1]) > 100


@pytest.mark.parametrize("side", ["end", "start"])
def test_the_guard_notices_a_single_byte(side):
    assert run_python(PROGRAM, "trespass", side).returncode == -signal.SIGSEGV
