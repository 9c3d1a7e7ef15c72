"""A whole small network: same bits every time, no memory per step, every layout of input."""

import gc
import tracemalloc

import numpy as np
import pytest

from fastconv.kernels import _isa, _threads
from fastconv.plan.execution import Execution, Executions
from fastconv.plan.graph import Graph
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.parameters import Parameter, ParameterStore
from fastconv.plan.plan import Plan

BATCH = 6


def network(dtype="uint8"):
    """A small network of the form of the CIFAR-10 table's."""
    rng = np.random.default_rng(7)
    g = Graph()

    def new(*shape):
        return Parameter("p", rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1], initial=1)))

    def conv(x, k, oc):
        return g.activation(g.conv2d(x, new(k, k, x.shape[2], oc), new(oc), padding="same"), "relu")

    x = g.affine(g.input((16, 16, 3), dtype), 1 / 255, 0)
    x = g.dropout(g.pool2d(conv(conv(x, 3, 8), 3, 20), "max", 2), 0.25, 1)
    x = g.pool2d(conv(x, 3, 17), "max", 2)
    x = g.dropout(g.pool2d(conv(x, 2, 16), "max", 2), 0.25, 2)
    x = g.activation(g.dense(g.reshape(x, (-1,)), new(64, 50), new(50)), "relu")
    x = g.dense(g.dropout(x, 0.5, 3), new(50, 10), new(10))
    g.output(g.activation(x, "softmax"))
    return g


RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (BATCH, 16, 16, 3), dtype=np.uint8)
LABELS = RNG.integers(0, 10, BATCH)
SPARSE = LossSpec("sparse_categorical_crossentropy")


def some_steps(rows=(BATCH, 4, BATCH), **arguments):
    """Losses, outputs and gradients of a few steps with plain gradient descent."""
    g = network()
    store = ParameterStore(g.parameters)
    plan = Plan(g, BATCH, training=True, loss=SPARSE, **arguments)
    results = []
    for step, n in enumerate(rows):
        loss, y = plan.train_step(IMAGES[:n], LABELS[:n], step=step)
        results += [np.float64(loss), y.copy(), store.grads.copy()]
        store.values[: store.trainable_size] -= np.float32(0.01) * store.grads
    return results


def assert_same_bits(a, b):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_runs_have_the_same_bits():
    assert_same_bits(some_steps(), some_steps())


def test_fused_and_unfused_give_the_same_bits():
    """The convolutional part; with a loss, only the softmax's arithmetic would differ."""
    dy = RNG.standard_normal((BATCH, 10)).astype(np.float32)
    results = []
    for fuse in (True, False):
        g = network()
        plan = Plan(g, BATCH, training=True, fuse=fuse)
        y = plan.forward(IMAGES, step=5).copy()
        plan.backward(dy)
        results.append([y, *(p.grad for p in g.parameters)])
    assert_same_bits(*results)


def test_the_loss_is_the_same_unfused():
    fused, unfused = some_steps(rows=(BATCH,)), some_steps(rows=(BATCH,), fuse=False)
    for a, b in zip(fused, unfused, strict=True):
        scale = np.abs(a).max()
        np.testing.assert_allclose(a, b, atol=64 * np.finfo(np.float32).eps * scale)


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("isa", _isa.available())
def test_any_number_of_threads_gives_the_same_bits(isa, fuse):
    isa_before, threads_before = _isa.active(), _threads.get_num_threads()
    try:
        _isa.use(isa)
        results = []
        for threads in (1, 2, 3, 4):
            _threads.set_num_threads(threads)
            results.append(some_steps(fuse=fuse))
    finally:
        _isa.use(isa_before)
        _threads.set_num_threads(threads_before)
    for other in results[1:]:
        assert_same_bits(results[0], other)


def test_the_step_picks_the_dropout_mask():
    g = network()
    plan = Plan(g, BATCH, training=True, loss=SPARSE)
    losses = [plan.train_step(IMAGES, LABELS, step=step)[0] for step in (0, 1, 0)]
    assert losses[0] == losses[2] != losses[1]


