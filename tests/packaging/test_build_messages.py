"""What the build says when something that it needs is missing: one sentence, no traceback."""

import os
import shutil
import subprocess
import sys

import pytest
from source_tree import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="compilers here are scripts")


def compile_sources(folder, compiler, **environment):
    """Run the build as far as the C library, with everything it writes in `folder`."""
    command = [sys.executable, "setup.py", "-q", "build_clib"]
    return subprocess.run(
        [*command, "--build-temp", str(folder), "--build-clib", str(folder)],
        cwd=ROOT,
        env={**os.environ, "CC": str(compiler), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def compiler_without(folder, condition, complaint):
    """The C compiler of this machine, but it fails where the shell's `condition` holds."""
    script = folder / "cc"
    script.write_text(
        f'#!/bin/sh\nif {condition}; then\n  echo "{complaint}" >&2\n  exit 1\nfi\n'
        f'exec {shutil.which("cc")} "$@"\n'
    )
    script.chmod(0o755)
    return script


def assert_says(done, *parts):
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode != 0
    assert last.startswith("error: fastconv needs ")
    for part in parts:
        assert part in last
    assert "Traceback" not in done.stderr


def test_no_compiler(tmp_path):
    done = compile_sources(tmp_path, "/nonexistent/cc")
    assert_says(done, "a C compiler", "apt install gcc", "/nonexistent/cc")


def test_no_python_headers(tmp_path):
    cc = compiler_without(
        tmp_path, 'grep -qs -e Python.h -- "$@"', "fatal error: Python.h: No such file"
    )
    assert_says(compile_sources(tmp_path, cc), "the headers of this Python", "python3-dev")


def test_no_openmp(tmp_path):
    cc = compiler_without(
        tmp_path, 'echo "$*" | grep -q -e -fopenmp', "unrecognized option -fopenmp"
    )
    assert_says(compile_sources(tmp_path, cc), "OpenMP", "libgomp1", "FASTCONV_NO_OPENMP=1")


@pytest.mark.slow
def test_one_thread_on_purpose(tmp_path):
    cc = compiler_without(
        tmp_path, 'echo "$*" | grep -q -e -fopenmp', "unrecognized option -fopenmp"
    )
    done = compile_sources(tmp_path, cc, FASTCONV_NO_OPENMP="1", FASTCONV_DEBUG="1")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("libfastconv_src.*"))
