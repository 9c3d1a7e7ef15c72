"""Every run of the tests draws the same examples and leaves the user's cache alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Read when Keras is first imported: it shares the extra [peers] with PyTorch, and the tests ask it
# for gradients in PyTorch's words.
os.environ.setdefault("KERAS_BACKEND", "torch")

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,  # the first call of a kernel on a busy machine may take a while
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["FASTCONV_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ.pop("FASTCONV_DATA", None)


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """Return the path of a real data file; skip the test where it is missing.

    ``FASTCONV_SHARED`` names the folder that holds ``data/``; by default it is called ``shared``
    and lies beside the checkout.
    """
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("FASTCONV_SHARED", beside)) / "data"

    def path(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"{name} is not in {folder}")
        return folder / name

    return path
