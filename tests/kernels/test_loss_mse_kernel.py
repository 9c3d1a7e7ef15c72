"""The mean squared error entry itself: vector edges, aliasing, sizes that disagree."""

import numpy as np
import pytest
from kernel_checks import EDGES, counting, on_every_isa

from fastconv.kernels.loss_mse import mean_squared_error


@pytest.mark.parametrize("n", EDGES)
@pytest.mark.parametrize("rows", [1, 3, 64, 131])
def test_exact_for_small_integers(rows, n):
    # all sums are whole; the weights take the division by n away
    y, t = counting((rows, n), 13), counting((rows, n), 7)
    weights = (n * (1 + np.arange(rows) % 3)).astype(np.float32)
    loss = (weights[:, None] * (y - t) ** 2 / n).sum(dtype=np.float64)
    slope = 2 * (1 + np.arange(rows) % 3)[:, None] * (y - t)

    def call():
        dy = np.full(y.shape, np.nan, np.float32)
        with_gradient = mean_squared_error(y, t, weights, dy)
        return np.array([with_gradient, mean_squared_error(y, t, weights)]), dy

    for _, (losses, dy) in on_every_isa(call):
        np.testing.assert_allclose(losses, loss, rtol=1e-15 * rows)
        np.testing.assert_array_equal(dy, slope)
    in_place = y.copy()
    mean_squared_error(in_place, t, weights, in_place)
    np.testing.assert_array_equal(in_place, slope)


def test_sizes_that_disagree_are_refused():
    a, b = np.ones((3, 4), np.float32), np.ones((3, 5), np.float32)
    weights = np.ones(3, np.float32)
    for args in ((a, b, weights), (a, a, weights[:2]), (a, a, weights, b), (a, a[:2], weights)):
        with pytest.raises(ValueError, match="received"):
            mean_squared_error(*args)
    assert mean_squared_error(a[:0], a[:0], weights[:0]) == 0
