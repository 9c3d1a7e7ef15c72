"""Every operation takes any real dtype, byte order, alignment and strides, and both layouts."""

import numpy as np
import pytest

from fastconv import ops


def numbers(*shape):
    """Small integers, which every dtype tried here can hold."""
    return (np.arange(np.prod(shape)) % 13 - 6).reshape(shape).astype(np.float32)


IMAGE, FILTERS, BIAS, DY = numbers(2, 6, 7, 4), numbers(3, 2, 2, 6), numbers(6), numbers(2, 4, 6, 6)
MATRIX, OTHER = numbers(9, 5), numbers(5, 4)

# name: (function of the arrays, arrays)
CALLS = {
    "gemm": (lambda a, b, c, bias: ops.gemm(a, b, c, 1, 2, bias=bias),
             (MATRIX, OTHER, numbers(9, 4), numbers(4))),
    "conv2d": (lambda x, w, b: ops.conv2d(x, w, b, groups=2), (IMAGE, FILTERS, BIAS)),
    "conv2d_backward": (lambda dy, x, w: ops.conv2d_backward(dy, x, w, groups=2),
                        (DY, IMAGE, FILTERS)),
    "depthwise_conv2d": (ops.depthwise_conv2d, (IMAGE, numbers(3, 2, 4, 2), numbers(8))),
    "depthwise_conv2d_backward": (ops.depthwise_conv2d_backward,
                                  (numbers(2, 4, 6, 8), IMAGE, numbers(3, 2, 4, 2))),
    "max_pool2d": (lambda x: ops.max_pool2d(x, 2), (IMAGE,)),
    "max_pool2d_backward": (lambda dy, x: ops.max_pool2d_backward(dy, x, 2),
                            (numbers(2, 3, 3, 4), IMAGE)),
    "avg_pool2d": (lambda x: ops.avg_pool2d(x, 2), (IMAGE,)),
    "avg_pool2d_backward": (lambda dy, x: ops.avg_pool2d_backward(dy, x, 2),
                            (numbers(2, 3, 3, 4), IMAGE)),
    "min_pool2d": (lambda x: ops.min_pool2d(x, 2), (IMAGE,)),
    "min_pool2d_backward": (lambda dy, x: ops.min_pool2d_backward(dy, x, 2),
                            (numbers(2, 3, 3, 4), IMAGE)),
    "lp_pool2d": (lambda x: ops.lp_pool2d(x, 2), (IMAGE,)),
    "lp_pool2d_backward": (lambda dy, x: ops.lp_pool2d_backward(dy, x, 2),
                           (numbers(2, 3, 3, 4), IMAGE)),
    "relu": (ops.relu, (IMAGE,)),
    "relu_backward": (ops.relu_backward, (IMAGE, numbers(2, 6, 7, 4)[::-1])),
    **{
        name: (getattr(ops, name), (IMAGE,))
        for name in ("clipped_relu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu",
                     "leaky_relu", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh")
    },
    **{
        name: (getattr(ops, name), (IMAGE, numbers(2, 6, 7, 4)[::-1]))
        for name in ("clipped_relu_backward", "elu_backward", "exponential_backward",
                     "gelu_backward", "hard_sigmoid_backward", "hard_silu_backward",
                     "leaky_relu_backward", "selu_backward", "sigmoid_backward", "silu_backward",
                     "softplus_backward", "softsign_backward", "tanh_backward")
    },
    "moments": (ops.moments, (IMAGE,)),
    "batch_norm": (ops.batch_norm, (DY, BIAS, BIAS)),
    "batch_norm_backward": (ops.batch_norm_backward, (DY, DY[::-1], BIAS)),
    "group_norm": (lambda x, g, b: ops.group_norm(x, 3, g, b), (DY, BIAS, BIAS)),
    "group_norm_backward": (lambda dy, x, g: ops.group_norm_backward(dy, x, 3, g),
                            (DY, DY[::-1], BIAS)),
    "layer_norm": (ops.layer_norm, (DY, BIAS, BIAS)),
    "layer_norm_backward": (ops.layer_norm_backward, (DY, DY[::-1], BIAS)),
    "prelu": (ops.prelu, (DY, BIAS)),
    "prelu_backward": (ops.prelu_backward, (DY, DY[::-1], BIAS)),
    "bias_add": (ops.bias_add, (DY, BIAS)),
    "bias_grad": (ops.bias_grad, (DY,)),
    "affine": (lambda x: ops.affine(x, 3, 1), (IMAGE,)),
    "resize": (lambda x: ops.resize(x, (4, 9), "bicubic", antialias=True), (IMAGE,)),
    "resize_backward": (ops.resize_backward, (numbers(2, 3, 9, 4), IMAGE)),
    "affine_transform": (ops.affine_transform, (IMAGE, numbers(2, 6))),
    "affine_transform_backward": (ops.affine_transform_backward,
                                  (IMAGE[::-1], IMAGE, numbers(2, 6))),
    "contrast": (ops.contrast, (IMAGE, numbers(2))),
    "contrast_backward": (lambda dy, y, f: ops.contrast_backward(dy, y, f, -5, 4),
                          (IMAGE[::-1], IMAGE, numbers(2))),
    "brightness": (lambda x, d: ops.brightness(x, d, -5, 4), (IMAGE, numbers(2))),
    "brightness_backward": (lambda dy, y: ops.brightness_backward(dy, y, -5, 4),
                            (IMAGE[::-1], IMAGE)),
    "softmax": (ops.softmax, (MATRIX,)),
    "softmax_backward": (ops.softmax_backward, (MATRIX, numbers(9, 5)[::-1])),
    "softmax_cross_entropy": (ops.softmax_cross_entropy,
                              (MATRIX, numbers(9, 5)[::-1], numbers(9))),
    "mean_squared_error": (ops.mean_squared_error, (MATRIX, numbers(9, 5)[::-1], numbers(9))),
    "dropout": (lambda x: ops.dropout(x, 0.5, 1), (IMAGE,)),
    "dropout_backward": (lambda x: ops.dropout_backward(x, 0.5, 1), (IMAGE,)),
    "sgd_step": (lambda g: stepped(ops.sgd_step, g), (MATRIX,)),
    "adam_step": (lambda g: stepped(ops.adam_step, g), (MATRIX,)),
}  # fmt: skip


def stepped(step, g):
    state = [np.ones((9, 5), np.float32) for _ in range(4)]
    if step is ops.adam_step:
        step(state[0], g, *state[1:3], 3)
    else:
        step(state[0], g, state[1], 0.1, 0.9)
    return tuple(state)


def misaligned(array):
    memory = np.empty(array.nbytes + 1, np.uint8)[1:]
    view = memory.view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def with_gaps(array):
    wide = np.full([2 * size for size in array.shape], np.nan, array.dtype)
    at = tuple(slice(None, None, 2) for _ in array.shape)
    wide[at] = array
    return wide[at]


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def field(array):
    """A float32 field of records six bytes long: strides that are no multiple of four."""
    records = np.zeros(array.shape, np.dtype([("value", np.float32), ("rest", np.int16)]))
    records["value"] = array
    return records["value"]


FORMS = {
    "float64": lambda a: a.astype(np.float64),
    "float16": lambda a: a.astype(np.float16),
    "longdouble": lambda a: a.astype(np.longdouble),
    "int8": lambda a: a.astype(np.int8),
    "int64": lambda a: a.astype(np.int64),
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "byte-swapped float64": lambda a: a.astype(">f8"),
    "misaligned": misaligned,
    "with gaps": with_gaps,
    "columns first": np.asfortranarray,
    "backwards": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "read-only": read_only,
    "field of records": field,
    "list": lambda a: a.tolist(),
}


def assert_equal(actual, expected):
    actual, expected = (r if isinstance(r, tuple) else (r,) for r in (actual, expected))
    for a, b in zip(actual, expected, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_array_equal(a, b)


def test_every_operation_is_called_here():
    assert sorted(CALLS) == ops.__all__


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CALLS)
def test_the_form_of_an_array_does_not_matter(name, form):
    call, arrays = CALLS[name]
    assert_equal(call(*(FORMS[form](array) for array in arrays)), call(*arrays))


def test_a_kernel_reads_aligned_labels(monkeypatch):
    """Compilers may rely on it, though this machine's processor does not."""
    seen = []

    def kernel(logits, labels, *rest):
        seen.append(labels)
        return 0.0

    monkeypatch.setattr("fastconv.ops.losses.cross_entropy_kernel", kernel)
    labels = misaligned(np.array([2, 0, 1]))
    assert not labels.flags.aligned
    ops.softmax_cross_entropy(numbers(3, 4), labels)
    assert seen[0].flags.aligned
    assert seen[0].tolist() == [2, 0, 1]


@pytest.mark.parametrize("name", CALLS)
def test_inputs_are_left_as_they_were(name):
    call, arrays = CALLS[name]
    copies = [array.copy() for array in arrays]
    call(*copies)
    for copy, array in zip(copies, arrays, strict=True):
        np.testing.assert_array_equal(copy, array)


@pytest.mark.parametrize("form", ["uint8", "bool"])
def test_unsigned_and_truth_values_are_numbers(form):
    x = (numbers(2, 6, 7, 4) > 0).astype(form)
    assert_equal(ops.conv2d(x, FILTERS, groups=2), ops.conv2d(x.astype("f4"), FILTERS, groups=2))
    assert_equal(ops.affine(x, 2, 1), 2 * x.astype(np.float32) + 1)


BAD = {
    "complex64": np.zeros((2, 6, 7, 4), np.complex64),
    "object": np.zeros((2, 6, 7, 4), object),
    "<U1": np.full((2, 6, 7, 4), "a"),
    "S1": np.full((2, 6, 7, 4), b"a"),
    "datetime64": np.zeros((2, 6, 7, 4), "datetime64[s]"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name", CALLS)
def test_what_is_not_real_is_refused(name, kind):
    call, arrays = CALLS[name]
    for i in range(len(arrays)):
        bad = np.resize(BAD[kind], arrays[i].shape)
        with pytest.raises(TypeError, match=rf"^{name}: .*real numbers.*received dtype .*{kind}"):
            call(*arrays[:i], bad, *arrays[i + 1 :])


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"^relu: x must be an array; received a list whose rows"):
        ops.relu([[1, 2], [3]])


def nchw(array):
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("padding", ["same", ((1, 0), (2, 1))])
def test_channels_first(padding):
    how = {"padding": padding, "strides": (2, 1)}
    first = how | {"data_format": "channels_first"}
    w = numbers(3, 3, 4, 6)
    y = ops.conv2d(IMAGE, w, BIAS, **how)
    assert_equal(ops.conv2d(nchw(IMAGE), w, BIAS, **first), nchw(y))
    out = np.empty_like(nchw(y))
    assert ops.conv2d(nchw(IMAGE), w, BIAS, **first, out=out) is out
    assert_equal(out, nchw(y))
    dx, dw, db = ops.conv2d_backward(y, IMAGE, w, **how)
    assert_equal(ops.conv2d_backward(nchw(y), nchw(IMAGE), w, **first), (nchw(dx), dw, db))
    for pool, back in (
        (ops.max_pool2d, ops.max_pool2d_backward),
        (ops.avg_pool2d, ops.avg_pool2d_backward),
    ):
        y = pool(IMAGE, 3, **how)
        assert_equal(pool(nchw(IMAGE), 3, **first), nchw(y))
        out = np.empty_like(nchw(IMAGE))
        assert back(nchw(y), nchw(IMAGE), 3, **first, out=out) is out
        assert_equal(out, nchw(back(y, IMAGE, 3, **how)))


def test_results_are_contiguous_and_own_their_memory():
    for name, (call, arrays) in CALLS.items():
        results = call(*arrays)
        for result in results if isinstance(results, tuple) else (results,):
            if isinstance(result, np.ndarray):
                assert result.flags.c_contiguous, name
                assert not any(np.shares_memory(result, array) for array in arrays), name


def test_empty_batches():
    x = np.empty((0, 6, 7, 4), np.float32)
    w = numbers(3, 3, 4, 6)
    assert ops.conv2d(x, w, padding="same").shape == (0, 6, 7, 6)
    dx, dw, db = ops.conv2d_backward(np.empty((0, 4, 5, 6)), x, w)
    assert dx.shape == x.shape
    assert_equal((dw, db), (np.zeros_like(w), np.zeros(6, np.float32)))
    assert ops.max_pool2d(x, 2).shape == (0, 3, 3, 4)
    assert ops.avg_pool2d_backward(np.empty((0, 3, 3, 4)), x, 2).shape == x.shape
    assert ops.max_pool2d_backward(np.empty((0, 3, 3, 4)), x, 2).shape == x.shape
    for function in (ops.relu, ops.softmax):
        assert function(x).shape == x.shape
    assert ops.dropout(x, 0.5, seed=1).shape == x.shape
    assert ops.bias_add(x, numbers(4)).shape == x.shape
    assert_equal(ops.bias_grad(x), np.zeros(4, np.float32))
    loss, dlogits = ops.softmax_cross_entropy(np.empty((0, 10)), np.empty(0, np.int64))
    assert (loss, dlogits.shape) == (0.0, (0, 10))
    loss, dy = ops.mean_squared_error(np.empty((0, 10)), np.empty((0, 10)))
    assert (loss, dy.shape) == (0.0, (0, 10))


def test_a_single_number_is_an_array_too():
    assert ops.relu(-3).shape == ()
    assert ops.affine(np.float64(2), 3, 1) == 7


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, ">i4"])
def test_labels_of_any_integer_type_and_as_a_column(dtype):
    labels = np.arange(9) % 5
    expected = ops.softmax_cross_entropy(MATRIX, labels)
    assert_equal(ops.softmax_cross_entropy(MATRIX, labels.astype(dtype)), expected)
    assert_equal(ops.softmax_cross_entropy(MATRIX, labels.astype(dtype)[:, None]), expected)
    loss, dlogits = ops.softmax_cross_entropy(MATRIX, np.eye(5)[labels])
    np.testing.assert_allclose(dlogits, expected[1], rtol=1e-6, atol=1e-8)
    assert loss == pytest.approx(expected[0], rel=1e-6)


