"""The modules in benchmarks/ import each other by their short names."""

import pytest
from benchmark_files import BENCHMARKS

from fastconv.bench.training_times.in_fastconv import FastconvRecipeRun, FastconvTableRun


@pytest.fixture(autouse=True)
def _benchmarks_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def run_class(monkeypatch: pytest.MonkeyPatch):
    """``run_class(name)``: how a program runs the table's network, or a recipe."""

    def find(name, recipe=False):
        if name == "fastconv":
            return FastconvRecipeRun if recipe else FastconvTableRun
        import _training_runs

        known = _training_runs.RECIPES if recipe else _training_runs.TABLE
        (found,) = (program for program in known if program.name == name)
        for module in found.needs:
            pytest.importorskip(module, reason=f"needs the extra [{found.extra}]")
        # A run keeps the layout that was faster when it began; another run may find the other one
        # faster, and then dropout draws in another order, and sums are rounded otherwise.
        if name == "PyTorch":
            monkeypatch.setattr(found, "faster_layout", lambda self: "NHWC")
        return found

    return find
