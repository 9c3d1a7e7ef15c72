"""What a file says of itself may not take far more memory than the file."""

import json
import tracemalloc

import numpy as np
import pytest

from fastconv.layers import Dense, Input
from fastconv.models import Sequential, load_model
from fastconv.models.files import tensors
from fastconv.utils import json_bounds


def model(units=2):
    return Sequential([Input((3,)), Dense(units)], seed=1)


def test_a_file_that_could_not_be_read_again_is_not_written(tmp_path):
    path, small = tmp_path / "a.safetensors", model()
    small.save(path)
    before = path.read_bytes()
    small.user_metadata = {"lists": [[]] * 300_000}
    with pytest.raises(ValueError, match=r"a\.safetensors: the file's description must take at"):
        small.save(path)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_large_file_may_have_a_large_description(tmp_path):
    path, large = tmp_path / "a.safetensors", model(units=1_000_000)
    large.user_metadata = {"lists": [[]] * 300_000}
    large.save(path)
    assert load_model(path).user_metadata == large.user_metadata


def test_a_long_history(tmp_path):
    path, trained = tmp_path / "a.safetensors", model()
    numbers = np.random.default_rng(0).random(400_000).tolist()
    trained.user_metadata = {"history": numbers}
    trained.save(path)
    assert load_model(path).user_metadata == trained.user_metadata


def test_a_header_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    model().save(path)
    load_model(path)
    monkeypatch.setattr(json_bounds, "FEW_BYTES", 1000)
    monkeypatch.setattr("safetensors.safe_open", None)
    with pytest.raises(ValueError, match=r"a\.safetensors: the file's description must take at"):
        tensors.read_tensors(path)
    with pytest.raises(ValueError, match=r"a\.safetensors: the file's description must take at"):
        model().load_weights(path)


@pytest.mark.parametrize(
    "value", [[], {}, 0.5, {"a": 1}, [[]], None, {"abc": [1, 2]}, [0.5, 2**40], {"a": {"b": {}}}]
)
def test_the_bound_is_above_what_is_taken(value):
    text = json.dumps([value] * 20_000)
    tracemalloc.start()
    kept = json.loads(text)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(kept) == 20_000
    assert taken <= json_bounds.json_memory(text.encode())
