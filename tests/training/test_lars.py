"""LARS against its paper's definition in float64: You, Gitman, Ginsburg (2017), algorithm 1."""

import numpy as np
import pytest

from fastconv import Input, Sequential, optimizers
from fastconv.layers import Dense
from fastconv.optimizers import schedules

EPS = float(np.finfo(np.float32).eps)
STEPS = 10
CASES = [
    {"learning_rate": 1.0},
    {"learning_rate": 2.0, "momentum": 0.0, "weight_decay": 0.1},
    {"learning_rate": 2.0, "momentum": 0.5, "weight_decay": 0.1, "trust_coefficient": 0.02},
    {"learning_rate": 1.0, "momentum": 0.9, "global_clipnorm": 1.0, "weight_decay": 1e-3},
    {"learning_rate": schedules.PolynomialDecay(2.0, 8), "momentum": 0.9, "epsilon": 1e-2},
]


@pytest.mark.parametrize("arguments", CASES)
def test_ten_steps(arguments):
    rng = np.random.default_rng(0)
    model = Sequential([Input((7,)), Dense(5)], seed=1)
    model.compile(optimizers.Lars(**arguments), "mse")
    model.evaluate(np.zeros((1, 7)), np.zeros((1, 5)), verbose=0)
    parameters = model.parameters
    parameters[1].value = rng.standard_normal(5)
    weights = [p.value.astype(np.float64) for p in parameters]
    velocities = [np.zeros_like(w) for w in weights]
    momentum = arguments.get("momentum", 0.9)
    decay = arguments.get("weight_decay", 0.0)
    trust = arguments.get("trust_coefficient", 0.001)
    small = arguments.get("epsilon", 1e-8)
    for step in range(STEPS):
        gradients = [rng.standard_normal(w.shape).astype(np.float32) for w in weights]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.allocate_grad()[...] = gradient
        model.optimizer.apply()
        rate = arguments["learning_rate"]
        rate = rate(step) if callable(rate) else rate
        norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in gradients))
        shorter = min(1.0, arguments.get("global_clipnorm", np.inf) / norm)
        for k, gradient in enumerate(gradients):
            g, w = gradient * shorter, weights[k]
            local = 1.0  # a bias has no rate of its own
            if w.ndim > 1:
                size = np.linalg.norm(w)
                local = trust * size / (np.linalg.norm(g) + decay * size + small)
            velocities[k] = momentum * velocities[k] + rate * local * (g + decay * w)
            weights[k] = w - velocities[k]
    for parameter, expected in zip(parameters, weights, strict=True):
        # A dozen roundings in each step, of numbers not above the largest weight or velocity.
        largest = max(np.abs(expected).max(), np.abs(velocities[1]).max())
        atol = STEPS * 16 * EPS * largest
        np.testing.assert_allclose(parameter.value, expected, rtol=0, atol=atol)
