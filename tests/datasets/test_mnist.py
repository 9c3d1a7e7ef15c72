"""MNIST: the real files, and the ways in which they can be missing or wrong."""

import gzip

import numpy as np
import pytest
from data_files import idx

from fastconv.datasets import mnist

NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]


def test_real_files(shared_data, monkeypatch):
    monkeypatch.setenv("FASTCONV_DATA", str(shared_data("train-images-idx3-ubyte.gz").parent))
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert x_train.shape == (60_000, 28, 28)
    assert x_test.shape == (10_000, 28, 28)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
    # The mean and deviation that are quoted for MNIST everywhere.
    assert round(float(x_train.mean() / 255), 4) == 0.1307
    assert round(float(x_train.std() / 255), 4) == 0.3081


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A folder with files of the right form, all zeros."""
    shapes = [(60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)]
    for name, shape in zip(NAMES, shapes, strict=True):
        (tmp_path / name).write_bytes(idx(np.zeros(shape, np.uint8)))
    monkeypatch.setenv("FASTCONV_DATA", str(tmp_path))
    return tmp_path


def test_plain_files_and_a_subfolder(fake):
    (fake / "mnist").mkdir()
    for name in NAMES[:2]:
        (fake / name).rename(fake / "mnist" / name)
    (x_train, _), (_, y_test) = mnist.load_data()
    assert x_train.shape == (60_000, 28, 28)
    assert y_test.shape == (10_000,)


@pytest.mark.parametrize(
    ("name", "array", "rule"),
    [
        (NAMES[0], np.zeros((100, 28, 28), np.uint8), r"must hold MNIST's \(60000, 28, 28\)"),
        (NAMES[2], np.zeros((10_000, 28, 20), np.uint8), r"must hold MNIST's \(10000, 28, 28\)"),
        (NAMES[1], np.zeros(59_999, np.uint8), "must hold 60000 labels"),
        (NAMES[3], np.full(10_000, 10, np.uint8), "labels must be 0..9; received 10"),
    ],
)
def test_names_a_file_with_other_content(fake, name, array, rule):
    (fake / f"{name}.gz").write_bytes(gzip.compress(idx(array), 1))
    with pytest.raises(ValueError, match=rule) as caught:
        mnist.load_data()
    assert name in str(caught.value)


def test_missing_folder(monkeypatch):
    monkeypatch.setenv("FASTCONV_DATA", "/nowhere/at/all")
    with pytest.raises(FileNotFoundError, match="FASTCONV_DATA: must name an existing folder"):
        mnist.load_data()
