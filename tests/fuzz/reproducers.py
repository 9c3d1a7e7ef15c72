"""A small reproducer of every defect that was found: it raises as long as the defect is there.

When a defect is mended, its entry in known.py goes, and its reproducer stays as a test.
``python tests/fuzz/reproducers.py NAME`` runs one with the limits of the driver's children.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import random
import resource
import struct
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from driver import ADDRESS_SPACE, RESIDENT, WrongOutcome, peak, target_of
from target_files import FileCase, Files, opened, sealed

from fastconv import layers, losses, metrics, ops, optimizers, reference

ONE = np.ones((1, 6, 6, 4), np.float32)
F = np.float32
REPRODUCERS: dict[str, Callable[[], None]] = {}
IN_A_CHILD = {
    "cache_memory", "cifar_archive_bomb", "cifar_pickle_crash", "cifar_pickle_memory",
    "conv2d_huge_dilation", "idx_gz_bomb", "image_memory", "layer_oserror", "model_memory",
    "zip_bomb",
}  # fmt: skip
"""Those that crash, or take memory."""


def reproducer(function: Callable[[], None]) -> Callable[[], None]:
    """Enter a function under its name."""
    REPRODUCERS[function.__name__] = function
    return function


def refused(call: Callable[[], Any], *names: str) -> None:
    """The call must raise a TypeError or ValueError that begins with one of the names."""
    assert not accepted(call, *names), "must be refused"


def accepted(call: Callable[[], Any], *names: str) -> bool:
    """Whether the call gives something; if it refuses, it must say who does."""
    try:
        call()
    except (TypeError, ValueError) as error:
        if not str(error).startswith(names):
            raise AssertionError(f"must begin with one of {names}; received {error}") from error
        return False
    return True


def right_or_refused(call: Callable[[], np.ndarray], expected: np.ndarray) -> None:
    """The call must give the expected numbers, or refuse."""
    try:
        found = call()
    except ValueError:
        return
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def little_memory(call: Callable[[], Any]) -> None:
    """The call may refuse, but not take memory first."""
    before = peak()
    with contextlib.suppress(ValueError):
        call()
    assert peak() - before < RESIDENT, f"{(peak() - before) >> 20} MiB"


def loaded(target: str, way: str, content: Callable[[Files], bytes]) -> None:
    """A loader must take a file as its target says; raises WrongOutcome otherwise."""
    with tempfile.TemporaryDirectory() as scratch, patch.dict(os.environ):
        os.environ["FASTCONV_CACHE"] = f"{scratch}/cache"
        files = target_of(target, Path(scratch))
        before = peak()
        FileCase(files, way, content(files)).run()
        if peak() - before > RESIDENT:
            raise WrongOutcome("memory", f"{(peak() - before) >> 20} MiB")


def described(key: str, value: str) -> Callable[[Files], bytes]:
    """The target's file with another JSON text in its description."""

    def content(files: Files) -> bytes:
        header, data = opened(files.pristine[0])
        header["__metadata__"][key] = value
        return sealed(header, data)

    return content


def training(**changes: Any) -> Callable[[Files], bytes]:
    """The target's file with other entries in "training"; None takes one out."""

    def content(files: Files) -> bytes:
        header, data = opened(files.pristine[0])
        entries = json.loads(header["__metadata__"]["training"]) | changes
        entries = {k: v for k, v in entries.items() if v is not None}
        header["__metadata__"]["training"] = json.dumps(entries)
        return sealed(header, data)

    return content


DEEP = "[" * 20_000 + "]" * 20_000


# Operations -------------------------------------------------------------------------------------


@reproducer
def depthwise_says_conv2d() -> None:
    w = np.ones((3, 3, 4, 1), F)
    refused(lambda: ops.depthwise_conv2d(ONE, w, strides=0), "depthwise_conv2d:")


@reproducer
def backward_says_conv2d() -> None:
    w, dy = np.ones((3, 3, 4, 2), F), np.ones((1, 4, 4, 2), F)
    refused(lambda: ops.conv2d_backward(dy, ONE, w, algo="depthwise"), "conv2d_backward:")


@reproducer
def batch_norm_says_moments() -> None:
    refused(lambda: ops.batch_norm(np.ones((0, 3))), "batch_norm:")


