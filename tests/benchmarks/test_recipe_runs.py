"""Runs of the recipes: in two parts or in one, ours and PyTorch's."""

import dataclasses

import numpy as np
import pytest
from small_tasks import RECIPE_TASK, light_images, programs, weights_of

from fastconv.bench.training_times.recipe_table import RecipeResult, lines
from fastconv.bench.training_times.table import row_of
from fastconv.bench.training_times.training_run import read_run, recipe_of


@pytest.fixture
def program(request, run_class):
    """Makes a new run."""
    return run_class(request.param, recipe=True)


@pytest.mark.parametrize("program", programs("PyTorch"), indirect=True)
@pytest.mark.parametrize("name", ["fast79", pytest.param("fast94", marks=pytest.mark.slow)])
def test_a_run_in_parts(tmp_path, program, name, capsys):
    epochs = {"fast79": 3, "fast94": 5}[name]  # it trains the first bias for three
    task = dataclasses.replace(RECIPE_TASK, epochs=epochs, recipe=name)
    images = light_images(20, size=16)
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    program(task, images).run(whole, epochs)
    for until in (1, epochs - 1, epochs):
        program(task, images).run(parts, until)
    assert f"going on after epoch {epochs - 1}" in capsys.readouterr().out
    a, b = read_run(whole), read_run(parts)
    for x, y in zip(a["epochs"], b["epochs"], strict=True):
        assert x["loss"] == pytest.approx(y["loss"], rel=1e-5)
        assert x["test_accuracy"] == y["test_accuracy"]
        assert x["images"] == 16
    assert a["epochs"][-1]["views_accuracy"] == b["epochs"][-1]["views_accuracy"]
    assert a["epochs"][-1]["loss"] != a["epochs"][0]["loss"]
    first, second = weights_of(whole), weights_of(parts)
    assert first.keys() == second.keys()
    for key, array in first.items():
        if a["program"] == "fastconv":
            np.testing.assert_array_equal(array, second[key], err_msg=key)
        else:
            np.testing.assert_allclose(array, second[key], rtol=1e-3, atol=1e-4, err_msg=key)


def test_the_last_epoch_may_be_shorter():
    recipe = recipe_of(RECIPE_TASK, 100)
    assert recipe.steps(100) == [12] * 9 + [11]
    assert recipe.epochs == 9.9
    assert recipe_of(dataclasses.replace(RECIPE_TASK, epochs=3), 100).steps(100) == [12] * 3
    assert recipe_of(dataclasses.replace(RECIPE_TASK, batch_size=200), 100).batch_size == 100


def test_a_row_counts_what_was_trained_on():
    run = {
        "version": "fastconv", "training_images": 1000, "all_images": 9000,
        "task": RECIPE_TASK.get_config() | {"epochs": 2},
        "epochs": [
            {"training_seconds": 10.0, "test_seconds": 1.0, "loss": 1.0, "test_accuracy": 0.9,
             "images": 5000},
            {"training_seconds": 8.0, "test_seconds": 1.0, "loss": 1.0, "test_accuracy": 0.7,
             "images": 4000, "views_accuracy": 0.8},
        ],
    }  # fmt: skip
    row = row_of(run)
    assert row.images == 9000
    assert row.images_per_second == 500
    assert row.accuracy == 0.8
    assert row.program == "fastconv, fast94, seed 5"


def test_seeds_have_a_mean():
    one = RecipeResult(
        "fast79", "fastconv", 2, 1, epochs=2, measured=2, seconds=60.0, passed=50.0, accuracy=0.8,
        views_accuracy=0.81, images_per_second=2000.0, gflops=200.0,
    )  # fmt: skip
    two = dataclasses.replace(one, seed=2, seconds=40.0, passed=None, accuracy=0.79)
    started = dataclasses.replace(two, seed=3, measured=1, accuracy=None, views_accuracy=None)
    other = dataclasses.replace(one, program="PyTorch")
    rows = [line for line in lines([one, two, started, other]) if line.startswith("| fast79")]
    assert len(rows) == 5
    assert rows[-1] == (
        "| fast79 | fastconv | 2 | mean of 2 | 50.0 s | 79.50 | 81.00 | – | 2,000 | 200 |"
    )


@pytest.mark.peers
def test_pytorch_takes_the_same_steps():
    """From the same weights, on the same batches."""
    torch = pytest.importorskip("torch", reason="needs the extra [peers]")
    import _airbench_peer

    images, steps = light_images(36, size=16), 7
    recipe = dataclasses.replace(recipe_of(RECIPE_TASK, 36), widths=(24, 32, 32), epochs=2)
    ours = recipe.build(images.x_train, 3, 5)
    theirs = _airbench_peer.network(recipe, images.x_train, 3, "NHWC")
    spread = theirs[0].weight.detach().numpy().transpose(2, 3, 1, 0)
    fixed = ours.get_layer("whitening").kernel.value
    for k in range(12):  # the signs of eigenvectors are arbitrary
        sign = np.sign((spread[..., k] * fixed[..., k]).sum())
        np.testing.assert_allclose(sign * spread[..., k], fixed[..., k], rtol=1e-3, atol=1e-3)
    _airbench_peer.set_weights(theirs, ours.get_weights())
    training = _airbench_peer.Training(recipe, theirs, sum(recipe.steps(36)))
    statistics = _airbench_peer.statistics(images.x_train)
    batches = recipe.batches(images.x_train, images.y_train, 5)
    for _, (x, y) in zip(range(steps), [*batches, *batches], strict=False):
        loss = ours.train_on_batch(x, y)[0]
        scaled = _airbench_peer.scaled(x, *statistics, "NHWC")
        assert training.step(scaled, torch.from_numpy(y)) == pytest.approx(loss, rel=2e-3)
    kernels = [p.detach().numpy() for p in theirs.parameters() if p.ndim == 4]
    own = [p.value.transpose(3, 2, 0, 1) for p in ours.parameters if len(p.shape) == 4]
    for a, b in zip(kernels, own, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3 * np.abs(b).max())
