"""``pytest benchmarks --quick``: small batches and a single round, as a trial run."""

import _interleave
import _shapes
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="small batches, one round")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--quick", default=False):
        _shapes.make_small()
        _interleave.make_quick()
