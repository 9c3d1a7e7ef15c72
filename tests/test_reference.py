"""The definitions themselves: worked examples, and every gradient against a numerical one."""

import numpy as np
import pytest

from fastconv import reference as ref

IMAGE = np.array(
    [[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]], dtype=np.float64
).reshape(1, 4, 4, 1)


def numerical_gradient(function, x, step=1e-5):
    """Central differences of a scalar function, one entry of x at a time."""
    gradient = np.empty_like(x)
    for at in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[at] += step
        down[at] -= step
        gradient[at] = (function(up) - function(down)) / (2 * step)
    return gradient


def assert_gradient(gradient, function, x):
    # Truncation goes with step**2, cancellation with eps / step: both are near 1e-10 here.
    np.testing.assert_allclose(gradient, numerical_gradient(function, x), rtol=1e-6, atol=1e-8)


def test_convolution_of_the_worked_example():
    image = np.array([[*map(int, row)] for row in ["11011", "10101", "11110", "00110", "11000"]])
    kernel = np.array([[*map(int, row)] for row in ["101", "010", "110"]])
    y = ref.conv2d(image.reshape(1, 5, 5, 1), kernel.reshape(3, 3, 1, 1))
    np.testing.assert_array_equal(y[0, :, :, 0], [[3, 5, 3], [3, 2, 5], [4, 4, 2]])


def test_pooling_of_the_worked_example():
    np.testing.assert_array_equal(ref.max_pool2d(IMAGE, 2)[0, :, :, 0], [[5, 6], [4, 5]])
    np.testing.assert_array_equal(ref.min_pool2d(IMAGE, 2)[0, :, :, 0], [[2, 1], [1, 2]])
    np.testing.assert_array_equal(ref.avg_pool2d(IMAGE, 2)[0, :, :, 0], [[3, 4], [3, 4]])
    squares = [[3**2 + 5**2 + 2**2 + 2**2, 4**2 + 1 + 5**2 + 6**2]]
    squares += [[4**2 + 4**2 + 1 + 3**2, 2**2 + 5**2 + 5**2 + 4**2]]
    np.testing.assert_allclose(ref.lp_pool2d(IMAGE, 2)[0, :, :, 0], np.sqrt(squares), rtol=1e-15)


def test_pooling_seven_by_seven_with_a_short_last_window():
    x = np.arange(49.0).reshape(1, 7, 7, 1)
    y = ref.max_pool2d(x, 2, 2, "same")
    last = [8, 10, 12, 13]
    expected = [[row * 7 + column - 7 for column in last] for row in (1, 3, 5, 6)]
    np.testing.assert_array_equal(y[0, :, :, 0], expected)
    np.testing.assert_array_equal(ref.max_pool2d(x, 2, ceil_mode=True), y)
    assert ref.max_pool2d(y, 2, 2, "same").shape == (1, 2, 2, 1)


@pytest.mark.parametrize(
    ("size", "kernel", "filters", "padding", "out"),
    [(32, 3, 10, "valid", 30), (32, 5, 10, "valid", 28), (32, 3, 16, "same", 32)],
)
def test_sizes_of_the_worked_examples(size, kernel, filters, padding, out):
    y = ref.conv2d(
        np.zeros((1, size, size, 3)), np.zeros((kernel, kernel, 3, filters)), padding=padding
    )
    assert y.shape == (1, out, out, filters)


def test_features_of_an_x_answer_with_the_share_of_matching_pixels():
    x = np.where(np.eye(9) + np.eye(9)[::-1] > 0, 1.0, -1.0).reshape(1, 9, 9, 1)
    diagonal = np.where(np.eye(3) > 0, 1.0, -1.0).reshape(3, 3, 1, 1) / 9
    y = ref.conv2d(x, diagonal)[0, :, :, 0]
    assert y[0, 0] == pytest.approx(1)  # on the stroke, all nine pixels agree
    assert y[0, 6] == pytest.approx(1 / 9)  # on the other stroke, five agree and four do not
    assert abs(y).max() <= 1 + 1e-12


