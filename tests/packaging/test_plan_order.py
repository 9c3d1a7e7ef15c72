"""Inside fastconv.plan imports run one way too, in the order that its docstring gives."""

import ast

import pytest
from source_tree import ROOT

import fastconv.plan

PLAN = ROOT / "fastconv" / "plan"

# A module imports only modules that stand above it.
ORDER = (
    "arena",
    "parameters",
    "geometry.padding",
    "geometry.shapes",
    "geometry.transposed",
    "geometry.draws",
    "geometry.points",
    "geometry.resizing",
    "live_taps",
    "algorithms",
    "recorder",
    "executor",
    "operations.pooling",
    "operations.activations",
    "operations.elementwise",
    "operations.merging",
    "operations.movement",
    "operations.opaque",
    "operations.products",
    "operations.normalization",
    "operations.inference",
    "operations.sampling",
    "operations.adjusting",
    "graph",
    "fuse",
    "flow",
    "parts",
    "lifetimes",
    "memory",
    "inputs",
    "execution",
    "losses.spec",
    "losses.targets",
    "losses.executors",
    "losses.objective",
    "report",
    "costs",
    "plan",
)


def imported(name):
    """The modules of the plan that a module imports, deferred and type-only imports included."""
    tree = ast.parse(PLAN.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fastconv.plan"):
            module = node.module.removeprefix("fastconv.plan").removeprefix(".")
            for alias in node.names:
                inside = f"{module}.{alias.name}".removeprefix(".")
                yield inside if inside in ORDER else module


@pytest.mark.parametrize("name", ORDER)
def test_a_module_imports_what_stands_above_it(name):
    above = ORDER[: ORDER.index(name)]
    assert set(imported(name)) <= set(above)


def test_every_module_has_its_place():
    found = {
        ".".join(file.relative_to(PLAN).with_suffix("").parts)
        for file in PLAN.rglob("*.py")
        if file.stem != "__init__"
    }
    assert found == set(ORDER)
    assert len(ORDER) == len(found)


def test_the_docstring_gives_the_same_order():
    lines = fastconv.plan.__doc__.splitlines()
    named = [line.split()[0].rstrip("/") for line in lines if line.startswith("    ")]
    assert named == list(dict.fromkeys(name.split(".")[0] for name in ORDER))
