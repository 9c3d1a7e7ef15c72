"""Arrays are checked once, at the entry: every method refuses bad ones and changes nothing."""

import numpy as np
import pytest

from fastconv.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input
from fastconv.models import Model, Sequential
from fastconv.models.data import samples
from fastconv.plan.graph import Graph
from fastconv.plan.inputs import Inputs
from fastconv.plan.plan import Plan
from fastconv.utils import set_random_seed

RNG = np.random.default_rng(3)
X = RNG.random((6, 4, 4, 2), np.float32)
Y = RNG.integers(0, 3, 6)


def chain(*begin, **kwargs):
    layers = [*begin, Conv2D(2, 3), BatchNormalization(), Flatten(), Dropout(0.5)]
    return Sequential([*layers, Dense(3, activation="softmax")], **kwargs)


class Subclassed(Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv, self.head = Conv2D(2, 3), Dense(3, activation="softmax")
        self.block = Sequential([BatchNormalization(), Dropout(0.5)])

    def call(self, inputs):
        return self.head(Flatten()(self.block(self.conv(inputs))))


class Nested(Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inside = Subclassed()

    def call(self, inputs):
        return self.inside(inputs)


def compiled(model):
    model.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"])
    return model


UNBUILT = {
    "chain": chain,
    "nested chain": lambda **k: Sequential([chain()], **k),
    "subclassed": Subclassed,
    "subclassed in a chain": lambda **k: Sequential([Subclassed()], **k),
    "subclassed in another": Nested,
}

# The methods that take a batch of x and y.
WITH_TARGETS = {
    "fit": lambda model, x, y: model.fit(x, y, verbose=0),
    "fit_generator": lambda model, x, y: model.fit(iter([(x, y)]), verbose=0),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "evaluate_generator": lambda model, x, y: model.evaluate(iter([(x, y)]), verbose=0),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "test_on_batch": lambda model, x, y: model.test_on_batch(x, y),
    "validation": lambda model, x, y: model.fit(X, Y, validation_data=(x, y), verbose=0),
}
WITHOUT_TARGETS = {
    "predict": lambda model, x, y: model.predict(x),
    "predict_generator": lambda model, x, y: model.predict(iter([x])),
    "predict_on_batch": lambda model, x, y: model.predict_on_batch(x),
}
CALLED = {"call": lambda model, x, y: model(x)}
ENTRIES = {**WITH_TARGETS, **WITHOUT_TARGETS, **CALLED}

BAD_X = {
    "objects": (X.astype(object), TypeError, "received dtype object"),
    "complex": (X.astype(complex), TypeError, "received dtype complex128"),
    "no batch axis": (np.float32(1), ValueError, "batch axis"),
}
BAD_SHAPE = {
    "another size": (X[:, :3], ValueError, r"input.* shape \(None, 4, 4, 2\); received \("),
    "another rank": (X[..., 0], ValueError, r"input.* shape \(None, 4, 4, 2\); received \("),
}
BAD_Y = {
    "too large": (Y + 1, ValueError, "labels must be whole numbers from 0 to 2"),
    "below zero": (Y - 1, ValueError, "labels must be whole numbers from 0 to 2"),
    "not whole": (Y + 0.5, ValueError, "labels must be whole numbers from 0 to 2"),
    "too few": (Y[:5], ValueError, "the same number of samples, at least one; received 6 and 5"),
    "one-hot": (np.eye(3)[Y], ValueError, "one label for each sample"),
    "objects": (Y.astype(object), TypeError, "received dtype object"),
    "none": (None, ValueError, "y, the targets, must be given; received None"),
}


def cases(entries, bad):
    return [
        pytest.param(entry, *values, id=f"{name}-{what}")
        for name, entry in entries.items()
        for what, values in bad.items()
    ]


@pytest.mark.parametrize(("entry", "x", "error", "message"), cases(ENTRIES, BAD_X | BAD_SHAPE))
@pytest.mark.parametrize("built_by_batches", [False, True])
def test_samples_are_refused_at_every_entry(entry, x, error, message, built_by_batches):
    model = compiled(chain(Input((4, 4, 2)), seed=1))
    if built_by_batches:  # there is a plan, which would take them
        model.fit(X, Y, verbose=0)
        model.predict(X)
    before = model.get_weights()
    with pytest.raises(error, match=message):
        entry(model, x, Y[: np.shape(x)[0]] if np.ndim(x) else Y)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("entry", "y", "error", "message"), cases(WITH_TARGETS, BAD_Y))
def test_targets_are_refused_at_every_entry(entry, y, error, message):
    model = compiled(chain(Input((4, 4, 2)), seed=1))
    with pytest.raises(error, match=message):
        entry(model, X, y)


@pytest.mark.parametrize("entry", [entry for name, entry in ENTRIES.items() if name != "call"])
def test_bytes_are_wanted_where_the_input_says_so(entry):
    model = compiled(chain(Input((4, 4, 2), dtype="uint8"), seed=1))
    with pytest.raises(TypeError, match="the model's input is uint8; received float32"):
        entry(model, X, Y)


def state(model):
    """The state of a model and its layers: built or not, names, calls, attributes."""
    layers = [model, *model.layers, *(v for v in vars(model).values() if hasattr(v, "calls"))]
    inside = [one for layer in layers for one in (layer, *getattr(layer, "layers", []))]
    return [
        (x.built, x.name, x.given_name, list(x.calls), sorted(set(vars(x)) - {"_seed"}))
        for x in inside
    ]


@pytest.mark.parametrize("make", UNBUILT.values(), ids=UNBUILT)
@pytest.mark.parametrize(
    ("entry", "bad", "error", "message"), cases(WITH_TARGETS, BAD_Y) + cases(ENTRIES, BAD_X)
)
def test_a_refused_call_leaves_an_unbuilt_model_unbuilt(make, entry, bad, error, message):
    model = compiled(make(seed=1))
    before = state(model)
    is_y = any(bad is values[0] for values in BAD_Y.values())
    # A model called on a number is refused by its first layer.
    with pytest.raises(error, match=None if entry is ENTRIES["call"] else message):
        entry(model, *((X, bad) if is_y else (bad, Y)))
    assert state(model) == before
    assert not model.built


@pytest.mark.parametrize("make", UNBUILT.values(), ids=UNBUILT)
def test_what_was_refused_does_not_matter_later(make):
    def trained(refused):
        set_random_seed(5)
        model = compiled(make())
        if refused:
            with pytest.raises(ValueError, match="labels must be"):
                model.fit(RNG.random((6, 5, 5, 3)), Y + 1, verbose=0)
            with pytest.raises(ValueError, match="must fit into the padded input"):
                model.predict(X[:, :2])
        history = model.fit(X, Y, epochs=2, verbose=0).history
        return history, model.get_weights(), [layer.name for layer in model.layers]

    (history, weights, names), (again, others, same_names) = trained(False), trained(True)
    assert history == again
    assert names == same_names
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("make", UNBUILT.values(), ids=UNBUILT)
def test_validation_data_too(make):
    model = compiled(make(seed=1))
    with pytest.raises(ValueError, match=r"fit \(validation_data\): labels must be"):
        model.fit(X, Y, validation_data=(X, Y + 1), verbose=0)
    assert not model.built


@pytest.mark.parametrize("make", UNBUILT.values(), ids=UNBUILT)
@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"callbacks": [print]}, TypeError, "callbacks: each must be an instance"),
        ({"callbacks": 3}, TypeError, "callbacks: must be a callback or a list of callbacks"),
        ({"verbose": 3}, ValueError, "verbose: must be 'auto', 0, 1 or 2; received 3"),
    ],
)
def test_callbacks_and_verbose_too(make, more, error, message):
    for call in (
        lambda model: model.fit(X, Y, **{"verbose": 0, **more}),
        lambda model: model.evaluate(X, Y, **{"verbose": 0, **more}),
        lambda model: model.predict(X, **{"verbose": 0, **more}),
    ):
        model = compiled(make(seed=1))
        before = state(model)
        with pytest.raises(error, match=message):
            call(model)
        assert state(model) == before
        assert not model.built