def test_squared_error_of_an_output_layer():
    output, target = [[0.2, 0.1, 0.3, 0.4]], [[0, 0, 0, 1]]
    loss, _ = ref.mean_squared_error(output, target, row_weights=[4 / 2])
    assert loss == pytest.approx((0.2**2 + 0.1**2 + 0.3**2 + 0.6**2) / 2, rel=1e-14)


def test_two_by_two_same_looks_down_and_to_the_right():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    w = np.array([0.0, 0, 0, 1]).reshape(2, 2, 1, 1)
    y = ref.conv2d(x, w, padding="same")
    np.testing.assert_array_equal(y[0, :, :, 0], [[4, 5, 0], [7, 8, 0], [0, 0, 0]])


def test_padding_dilation_strides_and_groups_say_the_same_as_plain_loops():
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=(2, 6, 7, 4)), rng.normal(size=(2, 3, 2, 6))
    b, (pt, pb, pl, pr), (sh, sw), (dh, dw) = rng.normal(size=6), (1, 0, 2, 3), (2, 3), (3, 2)
    y = ref.conv2d(x, w, b, (sh, sw), ((pt, pb), (pl, pr)), (dh, dw), groups=2, activation="relu")
    assert y.shape == (2, (6 + 1 - 4) // 2 + 1, (7 + 5 - 5) // 3 + 1, 6)
    for n, r, c, o in np.ndindex(y.shape):
        total, group = b[o], o // 3
        for i, j, k in np.ndindex(2, 3, 2):
            row, column = r * sh + i * dh - pt, c * sw + j * dw - pl
            if 0 <= row < 6 and 0 <= column < 7:
                total += x[n, row, column, 2 * group + k] * w[i, j, k, o]
        assert y[n, r, c, o] == pytest.approx(max(total, 0), abs=1e-12)


CONVOLUTIONS = [
    {},
    {"padding": "same"},
    {"padding": "same", "strides": 2},
    {"padding": ((2, 0), (1, 3)), "strides": (3, 1)},
    {"padding": 1, "dilation": (2, 1), "groups": 2},
]


@pytest.mark.parametrize("how", CONVOLUTIONS)
def test_conv2d_backward(how):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 5, 6, 2))
    w, b = rng.normal(size=(2, 3, 2 // how.get("groups", 1), 4)), rng.normal(size=4)
    dy = rng.normal(size=ref.conv2d(x, w, b, **how).shape)
    dx, dw, db = ref.conv2d_backward(dy, x, w, **how)
    assert_gradient(dx, lambda x: (dy * ref.conv2d(x, w, b, **how)).sum(), x)
    assert_gradient(dw, lambda w: (dy * ref.conv2d(x, w, b, **how)).sum(), w)
    assert_gradient(db, lambda b: (dy * ref.conv2d(x, w, b, **how)).sum(), b)


POOLINGS = [
    {"pool_size": 2},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": (2, 3), "strides": (1, 2), "padding": ((1, 0), (2, 1))},
    {"pool_size": 2, "strides": 3, "ceil_mode": True},
]


@pytest.mark.parametrize("how", POOLINGS)
@pytest.mark.parametrize("kind", ["max", "min", "avg", "avg_include_pad", "l2", "l3"])
def test_pooling_backward(kind, how):
    rng = np.random.default_rng(2)
    x = rng.permutation(2 * 5 * 7 * 3).reshape(2, 5, 7, 3) / 50 - 2.0  # no ties, no near ties
    forward, backward, how = {
        "max": (ref.max_pool2d, ref.max_pool2d_backward, how),
        "min": (ref.min_pool2d, ref.min_pool2d_backward, how),
        "avg": (ref.avg_pool2d, ref.avg_pool2d_backward, how),
        "avg_include_pad": (
            ref.avg_pool2d, ref.avg_pool2d_backward, how | {"count_include_pad": True}
        ),
        "l2": (ref.lp_pool2d, ref.lp_pool2d_backward, how),
        "l3": (ref.lp_pool2d, ref.lp_pool2d_backward, how | {"p": 3}),
    }[kind]  # fmt: skip
    dy = rng.normal(size=forward(x, **how).shape)
    dx = backward(dy, x.shape if kind.startswith("avg") else x, **how)
    assert_gradient(dx, lambda x: (dy * forward(x, **how)).sum(), x)


def test_the_first_maximum_takes_the_gradient_and_padding_never_does():
    x = np.zeros((1, 2, 2, 1))
    dx = ref.max_pool2d_backward(np.ones((1, 1, 1, 1)), x, 2)
    np.testing.assert_array_equal(dx.ravel(), [1, 0, 0, 0])
    x = np.full((1, 1, 1, 1), -np.inf)
    assert ref.max_pool2d_argmax(x, 2, padding=((1, 0), (1, 0)))[0, 0, 0, 0] == 3


def test_nan_wins_a_maximum_and_takes_its_gradient():
    x = np.array([1, np.nan, 2, np.nan]).reshape(1, 2, 2, 1)
    assert np.isnan(ref.max_pool2d(x, 2)).all()
    assert ref.max_pool2d_argmax(x, 2)[0, 0, 0, 0] == 1
    assert np.isnan(ref.min_pool2d(x, 2)).all()


def test_average_over_padding_or_not():
    x = np.full((1, 3, 3, 1), 8.0)
    without = ref.avg_pool2d(x, 2, padding="same")
    np.testing.assert_array_equal(without, np.full((1, 2, 2, 1), 8))
    with_padding = ref.avg_pool2d(x, 2, padding="same", count_include_pad=True)
    np.testing.assert_array_equal(with_padding[0, :, :, 0], [[8, 4], [4, 2]])


def test_relu_and_bias_backward():
    rng = np.random.default_rng(3)
    x, dy = rng.normal(size=(4, 3, 5)) + 0.01, rng.normal(size=(4, 3, 5))
    assert_gradient(ref.relu_backward(dy, ref.relu(x)), lambda x: (dy * ref.relu(x)).sum(), x)
    b = rng.normal(size=5)
    assert_gradient(ref.bias_grad(dy), lambda b: (dy * ref.bias_add(x, b)).sum(), b)


def test_gemm_of_transposed_operands():
    rng = np.random.default_rng(4)
    a, b, c = rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=(3, 5))
    bias = rng.normal(size=5)
    expected = np.maximum(0.5 * (a @ b) - 2 * c + bias, 0)
    y = ref.gemm(a.T, b.T, c, 0.5, -2, True, True, bias, "relu")
    np.testing.assert_allclose(y, expected, rtol=1e-14, atol=1e-14)
    ignored = np.full((3, 5), np.nan)
    np.testing.assert_array_equal(ref.gemm(a, b, ignored), a @ b)


def test_softmax_is_stable_and_its_gradient_right():
    np.testing.assert_allclose(ref.softmax([[1e4, 1e4 - np.log(3)]]), [[0.75, 0.25]], rtol=1e-11)
    rng = np.random.default_rng(6)
    x, dy = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    dx = ref.softmax_backward(dy, ref.softmax(x))
    assert_gradient(dx, lambda x: (dy * ref.softmax(x)).sum(), x)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["labels", "one_hot", "smoothed", "any"])