@reproducer
def huge_number_overflows() -> None:
    refused(lambda: ops.affine([1.0], 10**400), "affine:")


@reproducer
def normalization_out_overlaps() -> None:
    memory = np.arange(1, 13, dtype=F)
    x, gamma, out = np.arange(8, dtype=F).reshape(2, 4) ** 2, memory[:4], memory[:8].reshape(2, 4)
    expected = ops.layer_norm(x, gamma.copy())
    right_or_refused(lambda: ops.layer_norm(x, gamma, out=out), expected)


@reproducer
def lp_pool2d_backward_nan() -> None:
    x = np.array([1, 1, 1, np.inf], F).reshape(1, 1, 4, 1)  # no window reaches it
    dy = np.ones((1, 1, 1, 1), F)
    with np.errstate(invalid="ignore"):
        expected = reference.lp_pool2d_backward(dy, x, (1, 3))
    found = ops.lp_pool2d_backward(dy, x, (1, 3))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))


@reproducer
def gemm_out_overlaps_itself() -> None:
    a, b = np.ones((2, 3), F), np.array([[1, 2], [3, 4], [5, 6]], F)
    out = np.lib.stride_tricks.as_strided(np.zeros(4, F), (2, 2), (4, 4))
    refused(lambda: ops.gemm(a, b, out=out), "gemm:")


@reproducer
def affine_transform_says_resample_affine() -> None:
    maps = np.full((1, 6), 1e39)
    refused(lambda: ops.affine_transform(ONE, maps), "affine_transform:")


@reproducer
def max_pool2d_backward_refuses() -> None:
    x = np.ones((0, 4, 9, 8), F)
    how = {"pool_size": 2**31 - 1, "strides": 1, "padding": "same"}
    y = ops.max_pool2d(x, **how)
    ops.max_pool2d_backward(y, x, **how)


@reproducer
def array_as_size() -> None:
    accepted(lambda: ops.max_pool2d(ONE, np.array(2)), "max_pool2d:")


@reproducer
def array_as_word() -> None:
    w = np.ones((3, 3, 4, 2), F)
    refused(lambda: ops.conv2d(ONE, w, activation=np.array([1, 2])), "conv2d:")


@reproducer
def conv2d_huge_dilation() -> None:
    w = np.ones((3, 3, 4, 2), F)
    for dilation in (3000, 1431655765, 2**31 - 1):
        little_memory(lambda d=dilation: ops.conv2d(ONE, w, padding="same", dilation=d))
    dy = np.ones((1, 6, 6, 2), F)
    how = {"padding": "same", "dilation": 1431655765}
    little_memory(lambda: ops.conv2d_backward(dy, ONE, w, **how))


@reproducer
def result_beyond_memory() -> None:
    refused(lambda: ops.resize(ONE, 2**31 - 1), "resize:")


# Layers, losses, metrics ------------------------------------------------------------------------


@reproducer
def layer_huge_number() -> None:
    refused(lambda: layers.LeakyReLU(negative_slope=10**400), "LeakyReLU:")
    refused(lambda: losses.Huber(10**400), "Huber:")
    refused(lambda: layers.Rescaling(2, 10**400), "Rescaling:")
    refused(lambda: layers.Dropout(10**5000), "Dropout:")
    refused(lambda: optimizers.SGD(10**400), "SGD:")


@reproducer
def layer_ragged_list() -> None:
    refused(lambda: layers.ReLU()([1, [2]]), "re_lu")


@reproducer
def metric_of_a_single_label() -> None:
    for metric in (metrics.Precision, metrics.FalseNegatives, metrics.AUC, metrics.F1Score):
        one = metric()
        refused(lambda one=one: one(np.array([0]), np.array([1, 2])), one.name)


@reproducer
def layer_array_as_size() -> None:
    accepted(lambda: layers.Cropping1D(np.array(3)), "Cropping1D:")


@reproducer
def layer_truth_of_array() -> None:
    refused(lambda: layers.Maximum(trainable=np.ones((2, 2))), "Maximum")
    refused(lambda: layers.ReLU(max_value=np.array([1, 2])), "ReLU:")


