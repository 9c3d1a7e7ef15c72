"""Valgrind has nothing to say about a short training."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastconv
from fastconv.kernels import _isa

HERE = Path(__file__).parent
LEVEL = "avx2" if "avx2" in _isa.available() else "portable"  # valgrind knows no AVX-512
PROGRAM = HERE / "short_training.py"


def run(*command):
    """Run a program that imports this very fastconv."""
    settings = {
        "PYTHONPATH": str(Path(fastconv.__file__).parents[1]),
        "PYTHONMALLOC": "malloc",  # every object is a block of its own
        "FASTCONV_ISA": LEVEL,
    }
    return subprocess.run(
        [*map(str, command)],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=1200,
    )


def test_the_short_training_runs():
    done = run(sys.executable, "-P", PROGRAM)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{LEVEL} ")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("valgrind"), reason="needs valgrind")
def test_valgrind_has_nothing_to_say():
    options = ["--error-exitcode=9", f"--suppressions={HERE / 'python.supp'}", "--num-callers=30"]
    done = run("valgrind", *options, sys.executable, "-P", PROGRAM)
    assert done.returncode == 0, done.stderr
    assert "ERROR SUMMARY: 0 errors" in done.stderr
    assert done.stdout.startswith(f"{LEVEL} ")