def test_softmax_cross_entropy_gradient(kind, weighted):
    rng = np.random.default_rng(7)
    logits, labels = rng.normal(size=(5, 4)), np.array([0, 3, 1, 1, 2])
    targets = {
        "labels": labels,
        "one_hot": np.eye(4)[labels],
        "smoothed": 0.8 * np.eye(4)[labels] + 0.05,
        "any": np.abs(rng.normal(size=(5, 4))),
    }[kind]  # fmt: skip
    weights = np.array([1, 0, 0.5, 2, 3]) if weighted else None
    loss, dlogits = ref.softmax_cross_entropy(logits, targets, weights)
    assert_gradient(dlogits, lambda z: ref.softmax_cross_entropy(z, targets, weights)[0], logits)
    p = ref.softmax(logits)
    t = np.eye(4)[labels] if kind == "labels" else targets
    per_row = -(t * np.log(p)).sum(axis=1)
    assert loss == pytest.approx(per_row.mean() if weights is None else per_row @ weights)


def test_mean_squared_error_gradient():
    rng = np.random.default_rng(8)
    y, t = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    loss, dy = ref.mean_squared_error(y, t)
    assert loss == pytest.approx(((y - t) ** 2).mean())
    assert_gradient(dy, lambda y: ref.mean_squared_error(y, t)[0], y)
    assert ref.mean_squared_error(np.empty((0, 4)), np.empty((0, 4)))[0] == 0


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_published_known_answers(counter, key, words):
    assert " ".join(f"{int(w):08x}" for w in ref.philox4x32(counter, key)) == words


