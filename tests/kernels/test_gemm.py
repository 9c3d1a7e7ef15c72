"""The matrix product on every ISA and team: exact integers at every tile edge, then rounding."""

import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kernel_checks import (
    EPS,
    assert_within,
    bound,
    counting,
    edge_sizes,
    misaligned,
    normal,
    on_every_isa,
)

from fastconv import ops
from fastconv import reference as ref
from fastconv.kernels.matmul.gemm import gemm as kernel


def stored(matrix, how):
    """The same matrix, lying differently in memory."""
    if how == "columns":
        return np.asfortranarray(matrix)
    if how == "backwards":
        return np.ascontiguousarray(matrix[::-1, ::-1])[::-1, ::-1]
    if how == "gaps":
        wide = np.full((2 * matrix.shape[0], 3 * matrix.shape[1]), np.nan, matrix.dtype)
        wide[::2, ::3] = matrix
        return wide[::2, ::3]
    return misaligned(matrix) if how == "misaligned" else matrix


storage = st.sampled_from(["rows", "columns", "backwards", "gaps", "misaligned"])


@settings(max_examples=250)
@given(
    m=edge_sizes(70), n=edge_sizes(70), k=edge_sizes(70), trans_a=st.booleans(),
    trans_b=st.booleans(), stores=st.tuples(storage, storage, storage),
    alpha=st.sampled_from([1, -2, 0.5]), beta=st.sampled_from([0, 1, -0.5]),
    bias=st.booleans(), activation=st.sampled_from([None, "relu"]),
)  # fmt: skip
def test_exact_integers(m, n, k, trans_a, trans_b, stores, alpha, beta, bias, activation):
    a = stored(counting((k, m) if trans_a else (m, k), 13), stores[0])
    b = stored(counting((n, k) if trans_b else (k, n), 11), stores[1])
    c, row = stored(counting((m, n), 7), stores[2]), counting(n, 5) if bias else None
    how = (alpha, beta, trans_a, trans_b)
    expected = ref.gemm(a, b, c, *how, 0 if row is None else row, activation)

    for _, y in on_every_isa(lambda: ops.gemm(a, b, c, *how, bias=row, activation=activation)):
        np.testing.assert_array_equal(y, expected)


@settings(max_examples=40)
@given(m=edge_sizes(30), n=edge_sizes(70), k=edge_sizes(30), beta=st.sampled_from([0, 2]))
@example(m=5, n=1, k=3, beta=2)
def test_result_with_gaps_between_its_elements(m, n, k, beta):
    a, b, c = counting((m, k), 13), counting((k, n), 11), counting((m, n), 7)
    expected = ref.gemm(a, b, c, 1, beta)
    surrounding = np.full((2 * m, 2 * n), 99, np.float32)
    for rows, columns in ((2, 1), (1, 2), (2, 2)):

        def call(rows=rows, columns=columns):
            memory = surrounding.copy()
            out = memory[::rows, ::columns][:m, :n]
            out[...] = c if beta else np.nan
            ops.gemm(a, b, out if beta else None, 1, beta, out=out)
            return memory

        for _, memory in on_every_isa(call):
            np.testing.assert_array_equal(memory[::rows, ::columns][:m, :n], expected)
            memory[::rows, ::columns][:m, :n] = 99
            np.testing.assert_array_equal(memory, surrounding)  # nothing beside it was touched


@pytest.mark.parametrize(
    ("m", "n", "k"),
    [
        (300, 1100, 40),
        (17, 33, 1300),
        (1200, 9, 333),
        (321, 65, 641),
        (1, 2100, 700),
        (2100, 1, 700),
        (29, 257, 87),
        (28, 64, 88),
        (43, 63, 89),
        (1025, 40, 390),
        (14, 513, 769),
        (3, 1500, 401),
        (12, 700, 800),
    ],
)
@pytest.mark.parametrize("trans_a", [False, True])
def test_exact_integers_across_cache_blocks(m, n, k, trans_a):
    a, b, row = counting((m, k), 13), counting((k, n), 11), counting(n, 5)
    expected = ref.gemm(a, b, bias=row, activation="relu")
    left = np.asfortranarray(a) if trans_a else a
    for _, y in on_every_isa(lambda: ops.gemm(left, b, bias=row, activation="relu")):
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(
    ("m", "n", "k"), [(37, 29, 11), (31, 65, 700), (128, 10, 1500), (3, 3, 5000)]
)
def test_rounding_stays_within_its_bound(m, n, k):
    a, b, c, row = normal((m, k), 1), normal((k, n), 2), normal((m, n), 3), normal(n, 4)
    expected = ref.gemm(a, b, c, 0.3, -0.7, bias=row)
    magnitude = ref.gemm(abs(a), abs(b), abs(c), 0.3, 0.7, bias=abs(row))
    for _, y in on_every_isa(lambda: ops.gemm(a, b, c, 0.3, -0.7, bias=row)):
        # alpha and beta are themselves rounded to float32
        assert_within(y, expected, bound(magnitude, k + 2) + EPS * magnitude)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("activation", [None, "relu"])
