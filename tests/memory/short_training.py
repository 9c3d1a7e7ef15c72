"""A short training and a prediction that use every family of kernels, small enough for valgrind.

A program for valgrind and the sanitizers, which say what is wrong; it prints the final loss. See
docs/safety.md.
"""

import os

import numpy as np

from fastconv import Input, Model, layers, ops, set_num_threads
from fastconv.kernels import _isa, _threads


def network() -> Model:
    """Direct and Winograd's convolutions, depthwise ones, pooling, normalization, a branch."""
    x = images = Input((16, 16, 3))
    x = layers.RandomFlip("horizontal")(x)
    x = layers.Conv2D(16, 5, strides=2, padding="same", activation="relu")(x)  # direct
    x = shortcut = layers.Conv2D(16, 3, padding="same")(x)  # by Winograd's algorithm
    x = layers.BatchNormalization()(x)
    x = layers.Activation("gelu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    x = layers.Add()([x, shortcut])
    x = layers.Concatenate()([layers.MaxPooling2D()(x), layers.AveragePooling2D()(x)])
    x = layers.Concatenate()([layers.Flatten()(x), layers.GlobalAveragePooling2D()(x)])
    x = layers.LayerNormalization()(x)
    x = layers.Dropout(0.25)(x)
    return Model(images, layers.Softmax()(layers.Dense(5)(x)), seed=7)


def single_operations(rng: np.random.Generator) -> None:
    """Operations on arrays of their own: those of a network share one block of memory, in which an
    access beyond an array may hit another one."""
    x, w, v = (
        rng.normal(size=shape).astype(np.float32)
        for shape in ((2, 9, 9, 17), (3, 3, 17, 19), (3, 3, 17, 1))
    )
    for algo in ("direct", "winograd"):
        y = ops.conv2d(x, w, padding="same", algo=algo)
        ops.conv2d_backward(y, x, w, padding="same", algo=algo)
        far = np.concatenate([w, w], axis=1)[:, :5]  # 3x5, in parts
        ops.conv2d_backward(ops.conv2d(x, far, strides=2, algo=algo), x, far, strides=2, algo=algo)
    ops.depthwise_conv2d_backward(ops.depthwise_conv2d(x, v, strides=2), x, v, strides=2)
    rows = y.reshape(-1, 19)
    ops.gemm(rows, rows, trans_a=True)
    for pool, gradient in (
        (ops.max_pool2d, ops.max_pool2d_backward), (ops.avg_pool2d, ops.avg_pool2d_backward)
    ):  # fmt: skip
        gradient(pool(x, 3, 2), x, 3, 2)
    ops.batch_norm_backward(ops.batch_norm(x), x)
    ops.layer_norm_backward(ops.layer_norm(rows), rows)
    ops.softmax_backward(ops.softmax(rows), rows)
    ops.dropout_backward(ops.dropout(rows, 0.5, 3), 0.5, 3)
    ops.gelu_backward(ops.gelu(rows), rows)
    ops.resize(x, (13, 7))
    ops.adam_step(*(np.ones(37, np.float32) for _ in range(4)), 1)


def main() -> None:
    """Two epochs of two batches, the last of which is smaller, by Adam; then a prediction."""
    os.environ["FASTCONV_BATCH_INVARIANT"] = "1"  # algorithms as for larger batches
    set_num_threads(2)
    _threads.set_work_per_thread(1.0)  # even the smallest arrays are shared among the threads
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 16, 16, 3)).astype(np.float32), rng.integers(0, 5, 7)
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    history = model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    used = model.plan_report().split()
    assert {"direct", "winograd", "depthwise", "gemm"} <= set(used)
    y = model.predict(x, batch_size=3, verbose=0)
    assert np.isfinite(y).all()
    single_operations(rng)
    print(_isa.active(), history.history["loss"][-1])


if __name__ == "__main__":
    main()
