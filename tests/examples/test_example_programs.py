"""The example programs run, and find what they are meant to find."""

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from fastconv.datasets import shapes

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a program with arguments, in an empty folder, and return its names."""
    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        return runpy.run_path(str(EXAMPLES / name), run_name="__main__")

    return run


def test_x_or_o(run, tmp_path):
    done = run("x_or_o.py", tmp_path)
    assert done["means"]["X"].shape == (12,)
    filtered = done["maps"][0][0]
    assert filtered[2, 2, 0] == filtered[2, 6, 2] == pytest.approx(1)  # the strokes fit there
    assert filtered[4, 4, 1] == pytest.approx(1)  # and the crossing in the middle
    assert min(done["right"].values()) > 0.9
    assert [maps.shape[1:] for maps in done["maps"][2::3]] == [(5, 5, 3), (3, 3, 3), (2, 2, 3)]
    if find_spec("matplotlib") is None:
        return
    for picture in ("x_or_o_steps.png", "x_or_o_vectors.png"):
        with Image.open(tmp_path / picture) as image:
            assert image.width > 500


def test_image_folder(run, tmp_path):
    (images, labels), _ = shapes.load_data(240, 0)
    for k, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = tmp_path / "images" / shapes.CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        if label in (1, 3):
            Image.fromarray(image).save(folder / f"{k}.png")
    for folder in (tmp_path / "images").iterdir():
        if not any(folder.iterdir()):
            folder.rmdir()
    done = run("image_folder.py", tmp_path / "images", 4)
    assert 0.3 < done["accuracy"] <= 1
    assert (tmp_path / "image_folder.safetensors").is_file()


def test_time_series(run):
    done = run("time_series.py", 3)
    assert done["accuracy"] > 0.6


def test_quickstart(run, tmp_path, monkeypatch):
    """Also the program in the README."""
    few = shapes.load_data(200, 20)
    monkeypatch.setattr(shapes, "load_data", lambda: few)
    done = run("quickstart.py")
    assert done["probabilities"].shape == (5, 10)
    losses = done["model"].history.history["loss"]
    assert len(losses) == 5
    assert losses[-1] < losses[0]
    assert (tmp_path / "shapes.safetensors").is_file()
