"""Every file, module and environment variable that the pages name is there."""

import pkgutil
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")),
]
FOLDERS = ("fastconv", "src", "benchmarks", "tests", "docs", "examples", ".ci")
FILE = re.compile(rf"(?<![\w/.])((?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*<>-]+)")
MODULE = re.compile(r"(?<![\w/.])(fastconv(?:\.[a-z_]\w*)+)(?<!fastconv\.h)\b")
VARIABLE = re.compile(r"\bFASTCONV_[A-Z_0-9]+\b")
BUILT = ("docs/_build", "docs/api")  # what the commands on the page make


def text_of(page):
    return re.sub(r"https?://\S+", "", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_exists(page):
    missing = []
    for name in FILE.findall(text_of(page)):
        pattern = re.sub(r"<\w+>", "*", name.rstrip("."))
        if not pattern.startswith(BUILT) and not any(ROOT.glob(pattern.rstrip("/"))):
            missing.append(name)
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_exists(page):
    for name in MODULE.findall(text_of(page)):
        pkgutil.resolve_name(name)


def test_every_environment_variable_is_read():
    sources = [
        ROOT / "setup.py",
        *(ROOT / "fastconv").rglob("*.py*"),
        *(ROOT / "tests").rglob("*.py"),
    ]
    read = {
        v for file in sources if file.suffix != ".pyc" for v in VARIABLE.findall(file.read_text())
    }
    named = {v for page in PAGES for v in VARIABLE.findall(text_of(page))}
    assert len(named) > 5
    assert named <= read