def test_nan_and_infinity_go_where_they_belong(bad, activation):
    a, b, row = counting((20, 31), 13), counting((31, 45), 11), counting(45, 5)
    a[7, 30], b[3, 17], row[2] = bad, bad, bad
    with np.errstate(invalid="ignore"):
        expected = ref.gemm(a, b, bias=row, activation=activation)
    assert np.isnan(expected).any() or activation
    for _, y in on_every_isa(lambda: ops.gemm(a, b, bias=row, activation=activation)):
        np.testing.assert_array_equal(y, expected)


def test_with_beta_zero_nothing_of_the_result_is_read():
    a, b = counting((20, 31), 13), counting((31, 45), 11)
    c = np.full((20, 45), np.nan, np.float32)
    for _, y in on_every_isa(lambda: ops.gemm(a, b, c, out=c.copy())):
        np.testing.assert_array_equal(y, ref.gemm(a, b))


@pytest.mark.parametrize(("m", "n", "k"), [(3, 4, 0), (0, 4, 3), (3, 0, 4), (0, 0, 0)])
def test_empty_operands(m, n, k):
    a, b, c = np.ones((m, k), np.float32), np.ones((k, n), np.float32), counting((m, n), 7)
    row = counting(n, 5)
    for _, y in on_every_isa(lambda: ops.gemm(a, b, c, 2, 3, bias=row, activation="relu")):
        np.testing.assert_array_equal(y, ref.gemm(a, b, c, 2, 3, bias=row, activation="relu"))


def test_one_row_repeated_by_a_zero_stride():
    a, b = (
        np.broadcast_to(counting(31, 13), (20, 31)),
        np.broadcast_to(counting((31, 1), 11), (31, 9)),
    )
    for _, y in on_every_isa(lambda: ops.gemm(a, b)):
        np.testing.assert_array_equal(y, ref.gemm(a, b))


@pytest.mark.parametrize(("n", "k"), [(10, 1000), (65, 900), (700, 385), (2100, 70), (33, 7)])
def test_a_row_has_the_same_bits_in_any_product(n, k):
    a, b, row = normal((50, k), 1), normal((k, n), 2), normal(n, 3)
    for _, y in on_every_isa(lambda: ops.gemm(a, b, bias=row, activation="relu")):
        for m in (1, 2, 4, 5, 6, 7, 12, 13, 15, 49):
            some = ops.gemm(a[:m], b, bias=row, activation="relu")
            np.testing.assert_array_equal(some, y[:m])


@pytest.mark.parametrize(("m", "n", "k"), [(1, 70, 64), (2, 5, 150), (3, 3, 1000), (4, 129, 67)])
@pytest.mark.parametrize("activation", ["none", "relu"])
def test_gradients_of_a_few_rows(m, n, k, activation):
    """Rows times the rows of a transposed matrix: exact integers, then rounding, NaN too."""
    a, b, c, row = counting((m, k), 13), counting((n, k), 11), counting((m, n), 7), counting(n, 5)

    def call(a=a, b=b, c=c, row=row):
        y = c.copy()
        kernel(a, b.T, y, 0.5, -2.0, row, activation, gradient=True)
        return y

    expected = ref.gemm(a, b.T, c, 0.5, -2.0, bias=row, activation=activation)
    for _, y in on_every_isa(call):
        np.testing.assert_array_equal(y, expected)

    a, b, c, row = normal((m, k), 1), normal((n, k), 2), normal((m, n), 3), normal(n, 4)
    expected = ref.gemm(a, b.T, c, 0.5, -2.0, bias=row, activation=activation)
    magnitude = ref.gemm(abs(a), abs(b.T), abs(c), 0.5, 2.0, bias=abs(row))
    for _, y in on_every_isa(lambda: call(a, b, c, row)):
        assert_within(y, expected, bound(magnitude, k + 2))

    b[0, 3] = np.nan
    assert np.isnan(call(a, b, c, row)[:, 0]).all()


@pytest.mark.parametrize(
    ("m", "n", "k", "width"),
    [
        *((350, 70, 1024, 1024), (400, 97, 400, 400), (350, 33, 20, 1030), (340, 640, 50, 57)),
        *((1400, 270, 250, 250), (40, 600, 1024, 1024), (50, 300, 800, 801)),  # larger b
    ],
)
def test_many_rows_of_a_matrix(m, n, k, width):
    """In place; copied where they collide in a cache; with gaps; b stored in several ways."""
    whole = np.full((m, width), np.nan, np.float32)
    a, b, c, row = whole[:, :k], counting((k, n), 11), counting((m, n), 7), counting(n, 5)
    a[...] = counting((m, k), 13)
    expected = ref.gemm(a, b, c, 0.5, -2.0, bias=row, activation="relu")
    for right in (b, np.asfortranarray(b), b[::-1, ::-1].copy()[::-1, ::-1]):
        call = lambda: ops.gemm(a, right, c, 0.5, -2.0, bias=row, activation="relu")  # noqa: E731, B023
        for _, y in on_every_isa(call):
            np.testing.assert_array_equal(y, expected)