IMAGES = {"x": (1, 4, 4, 2)}
PER_CHANNEL = dict.fromkeys(("gamma", "beta"), (2,))
OVERLAPS = {
    "batch_norm": {**IMAGES, **PER_CHANNEL, "mean": (2,), "variance": (2,)},
    "group_norm": {**IMAGES, **PER_CHANNEL},
    "layer_norm": {**IMAGES, **PER_CHANNEL},
    "conv2d": {**IMAGES, "w": (3, 3, 2, 4), "b": (4,)},
    "depthwise_conv2d": {**IMAGES, "w": (3, 3, 2, 2), "b": (4,)},
    "max_pool2d": IMAGES,
    "avg_pool2d_backward": {"dy": (1, 2, 2, 2), **IMAGES},
    "prelu": {**IMAGES, "alpha": (2,)},
    "bias_add": {**IMAGES, "b": (2,)},
    "contrast": {**IMAGES, "factor": (1,)},
    "resize": IMAGES,
    "affine_transform": {**IMAGES, "transform": (6,)},
    "softmax_backward": {"dy": (4, 5), "y": (4, 5)},
    "gemm": {"a": (4, 4), "b": (4, 5), "c": (4, 5), "bias": (5,)},
}
HOW = {"group_norm": {"groups": 1}, "resize": {"size": 4}, "gemm": {"beta": 1},
       "max_pool2d": {"pool_size": 2}, "avg_pool2d_backward": {"pool_size": 2}}  # fmt: skip