@reproducer
def merging_function_of_lists() -> None:
    accepted(lambda: layers.concatenate([[[[]]], [[[]]]]), "concatenate")


@reproducer
def layer_oserror() -> None:
    with contextlib.suppress(ValueError, MemoryError):
        layers.Rescaling(2.0)(np.ones((0, 2**29, 6, 2), F))


@reproducer
def upsampling_of_vectors() -> None:
    refused(lambda: layers.UpSampling2D(interpolation="bilinear")(np.ones((1, 1), F)), "up_sampl")


@reproducer
def whitening_filters_of_nan() -> None:
    images = np.full((3, 8, 8, 3), np.nan, F)
    refused(lambda: layers.whitening_filters(images), "whitening_filters:")


@reproducer
def label_out_of_range() -> None:
    metric = metrics.SparseTopKCategoricalAccuracy(k=1)
    refused(lambda: metric([3], [[0.5, 0.5]]), "sparse_top_k_categorical_accuracy:")


@reproducer
def sample_weight_shape() -> None:
    loss = losses.MeanSquaredError()
    refused(lambda: loss(np.ones((7, 2)), np.ones((7, 2)), np.ones(3)), "mean_squared_error:")


@reproducer
def metric_of_nothing() -> None:
    accepted(
        lambda: metrics.confusion_matrix(np.zeros(0, int), np.zeros(0, int)),
        "ConfusionMatrix:",
        "confusion_matrix:",
    )


@reproducer
def metric_shapes() -> None:
    metric = metrics.CategoricalAccuracy()
    accepted(lambda: metric(np.ones((3, 5, 1)), np.ones((3, 5))), "categorical_accuracy:")


@reproducer
def metrics_get_arguments() -> None:
    accepted(lambda: metrics.get("accuracy", loss="mse"), "metric")


@reproducer
def confusion_matrix_size() -> None:
    nothing = np.zeros(0, int)
    refused(lambda: metrics.confusion_matrix(nothing, nothing, num_classes=2**31 - 1), "Confusion")


# Files ------------------------------------------------------------------------------------------


@reproducer
def cifar_pickle_crash() -> None:
    """An array of objects that claims to hold none: printing or freeing follows raw bytes."""
    import target_files

    state = (3, "|", None, None, None, 8, 8, 0)  # no flags: nothing to count or to free
    dtype = target_files.Reduced(np.dtype, ("O8", False, True), state)
    make = np.zeros(1).__reduce__()[0]
    array = target_files.Reduced(make, (np.ndarray, (0,), b"b"), (1, (2,), dtype, False, b"A" * 16))
    batch = pickle.dumps({b"data": array, array: 1}, 2)
    loaded("cifar_pickle", "state", lambda files: batch)
    for seed in range(4000):  # its neighbours: most that crash do it while an error is made
        loaded_state(seed)


def loaded_state(seed: int) -> None:
    files = _cifar_files()
    FileCase(files, "state", files.damage(random.Random(seed), "state")).run()


def _cifar_files() -> Files:
    if not _KEPT:
        _KEPT.append(target_of("cifar_pickle", Path(tempfile.mkdtemp())))
    return _KEPT[0]


_KEPT: list[Files] = []


@reproducer
def cifar_pickle_memory() -> None:
    memo = b"\x80\x03}r" + struct.pack("<I", 0x04000000) + b"."
    loaded("cifar_pickle", "bytes", lambda files: memo)


@reproducer
def image_memory() -> None:
    """A WebP file of 144 bytes that says it has 9,000 x 9,000 pixels."""

    def content(files: Files) -> bytes:
        webp = bytearray(files.pristine[-1])
        at = webp.index(b"\x9d\x01\x2a") + 3
        webp[at : at + 4] = struct.pack("<HH", 9000, 9000)
        return bytes(webp)

    loaded("image", "bytes", content)


@reproducer
def cifar_pickle_reaches_out() -> None:
    build = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n}X\x01\x00\x00\x00aK\x01sb."
    loaded("cifar_pickle", "build", lambda files: build)


@reproducer
def cifar_archive_bomb() -> None:
    loaded("cifar_archive", "bomb", lambda files: files.damage(random.Random(0), "bomb"))


@reproducer
def idx_gz_bomb() -> None:
    loaded("idx_gz", "bomb", lambda files: files.damage(random.Random(0), "bomb"))


