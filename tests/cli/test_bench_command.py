"""`fastconv bench`: a row for every step, whose numbers fit together."""

import json

import numpy as np
import pytest
from command_checks import one_line

from fastconv.bench.machine import Machine
from fastconv.bench.roofline import MeasuredStep, Roofline, table, write_picture
from fastconv.models import zoo


@pytest.fixture
def quick(run, monkeypatch):
    """The command, without the seconds that measuring the machine takes."""
    from fastconv.bench import roofline

    monkeypatch.setattr(roofline, "fma_peak", lambda threads: 100.0 * threads)
    monkeypatch.setattr(roofline, "memory_bandwidth", lambda threads: 10.0 * threads)
    return lambda *words: run("bench --rounds 1 --threads 1 --batch-size 3", *words)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_what_the_networks_are_made_for(name):
    (*sizes, channels), classes = zoo.made_for(name)
    assert len(sizes) == (1 if name == "time_series" else 2)
    assert min(sizes) >= 28
    assert channels in (1, 3)
    assert classes > 1


@pytest.mark.parametrize("name", ["cifar10", "lenet5"])
def test_networks_of_the_zoo(folder, quick, name):
    result = quick("--model", name)
    assert result.code == 0, result.err
    table = result.out.splitlines()
    head = next(k for k, line in enumerate(table) if line.startswith("layer"))
    rows = table[head + 2 : table.index("", head)]
    assert all(row.rstrip().endswith("%") for row in rows)
    for words in ("conv2d", "backward", "softmax + ", "optimizer", "training step"):
        assert any(words in row for row in rows), words
    assert "1 thread: 100 GFLOP/s of fused multiply-adds, 10.0 GB/s" in result.out
    assert "roofline.png needs matplotlib: pip install 'fastconv[plot]'" in result.out
    found = json.loads((folder / "runs" / "bench" / "roofline.json").read_text())
    assert found["batch_size"] == 3
    assert len(found["rows"]) == len(rows) - 1
    assert all(row["seconds"] > 0 and row["nbytes"] > 0 for row in found["rows"])
    assert {row["direction"] for row in found["rows"]} == {"forward", "backward", "optimizer"}


def test_the_network_of_a_recipe(folder, quick):
    result = quick("--model fast79")
    assert result.code == 0, result.err
    for words in ("whitening", "batch_normalization", "sparse_categorical_crossentropy", "SGD"):
        assert words in result.out, words


def test_mistakes(folder, quick, run):
    assert "received 'cifar' (did you mean 'cifar10'?)" in one_line(run("bench --model cifar").err)
    assert "argument --rounds: must be a whole number" in one_line(run("bench --rounds 0").err)
    (folder / "taken").write_text("a file")
    result = quick("--out taken")
    assert result.code == 2
    assert "taken" in one_line(result.err)


MACHINE = Machine(threads=2, peak=200.0, bandwidth=20.0)
BOTH_WAYS = [
    MeasuredStep("a", "conv", "direct", direction, 10**9, 10**6, 0.01)
    for direction in ("forward", "backward")
]


def test_shares_of_the_roofline():
    by_arithmetic = MeasuredStep("a", "conv", "direct", "forward", 10**9, 10**6, 0.01)
    assert by_arithmetic.gflops == pytest.approx(100)
    assert by_arithmetic.intensity == 1000
    assert by_arithmetic.share(MACHINE) == pytest.approx(0.5)
    by_memory = MeasuredStep("b", "pool", "", "forward", 0, 10**8, 0.01)
    assert by_memory.bandwidth == pytest.approx(10)
    assert by_memory.share(MACHINE) == pytest.approx(0.5)
    # Ten operations a byte is where the two meet: both limits say the same.
    assert MeasuredStep("", "", "", "", 10**9, 10**8, 0.02).share(MACHINE) == pytest.approx(0.25)


def test_the_table_adds_up():
    found = Roofline(MACHINE, 64, BOTH_WAYS, 0.032)
    assert (found.total.flops, found.total.nbytes) == (2 * 10**9, 2 * 10**6)
    text = "\n".join(table(found))
    assert "64 images in 32.0 ms: 2000 images/s" in text
    assert "training step" in text
    assert "10 to the byte" in text


def test_the_picture(tmp_path, no_matplotlib):
    no_matplotlib.undo()
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    from PIL import Image

    path = tmp_path / "roofline.png"
    assert write_picture(Roofline(MACHINE, 64, BOTH_WAYS, 0.032), path, "a network")
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    colors = {tuple(color) for color in np.unique(pixels.reshape(-1, 3), axis=0)}
    assert len(colors) > 20  # something is drawn, and in color
