"""Every name on the page of names exists."""

import importlib
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "names.md"
MODULES = [
    importlib.import_module(f"fastconv{part}")
    for part in (
        "",
        ".layers",
        ".models",
        ".losses",
        ".optimizers",
        ".metrics",
        ".callbacks",
        ".testing",
        ".utils",
    )
]


def right_column():
    """The code in the last column of the table about PyTorch."""
    table = PAGE.read_text(encoding="utf-8").partition("| PyTorch | fastconv |")[2]
    for row in re.findall(r"^\|.*\|$", table, re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", row.split(" | ")[-1])


def test_every_class_exists():
    words = {word for code in right_column() for word in re.findall(r"\b[A-Z]\w+", code)}
    missing = {w for w in words if not any(hasattr(module, w) for module in MODULES)}
    missing -= {"OneCycle", "CosineDecay", "True", "False"}
    assert len(words) > 25
    assert not missing


def test_every_qualified_name_exists():
    fastconv = MODULES[0]
    names = {
        name
        for code in right_column()
        for name in re.findall(r"\b((?:schedules|callbacks|testing|utils|fastconv)\.\w+)", code)
    }
    assert len(names) >= 6
    for name in names:
        where, _, word = name.partition(".")
        module = fastconv if where == "fastconv" else getattr(fastconv, where, None)
        module = module or fastconv.optimizers.schedules
        assert hasattr(module, word), name