@reproducer
def zip_bomb() -> None:
    loaded("zip", "bomb", lambda files: files.damage(random.Random(0), "bomb"))


@reproducer
def zip_extra_field() -> None:
    """The name of the first entry is empty in the directory: zipfile cuts it at the NUL."""

    def content(files: Files) -> bytes:
        plain = bytearray(files.pristine[0])
        plain[plain.index(b"PK\1\2") + 46] = 0
        return bytes(plain)

    loaded("zip", "bytes", content)


@reproducer
def deep_json() -> None:
    loaded("model", "description", described("model", DEEP))


@reproducer
def long_integer_in_json() -> None:
    loaded("model", "description", described("user_metadata", "1" * 5000))


@reproducer
def overflow_in_description() -> None:
    loaded("model", "description", training(epoch=float("inf")))


@reproducer
def model_memory() -> None:
    """Without tensors the file is a few kilobytes long."""

    def content(files: Files) -> bytes:
        header, _ = opened(files.pristine[0])
        text = header["__metadata__"]["model"].replace('"units": 4', '"units": 20000000')
        metadata = header["__metadata__"] | {"model": text}
        return sealed({"__metadata__": metadata}, b"")

    loaded("model", "description", content)


@reproducer
def model_of_no_array() -> None:
    """A weight of more elements than an array can have, for which there is no tensor."""

    def content(files: Files) -> bytes:
        header, data = opened(files.pristine[0])
        text = header["__metadata__"]["model"]
        assert "[6, 6, 2]" in text
        header["__metadata__"]["model"] = text.replace(
            "[6, 6, 2]", f"[{2**31 - 1}, {2**31 - 1}, 2]"
        )
        return sealed(header, data)

    loaded("model", "description", content)


@reproducer
def backup_description() -> None:
    loaded("backup", "description", training(iterations=None))


@reproducer
def backup_without_name() -> None:
    loaded("backup", "description", described("user_metadata", "1" * 5000))


@reproducer
def checkpoint_other_outputs() -> None:
    """Without its Flatten the network gives several rows for an image."""

    def content(files: Files) -> bytes:
        header, data = opened(files.pristine[0])
        model = json.loads(header["__metadata__"]["model"])
        stack = model["config"]["layers"]
        model["config"]["layers"] = [one for one in stack if one["class"] != "Flatten"]
        header["__metadata__"]["model"] = json.dumps(model)
        return sealed(header, data)

    loaded("checkpoint", "description", content)


def history_line(seconds: str) -> bytes:
    head = "epoch,training_loss,training_accuracy,test_loss,test_accuracy,learning_rate,seconds"
    return f"{head}\n1,0.5,0.25,0.75,0.5,0.001,{seconds}\n".encode()


@reproducer
def history_field_limit() -> None:
    loaded("history", "fields", lambda files: history_line("x" * 140_000))


@reproducer
def history_not_finite() -> None:
    loaded("history", "fields", lambda files: history_line("nan"))


def manifest(**changes: Any) -> Callable[[Files], bytes]:
    def content(files: Files) -> bytes:
        entry = json.loads(files.files["manifest.json"])  # type: ignore[attr-defined]
        entry["information"] |= changes
        return json.dumps(entry).encode()

    return content


@reproducer
def cache_exception() -> None:
    loaded("cache", "manifest", lambda files: b'{"a":' * 20_000 + b"1" + b"}" * 20_000)
    loaded("cache", "manifest", manifest(n_train=""))


@reproducer
def cache_memory() -> None:
    def content(files: Files) -> bytes:
        files.target = "x.npy"  # type: ignore[attr-defined]
        whole = files.files["x.npy"]  # type: ignore[attr-defined]
        return whole.replace(b"(6, 8, 8, 3), }    ", b"(66666666, 8, 8, 3), }")

    loaded("cache", "array", content)


@reproducer
def cache_other_data() -> None:
    loaded("cache", "manifest", manifest(class_names=["cat", "cow"]))


def main(name: str) -> None:
    """Run one of them within limits."""
    if ADDRESS_SPACE:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    REPRODUCERS[name]()


if __name__ == "__main__":
    main(sys.argv[1])
