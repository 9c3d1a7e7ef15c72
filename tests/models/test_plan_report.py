"""The report on a model's plans; training and evaluation share one."""

import numpy as np
import pytest

from fastconv import Input, Sequential, layers


@pytest.fixture
def model():
    made = Sequential(
        [
            Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ],
        seed=3,
    )
    made.compile("sgd", "sparse_categorical_crossentropy")
    return made


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (8, 8, 8, 3), dtype=np.uint8), rng.integers(0, 4, 8)


def test_before_the_first_batch(model):
    with pytest.raises(RuntimeError, match="call fit, train_on_batch or predict first"):
        model.plan_report()


def test_what_was_fused(model, batch):
    model.train_on_batch(*batch)
    report = model.plan_report()
    assert "training, batches of up to 8" in report
    assert "conv 3x3 + bias + relu + max pool 2x2/2" in report
    assert "GFLOP/s" not in report


def test_times(model, batch):
    model.profile = True
    model.train_on_batch(*batch)
    assert model.profile
    assert "GFLOP/s" in model.plan_report()
    assert "fwd ms" in model.plan_report()


def test_predictions_do_not_depend_on_an_earlier_training(model, batch):
    model.train_on_batch(*batch)
    alone = Sequential.from_config(model.get_config())
    alone.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(batch[0]), alone.predict(batch[0]))
    np.testing.assert_array_equal(
        model.predict(batch[0], batch_size=5), alone.predict(batch[0], batch_size=5)
    )
    assert "inference" in model.plan_report()
    assert "training" not in alone.plan_report()


def test_a_larger_batch_has_a_plan_of_its_own(model, batch):
    model.train_on_batch(batch[0][:4], batch[1][:4])
    model.predict(batch[0], batch_size=8)
    assert "inference, batches of up to 8" in model.plan_report()
