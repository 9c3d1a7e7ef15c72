"""The checkout (or unpacked source archive) that these tests lie in, and copies of it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_NOT_SOURCES = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__")


def copy_package(folder: Path) -> Path:
    """Copy fastconv/ without anything compiled; returns `folder`."""
    shutil.copytree(ROOT / "fastconv", folder / "fastconv", ignore=_NOT_SOURCES)
    return folder


def copy_sources(folder: Path) -> Path:
    """Copy everything that a source archive is made from; returns `folder`."""
    copy_package(folder)
    for name in ("src", "tests", "benchmarks", "examples", "docs"):
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
            )
    for pattern in ("*.py", "*.toml", "*.in", "*.md", "LICENSE"):
        for file in ROOT.glob(pattern):
            shutil.copy(file, folder)
    return folder