@pytest.mark.parametrize("holder", [np.asarray, memoryview])
@pytest.mark.parametrize(("op", "name"), [(op, name) for op in OVERLAPS for name in OVERLAPS[op]])
def test_out_overlaps_no_input(op, name, holder):
    arrays = {k: np.ones(shape, np.float32) for k, shape in OVERLAPS[op].items()}
    shape = getattr(ops, op)(**arrays, **HOW.get(op, {})).shape
    size = arrays[name].size
    memory = np.ones(size + np.prod(shape), np.float32)
    given = {**arrays, name: holder(memory[:size].reshape(arrays[name].shape))}
    out = memory[size - 1 : -1].reshape(shape)
    with pytest.raises(ValueError, match=rf"^{op}: out must not share memory with {name}; "):
        getattr(ops, op)(**given, **HOW.get(op, {}), out=out)
    assert (memory == 1).all()


@pytest.mark.parametrize(
    ("shape", "strides"),
    [((2, 3), (0, 1)), ((2, 3), (1, 0)), ((2, 3), (1, 1)), ((2, 3), (2, 1)), ((2, 3), (-2, 1)),
     ((1, 3), (9, 0)), ((3, 1), (0, 9)), ((3, 4), (3, 2))],
)  # fmt: skip
def test_out_overlaps_not_itself(shape, strides):
    out = np.lib.stride_tricks.as_strided(
        np.zeros(30, np.float32)[9:], shape, [4 * step for step in strides]
    )
    with pytest.raises(ValueError, match=r"^gemm: out must not overlap itself; "):
        ops.gemm(np.ones((shape[0], 2)), np.ones((2, shape[1])), out=out)
    assert (out == 0).all()


@pytest.mark.parametrize(
    ("shape", "strides"),
    [((2, 2), (3, 2)), ((2, 2), (-3, 2)), ((1, 1), (0, 0)), ((1, 3), (0, 1)), ((2, 3), (-1, 2)),
     ((0, 3), (0, 0)), ((3, 2), (2, 7))],
)  # fmt: skip
def test_out_may_lie_in_any_strides(shape, strides):
    a, b = np.arange(shape[0] * 2).reshape(-1, 2), np.arange(shape[1] * 2).reshape(2, -1)
    memory = np.zeros(40, np.float32)[20:]
    out = np.lib.stride_tricks.as_strided(memory, shape, [4 * step for step in strides])
    np.testing.assert_array_equal(ops.gemm(a, b, out=out), a @ b)