def test_evaluation_does_not_disturb_training():
    g = network()
    plan = Plan(g, BATCH, training=True, loss=SPARSE)
    loss, y = plan.train_step(IMAGES, LABELS)
    y = y.copy()
    grads = [p.grad.copy() for p in g.parameters]
    evaluated, _ = plan.loss_and_output(IMAGES[:2], LABELS[:2])
    assert evaluated != loss
    assert_same_bits(grads, [p.grad for p in g.parameters])
    again, y_again = plan.train_step(IMAGES, LABELS)
    assert again == loss
    np.testing.assert_array_equal(y_again, y)


def test_inference_needs_less_memory_than_training():
    g = network()
    inference, training = Plan(g, BATCH, training=False), Plan(g, BATCH, training=True)
    assert inference.nbytes < 0.75 * training.nbytes
    np.testing.assert_array_equal(
        inference.forward(IMAGES), training.forward(IMAGES, training=False)
    )


def test_a_step_allocates_no_array():
    g = network()
    plan = Plan(g, BATCH, training=True, loss=SPARSE)
    for n in range(1, BATCH + 1):  # more sizes than are kept
        plan.train_step(IMAGES[:n], LABELS[:n])
    arena = plan.nbytes
    gc.collect()
    tracemalloc.start()
    try:
        plan.train_step(IMAGES, LABELS)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for step in range(20):
            plan.train_step(IMAGES, LABELS, step=step)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 5000  # the interpreter's free lists; the first map alone has 49 kB
    assert plan.nbytes == arena


def test_only_the_last_few_batch_sizes_are_kept():
    plan = Plan(network(), BATCH, training=True, loss=SPARSE)
    for n in range(1, BATCH + 1):
        plan.train_step(IMAGES[:n], LABELS[:n])
    gc.collect()
    found = [e for e in gc.get_objects() if type(e) is Execution]
    mine = [e for e in found if e.executors and e.executors[0].step is plan.steps[0]]
    assert len(mine) == 1 + Executions.KEPT


def test_inputs_of_other_layouts_and_types_are_copied():
    g = Graph()
    x = g.input((4, 6))
    w = Parameter("w", RNG.standard_normal((6, 3)))
    g.output(g.dense(x, w))
    plan = Plan(g, 5, training=False)
    data = RNG.integers(-9, 9, (5, 4, 6)).astype(np.float32)
    right = plan.forward(data).copy()
    raw = np.zeros(data.nbytes + 1, np.uint8)
    misaligned = raw[1:].view(np.float32).reshape(data.shape)
    misaligned[...] = data
    read_only = data.copy()
    read_only.flags.writeable = False
    variants = {
        "Fortran order": np.asfortranarray(data),
        "every second": np.repeat(data, 2, axis=2)[:, :, ::2],
        "backwards": data[:, :, ::-1].copy()[:, :, ::-1],
        "byte-swapped": data.astype(">f4"),
        "misaligned": misaligned,
        "read-only": read_only,
        "float64": data.astype(np.float64),
        "int8": data.astype(np.int8),
        "list": data.tolist(),
    }
    for name, variant in variants.items():
        np.testing.assert_array_equal(plan.forward(variant), right, err_msg=name)
    assert plan.nbytes < 20 * data.nbytes


def test_a_result_may_be_fed_back():
    """The plan's own buffer as its input: it must be read before it is overwritten."""
    g = Graph()
    x = g.input((3, 3, 2))
    g.output(g.conv2d(x, Parameter("w", np.ones((3, 3, 2, 2))), padding="same"))
    plan = Plan(g, 2, training=True, input_gradient=True)
    data = np.ones((2, 3, 3, 2), np.float32)
    once = plan.forward(data).copy()
    twice = plan.forward(once).copy()
    y = plan.forward(data)
    np.testing.assert_array_equal(plan.forward(y), twice)
    dx = plan.backward(np.ones((2, 3, 3, 2)))
    np.testing.assert_array_equal(plan.forward(dx), plan.forward(dx.copy()))


def test_an_empty_batch_gives_an_empty_result():
    y = Plan(network(), BATCH, training=False).forward(IMAGES[:0])
    assert y.shape == (0, 10)
    assert y.dtype == np.float32


def test_the_users_arrays_are_let_go():
    images = IMAGES.copy()
    plan = Plan(network(), BATCH, training=True, loss=SPARSE)
    plan.train_step(images, LABELS)
    plan.forward(images, training=False)
    assert not any(
        np.shares_memory(x, images)
        for x in gc.get_objects()
        if type(x) is np.ndarray and x is not images
    )


