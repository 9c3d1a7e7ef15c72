"""The source archive and the wheel made from it: what they hold; one wheel runs on every level."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from source_tree import ROOT, copy_sources

import fastconv

pytestmark = pytest.mark.slow

LEVELS = ("portable", "avx2", "avx512")

# Integers small enough for every sum to be exact, so the levels must agree to the bit.
CONVOLVE = """
import numpy as np
import fastconv
from fastconv.kernels import _isa
x = (np.arange(2 * 9 * 9 * 5) % 7 - 3).reshape(2, 9, 9, 5)
w = (np.arange(3 * 3 * 5 * 19) % 5 - 2).reshape(3, 3, 5, 19)
y = fastconv.ops.conv2d(x, w, padding="same", algo="direct")
assert (y == fastconv.reference.conv2d(x, w, padding="same")).all()
print(fastconv.__file__, _isa.active())
"""


def run(*command, cwd, **environment):
    return subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=1200,
    )


def must_run(*command, cwd, **environment):
    done = run(*command, cwd=cwd, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    tree = copy_sources(tmp_path_factory.mktemp("tree"))
    build = "import setuptools.build_meta as b; print(b.build_sdist('dist'))"
    name = must_run(sys.executable, "-c", build, cwd=tree).splitlines()[-1]
    return tree / "dist" / name


@pytest.fixture(scope="module")
def wheel(sdist):
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", "wheels", sdist)
    must_run(*pip, cwd=sdist.parent)
    (made,) = (sdist.parent / "wheels").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def site(wheel):
    folder = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def sources(folder, *suffixes):
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*")
        if path.suffix in suffixes and not path.name.startswith("_cython")
    }


def test_sdist_holds_the_sources(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = sources("fastconv", ".py", ".pyx", ".pxd") | sources("src", ".c", ".h")
    wanted |= sources("tests", ".py") | {"setup.py", "pyproject.toml", "LICENSE", "README.md"}
    assert not wanted - names
    translated = {name for name in names if name.startswith("fastconv/") and name.endswith(".c")}
    assert not translated
    assert sdist.stat().st_size < 1e6


def test_wheel_holds_what_runs_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    inside = {name for name in names if not name.startswith(f"fastconv-{fastconv.__version__}.")}
    python = {name for name in inside if name.endswith(".py")}
    compiled = {name for name in inside if name.endswith((".so", ".pyd"))}
    assert inside - python - compiled == {"fastconv/py.typed"}
    assert python == sources("fastconv", ".py")
    assert not [name for name in names for peer in ("torch", "keras", "tensorflow") if peer in name]
    modules = {Path(name).name.partition(".")[0] for name in compiled}
    assert modules == {Path(name).stem for name in sources("fastconv", ".pyx")} | {"_cython_shared"}
    assert wheel.stat().st_size < 5e6


@pytest.mark.parametrize("level", LEVELS)
def test_one_wheel_runs_on_every_level(site, level):
    from fastconv.kernels import _isa

    done = run(
        sys.executable, "-c", CONVOLVE, cwd=site.parent, FASTCONV_ISA=level, PYTHONPATH=str(site)
    )
    if level in _isa.available():
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [str(site / "fastconv" / "__init__.py"), level]
    else:
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("ImportError: FASTCONV_ISA: ")
        assert repr(level) in last


@pytest.mark.skipif(not shutil.which("objdump"), reason="reads machine code with objdump")
def test_only_the_dispatched_module_uses_wide_registers(site):
    """Blocking, packing and Python entries must run on a processor without AVX."""
    modules = sorted((site / "fastconv" / "kernels").glob("*.so"))
    assert modules
    wide = [
        module.name.partition(".")[0]
        for module in modules
        if "%ymm" in must_run("objdump", "-d", "--no-show-raw-insn", module, cwd=site)
    ]
    assert wide == ["_isa"]