def test_dropout_depends_on_seed_step_and_index_alone():
    mask = ref.dropout_mask((100, 101), 0.25, seed=2**40 + 1, step=3)
    np.testing.assert_array_equal(mask.ravel()[:777], ref.dropout_mask((777,), 0.25, 2**40 + 1, 3))
    for seed, step in ((2**40 + 1, 4), (1, 3), (2**40 + 2, 3), (2**40 + 1, 2**32 + 3)):
        other = ref.dropout_mask((100, 101), 0.25, seed, step)
        differing = (mask != other).mean()  # 2 * 0.25 * 0.75 = 0.375 of independent masks
        assert abs(differing - 0.375) < 5 * np.sqrt(0.375 * 0.625 / mask.size)
    assert abs(mask.mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / mask.size)


def test_dropout_scales_what_it_keeps():
    x = np.random.default_rng(9).normal(size=(30, 40))
    y, mask = ref.dropout(x, 0.5, seed=1), ref.dropout_mask((30, 40), 0.5, seed=1)
    np.testing.assert_array_equal(y, np.where(mask, 2 * x, 0))
    np.testing.assert_array_equal(ref.dropout(x, 0.0, seed=1), x)


def test_sgd_follows_its_recurrence():
    w, g, velocity = np.array([1.0]), np.array([2.0]), np.array([0.5])
    assert ref.sgd_step(w, g, learning_rate=0.25)[0] == 0.5
    new_w, new_v = ref.sgd_step(w, g, velocity, 0.25, momentum=0.5)
    assert (new_v, new_w) == (0.5 * 0.5 - 0.25 * 2, 1 - 0.25)
    new_w, new_v = ref.sgd_step(w, g, velocity, 0.25, momentum=0.5, nesterov=True)
    assert (new_v, new_w) == (-0.25, 1 + 0.5 * -0.25 - 0.25 * 2)


def test_adam_of_constant_gradients_moves_by_the_learning_rate():
    w, m, v = np.array([0.0, 0.0]), np.zeros(2), np.zeros(2)
    for t in range(1, 6):
        w, m, v = ref.adam_step(w, [3.0, -1e-3], m, v, t, learning_rate=0.1, epsilon=0)
        np.testing.assert_allclose(w, [-0.1 * t, 0.1 * t], rtol=1e-12)


def test_adam_epsilon_stands_outside_the_bias_correction():
    w, _, _ = ref.adam_step([0.0], [1.0], [0.0], [0.0], t=1, learning_rate=1.0, epsilon=1.0)
    corrected = np.sqrt(1 - 0.999) / (1 - 0.9)
    assert w[0] == pytest.approx(-corrected * 0.1 / (np.sqrt(0.001) + 1))
