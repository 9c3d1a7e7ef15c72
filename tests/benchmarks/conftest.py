"""The modules in benchmarks/ import each other by their short names."""

import pytest
from benchmark_files import BENCHMARKS


@pytest.fixture(autouse=True)
def _benchmarks_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