def test_a_loss_that_does_not_fit_the_last_layer_too():
    for model in (
        Sequential([Flatten(), Dense(3)]),
        Sequential([Sequential([Flatten(), Dense(3)])]),
    ):
        with pytest.raises(ValueError, match="needs probabilities"):
            compiled(model).fit(X, Y, verbose=0)
        assert not model.built
        assert not any(layer.built or layer.calls for layer in model.layers)
        assert not any("kernel" in vars(layer) for layer in model.layers)


def test_a_layer_that_refuses_an_array_stays_unbuilt():
    layer = Conv2D(2, 3)
    for x, error in ((np.zeros((1, 2, 2, 3)), ValueError), (X.astype(object), TypeError)):
        with pytest.raises(error):
            layer(x)
        assert not layer.built
    assert layer(X).shape == (6, 2, 2, 2)
    with pytest.raises(ValueError, match="received"):
        layer(np.zeros((1, 4, 4, 3)))


def test_arrays_are_looked_at_once_for_all_epochs(monkeypatch):
    def looked_at(epochs):
        seen = []
        as_numbers = samples.as_numbers
        with monkeypatch.context() as patch:
            patch.setattr(
                samples, "as_numbers", lambda x, *a, **k: seen.append(x) or as_numbers(x, *a, **k)
            )
            patch.setattr(Inputs, "_check", None)  # the plan does not check them again
            model = compiled(chain(Input((4, 4, 2)), seed=1))
            model.fit(X, Y, epochs=epochs, batch_size=4, verbose=0)
            model.evaluate(X, Y, batch_size=4, verbose=0)
            model.predict(X, batch_size=4)
            model.fit(iter([(X, Y)]), verbose=0)
        return len(seen)

    assert looked_at(1) == looked_at(3) == 4


PLAN_ENTRIES = {
    "forward": lambda plan, x: plan.forward(x),
    "train_step": lambda plan, x: plan.train_step(x, np.zeros((6, 2))),
    "loss_and_output": lambda plan, x: plan.loss_and_output(x, np.zeros((6, 2))),
}


@pytest.mark.parametrize("entry", PLAN_ENTRIES.values(), ids=PLAN_ENTRIES)
def test_a_plan_of_ones_own_looks_at_everything(entry):
    from fastconv.losses import MeanSquaredError

    graph = Graph()
    graph.output(graph.affine(graph.input((2,)), 2.0, 0.0))
    plan = Plan(graph, 6, training=True, loss=MeanSquaredError().spec)
    for x, error in (
        (np.zeros((6, 3)), ValueError),
        (np.zeros((7, 2)), ValueError),
        (np.zeros((6, 2), object), TypeError),
    ):
        with pytest.raises(error, match="plan: x m"):
            entry(plan, x)
