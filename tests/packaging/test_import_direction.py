"""Imports run one way: what a part imports when it is loaded lies below it."""

import ast

import pytest
from source_tree import ROOT

# From the bottom to the top; the parts of a row may not import each other.
LEVELS = (
    ("_version", "_arguments", "_old_paths"),
    ("kernels", "reference"),
    ("utils", "plan", "backend"),
    (
        "initializers",
        "regularizers",
        "losses",
        "optimizers",
        "callbacks",
        "datasets",
        "augment",
        "ops",
    ),
    ("layers", "metrics"),
    ("models", "testing", "activations"),
    ("recipes",),
    ("bench",),
    ("cli",),
    ("__main__",),
)
HEIGHT = {part: height for height, parts in enumerate(LEVELS) for part in parts}
PACKAGE = ROOT / "fastconv"
FILES = sorted(f for f in PACKAGE.rglob("*.py") if f.parent != PACKAGE or f.stem in HEIGHT)


def part_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def loaded_with(body):
    """The parts that a module's own level imports; not those of functions or of type checkers."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fastconv."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module == "fastconv":
            yield from (alias.name for alias in node.names if alias.name in HEIGHT)
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            yield from (parts[1] for parts in names if parts[0] == "fastconv" and len(parts) > 1)
        elif isinstance(node, ast.If) and ast.unparse(node.test) != "TYPE_CHECKING":
            yield from loaded_with([*node.body, *node.orelse])
        elif isinstance(node, (ast.Try, ast.ClassDef, ast.With)):
            yield from loaded_with(node.body)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_imports_what_lies_below(file):
    here = part_of(file)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    above = {
        part for part in loaded_with(tree.body) if part != here and HEIGHT[part] >= HEIGHT[here]
    }
    assert not above


def test_every_part_has_its_place():
    found = {path.stem for path in PACKAGE.iterdir() if path.suffix in ("", ".py")}
    assert found - {"__init__", "__pycache__"} == set(HEIGHT)
