"""A small folder of images, and a way to run commands in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

import fastconv
from fastconv.cli import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with ``pets``: dark cats and light dogs, for training and for testing."""
    rng = np.random.default_rng(1)
    for part, count in (("train", 24), ("test", 10)):
        for name, light in (("cat", 60), ("dog", 180)):
            place = tmp_path / "pets" / part / name
            place.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(light - 50, light + 50, (12, 12, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{i:02}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def no_matplotlib() -> Iterator[pytest.MonkeyPatch]:
    """Runs draw no curves, which takes longer than their training; its `undo` lets them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("matplotlib", "matplotlib.figure"):
            patch.setitem(sys.modules, name, None)
        yield patch


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command line: ``run("train pets", "--epochs", "3")``; words are split at spaces."""
    threads = fastconv.get_num_threads()

    def command(*words: str) -> Outcome:
        code = main([part for word in words for part in word.split()])
        return Outcome(code, *capsys.readouterr())

    yield command
    fastconv.set_num_threads(threads)


@pytest.fixture
def train(run: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Train the small network on ``pets`` in a moment."""

    def command(*words: str) -> Outcome:
        return run("train pets --model mnist --batch-size 10", *words)

    return command
