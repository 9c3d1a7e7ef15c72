"""Initializers: bounds and moments from their formulas, names, errors."""

import math

import numpy as np
import pytest

from fastconv import initializers

SHAPE = (3, 3, 64, 96)
FAN_IN, FAN_OUT = 9 * 64, 9 * 96
SCALED = {
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "he_uniform": 2 / FAN_IN,
    "he_normal": 2 / FAN_IN,
    "lecun_uniform": 1 / FAN_IN,
    "lecun_normal": 1 / FAN_IN,
}


def deviations(values, variance):
    """Mean and variance of the sample, in standard errors of their estimates."""
    n = values.size
    mean = float(values.mean(dtype=np.float64)) / math.sqrt(variance / n)
    excess = float(values.var(dtype=np.float64)) / variance - 1
    return abs(mean), abs(excess) / math.sqrt(2 / n)


@pytest.mark.parametrize("name", SCALED)
def test_variance_follows_the_fan(name):
    values = initializers.get(name)(SHAPE, seed=1)
    assert values.dtype == np.float32
    assert values.shape == SHAPE
    assert max(deviations(values, SCALED[name])) < 5
    stddev = math.sqrt(SCALED[name])
    bound = math.sqrt(3) * stddev if "uniform" in name else 2 * stddev / 0.87962566103423978
    assert 0.99 * bound < np.abs(values).max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize(
    ("initializer", "mean", "stddev"),
    [
        (initializers.RandomNormal(mean=0.5, stddev=0.2), 0.5, 0.2),
        (initializers.RandomUniform(-1, 3), 1.0, 4 / math.sqrt(12)),
        (initializers.TruncatedNormal(stddev=0.5), 0.0, 0.5 * 0.87962566103423978),
        (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal"), 0.0,
         math.sqrt(3 / FAN_OUT)),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_moments(initializer, mean, stddev):
    values = initializer(SHAPE, seed=2)
    assert max(deviations(values - mean, stddev**2)) < 5


def test_truncation_is_at_two_standard_deviations():
    values = initializers.TruncatedNormal(mean=1.0, stddev=0.25)((100_000,), seed=3)
    assert 1.99 < np.abs((values - 1) / 0.25).max() <= 2 + 1e-5


def test_constants():
    np.testing.assert_array_equal(initializers.get("zeros")((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.get("ones")((2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(initializers.Constant(0.1)((2,)), np.full(2, np.float32(0.1)))


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((5,), (5, 5)),
        ((4, 6), (4, 6)),
        ((3, 2, 4, 8), (24, 48)),
        ((3, 2, 5), (6, 15)),
    ],
)
def test_fans(shape, fans):
    assert initializers.compute_fans(shape) == fans


def test_every_initializer_survives_its_configuration():
    for name in initializers._TABLE:
        made = initializers.get(name)
        again = initializers.get({"class": type(made).__name__, "config": made.get_config()})
        assert type(again) is type(made)
        np.testing.assert_array_equal(made((4, 3), seed=1), again((4, 3), seed=1))


@pytest.mark.parametrize("value", ["HeNormal", "he_normal", initializers.HeNormal])
def test_names_classes_and_keras_strings(value):
    assert type(initializers.get(value)) is initializers.HeNormal


def test_errors_name_the_nearest():
    with pytest.raises(ValueError, match=r"received 'glorot_unifrom' \(did you mean 'glorot_unif"):
        initializers.get("glorot_unifrom")
    with pytest.raises(TypeError, match=r"HeNormal: the arguments are seed; received 'sed' \(did"):
        initializers.HeNormal(sed=1)
    with pytest.raises(TypeError, match="received 3"):
        initializers.get(3)
    with pytest.raises(ValueError, match="mode must be one of"):
        initializers.VarianceScaling(mode="fan")
    with pytest.raises(ValueError, match="greater than 0; received -1"):
        initializers.VarianceScaling(-1)


@pytest.mark.parametrize("shape", [(3, 3, 4, 6), (3, 3, 6, 4), (2, 2, 3, 3), (5, 7), (1, 3, 2, 8)])
def test_dirac_hands_its_input_on(shape):
    kernel = initializers.get("dirac")(shape, seed=4)
    copied = min(shape[-2:])
    expected = np.zeros((*shape[:-1], copied))
    for d in range(copied):
        expected[(*(size // 2 for size in shape[:-2]), d, d)] = 1
    np.testing.assert_array_equal(kernel[..., :copied], expected)
    rest = kernel[..., copied:]
    plain = initializers.VarianceScaling(1 / 3, "fan_in", "uniform")(shape, seed=4)
    np.testing.assert_array_equal(rest, plain[..., copied:])
    assert np.abs(plain).max() <= 1 / math.sqrt(math.prod(shape[:-1]))


def test_dirac_on_another_base():
    made = initializers.Dirac("zeros")
    assert initializers.get(initializers.Dirac(made.base).get_config()["base"]).draw(
        np.random.default_rng(1), (2,)
    ).tolist() == [0, 0]
    assert float(made((3, 3, 2, 5)).sum()) == 2
    with pytest.raises(ValueError, match=r"inputs and outputs; received \(3,\)"):
        made((3,))
