"""What optimizers share: decay, clipping, groups, running means, lookahead, schedules, files."""

import re

import numpy as np
import pytest

from fastconv import optimizers
from fastconv.layers import Conv2D, Dense, Flatten, Input
from fastconv.models import Sequential, load_model
from fastconv.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Group,
    Lamb,
    Lars,
    Lion,
    Lookahead,
    Muon,
    Nadam,
    RMSprop,
    schedules,
)

RNG = np.random.default_rng(0)
X = RNG.standard_normal((16, 4, 4, 1)).astype(np.float32)
T = RNG.standard_normal((16, 3)).astype(np.float32)
EPS = float(np.finfo(np.float32).eps)

ALL = [
    SGD(0.05, momentum=0.9, nesterov=True, velocity_of="gradients", weight_decay=1e-2,
        decoupled_weight_decay=False, clipnorm=0.5, lookahead=Lookahead(2, 0.5, 1, 6)),
    Adam(0.01, amsgrad=True, clipvalue=0.1),
    AdamW(0.01, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
    RMSprop(0.01, momentum=0.5, centered=True, global_clipnorm=1.0),
    Adagrad(0.1, groups=[Group("*/bias", 2.0, 0.01, until=4)]),
    Nadam(schedules.CosineDecay(0.01, 10)),
    Lars(1.0, weight_decay=1e-2),
    Lamb(0.01, weight_decay=1e-2),
    Lion(0.01),
    Muon(0.02),
]  # fmt: skip
IDS = [type(o).__name__ for o in ALL]


def network(optimizer):
    layers = [Input((4, 4, 1)), Conv2D(2, 2), Flatten(), Dense(5), Dense(3)]
    model = Sequential(layers, seed=4)
    if isinstance(optimizer, optimizers.Optimizer):
        optimizer = type(optimizer).from_config(optimizer.get_config())
    model.compile(optimizer, "mse")
    return model


def steps(model, n=1):
    for _ in range(n):
        model.train_on_batch(X, T)
    return model


def gradient(model):
    """The gradients of the next step, from a step that changes nothing."""
    copy = network(SGD(0.0))
    copy.set_weights(model.get_weights())
    steps(copy)
    return [p.grad.copy() for p in copy.parameters]


@pytest.mark.parametrize("optimizer", ALL, ids=IDS)
def test_it_makes_the_loss_smaller_and_goes_on_from_a_file(optimizer, tmp_path):
    whole, first = network(optimizer), network(optimizer)
    before = whole.evaluate(X, T, verbose=0)
    steps(whole, 6)
    steps(first, 3).save(tmp_path / "model")
    second = steps(load_model(tmp_path / "model"), 3)
    assert second.optimizer.get_config() == optimizer.get_config()
    for a, b in zip(whole.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert whole.evaluate(X, T, verbose=0) < before


def test_decoupled_weight_decay():
    model = network(SGD(0.1, weight_decay=0.5))
    before, g = model.get_weights(), gradient(model)
    steps(model)
    for now, w, dw in zip(model.get_weights(), before, g, strict=True):
        np.testing.assert_allclose(now, w - 0.1 * 0.5 * w - 0.1 * dw, atol=4 * EPS)


def test_coupled_weight_decay():
    model = network(SGD(0.1, momentum=0.5, weight_decay=0.5, decoupled_weight_decay=False))
    before, g = model.get_weights(), gradient(model)
    steps(model)
    for now, w, dw in zip(model.get_weights(), before, g, strict=True):
        np.testing.assert_allclose(now, w - 0.1 * (dw + 0.5 * w), atol=4 * EPS)
    for v, w, dw in zip(model.optimizer.slots()["velocity"].values(), before, g, strict=True):
        np.testing.assert_allclose(v, -0.1 * (dw + 0.5 * w), atol=4 * EPS)


@pytest.mark.parametrize("how", ["clipnorm", "clipvalue", "global_clipnorm"])
@pytest.mark.parametrize("limit", [0.05, 1e6])
def test_clipping(how, limit):
    model = network(SGD(1.0, **{how: limit}))
    before, g = model.get_weights(), gradient(model)
    length = np.sqrt(sum((dw.astype(float) ** 2).sum() for dw in g))
    steps(model)
    for now, w, dw in zip(model.get_weights(), before, g, strict=True):
        own = np.linalg.norm(dw.ravel()) if how == "clipnorm" else length
        short = np.clip(dw, -limit, limit) if how == "clipvalue" else dw * min(1, limit / own)
        np.testing.assert_allclose(now, w - short, atol=8 * EPS)


def test_groups():
    groups = [
        Group("conv2d/bias", learning_rate_multiplier=64, weight_decay=0),
        {"match": "*/bias", "until": 1},
        Group("dense/*", weight_decay=0.5),
    ]
    model = network(SGD(0.01, weight_decay=0.1, groups=groups))
    for number in range(2):
        before, g = model.get_weights(), gradient(model)
        steps(model)
        for p, w, dw in zip(model.parameters, before, g, strict=True):
            rate = 0.64 if p.name == "conv2d/bias" else 0.01
            decay = {"conv2d/bias": 0, "dense/kernel": 0.5}.get(p.name, 0.1)
            wanted = w - rate * decay * w - rate * dw
            if p.name in ("dense/bias", "dense_1/bias") and number == 1:
                np.testing.assert_array_equal(p.value, w)
            else:
                np.testing.assert_allclose(p.value, wanted, atol=8 * EPS)


def test_running_mean_of_the_weights():
    model = network(SGD(0.1, use_ema=True, ema_momentum=0.75))
    mean = None
    for number in range(4):
        steps(model)
        now = model.get_weights()[2].astype(float)
        mean = now if number == 0 else 0.75 * mean + 0.25 * now
    found = model.optimizer.slots()["ema"][model.parameters[2]]
    np.testing.assert_allclose(found, mean, atol=16 * EPS)
    assert not np.array_equal(model.get_weights()[2], found)
    model.fit(X, T, epochs=1, verbose=0)
    np.testing.assert_array_equal(
        model.get_weights()[2], model.optimizer.slots()["ema"][model.parameters[2]]
    )


def test_lookahead():
    """Against the same steps taken one by one, with the average made by hand."""
    ahead = Lookahead(2, 0.9, power=2, total_steps=5)
    model, plain = network(SGD(0.1, lookahead=ahead)), network(SGD(0.1))
    slow = [w.astype(float) for w in plain.get_weights()]
    for number in range(1, 6):
        steps(model)
        steps(plain)
        decay = 1 if number == 5 else 0.9 * (number / 5) ** 2
        if number % 2 == 0 or number == 5:
            slow = [
                decay * s + (1 - decay) * w for s, w in zip(slow, plain.get_weights(), strict=True)
            ]
            plain.set_weights(slow)
        for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=32 * EPS)


def test_lookahead_begins_with_the_weights_of_the_first_step():
    model = network(SGD(0.0, lookahead=Lookahead(1, 0.5)))
    model.evaluate(X, T, verbose=0)
    weights = [2 * w for w in model.get_weights()]
    model.set_weights(weights)
    steps(model)
    for a, b in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_velocity_of_gradients_feels_a_change_of_the_rate_at_once():
    schedule = schedules.PiecewiseConstantDecay([0], [0.1, 0.0])
    still = network(SGD(schedule, momentum=0.9, velocity_of="gradients"))
    moving = network(SGD(schedule, momentum=0.9))
    kept = {}
    for name, model in (("still", still), ("moving", moving)):
        kept[name] = steps(model).get_weights()[2]
        steps(model)
    np.testing.assert_array_equal(still.get_weights()[2], kept["still"])
    assert not np.array_equal(moving.get_weights()[2], kept["moving"])


def test_old_spellings():
    optimizer = SGD(lr=0.4, decay=0.5)
    rates = []
    for step in range(3):
        optimizer.iterations = step
        rates.append(optimizer.learning_rate)
    assert rates == [0.4, 0.4 / 1.5, 0.2]
    assert SGD(lr=0.01).learning_rate == 0.01
    assert Adam(lr=0.01, decay=0.0).learning_rate == 0.01


def test_a_schedule_is_followed_and_cannot_be_overruled():
    model = network(SGD(schedules.ExponentialDecay(0.5, 1, 0.5)))
    assert model.optimizer.learning_rate == 0.5
    steps(model, 2)
    assert model.optimizer.learning_rate == 0.125
    with pytest.raises(TypeError, match="learning_rate follows ExponentialDecay, it cannot be set"):
        model.optimizer.learning_rate = 0.1


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True),
        schedules.InverseTimeDecay(0.1, 10, 0.5),
        schedules.PolynomialDecay(0.1, 10, 0.01, 2, cycle=True),
        schedules.PiecewiseConstantDecay([3, 7], [1, 2, 3]),
        schedules.CosineDecay(0.1, 10, 0.1, warmup_target=0.3, warmup_steps=4),
        schedules.CosineDecayRestarts(0.1, 4, 2, 0.5, 0.1),
        schedules.OneCycle(0.1, 20, anneal_strategy="linear"),
        schedules.Triangular(0.1, 20, 0.2, 0.23, 0.07),
    ],
)
def test_schedules_are_made_again_from_their_configuration(schedule):
    again = type(schedule).from_config(schedule.get_config())
    rates = [schedule(step) for step in range(40)]
    assert [again(step) for step in range(40)] == rates
    assert all(np.isfinite(rates))
    optimizer = SGD.from_config(SGD(schedule).get_config())
    assert optimizer.learning_rate == rates[0]


