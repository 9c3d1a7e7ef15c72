"""The picture of a model's graph."""

import re
import stat

import pytest

from fastconv.layers import Add, Dense, Input, ReLU
from fastconv.models import Model, Sequential
from fastconv.utils import plot_model


def network():
    x = Input((5,), name="rows")
    block = Sequential([Dense(5), Dense(5)], name="block")
    return Model(x, Add(name='the "sum"')([block(x), x]))


def edges(text):
    labels = dict(re.findall(r'(\d+) \[label="(.*)"\];', text))
    return {(labels[a], labels[b]) for a, b in re.findall(r"(\d+) -> (\d+);", text)}


def test_text(tmp_path):
    path = plot_model(network(), tmp_path / "model.dot", show_shapes=True)
    text = path.read_text()
    assert text.startswith("digraph model {\n  graph [rankdir=TB, dpi=96];")
    total = r"the \"sum\" (Add)\n(None, 5)"
    rows, block = r"rows (InputLayer)\n(None, 5)", r"block (Sequential)\n(None, 5)"
    assert edges(text) == {(rows, block), (block, total), (rows, total)}


def test_what_a_layer_shows(tmp_path):
    model = Sequential([Input((5,)), Dense(4, "relu"), Dense(3, trainable=False), ReLU()])
    text = plot_model(
        model, tmp_path / "m.dot", show_dtype=True, show_layer_names=False,
        show_layer_activations=True, show_trainable=True,
    ).read_text()  # fmt: skip
    first, second = r"Dense\nfloat32\nrelu\ntrainable", r"Dense\nfloat32\nnot trainable"
    third = r"ReLU\nfloat32"
    assert edges(text) == {(r"InputLayer\nany", first), (first, second), (second, third)}


def test_models_within_models(tmp_path):
    path = plot_model(network(), tmp_path / "model.gv", expand_nested=True, rankdir="LR")
    text = path.read_text()
    assert 'label="block";' in text
    assert "rankdir=LR" in text
    assert edges(text) == {
        ("rows (InputLayer)", "input_layer (InputLayer)"),
        ("input_layer (InputLayer)", "dense (Dense)"),
        ("dense (Dense)", "dense_1 (Dense)"),
        ("dense_1 (Dense)", r"the \"sum\" (Add)"),
        ("rows (InputLayer)", r"the \"sum\" (Add)"),
    }


def test_a_chain_without_names(tmp_path):
    model = Sequential([Input((5,)), Dense(3)])
    text = plot_model(model, tmp_path / "m.dot", show_layer_names=False).read_text()
    assert edges(text) == {("InputLayer", "Dense")}


def test_pictures_are_drawn_by_graphviz(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\ncat > "$3"\necho "$1" >> "$3"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    path = plot_model(network(), tmp_path / "model.svg")
    assert path.read_text().startswith("digraph")
    assert path.read_text().endswith("-Tsvg\n")
    program.write_text("#!/bin/sh\necho no memory >&2\nexit 1\n")
    with pytest.raises(RuntimeError, match="plot_model: dot has failed: no memory"):
        plot_model(network(), tmp_path / "model.svg")


def test_without_graphviz_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"apt install graphviz.*or write its text to 'm.dot'"):
        plot_model(network(), tmp_path / "m.png")
    assert not (tmp_path / "m.png").exists()


def test_errors(tmp_path):
    with pytest.raises(ValueError, match=r"suffix must be one of .*received 'pgn' \(did you mean"):
        plot_model(network(), tmp_path / "model.pgn")
    with pytest.raises(ValueError, match="the model must know its input's shape"):
        plot_model(Sequential([Dense(3)]), tmp_path / "model.dot")
    with pytest.raises(TypeError, match="plot_model: takes a model; received 3"):
        plot_model(3, tmp_path / "model.dot")
    with pytest.raises(TypeError, match=r"received 'show_shape' \(did you mean 'show_shapes'\?\)"):
        plot_model(network(), show_shape=True)
