"""The table of a model's layers."""

import pytest
from small_graphs import residual

from fastconv.layers import Add, Dense, Input
from fastconv.models import Model, Sequential


def test_layers_come_in_keras_order():
    """Layers far from the output come first: the short branch's after the long one's first."""
    x = Input((5,))
    long = Dense(5, name="long_2")(Dense(5, name="long_1")(x))
    short = Dense(5, name="short")(x)
    model = Model(x, Add()([short, long]))
    names = [layer.name for layer in model.layers]
    assert names == ["input_layer", "long_1", "short", "long_2", "add"]


def test_summary(capsys):
    residual().summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'Model: "functional"'
    assert [cell.strip() for cell in lines[2].split("┃")[1:-1]] == [
        "Layer (type)", "Output Shape", "Param #", "Connected to",
    ]  # fmt: skip
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert rows == [
        ["input_layer (InputLayer)", "(None, 6, 6, 3)", "0", "-"],
        ["conv2d (Conv2D)", "(None, 6, 6, 4)", "112", "input_layer[0][0]"],
        ["conv2d_1 (Conv2D)", "(None, 6, 6, 4)", "148", "conv2d[0][0]"],
        ["add (Add)", "(None, 6, 6, 4)", "0", "conv2d_1[0][0], conv2d[0][0]"],
        ["flatten (Flatten)", "(None, 144)", "0", "add[0][0]"],
        ["dense (Dense)", "(None, 2)", "290", "flatten[0][0]"],
    ]
    assert lines[-3] == " Total params: 550 (2.15 KB)"


def test_a_chain_of_calls_is_shown_as_a_chain():
    x = Input((5,))
    shown = []
    model = Model(x, Dense(3)(x))
    model.layers[1].trainable = False
    model.summary(print_fn=shown.append, show_trainable=True)
    assert "Connected" not in shown[0]
    assert "│ dense (Dense)            │ (None, 3)    │      18 │ N     │" in shown[0]


def cells(model, **how):
    """The table's cells, row by row."""
    shown = []
    model.summary(print_fn=shown.append, **how)
    return [
        [cell.rstrip() for cell in line.split("│")[1:-1]]
        for line in shown[0].splitlines()
        if "│" in line
    ]


def nested():
    inner = Sequential([Input((5,)), Dense(4), Dense(5)], name="inner")
    return Sequential([Input((5,)), Dense(5), Sequential([inner], name="outer"), Dense(2)])


def test_models_within_models():
    assert [row[0] for row in cells(nested())] == [
        " dense (Dense)", " outer (Sequential)", " dense_1 (Dense)",
    ]  # fmt: skip
    assert [row[0] for row in cells(nested(), expand_nested=True)] == [
        " dense (Dense)",
        " outer (Sequential)",
        "   └ inner (Sequential)",
        "     └ dense (Dense)",
        "     └ dense_1 (Dense)",
        " dense_1 (Dense)",
    ]
    x = Input((6, 6, 3))
    rows = cells(Model(x, residual()(x)), expand_nested=True)
    assert rows[0][3] == " -"
    assert [row[3] for row in rows if "└ add" in row[0]] == [" conv2d_1[0][0], conv2d[0][0]"]


def test_a_range_of_layers():
    assert [row[0] for row in cells(nested(), layer_range=("outer", "dense_1"))] == [
        " outer (Sequential)", " dense_1 (Dense)",
    ]  # fmt: skip
    assert len(cells(nested(), layer_range=["de", "out.*"])) == 2
    with pytest.raises(ValueError, match=r"dense_1; received 'outr' \(did you mean 'outer'\?\)"):
        cells(nested(), layer_range=("outr", "dense_1"))
    with pytest.raises(ValueError, match=r"must be the names .* of two layers; received 'dense'"):
        cells(nested(), layer_range="dense")


@pytest.mark.parametrize("length", [40, 60, 120])
def test_the_length_of_lines(length):
    shown = []
    residual().summary(length, shown.append)
    _, *lines = shown[0].splitlines()[:-3]
    assert {len(line) for line in lines} == {length}
    assert ("…" in shown[0]) == (length < 100)