def test_one_cycle_and_triangular_meet_their_corners():
    cycle = schedules.OneCycle(1.0, 100, pct_start=0.3, div_factor=10, final_div_factor=100)
    assert cycle(0) == pytest.approx(0.1)
    assert cycle(29) == pytest.approx(1.0)
    assert cycle(99) == cycle(1000) == pytest.approx(1e-3)
    line = schedules.Triangular(2.0, 100, start=0.2, peak=0.23, end=0.07)
    assert [line(s) for s in (0, 23, 100, 200)] == pytest.approx([0.4, 2.0, 0.14, 0.14])
    assert line(12) == pytest.approx(2 * (0.2 + 0.8 * 12 / 23))


def test_muon_changes_matrices_by_orthogonal_steps():
    model = network(Muon(0.1, weight_decay=None, adam_weight_decay=None, rms_rate=None))
    before = model.get_weights()
    steps(model)
    after = model.get_weights()
    for index in (0, 2, 4):  # the kernels
        change = (after[index] - before[index]).reshape(-1, before[index].shape[-1])
        sizes = np.linalg.svd(change / 0.1, compute_uv=False)
        assert sizes.max() < 1.3
        assert (sizes > 0.6).any()


@pytest.mark.parametrize("optimizer", ALL, ids=IDS)
def test_names(optimizer):
    made = optimizers.get(type(optimizer).__name__.lower())
    assert type(made) is type(optimizer)


