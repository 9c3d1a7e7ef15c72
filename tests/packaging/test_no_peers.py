"""The package names no other framework: comparisons are in benchmarks/ and tests/."""

import ast
import re

import pytest
from source_tree import ROOT

FRAMEWORKS = {"torch", "keras", "tensorflow"}
PACKAGE = ROOT / "fastconv"
FILES = sorted(file for file in PACKAGE.rglob("*.py*") if file.suffix in (".py", ".pyx"))
CYTHON_IMPORT = re.compile(r"^\s*(?:from|import|cimport)\s+(\w+)", re.MULTILINE)


def modules_named(text):
    """What a module imports at any depth, and all texts in it that may be a module's name."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value  # as in import_module("torch")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_module_imports_a_framework(file):
    text = file.read_text(encoding="utf-8")
    names = modules_named(text) if file.suffix == ".py" else CYTHON_IMPORT.findall(text)
    assert not FRAMEWORKS & {name.partition(".")[0] for name in names}


def test_no_file_is_a_peers():
    assert not [file for file in FILES if any(word in file.stem for word in FRAMEWORKS)]


def test_measuring_does_not_need_the_commands():
    found = {name for file in (PACKAGE / "bench").rglob("*.py")
             for name in modules_named(file.read_text(encoding="utf-8"))}  # fmt: skip
    assert not [name for name in found if name.startswith("fastconv.cli")]
