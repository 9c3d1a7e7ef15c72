"""``fastconv train`` from its first epoch to its files."""

import csv
import re
import sys

import numpy as np
import pytest

from fastconv.cli.data import NAMES, Source, load
from fastconv.models import load_model

EPOCH_LINE = (
    r"Epoch {}/{}: accuracy (\d+\.\d\d) % \((\d+)/20\), loss \d+\.\d{{4}}; training accuracy "
    r"\d+\.\d\d %, loss \d+\.\d{{4}}; \d+\.\d s, \d+ images/s"
)


def test_a_run_and_its_files(folder, train):
    result = train("--epochs 3 --out runs/here")
    assert result.code == 0
    assert result.err == ""
    assert "pets: 48 training and 20 test images, 12×12×3, 2 classes\n" in result.out
    assert re.search(
        r"mnist: [\d,]+ parameters; SGD, learning rate 0\.01, batches of 10; ", result.out
    )
    found = [re.search(EPOCH_LINE.format(n, 3), result.out) for n in (1, 2, 3)]
    accuracies = [float(match[1]) for match in found]
    for match in found:
        assert float(match[1]) == 100 * int(match[2]) / 20
    best = re.search(r"Best test accuracy (\S+) % \((\d+)/20\) after epoch (\d); total", result.out)
    assert float(best[1]) == max(accuracies) >= 90
    assert int(best[3]) == 1 + accuracies.index(max(accuracies))
    run_folder = folder / "runs" / "here"
    names = ["best.safetensors", "history.csv", "last.safetensors"]
    assert [p.name for p in sorted(run_folder.iterdir()) if p.suffix != ".png"] == names

    with (run_folder / "history.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["epoch"] for line in lines] == ["1", "2", "3"]
    assert [round(100 * float(line["test_accuracy"]), 2) for line in lines] == accuracies
    assert all(float(line["seconds"]) > 0 for line in lines)
    assert {line["learning_rate"] for line in lines} == {"0.01"}

    model = load_model(run_folder / "last.safetensors")
    assert model.epoch == 3
    assert model.optimizer.iterations == 15
    assert model.history.epoch == [0, 1, 2]


def test_options_take_effect(folder, train):
    result = train("--epochs 1 --learning-rate 0.5 --seed 3 --threads 1 --limit 16")
    assert "pets: 16 training and 16 test images" in result.out
    assert "learning rate 0.5, batches of 10; 1 thread," in result.out
    model = load_model(folder / "runs" / "pets-mnist" / "last.safetensors")
    assert model.optimizer.learning_rate == 0.5
    assert model.seed == 3


def test_default_network_and_folder(folder, run):
    result = run("train pets --limit 4 --epochs 1")
    assert result.code == 0
    assert "\ncifar10: " in result.out
    assert "Adam, learning rate 0.001, batches of 128" in result.out
    assert (folder / "runs" / "pets-cifar10" / "best.safetensors").exists()


def test_images_are_resized(folder, train):
    assert "9×7×3" in train("--epochs 1 --image-size 9x7").out


def test_without_a_test_folder(folder, run):
    (folder / "pets" / "test").rename(folder / "unused")
    result = run("train pets/train --model mnist --epochs 1 --batch-size 8")
    assert result.code == 0
    assert "38 training and 10 test images, 12×12×3, 2 classes (20% of every class" in result.out


def test_built_in_shapes(folder, run):
    result = run("train --model mnist --limit 30 --epochs 1")
    assert result.code == 0
    assert "shapes: 30 training and 30 test images, 32×32×3, 10 classes" in result.out
    assert (folder / "runs" / "shapes-mnist" / "last.safetensors").exists()


def test_the_rows_of_images_as_series(folder, run):
    result = run("train pets --model time_series --limit 8 --epochs 1")
    assert result.code == 0
    assert "\ntime_series: " in result.out
    assert run("evaluate runs/pets-time_series").code == 0


def test_mnist(folder, run, shared_data, monkeypatch):
    monkeypatch.setenv("FASTCONV_DATA", str(shared_data("t10k-images-idx3-ubyte.gz").parent))
    result = run("train mnist --limit 400 --epochs 2")
    assert result.code == 0
    assert "400 training and 400 test images, 28×28×1, 10 classes" in result.out
    assert "\nmnist: " in result.out
    accuracy = float(re.search(r"Best test accuracy (\S+) %", result.out)[1])
    assert accuracy > 50
    again = run("evaluate runs/mnist-mnist")
    assert f"Test accuracy {accuracy:.2f} %" in again.out


def test_limit_takes_all_classes_and_always_the_same(folder):
    pets = str(folder / "pets")
    everything = {
        image.tobytes(): label for image, label in zip(*both(load(Source(pets))), strict=True)
    }
    small, again = load(Source(pets, 15)), load(Source(pets, 15))
    np.testing.assert_array_equal(small.x_train, again.x_train)
    np.testing.assert_array_equal(small.y_test, again.y_test)
    assert len(small.x_train) == len(small.x_test) == 15
    assert set(small.y_train) == set(small.y_test) == {0, 1}
    for image, label in zip(*both(small), strict=True):
        assert everything[image.tobytes()] == label


def both(data):
    """Images and labels of both parts."""
    return [*data.x_train, *data.x_test], [*data.y_train, *data.y_test]


def test_every_name_is_a_set():
    from fastconv import datasets

    assert all(hasattr(getattr(datasets, name), "load_data") for name in NAMES)


def test_progress_on_a_terminal(folder, train, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("fastconv.cli.console._BAR_EVERY", 0.0)
    result = train("--epochs 1")
    assert re.search(
        r"Epoch 1/1 \|█+\| step 5/5 accuracy \d+\.\d % loss \d\.\d+ \d+ images/s 0:00 left",
        result.err,
    )
    assert re.search(EPOCH_LINE.format(1, 1), result.out)


def test_progress_elsewhere(folder, train, monkeypatch):
    monkeypatch.setattr("fastconv.cli.console._LINE_EVERY", 0.0)
    result = train("--epochs 1")
    assert result.err == ""
    for step in range(1, 6):
        assert re.search(rf"\nEpoch 1/1 step {step}/5 accuracy .* left\n", result.out)


def test_curves(folder, train, no_matplotlib):
    no_matplotlib.undo()
    pytest.importorskip("matplotlib")
    result = train("--epochs 2")
    assert "curves.png\n" in result.out
    picture = (folder / "runs" / "pets-mnist" / "curves.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"


def test_advice_without_matplotlib(folder, train):
    result = train("--epochs 1")
    assert result.code == 0
    assert "curves.png needs matplotlib: pip install matplotlib\n" in result.out
    assert not (folder / "runs" / "pets-mnist" / "curves.png").exists()