BAD = [
    (lambda: SGD(clipnorm=1, clipvalue=1), ValueError, "only one of clipnorm, clipvalue and glo"),
    (lambda: SGD(weight_decay=-1), ValueError, "weight_decay must be finite, at least 0"),
    (lambda: SGD(ema_momentum=1), ValueError, "ema_momentum must be finite, at least 0 and below"),
    (lambda: SGD(velocity_of="grads"), ValueError, "(did you mean 'gradients'?)"),
    (lambda: SGD(weigth_decay=1), TypeError, "(did you mean 'weight_decay'?)"),
    (lambda: Group("a", learning_rate=1), TypeError, "(did you mean 'learning_rate_multiplier'?)"),
    (lambda: Group(3), TypeError, "Group: match must be a name or a pattern; received 3"),
    (lambda: AdamW(weight_decay=None), ValueError, "AdamW: weight_decay must be a number"),
    (
        lambda: steps(network(SGD(groups=[Group("dense/bais")]))),
        ValueError,
        "(did you mean 'dense/bias'?)",
    ),
    (lambda: schedules.OneCycle(1, 0), ValueError, "total_steps must be above 0; received 0"),
    (lambda: schedules.PiecewiseConstantDecay([1], [1]), ValueError, "one more than boundaries"),
    (lambda: SGD("0.1"), TypeError, "learning_rate must be a number; received '0.1'"),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad()


def test_older_spellings_of_a_running_optimizer():
    optimizer = Adam(lr=0.1, epsilon=None, decay=0.0)
    assert (optimizer.lr, optimizer.epsilon) == (0.1, 1e-7)
    optimizer.lr = 0.02
    assert optimizer.learning_rate == 0.02
    assert schedules.CosineDecay(0.1, 10, name="mine").name == "mine"
    with pytest.raises(ValueError, match="learning_rate must be finite, at least 0"):
        optimizer.lr = -1


def test_one_optimizer_does_not_train_two_models():
    x, y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)
    optimizer = Adam()
    first, second = (Sequential([Input((3,)), Dense(1)], seed=seed) for seed in (1, 2))
    first.compile(optimizer, "mse")
    first.train_on_batch(x, y)
    weights = second.get_weights()
    second.compile(optimizer, "mse")
    with pytest.raises(ValueError, match=r"Adam: an optimizer .* another model after 1 steps"):
        second.train_on_batch(x, y)
    for before, after in zip(weights, second.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    first.train_on_batch(x, y)
    assert optimizer.iterations == 2
