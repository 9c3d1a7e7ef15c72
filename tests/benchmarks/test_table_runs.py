"""Runs of the table's network: interrupted, they go on and end where an unbroken one ends."""

import dataclasses

import numpy as np
import pytest
from small_tasks import TABLE_TASK, light_images, programs, weights_of

from fastconv.bench.training_times.training_run import file_name, read_run

IMAGES = light_images(20)  # the last batch is smaller


@pytest.fixture
def program(request, run_class):
    """Makes a new run."""
    return run_class(request.param)


@pytest.mark.parametrize("program", programs("PyTorch", "Keras"), indirect=True)
@pytest.mark.parametrize("as_published", [False, True], ids=["meant", "as-published"])
def test_a_run_in_two_parts(tmp_path, program, as_published, capsys):
    task = dataclasses.replace(TABLE_TASK, as_published=as_published)
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    program(task, IMAGES).run(whole, 3)
    program(task, IMAGES).run(parts, 2)
    program(task, IMAGES).run(parts, 3)
    out = capsys.readouterr().out
    assert "going on after epoch 2" in out
    assert out.count("epoch 3/3: test accuracy") == 2
    a, b = read_run(whole), read_run(parts)
    assert len(b["epochs"]) == 3
    assert a["task"] == task.get_config()
    for x, y in zip(a["epochs"], b["epochs"], strict=True):
        assert x["loss"] == pytest.approx(y["loss"], rel=1e-5)
        assert x["test_accuracy"] == y["test_accuracy"]
        assert y["training_seconds"] > 0
    assert a["epochs"][2]["loss"] < a["epochs"][0]["loss"]
    first, second = weights_of(whole), weights_of(parts)
    assert first.keys() == second.keys()
    exactly = a["program"] == "fastconv"
    for name, array in first.items():
        if exactly:
            np.testing.assert_array_equal(array, second[name], err_msg=name)
        else:
            np.testing.assert_allclose(array, second[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_finished_runs_are_left_alone(tmp_path, run_class, capsys):
    ours = run_class("fastconv")
    path = tmp_path / "run.safetensors"
    ours(TABLE_TASK, IMAGES).run(path, 1)
    before = path.read_bytes()
    capsys.readouterr()
    ours(TABLE_TASK, IMAGES).run(path, 1)
    assert path.read_bytes() == before
    assert capsys.readouterr().out == ""


def test_the_published_slips():
    task = dataclasses.replace(TABLE_TASK, as_published=True)
    assert np.concatenate(list(task.batches(20, 0))).tolist() == list(range(20))
    drawn = [np.concatenate(list(TABLE_TASK.batches(20, epoch))).tolist() for epoch in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert sorted(drawn[0]) == list(range(20))
    assert [len(rows) for rows in TABLE_TASK.batches(20, 0)] == [8, 8, 4]
    assert [round(1e6 * TABLE_TASK.learning_rate(e)) for e in (0, 19, 20, 39, 40)] == [
        1000, 1000, 100, 100, 10,
    ]  # fmt: skip


def test_runs_that_differ_lie_beside_each_other():
    names = {
        file_name(program, dataclasses.replace(TABLE_TASK, **{what: value}))
        for program in ("fastconv", "PyTorch")
        for what, value in (
            ("seed", 5), ("seed", 6), ("threads", 2), ("batch_size", 9), ("epochs", 4),
            ("as_published", True),
        )
    }  # fmt: skip
    assert len(names) == 12
