"""Models whose class defines `call`: the same as the graph written out."""

import re

import numpy as np
import pytest

from fastconv.layers import Add, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input
from fastconv.models import Model, Sequential, clone_model, load_model
from fastconv.utils.random import derive_seed

RNG = np.random.default_rng(0)
X = RNG.random((12, 6, 6, 2), np.float32)
Y = RNG.integers(0, 3, 12)


class Block(Model):
    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.conv = Conv2D(filters, 3, padding="same", activation="relu")
        self.norm = BatchNormalization()
        self.add = Add()

    def call(self, x, training=False):
        return self.add([x, self.norm(self.conv(x), training=training)])


class Network(Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.block = Block(2, name="block")
        self.dropout = Dropout(0.5)
        self.head = Dense(3, activation="softmax", name="head")

    def call(self, inputs, training=None):
        x = self.block(inputs, training=training)
        return self.head(self.dropout(Flatten()(x), training=training))


def written_out(seed):
    x = Input((6, 6, 2))
    block_x = Input((6, 6, 2))
    conv = Conv2D(2, 3, padding="same", activation="relu")(block_x)
    block = Model(
        block_x, Add()([block_x, BatchNormalization()(conv)]), "block", derive_seed(seed, 1)
    )
    head = Dense(3, activation="softmax", name="head")
    return Model(x, head(Dropout(0.5)(Flatten()(block(x)))), seed=seed)


def compiled(model):
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def test_it_is_the_graph_that_call_makes():
    ours, graph = compiled(Network(seed=3)), compiled(written_out(3))
    histories = [m.fit(X, Y, epochs=3, batch_size=5, verbose=0).history for m in (ours, graph)]
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(ours.predict(X), graph.predict(X))
    np.testing.assert_array_equal(ours(X), graph(X))
    assert ours.name == "network"
    assert list(ours.named_parameters()) == list(graph.named_parameters())
    assert [layer.name for layer in ours.layers] == [layer.name for layer in graph.layers]
    assert ours.output_shape == (None, 3)


def test_a_file_holds_the_graph(tmp_path):
    model = compiled(Network(seed=3))
    model.fit(X, Y, epochs=2, batch_size=5, verbose=0)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    for either in (model, again):
        either.fit(X, Y, epochs=3, initial_epoch=2, batch_size=5, verbose=0)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    assert clone_model(model).count_params() == model.count_params()


def test_ways_to_build_it(capsys):
    for build in (
        lambda m: m.build((None, 6, 6, 2)),
        lambda m: m.build((6, 6, 2)),
        lambda m: m(X),
        lambda m: m(Input((6, 6, 2))),
        lambda m: m.predict(X),
    ):
        model = Network(seed=1)
        build(model)
        assert model.count_params() == 38 + 8 + 219
    model.summary(expand_nested=True)
    shown = capsys.readouterr().out
    assert "block (Block)" in shown
    assert "└ conv2d (Conv2D)" in shown


def test_as_a_part_of_another_model():
    x = Input((6, 6, 2))
    block = Block(2)
    model = compiled(Model(x, Dense(3, activation="softmax")(Flatten()(block(block(x)))), seed=1))
    chain = compiled(Sequential([Block(2), Flatten(), Dense(3, activation="softmax")], seed=1))
    for one in (model, chain):
        losses = one.fit(X, Y, epochs=20, batch_size=12, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
    open_sizes = Input((None, None, 2))
    assert Model(open_sizes, Block(2)(open_sizes)).predict(X[:, :5]).shape == (12, 5, 6, 2)


def test_the_seed_of_the_outermost_model_decides():
    def weights(seed):
        chain = Sequential([Input((6, 6, 2)), Block(2), Flatten(), Dense(3)], seed=seed)
        x = Input((6, 6, 2))
        graph = Model(x, Dense(3)(Flatten()(Block(2)(x))), seed=seed)
        return chain.get_weights() + graph.get_weights()

    for one, same, other in zip(weights(5), weights(5), weights(6), strict=True):
        np.testing.assert_array_equal(one, same)
        assert one.ndim < 2 or not np.array_equal(one, other)


def test_frozen_before_it_is_built():
    block = Block(2, trainable=False)
    block.build((6, 6, 2))
    assert not block.trainable_weights
    assert len(block.weights) == 6


class Two(Model):
    def call(self, inputs):
        left, right = inputs
        return {"sum": left + right, "difference": left - right}


class ByName(Model):
    def call(self, inputs):
        return inputs["left"] - inputs["right"]


def test_several_inputs_and_outputs():
    a, b = RNG.random((2, 4, 3), np.float32)
    found = Two().predict([a, b])
    np.testing.assert_array_equal(found["sum"], a + b)
    np.testing.assert_array_equal(found["difference"], a - b)
    np.testing.assert_array_equal(ByName().predict({"left": a, "right": b}), a - b)
    model = Two()
    model.build([(None, 3), (None, 3)])
    np.testing.assert_array_equal(model([a, b])["sum"], a + b)


class Asks(Model):
    def call(self, x, training=False):
        return Dropout(0.5)(x) if training else x


class Steps(Network):
    def train_step(self, data):
        return {}


class Nothing(Model):
    pass


BAD = [
    (lambda: Asks()(X), TypeError, "call: training is not known while the layers are put together"),
    (lambda: compiled(Steps()).fit(X, Y), TypeError, "Steps: a training step is a plan"),
    (lambda: Nothing()(X), TypeError, "Nothing: a subclass of Model must define call"),
    (lambda: Network().summary(), ValueError, "network: the model must know its input's shape"),
    (lambda: Network().save("x"), ValueError, "save: the model must be built first"),
    (lambda: Network(sed=1), TypeError, "received 'sed' (did you mean 'seed'?)"),
    (lambda: Network(inputs=Input((3,))), TypeError, "inputs and outputs are for Model itself"),
    (lambda: compiled(Network()).fit(X[0, 0, 0], Y), ValueError, "x must have a batch axis"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad()
