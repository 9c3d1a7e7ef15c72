"""Errors name the operation, the rule and what was received; nothing is written."""

from fractions import Fraction

import numpy as np
import pytest

from fastconv import ops

X, W, B = np.ones((2, 6, 7, 4)), np.ones((3, 3, 4, 6)), np.ones(6)
DY, M, N = np.ones((2, 4, 5, 6)), np.ones((9, 5)), np.ones((5, 4))
F32 = np.ones((9, 5), np.float32)

REFUSED = {
    "conv2d: x has 4 input channels, w expects 3; received x (2, 6, 7, 4), w (3, 3, 3, 6)":
        lambda: ops.conv2d(X, np.ones((3, 3, 3, 6))),
    "conv2d: x must have the axes (mb, height, width, channels); received shape (6, 7, 4)":
        lambda: ops.conv2d(X[0], W),
    "conv2d: x must have the axes (mb, channels, height, width); received shape (6, 7, 4)":
        lambda: ops.conv2d(X[0], W, data_format="channels_first"),
    "conv2d: w must have the axes (kh, kw, ic/groups, oc); received shape (3, 4, 6)":
        lambda: ops.conv2d(X, W[0]),
    "conv2d: b must have one number for each of the 6 filters; received shape (5,)":
        lambda: ops.conv2d(X, W, np.ones(5)),
    "(x as channels_first: (2, 6, 7, 4))":
        lambda: ops.conv2d(X, W, data_format="channels_first"),
    "conv2d: data_format must be one of 'channels_last', 'channels_first'; received "
    "'channel_last' (did you mean 'channels_last'?)":
        lambda: ops.conv2d(X, W, data_format="channel_last"),
    "conv2d: algo must be one of 'auto', 'direct', 'winograd', 'gemm', 'depthwise'; received "
    "'Winogrd' (did you mean 'winograd'?)":
        lambda: ops.conv2d(X, W, algo="Winogrd"),
    "conv2d: algo must be one of 'auto', 'direct', 'winograd', 'gemm', 'depthwise'; received None":
        lambda: ops.conv2d(X, W, algo=None),
    "conv2d: activation must be one of 'linear', 'relu'; received 'rely' (did you mean 'relu'?)":
        lambda: ops.conv2d(X, W, activation="rely"),
    "conv2d: groups must divide the channels of x":
        lambda: ops.conv2d(X, W, groups=3),
    "conv2d_backward: dy must have the shape of the output, (2, 4, 5, 6); received (2, 4, 5, 5)":
        lambda: ops.conv2d_backward(DY[..., :5], X, W),
    "conv2d_backward: strides must be at least 1; received 0":
        lambda: ops.conv2d_backward(DY, X, W, strides=0),
    "max_pool2d: the window must fit into the padded input; received window height 7":
        lambda: ops.max_pool2d(X, 7),
    "max_pool2d_backward: dy must have the shape of the output, (2, 3, 3, 4); received":
        lambda: ops.max_pool2d_backward(X, X, 2),
    "avg_pool2d: count_include_pad must be True or False; received 1":
        lambda: ops.avg_pool2d(X, 2, count_include_pad=1),
    "avg_pool2d_backward: pool_size must be a whole number or a pair of them; received 2.0":
        lambda: ops.avg_pool2d_backward(X, X, 2.0),
    "gemm: op(a) has 5 columns, op(b) has 4 rows; received a (9, 5), b (5, 4), trans_a False, "
    "trans_b True":
        lambda: ops.gemm(M, N, trans_b=True),
    "gemm: a must have the axes (m, k); received shape (5,)":
        lambda: ops.gemm(M[0], N),
    "gemm: c must have the shape of op(a) @ op(b), (9, 4); received (4, 9)":
        lambda: ops.gemm(M, N, np.ones((4, 9)), beta=1),
    "gemm: c must be given when beta is not 0; received beta 2":
        lambda: ops.gemm(M, N, beta=2),
    "gemm: bias must have one number for each of the 4 columns; received shape (9,)":
        lambda: ops.gemm(M, N, bias=np.ones(9)),
    "gemm: alpha must be a number; received '1'":
        lambda: ops.gemm(M, N, alpha="1"),
    "gemm: trans_a must be True or False; received 'n'":
        lambda: ops.gemm(M, N, trans_a="n"),
    "relu_backward: dy must have the shape of y, (9, 5); received (5, 4)":
        lambda: ops.relu_backward(N, M),
    "leaky_relu: negative_slope must be at least 0 and finite; received -1":
        lambda: ops.leaky_relu(M, -1),
    "clipped_relu: max_value must be a number; received '6'":
        lambda: ops.clipped_relu(M, "6"),
    "gelu: approximate must be True or False; received 'tanh'":
        lambda: ops.gelu(M, "tanh"),
    "sigmoid_backward: dy must have the shape of y, (9, 5); received (5, 4)":
        lambda: ops.sigmoid_backward(N, M),
    "silu_backward: dy must have the shape of x, (9, 5); received (5, 4)":
        lambda: ops.silu_backward(N, M),
    "moments: x must not be empty; received shape (0, 3)":
        lambda: ops.moments(np.ones((0, 3))),
    "batch_norm: x must have at least 2 axes, the last one of channels; received shape (5,)":
        lambda: ops.batch_norm(M[0]),
    "batch_norm: gamma must have one number for each of the 5 channels of x; received shape (4,)":
        lambda: ops.batch_norm(M, np.ones(4)),
    "batch_norm: mean and variance are given together; received one of them":
        lambda: ops.batch_norm(M, mean=np.ones(5)),
    "batch_norm_backward: dy must have the shape of x, (9, 5); received (5, 4)":
        lambda: ops.batch_norm_backward(N, M),
    "group_norm: groups must divide the channels of x; received groups 2, x (9, 5)":
        lambda: ops.group_norm(M, 2),
    "layer_norm: epsilon must be at least 0 and finite; received -1":
        lambda: ops.layer_norm(M, epsilon=-1),
    "prelu: alpha must have one number for each of the 5 channels of x; received shape (4,)":
        lambda: ops.prelu(M, np.ones(4)),
    "prelu_backward: dy must have the shape of x, (9, 5); received (5, 4)":
        lambda: ops.prelu_backward(N, M, np.ones(5)),
    "bias_add: b must have one number for each of the 5 channels of x; received shape (4,)":
        lambda: ops.bias_add(M, np.ones(4)),
    "bias_grad: dy must have at least one axis; received a single number":
        lambda: ops.bias_grad(3.0),
    "softmax: x must have a last axis of at least one class; received shape (3, 0)":
        lambda: ops.softmax(np.ones((3, 0))),
    "softmax_cross_entropy: labels must be from 0 to 4, the number of classes minus 1; received 5":
        lambda: ops.softmax_cross_entropy(M, np.arange(9) % 6),
    "softmax_cross_entropy: labels must be from 0 to 4, the number of classes minus 1; received -1":
        lambda: ops.softmax_cross_entropy(M, np.arange(9) % 6 - 1),
    "softmax_cross_entropy: labels must be integers; received dtype float64":
        lambda: ops.softmax_cross_entropy(M, np.zeros(9)),
    "softmax_cross_entropy: targets must be labels (9,) or have the shape of logits, (9, 5); "
    "received (8,)":
        lambda: ops.softmax_cross_entropy(M, np.zeros(8, int)),
    "softmax_cross_entropy: logits must have the axes (rows, classes); received shape (5,)":
        lambda: ops.softmax_cross_entropy(M[0], 1),
    "softmax_cross_entropy: row_weights must have one number for each of the 9 rows; received":
        lambda: ops.softmax_cross_entropy(M, np.zeros(9, int), np.ones(5)),
    "mean_squared_error: t must have the shape of y, (9, 5); received (5, 4)":
        lambda: ops.mean_squared_error(M, N),
    "dropout: rate must be at least 0 and less than 1; received 1":
        lambda: ops.dropout(M, 1, seed=1),
    "dropout: rate must be at least 0 and less than 1; received nan":
        lambda: ops.dropout(M, float("nan"), seed=1),
    "dropout: seed must be a whole number; received 1.5":
        lambda: ops.dropout(M, 0.5, seed=1.5),
    "dropout: step must be at least 0 and below 2**64; received -1":
        lambda: ops.dropout(M, 0.5, seed=1, step=-1),
    "sgd_step: w must be float32; received dtype float64":
        lambda: ops.sgd_step(M, M),
    "sgd_step: w must be an array; received a list":
        lambda: ops.sgd_step([1.0], [1.0]),
    "sgd_step: velocity must be given with momentum; received momentum 0.9":
        lambda: ops.sgd_step(F32.copy(), M, momentum=0.9),
    "sgd_step: learning_rate must be at least 0 and finite; received -1":
        lambda: ops.sgd_step(F32.copy(), M, learning_rate=-1),
    "sgd_step: w must not share memory with g; received overlapping arrays":
        lambda: ops.sgd_step(*[F32.copy()] * 2),
    "adam_step: g must have the shape of w, (9, 5); received (5, 4)":
        lambda: ops.adam_step(F32.copy(), N, F32.copy(), F32.copy(), 1),
    "adam_step: m must not share memory with v; received overlapping arrays":
        lambda: ops.adam_step(F32.copy(), M, *[F32.copy()] * 2, 1),
    "adam_step: t must be at least 1; received 0":
        lambda: ops.adam_step(F32.copy(), M, F32.copy(), F32.copy(), 0),
    "adam_step: beta1 must be at least 0 and less than 1; received 1.0":
        lambda: ops.adam_step(F32.copy(), M, F32.copy(), F32.copy(), 1, beta1=1.0),
    "resize: interpolation must be one of 'nearest', 'bilinear', 'bicubic', 'lanczos3', "
    "'lanczos5'; received 'cubic' (did you mean 'bicubic'?)":
        lambda: ops.resize(X, 3, "cubic"),
    "resize: size must be at least 1; received (0, 3)":
        lambda: ops.resize(X, (0, 3)),
    "resize: antialias must be True or False; received 1":
        lambda: ops.resize(X, 3, antialias=1),
    "resize: images must have a pixel; received x of shape (2, 0, 7, 4)":
        lambda: ops.resize(X[:, :0], 3),
    "resize_backward: dy must have the images and channels of x, and a pixel; received dy "
    "(2, 4, 5, 6), x (2, 6, 7, 4)":
        lambda: ops.resize_backward(DY, X),
    "affine_transform: transform must have 6 numbers, or 6 for each of the 2 images; received "
    "shape (3, 6)":
        lambda: ops.affine_transform(X, np.ones((3, 6))),
    "affine_transform: transform must be finite, and its last two of 8 numbers 0; received":
        lambda: ops.affine_transform(X, np.ones(8)),
    "affine_transform: fill_mode must be one of 'reflect', 'wrap', 'constant', 'nearest'; received":
        lambda: ops.affine_transform(X, np.ones(6), fill_mode="edge"),
    "affine_transform_backward: dy must have the shape of the output, (2, 4, 6, 7); received":
        lambda: ops.affine_transform_backward(X, np.moveaxis(X, 3, 1), np.ones(6),
                                              data_format="channels_first"),
    "contrast: factor must be a number, or one for each of the 2 images; received shape (3,)":
        lambda: ops.contrast(X, np.ones(3)),
    "contrast: low must be at most high; received 1 and 0":
        lambda: ops.contrast(X, 2, 1, 0),
    "contrast_backward: dy must have the shape of y, (2, 6, 7, 4); received (2, 4, 5, 6)":
        lambda: ops.contrast_backward(DY, X, 2),
    "brightness: delta must hold real numbers (they are converted to float32); received dtype":
        lambda: ops.brightness(X, "much"),
    "brightness: x must have the axes (mb, height, width, channels); received shape (6, 7, 4)":
        lambda: ops.brightness(X[0], 1),
    "affine: scale must be a number; received None":
        lambda: ops.affine(M, None),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_the_error_says_the_rule_and_what_was_received(message):
    with pytest.raises((TypeError, ValueError)) as caught:
        REFUSED[message]()
    assert message in str(caught.value)


def writes(call, *shape):
    """An operation with `out=`, and the shape that this must have."""
    return call, shape


OUT = {
    "conv2d": writes(lambda x, out: ops.conv2d(x, W, out=out), 2, 4, 5, 6),
    "max_pool2d": writes(lambda x, out: ops.max_pool2d(x, 2, out=out), 2, 3, 3, 4),
    "max_pool2d_backward": writes(
        lambda x, out: ops.max_pool2d_backward(X[:, :3, :3], x, 2, out=out), 2, 6, 7, 4
    ),
    "avg_pool2d": writes(lambda x, out: ops.avg_pool2d(x, 2, out=out), 2, 3, 3, 4),
    "avg_pool2d_backward": writes(
        lambda x, out: ops.avg_pool2d_backward(X[:, :3, :3], x, 2, out=out), 2, 6, 7, 4
    ),
    "relu": writes(lambda x, out: ops.relu(x, out=out), 2, 6, 7, 4),
    "relu_backward": writes(lambda x, out: ops.relu_backward(x, X, out=out), 2, 6, 7, 4),
    "gelu": writes(lambda x, out: ops.gelu(x, out=out), 2, 6, 7, 4),
    "gelu_backward": writes(lambda x, out: ops.gelu_backward(x, X, out=out), 2, 6, 7, 4),
    "batch_norm": writes(lambda x, out: ops.batch_norm(x, out=out), 2, 6, 7, 4),
    "group_norm": writes(lambda x, out: ops.group_norm(x, 2, out=out), 2, 6, 7, 4),
    "layer_norm": writes(lambda x, out: ops.layer_norm(x, out=out), 2, 6, 7, 4),
    "prelu": writes(lambda x, out: ops.prelu(x, np.ones(4), out=out), 2, 6, 7, 4),
    "bias_add": writes(lambda x, out: ops.bias_add(x, np.ones(4), out=out), 2, 6, 7, 4),
    "affine": writes(lambda x, out: ops.affine(x, 2, out=out), 2, 6, 7, 4),
    "resize": writes(lambda x, out: ops.resize(x, (3, 9), out=out), 2, 3, 9, 4),
    "resize_backward": writes(
        lambda x, out: ops.resize_backward(X[:, :2, :3], x, "bicubic", out=out), 2, 6, 7, 4
    ),
    "affine_transform": writes(
        lambda x, out: ops.affine_transform(x, np.arange(6), out=out), 2, 6, 7, 4
    ),
    "affine_transform_backward": writes(
        lambda x, out: ops.affine_transform_backward(X, x, np.arange(6), out=out), 2, 6, 7, 4
    ),
    "contrast": writes(lambda x, out: ops.contrast(x, 0.5, out=out), 2, 6, 7, 4),
    "contrast_backward": writes(
        lambda x, out: ops.contrast_backward(x, X, 0.5, out=out), 2, 6, 7, 4
    ),
    "brightness": writes(lambda x, out: ops.brightness(x, 0.5, out=out), 2, 6, 7, 4),
    "brightness_backward": writes(
        lambda x, out: ops.brightness_backward(x, X, 0, 3, out=out), 2, 6, 7, 4
    ),
    "softmax": writes(lambda x, out: ops.softmax(x, out=out), 2, 6, 7, 4),
    "softmax_backward": writes(lambda x, out: ops.softmax_backward(x, X, out=out), 2, 6, 7, 4),
    "dropout": writes(lambda x, out: ops.dropout(x, 0.5, 1, out=out), 2, 6, 7, 4),
    "dropout_backward": writes(lambda x, out: ops.dropout_backward(x, 0.5, 1, out=out), 2, 6, 7, 4),
    "gemm": writes(lambda x, out: ops.gemm(x.reshape(12, 28), np.ones((28, 5)), out=out), 12, 5),
}


@pytest.mark.parametrize("name", OUT)
def test_out_is_returned_and_holds_the_result(name):
    call, shape = OUT[name]
    out = np.full(shape, np.nan, np.float32)
    assert call(X, out) is out
    np.testing.assert_array_equal(out, call(X, None))


def frozen(out):
    out.flags.writeable = False
    return out


REFUSED_OUT = {
    "must be float32; received dtype float64": lambda out: out.astype(np.float64),
    "must be float32; received dtype >f4": lambda out: out.astype(">f4"),
    "must have shape": lambda out: out[..., :-1].copy(),
    "must be writable; received a read-only array": frozen,
    "must be an array; received a list": lambda out: out.tolist(),
    "aligned": lambda out: (
        np.frombuffer(bytearray(out.nbytes + 1), np.uint8)[1:].view("f4").reshape(out.shape)
    ),
}


@pytest.mark.parametrize("message", REFUSED_OUT)
@pytest.mark.parametrize("name", OUT)
def test_an_unfit_out_is_refused_before_anything_is_written(name, message):
    call, shape = OUT[name]
    out = REFUSED_OUT[message](np.full(shape, 7, np.float32))
    before = np.array(out, copy=True)
    with pytest.raises((TypeError, ValueError), match=rf"^{name}: out .*{message}"):
        call(X, out)
    np.testing.assert_array_equal(out, before)


@pytest.mark.parametrize("name", OUT)
def test_an_out_over_a_part_of_an_input_is_refused(name):
    call, shape = OUT[name]
    memory = np.ones(X.size + int(np.prod(shape)), np.float32)
    x = memory[: X.size].reshape(X.shape)
    out = memory[X.size - 1 :][: int(np.prod(shape))].reshape(shape)
    with pytest.raises(ValueError, match=rf"^{name}: out must not share memory with \w+; received"):
        call(x, out)
    assert (memory == 1).all()
    beside = memory[X.size :].reshape(shape)
    assert call(x, beside) is beside


@pytest.mark.parametrize("name", sorted(set(OUT) - {"gemm"}))
def test_an_out_with_gaps_is_refused(name):
    call, shape = OUT[name]
    wide = np.full((*shape, 2), 7, np.float32)
    with pytest.raises(ValueError, match=rf"^{name}: out must be aligned and C-contiguous"):
        call(X, wide[..., 0])
    assert (wide == 7).all()


@pytest.mark.parametrize("algo", ["winograd", "gemm"])
def test_an_algorithm_that_cannot_do_a_shape_says_so(algo):
    with pytest.raises(ValueError, match=algo):
        ops.conv2d(X, np.ones((2, 2, 4, 6)), strides=3, algo=algo)
    with pytest.raises(ValueError, match=algo):
        ops.conv2d_backward(np.ones((2, 2, 2, 6)), X, np.ones((2, 2, 4, 6)), strides=3, algo=algo)


def test_a_failed_step_leaves_everything_as_it_was():
    w, m, v = F32.copy(), F32.copy(), frozen(F32.copy())
    with pytest.raises(ValueError, match=r"^adam_step: v must be writable"):
        ops.adam_step(w, M, m, v, 1)
    np.testing.assert_array_equal(w, F32)
    np.testing.assert_array_equal(m, F32)


ALMOST_2_31 = 2**31 - 1
TOO_LARGE = {
    "resize": lambda: ops.resize(X, ALMOST_2_31),
    "resize from bytes": lambda: ops.resize(np.ones((1, 2, 2, 3), np.uint8), ALMOST_2_31),
    "conv2d": lambda: ops.conv2d(X, W, padding=2**20),
    "conv2d channels first": lambda: ops.conv2d(
        X, np.ones((3, 3, 6, 6)), padding=2**20, data_format="channels_first"
    ),
    "depthwise_conv2d": lambda: ops.depthwise_conv2d(X, W, padding=2**20),
    "gemm": lambda: ops.gemm(np.broadcast_to(F32[:1, :0], (2**40, 0)), np.ones((0, 2**22))),
    "bias_grad": lambda: ops.bias_grad(np.ones((0, 2**45), np.float32)),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_result_that_no_memory_holds(name):
    op = name.split()[0]
    with pytest.raises((ValueError, MemoryError), match=rf"^{op}: (the|no memory for a) result "):
        TOO_LARGE[name]()


HUGE = (10**400, -(10**400), 10**5000, Fraction(10**400), Fraction(10**5000))


@pytest.mark.parametrize("endless", [range(2**63), iter(int, 1)])
def test_a_sequence_without_an_end_is_no_size(endless):
    with pytest.raises((TypeError, ValueError), match=r"^max_pool2d: padding must be "):
        ops.max_pool2d(X, 2, padding=endless)


@pytest.mark.parametrize("huge", HUGE, ids=range(5))
def test_numbers_beyond_a_float(huge):
    with pytest.raises(ValueError, match=r"^affine: scale must be finite as a float; received "):
        ops.affine(X, huge)


WRONG = np.array(2), np.array(2.0), 10**5000, np.ones((2, 2), int)


@pytest.mark.parametrize("wrong", WRONG, ids=range(4))
def test_what_is_no_size(wrong):
    with pytest.raises((TypeError, ValueError), match=r"^max_pool2d: pool_size must "):
        ops.max_pool2d(X, wrong)
    with pytest.raises((TypeError, ValueError), match=r"^conv2d: groups must "):
        ops.conv2d(X, W, groups=wrong)
