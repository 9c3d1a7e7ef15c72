"""Invalid arguments, shapes and targets: each class states the rule and what it received."""

import numpy as np
import pytest
from public_classes import parameters_of, public_classes, required_by

from fastconv import Input, Sequential, layers, losses, metrics

CLASSES = public_classes()
# Text that may be anything, and arguments that a subclass fixes.
FREE = {"name", "monitor", "separator", "filename", "filepath", "log_dir", "backup_dir", "match"}
FIXED = {
    "metrics.MeanSquaredError": {"loss"}, "metrics.RootMeanSquaredError": {"loss"},
    "metrics.MeanAbsoluteError": {"loss"}, "layers.Whitening": {"filters", "groups"},
}  # fmt: skip
REFUSED = (TypeError, ValueError)
BATCHES = [(), (3,), (1,), (4, 3), (1, 1), (4, 4, 3), (2, 2, 2, 2), (None, None, 3), (None,)]


def made(name, **arguments):
    cls = CLASSES[name]
    if name.endswith("TensorBoard"):
        pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    return cls(**required_by(cls) | arguments)


def arguments_to_spoil(name):
    cls = CLASSES[name]
    return {k: v for k, v in parameters_of(cls).items() if k not in FIXED.get(name, ())}


@pytest.mark.parametrize("name", CLASSES)
def test_a_misspelt_argument_is_refused_and_the_nearest_named(name):
    for argument in arguments_to_spoil(name):
        if len(argument) > 2:
            wrong = argument[:-1] + "x"
            with pytest.raises(TypeError) as caught:
                made(name, **{wrong: 1})
            assert "the arguments are" in str(caught.value)
            assert f"received {wrong!r} (did you mean " in str(caught.value)


@pytest.mark.parametrize("name", CLASSES)
def test_an_unknown_word_is_refused_and_the_nearest_named(name):
    for argument, parameter in arguments_to_spoil(name).items():
        known = parameter.default
        if isinstance(known, str) and argument not in FREE:
            wrong = known[:-1] + ("x" if known[-1] != "x" else "y")
            with pytest.raises(ValueError, match=r"must be .*; received") as caught:
                made(name, **{argument: wrong})
            if len(wrong) > 3:
                assert f"received {wrong!r} (did you mean " in str(caught.value), argument


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_no_number_and_no_word_is_refused(name):
    for argument, parameter in arguments_to_spoil(name).items():
        kind = str(parameter.annotation)
        if argument != "name" and "bool" not in kind and kind != "Any":
            with pytest.raises(REFUSED, match="received"):
                made(name, **{argument: object()})


@pytest.mark.parametrize("name", [name for name in CLASSES if name.startswith("layers.")])
def test_inputs_that_cannot_be(name):
    """Whatever a layer does not take it refuses in words, symbolic or not; most take some."""
    if name == "layers.InputLayer":
        pytest.skip("stands for an input and takes none")
    for shape in BATCHES:
        _refused_in_words(lambda shape=shape: made(name)(Input(shape)))
        if None not in shape:
            _refused_in_words(lambda shape=shape: made(name)(np.zeros((2, *shape), np.float32)))
    for wrong in ("text", None, np.zeros((2, 4, 4, 3), complex), np.zeros((2, 4, 4, 3), object)):
        with pytest.raises(REFUSED, match="received"):
            made(name)(wrong)


@pytest.mark.parametrize("name", [name for name in CLASSES if name.startswith("layers.")])
def test_a_layer_before_it_is_built(name):
    if name == "layers.InputLayer":
        pytest.skip("is built by its shape")
    layer = made(name)
    with pytest.raises((RuntimeError, ValueError), match=r"forward|needs a call|call"):
        layer.backward(np.zeros((2, 3), np.float32))
    for attribute in ("output", "input"):
        with pytest.raises(ValueError, match="received no calls"):
            getattr(layer, attribute)
    with pytest.raises(ValueError, match=r"received|built"):
        made(name).set_weights([np.zeros(3)])


@pytest.mark.parametrize("name", [name for name in CLASSES if name.startswith("losses.")])
def test_a_loss_that_does_not_fit_the_output(name):
    if name == "losses.CustomLoss":
        pytest.skip("what it takes is its function's to say")
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", made(name))
    before = model.get_weights()
    for shape in ((8, 5), (7, 3), (8, 3, 2), ()):
        with pytest.raises(REFUSED, match="received"):
            model.fit(np.zeros((8, 4)), np.zeros(shape), verbose=0)
        with pytest.raises(REFUSED, match="received"):
            made(name)(np.zeros(shape), np.full((8, 3), 0.3))
    for wrong in ("text", np.array(["a"] * 8), np.zeros((8, 3), complex), np.full((8, 3), None)):
        with pytest.raises(REFUSED, match="received"):
            model.fit(np.zeros((8, 4)), wrong, verbose=0)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("name", [name for name in CLASSES if name.startswith("metrics.")])
def test_a_metric_that_does_not_fit_the_output(name):
    if name == "metrics.MeanMetricWrapper":
        pytest.skip("what it takes is its function's to say")
    metric = made(name)
    wrong = [((7, 3), (8, 3)), ((8,), (7, 3)), ((8, 2, 3), (8, 3)), ((7,), (8,))]
    for true, outputs in wrong:
        with pytest.raises(ValueError, match="received"):
            metric.update_state(np.zeros(true), np.full(outputs, 0.3))
    with pytest.raises(TypeError, match="received"):
        metric.update_state("a", "b")
    labels = name.startswith("metrics.Sparse")
    targets = np.zeros(8 if labels else (8, 3))
    with pytest.raises(ValueError, match=r"sample_weight .*; received"):
        metric.update_state(targets, np.full((8, 3), 0.3), np.zeros(5))


@pytest.mark.parametrize(
    "get", [losses.get, lambda word: metrics.get(word, None, (2,)), layers.Activation]
)
def test_an_unknown_name(get):
    with pytest.raises(ValueError, match=r"must be one of .*; received 'hinje|received 'hinje"):
        get("hinje")


def _refused_in_words(call):
    try:
        call()
    except REFUSED as error:
        assert "received" in str(error), error  # noqa: PT017, what it takes differs
