"""Two tutorials' programs, written for Keras, with their import lines changed; on little data."""

import runpy
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastconv.datasets import mnist
from fastconv.utils import set_random_seed

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def _seed():
    set_random_seed(1)


def digits(n, seed):
    """Bars whose place says the class, under noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.uint8) % 10
    images = rng.integers(0, 60, (n, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 + 2 * label : 5 + 2 * label, 4:24] += 180
    return images, labels


def test_mnist(monkeypatch):
    monkeypatch.setattr(mnist, "load_data", lambda: (digits(400, 0), digits(50, 1)))
    done = runpy.run_path(str(EXAMPLES / "mnist_digits.py"))
    assert done["model"].count_params() == 320 + 540_900 + 1010
    assert done["accuracy"] > 0.9


def test_cats_and_dogs(monkeypatch, tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name, colour in (("cat", (200, 120, 60)), ("dog", (60, 120, 200))):
        (tmp_path / name).mkdir()
        for number in range(6):
            pixels = np.clip(rng.normal(colour, 40, (24, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    monkeypatch.setattr(sys, "argv", ["cats_and_dogs.py", str(tmp_path), "6"])
    done = runpy.run_path(str(EXAMPLES / "cats_and_dogs.py"))
    assert done["images"].shape == (12, 300, 300, 3)
    history = done["history"].history
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert history["loss"][-1] < history["loss"][0]
    assert len(history["loss"]) == 5


@pytest.mark.slow
def test_mnist_reaches_98_percent(monkeypatch, shared_data):
    monkeypatch.setenv("FASTCONV_DATA", str(shared_data("train-images-idx3-ubyte.gz").parent))
    assert runpy.run_path(str(EXAMPLES / "mnist_digits.py"))["accuracy"] > 0.98


@pytest.mark.slow
def test_cats_and_dogs_of_cifar10(monkeypatch, shared_data, tmp_path):
    with zipfile.ZipFile(shared_data("cifar10-images.zip")) as archive:
        wanted = [f"train/{name}/{k:04}.jpg" for name in ("cat", "dog") for k in range(150)]
        archive.extractall(tmp_path, wanted)
    monkeypatch.setattr(sys, "argv", ["cats_and_dogs.py", str(tmp_path / "train")])
    history = runpy.run_path(str(EXAMPLES / "cats_and_dogs.py"))["history"].history
    assert history["loss"][-1] < history["loss"][0]
    assert history["accuracy"][-1] > 0.6