def test_a_result_too_large_for_any_cache():
    m, n, k = 70001, 96, 3
    a, b, row = counting((m, k), 13), counting((k, n), 11), counting(n, 5)
    memory = np.empty(m * n + 16, np.float32)
    first = -memory.ctypes.data % 64 // 4  # a cache line's
    c = memory[first : first + m * n].reshape(m, n)
    for bias, activation in ((None, "none"), (row, "relu")):
        expected = ref.gemm(a, b, bias=0 if bias is None else bias, activation=activation)

        def call(bias=bias, activation=activation):
            c[...] = np.nan
            kernel(a, b, c, 1.0, 0.0, bias, activation)
            return c.copy()

        for _, y in on_every_isa(call):
            np.testing.assert_array_equal(y, expected)


LONG_SUMS = [  # parts of k, strips of rows, pieces, and whether the transpose of c is computed
    (24, 144, 5003),
    (144, 24, 1031),
    (70, 33, 511),
    (5, 65, 900),
    (1, 40, 4500),
    (40, 1, 4500),
    (17, 16, 77),
    (200, 655, 520),  # c in one block; packed operands; c in blocks
    (201, 655, 520),
    (290, 470, 1100),
]


@pytest.mark.parametrize(("m", "n", "k"), LONG_SUMS)
@pytest.mark.parametrize("gaps", [0, 3])
def test_gradients_of_weights(m, n, k, gaps):
    """A transpose times a matrix of many rows: exact integers, then rounding."""

    def call(a, b):
        wide_a, wide_b = (np.full((k, size + gaps), np.nan, np.float32) for size in (m, n))
        left, right = wide_a[:, -m:], wide_b[:, -n:]
        left[...], right[...] = a, b
        around = np.full((m + 2, n + 3), 99, np.float32)
        c = around[1:-1, 1:-2]
        c[...] = np.nan
        kernel(left.T, right, c, gradient=True)
        y = c.copy()
        c[...] = 99
        np.testing.assert_array_equal(around, 99)
        return y

    a, b = counting((k, m), 13), counting((k, n), 11)
    for _, y in on_every_isa(lambda: call(a, b)):
        np.testing.assert_array_equal(y, ref.gemm(a.T, b))

    a, b = normal((k, m), 1), normal((k, n), 2)
    for _, y in on_every_isa(lambda: call(a, b)):
        assert_within(y, ref.gemm(a.T, b), bound(ref.gemm(abs(a.T), abs(b)), k))


@pytest.mark.parametrize(("m", "n", "k"), LONG_SUMS)
def test_a_transpose_with_bias_and_more(m, n, k):
    a, b, c, row = counting((k, m), 13), counting((k, n), 11), counting((m, n), 7), counting(n, 5)
    expected = ref.gemm(a.T, b, c, 0.5, -2.0, bias=row, activation="relu")
    for gradient in (False, True):

        def call(gradient=gradient):
            y = c.copy()
            kernel(a.T, b, y, 0.5, -2.0, row, "relu", gradient)
            return y

        for _, y in on_every_isa(call):
            np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a, b, c, row: (a.astype(np.float64), b, c, row), "a must have 2 axes of native"),
        (lambda a, b, c, row: (a, b.astype(">f4"), c, row), "b must have 2 axes of native float32"),
        (
            lambda a, b, c, row: (a, b[0], c, row),
            "b must have 2 axes of native float32; received 1",
        ),
        (lambda a, b, c, row: (a, b, c[:, :3], row), "must agree"),
        (lambda a, b, c, row: (a, b, c, row[:3]), "bias must have n = 4 elements; received 3"),
        (lambda a, b, c, row: (a, b, c, np.ones(8, "f")[::2]), "bias must be contiguous"),
        (lambda a, b, c, row: (a, b, np.broadcast_to(row, (2, 4)), row), "read-only"),
    ],
)
def test_arguments_that_are_no_product(spoil, message):
    a, b, c, row = counting((2, 3), 13), counting((3, 4), 11), counting((2, 4), 7), counting(4, 5)
    spoiled = spoil(a, b, c.copy(), row)
    references = [sys.getrefcount(array) for array in spoiled]
    with pytest.raises(ValueError, match=message):
        kernel(*spoiled[:3], 1.0, 0.0, spoiled[3])
    assert [sys.getrefcount(array) for array in spoiled] == references
