"""CIFAR-10's files in all four forms; its pickles are read without trusting them."""

import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from fastconv.datasets import cifar10
from fastconv.datasets._cifar_pickle import read_batch

BATCHES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
N = 20  # images in a batch, instead of 10,000


@pytest.fixture
def parts(monkeypatch, tmp_path):
    monkeypatch.setattr(cifar10, "_PER_BATCH", N)
    monkeypatch.setenv("FASTCONV_DATA", str(tmp_path))
    rng = np.random.default_rng(5)
    return [
        (rng.integers(0, 256, (N, 3072), np.uint8), rng.integers(0, 10, N, np.uint8))
        for _ in BATCHES
    ]


def pickled(pixels, labels, protocol=2):
    return pickle.dumps({b"data": pixels, b"labels": labels.tolist(), b"filenames": []}, protocol)


def write(folder, form, parts):
    if form.startswith("py"):
        files = {name: pickled(*part) for name, part in zip(BATCHES, parts, strict=True)}
        stem, archive = "cifar-10-batches-py", "cifar-10-python.tar.gz"
    else:
        files = {
            f"{name}.bin": np.hstack([y[:, None], x]).tobytes()
            for name, (x, y) in zip(BATCHES, parts, strict=True)
        }
        stem, archive = "cifar-10-batches-bin", "cifar-10-binary.tar.gz"
    files["readme.html"] = b"<html>"
    if form.endswith("folder"):
        (folder / stem).mkdir()
        for name, content in files.items():
            (folder / stem / name).write_bytes(content)
        return folder / stem
    with tarfile.open(folder / archive, "w:gz") as tar:
        for name, content in sorted(files.items(), reverse=True):
            info = tarfile.TarInfo(f"{stem}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return folder / archive


@pytest.mark.parametrize("form", ["py folder", "py archive", "bin folder", "bin archive"])
def test_every_form(form, parts, tmp_path):
    write(tmp_path, form, parts)
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert x_train.shape == (5 * N, 32, 32, 3)
    assert y_train.shape == (5 * N, 1)
    assert x_test.shape == (N, 32, 32, 3)
    assert y_test.shape == (N, 1)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    planes, labels = parts[1][0].reshape(N, 3, 32, 32), parts[1][1]
    np.testing.assert_array_equal(x_train[N : 2 * N, :, :, 2], planes[:, 2])
    np.testing.assert_array_equal(y_train[N : 2 * N, 0], labels)
    np.testing.assert_array_equal(x_test[7, 3, 4], parts[5][0][7].reshape(3, 32, 32)[:, 3, 4])


def test_truncated_archive(parts, tmp_path):
    path = write(tmp_path, "py archive", parts)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"cifar-10-python\.tar\.gz: is truncated or damaged"):
        cifar10.load_data()


def test_archive_of_something_else(parts, tmp_path):
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz"):
        pass
    with pytest.raises(ValueError, match="must hold data_batch_1, which is missing"):
        cifar10.load_data()


def test_folder_without_a_batch(parts, tmp_path):
    (write(tmp_path, "bin folder", parts) / "data_batch_3.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold data_batch_3\.bin"):
        cifar10.load_data()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"\0" * 100, "test_batch.bin: is truncated"),
        (b"\0" * 3073, "must hold 20 images; received 1"),
        (b"\x0a" * 3073 * N, "labels must be 0..9; received 10"),
    ],
)
def test_wrong_binary_batch(parts, tmp_path, content, rule):
    (write(tmp_path, "bin folder", parts) / "test_batch.bin").write_bytes(content)
    with pytest.raises(ValueError, match=rule):
        cifar10.load_data()


class Evil:
    def __init__(self, call, *args):
        self.reduced = (call, args)

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize(
    "call",
    [
        (os.system, "touch {path}"),
        (eval, "open({path!r}, 'w')"),
        (getattr, np.ndarray, "tofile"),
        (np.load, "x.npy"),
        (__import__, "this"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_calls_functions_is_refused(tmp_path, call, protocol):
    path = str(tmp_path / "done")
    function, *arguments = call
    arguments = [a.format(path=path) if isinstance(a, str) else a for a in arguments]
    content = pickle.dumps({b"data": Evil(function, *arguments)}, protocol)
    with pytest.raises(ValueError, match=r"evil: is not a readable CIFAR-10 batch .* not allowed"):
        read_batch(content, "evil")
    assert not os.path.exists(path)


PIXELS, LABELS = np.zeros((2, 3072), np.uint8), np.array([1, 9], np.uint8)


@pytest.mark.parametrize("protocol", range(5))
def test_every_older_protocol(protocol):
    pixels, labels = read_batch(pickled(PIXELS, LABELS, protocol), "batch")
    np.testing.assert_array_equal(pixels, PIXELS)
    np.testing.assert_array_equal(labels, LABELS)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is not a readable"),
        (pickled(PIXELS, LABELS)[:-500], "is not a readable"),
        (pickle.dumps([1, 2]), "must hold a dictionary; received list"),
        (pickle.dumps({}), "b'data' must be uint8"),
        (pickled(PIXELS.astype(np.int16), LABELS), "b'data' must be uint8"),
        (pickled(PIXELS[:, :99], LABELS), "b'data' must be uint8"),
        (pickled(PIXELS, LABELS[:1]), "b'labels' must be 2 integers"),
        (pickled(PIXELS, LABELS + 5), "b'labels' must be 2 integers"),
    ],
)
def test_wrong_batch(content, rule):
    with pytest.raises(ValueError, match=rule) as caught:
        read_batch(content, "some_batch")
    assert str(caught.value).startswith("some_batch: ")