def test_report_names_the_steps_and_their_times():
    plan = Plan(network(), BATCH, training=True, loss=SPARSE)
    text = plan.report()
    assert "affine 0.003922, 0 + conv 3x3 + bias + relu" in text
    assert "conv 3x3 + bias + relu + max pool 2x2/2 + dropout 0.25" in text
    assert "softmax of step 6 + sparse_categorical_crossentropy" in text
    assert "argmax" in text
    assert "arena" in text
    assert "ms" not in text.split()
    plan.profile = True
    plan.train_step(IMAGES, LABELS)
    lines = plan.report().splitlines()
    assert lines[1].split() == [
        "step", "layer", "computes", "output", "algorithm",
        "fwd", "ms", "GFLOP/s", "bwd", "ms", "GFLOP/s", "own", "buffers",
    ]  # fmt: skip
    assert len(lines) == 3 + 7 + 1


WRONG_INPUT = {
    "too many rows": (np.zeros((7, 16, 16, 3), np.uint8), ValueError, "at most 6 rows; received"),
    "shape": (
        np.zeros((2, 16, 3, 16), np.uint8),
        ValueError,
        r"must have shape \(rows, 16, 16, 3\); received \(2, 16, 3, 16\)",
    ),
    "no batch axis": (IMAGES[0], ValueError, r"received \(16, 16, 3\)"),
    "floats for bytes": (IMAGES / 255, TypeError, "x must be uint8, as it was recorded; received"),
    "objects": (IMAGES.astype(object), TypeError, "must be real numbers; received dtype object"),
}


@pytest.mark.parametrize("case", WRONG_INPUT)
def test_wrong_input_is_refused_before_anything_is_written(case):
    x, error, message = WRONG_INPUT[case]
    plan = Plan(network(), BATCH, training=True, loss=SPARSE)
    y = plan.forward(IMAGES)
    before = y.copy()
    with pytest.raises(error, match=f"plan: .*{message}"):
        plan.forward(x)
    with pytest.raises(error, match=f"plan: .*{message}"):
        plan.train_step(x, LABELS)
    np.testing.assert_array_equal(y, before)


def test_complex_numbers_are_refused():
    g = Graph()
    g.output(g.activation(g.input((3,)), "relu"))
    with pytest.raises(TypeError, match="x must be real numbers; received dtype complex128"):
        Plan(g, 2, training=False).forward(np.zeros((2, 3), complex))


def test_calls_in_the_wrong_order_are_refused():
    g = network()
    plan = Plan(g, BATCH, training=True, loss=SPARSE)
    dy = np.zeros((BATCH, 10))
    with pytest.raises(RuntimeError, match="needs a forward with training=True before it"):
        plan.backward(dy)
    plan.forward(IMAGES)
    with pytest.raises(ValueError, match=r"dy must have the output's shape \(6, 10\); received"):
        plan.backward(dy[:2])
    with pytest.raises(TypeError, match="dy must be real numbers"):
        plan.backward(dy.astype(str))
    assert plan.backward(dy) is None
    with pytest.raises(RuntimeError, match="needs a forward"):
        plan.backward(dy)
    plan.forward(IMAGES, training=False)
    with pytest.raises(RuntimeError, match="needs a forward"):
        plan.backward(dy)
    inference = Plan(g, BATCH, training=False, loss=SPARSE)
    for call in (
        lambda: inference.forward(IMAGES, training=True),
        lambda: inference.train_step(IMAGES, LABELS),
    ):
        with pytest.raises(ValueError, match="only a plan built with training=True"):
            call()


def test_what_a_plan_cannot_be_built_from():
    with pytest.raises(ValueError, match="a graph needs an output; received none"):
        Plan(Graph(), 1, training=False)
    with pytest.raises(ValueError, match="plan: batch_size must be at least 1; received 0"):
        Plan(network(), 0, training=False)
    with pytest.raises(ValueError, match="at least one row; received none"):
        Plan(network(), 1, training=True, loss=SPARSE).train_step(IMAGES[:0], LABELS[:0])
    g = Graph()
    for _ in range(2):
        g.output(g.affine(g.input((3,)), 1, 0))
    plan = Plan(g, 2, training=False)
    with pytest.raises(ValueError, match="x must be a list of 2; received ndarray"):
        plan.forward(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"must have one number of rows; received \[2, 1\]"):
        plan.forward([np.zeros((2, 3)), np.zeros((1, 3))])
