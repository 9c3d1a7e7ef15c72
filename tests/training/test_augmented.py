"""Augmented batches: what happens to an image depends on seed, epoch and index alone."""

import numpy as np
import pytest

from fastconv import Sequential, callbacks, layers
from fastconv.augment import Augmented


def images(n=40, h=9, w=8, c=3, dtype=np.uint8):
    return np.random.default_rng(3).integers(0, 256, (n, h, w, c)).astype(dtype)


SETTINGS = {"crop": 2, "flip": "random", "cutout": (3, 2), "seed": 7}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_batches_order_and_dtype_change_nothing(dtype):
    x = images()
    data = Augmented(x.astype(dtype), np.arange(40), batch_size=16, **SETTINGS)
    whole = Augmented(x, np.arange(40), batch_size=40, shuffle=False, **SETTINGS)
    for _ in range(2):
        expected, numbers = next(iter(whole))
        np.testing.assert_array_equal(numbers, np.arange(40))
        seen = []
        for part, rows in data:
            assert part.dtype == dtype
            assert part.flags.c_contiguous
            np.testing.assert_array_equal(part, expected[rows])
            seen += rows.tolist()
        assert sorted(seen) == list(range(40))
        assert seen != list(range(40))


def test_epochs_and_seeds_differ():
    x, made = images(), set()
    for seed in (1, 2):
        data = Augmented(x, np.arange(40), crop=2, seed=seed)
        made |= {data.images(range(40), epoch).tobytes() for epoch in range(3)}
    assert len(made) == 6


def test_alternating_flip_shows_both_sides_in_turn():
    x = images()
    data = Augmented(x, np.arange(40), flip="alternating", seed=5)
    even, odd = data.images(range(40), 0), data.images(range(40), 1)
    np.testing.assert_array_equal(odd, even[:, :, ::-1])
    np.testing.assert_array_equal(data.images(range(40), 2), even)
    mirrored = (even == x[:, :, ::-1]).all((1, 2, 3))
    assert 5 < mirrored.sum() < 35
    np.testing.assert_array_equal(even[~mirrored], x[~mirrored])


def test_every_shift_is_drawn_and_none_beyond():
    x = np.tile(np.arange(9 * 9, dtype=np.float32).reshape(1, 9, 9, 1), (400, 1, 1, 1))
    made = Augmented(x, np.arange(400), crop=(2, 1), seed=1).images(range(400), 0)
    middle = set(made[:, 4, 4, 0].astype(int))
    assert middle == {9 * (4 + i) + 4 + j for i in range(-2, 3) for j in range(-1, 2)}


def test_cutout_is_one_box_of_the_fill_value():
    data = Augmented(
        np.full((50, 9, 8, 3), 9, np.uint8),
        np.arange(50),
        cutout=(3, 2),
        seed=1,
        fill_value=(1, 2, 3),
    )
    made = data.images(range(50), 0)
    box = made[..., 0] == 1
    assert (box.sum((1, 2)) == 6).all()
    assert (box.any(2).sum(1) == 3).all()
    np.testing.assert_array_equal(made[box], np.tile([1, 2, 3], (300, 1)))
    assert (made[~box] == 9).all()


def test_fit_takes_it_epoch_by_epoch():
    x, y = images(20, 6, 6), np.arange(20) % 2
    weights = []
    for _ in range(2):
        model = Sequential(
            [layers.Rescaling(1 / 255, input_shape=(6, 6, 3)), layers.Flatten(), layers.Dense(2)],
            seed=4,
        )
        model.compile("sgd", "mse")
        data = Augmented(x, np.eye(2)[y], batch_size=8, **SETTINGS)
        model.fit(data, epochs=3, verbose=0)
        assert data.epoch == 3
        assert model.optimizer.iterations == 9
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(*weights)


def test_sample_weights_and_remainder():
    data = Augmented(
        images(), np.arange(40), np.arange(40) * 2.0, batch_size=16, drop_remainder=True
    )
    batches = list(data)
    assert len(batches) == len(data) == 2
    for _, y, weight in batches:
        np.testing.assert_array_equal(weight, 2.0 * y)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"flip": "alternate"}, ValueError, "did you mean 'alternating'"),
        ({"fill_mode": "mirror"}, ValueError, "fill_mode must be one of"),
        ({"crop": -1}, ValueError, "crop must be at least 0; received -1"),
        ({"cutout": 10}, ValueError, "cutout must not be larger than the images"),
        ({"fill_value": 256}, ValueError, "0 to 255; received 256"),
        ({"fill_value": (1, 2)}, ValueError, "each of the 3 channels"),
        ({"x": images().astype(np.float64)}, TypeError, "uint8 or float32; received float64"),
        ({"x": images()[0]}, ValueError, r"images \(n, h, w, c\)"),
        ({"y": np.arange(39)}, ValueError, "as many rows as x, 40"),
        ({"batch_size": 41, "drop_remainder": True}, ValueError, "must fill a batch of 41"),
    ],
)
def test_errors(change, error, words):
    with pytest.raises(error, match=words):
        Augmented(**({"x": images(), "y": np.arange(40)} | change))


def trainee():
    model = Sequential(
        [layers.Rescaling(1 / 255, input_shape=(6, 6, 3)), layers.Flatten(), layers.Dense(2)],
        seed=4,
    )
    model.compile("adam", "mse")
    return model


def batches():
    return Augmented(images(20, 6, 6), np.eye(2)[np.arange(20) % 2], batch_size=8, **SETTINGS)


class Stops(callbacks.Callback):
    """Interrupts the training in the middle of an epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 5:
            raise KeyboardInterrupt


@pytest.mark.parametrize("steps", [None, 2, 3, 4])
def test_a_run_that_goes_on_draws_what_it_would_have_drawn(tmp_path, steps):
    how = {"steps_per_epoch": steps, "verbose": 0}
    whole = trainee()
    whole.fit(batches(), epochs=4, **how)

    part = trainee()
    part.fit(batches(), epochs=2, **how)
    part.fit(batches(), epochs=4, initial_epoch=2, **how)

    backup = callbacks.BackupAndRestore(tmp_path)
    broken = trainee()
    with pytest.raises(KeyboardInterrupt):
        broken.fit(batches(), epochs=4, callbacks=[Stops(), backup], **how)
    restored = trainee()
    restored.fit(batches(), epochs=4, callbacks=[backup], **how)

    for model in (part, restored):
        for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_calls_one_after_the_other_go_on():
    data, model, whole = batches(), trainee(), trainee()
    for _ in range(3):
        model.fit(data, epochs=1, verbose=0)
    assert data.epoch == 3
    whole.fit(batches(), epochs=3, verbose=0)
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_epoch_that_cannot_be_set_is_left_alone():
    class Fixed:
        epoch = property(lambda self: 3)

        def __iter__(self):
            return iter(list(batches()))

    trainee().fit(Fixed(), epochs=2, initial_epoch=1, verbose=0)
