"""fastconv in one process with PyTorch, scikit-learn and TensorFlow: same bits, no crash, no hang.

Each of these brings an OpenMP library, or shares fastconv's; which one is loaded first depends on
the order of the imports.
"""

import functools
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastconv

PROGRAM = Path(__file__).with_name("side_by_side.py")
PEERS = ("torch", "sklearn", "tensorflow")


def run(*arguments):
    """The lines that a child prints, which imports this very fastconv."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-P", *map(str, arguments)],
        env=os.environ | quiet | {"PYTHONPATH": str(Path(fastconv.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@functools.cache
def alone():
    """The digest that fastconv gives in a process of its own."""
    digests = run(PROGRAM, "fastconv")
    assert len(set(digests)) == 1
    return digests[0]


def need(*names):
    for name in names:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: see the extras [peers] and [tensorflow]")


def test_alone_the_bits_repeat():
    assert len(alone()) == 64


@pytest.mark.peers
@pytest.mark.parametrize("first", ["fastconv", "peer"])
@pytest.mark.parametrize("peer", PEERS)
def test_beside_one_other_library(peer, first):
    need(peer)
    order = ["fastconv", peer] if first == "fastconv" else [peer, "fastconv"]
    digests = run(PROGRAM, ",".join(order))
    assert len(digests) >= 3
    assert set(digests) == {alone()}


@pytest.mark.peers
@pytest.mark.parametrize("first", ["fastconv", "others"])
def test_beside_all_that_are_installed(first):
    others = [name for name in PEERS if importlib.util.find_spec(name) is not None]
    if len(others) < 2:
        pytest.skip("fewer than two of PyTorch, scikit-learn and TensorFlow are installed")
    order = ["fastconv", *others] if first == "fastconv" else [*reversed(others), "fastconv"]
    assert set(run(PROGRAM, ",".join(order))) == {alone()}


LOADER = """
import numpy as np, torch
import fastconv
from fastconv import ops
from fastconv.kernels import _threads

_threads.set_work_per_thread(1.0)
fastconv.set_num_threads(2)
images = np.random.default_rng(0).normal(size=(8, 24, 24, 3)).astype(np.float32)

class Resized(torch.utils.data.Dataset):
    def __len__(self):
        return len(images)
    def __getitem__(self, i):
        return ops.resize(images[i : i + 1], 16)[0]

model = fastconv.Sequential(
    [fastconv.Input((16, 16, 3)), fastconv.layers.Conv2D(16, 3), fastconv.layers.Flatten(),
     fastconv.layers.Dense(2)], seed=1)
model.compile("sgd", "mse")
model.train_on_batch(ops.resize(images, 16), np.zeros((8, 2)))   # teams of both libraries exist
torch.ones(400, 400) @ torch.ones(400, 400)
loader = torch.utils.data.DataLoader(
    Resized(), 4, num_workers=2, multiprocessing_context="fork", timeout=60)
batches = [batch.numpy() for batch in loader]
assert np.array_equal(np.concatenate(batches), ops.resize(images, 16))
history = model.fit([(batch, np.zeros((4, 2))) for batch in batches], epochs=2, verbose=0)
print(len(history.history["loss"]))
"""


@pytest.mark.peers
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_workers_of_a_data_loader_are_forked_after_a_training():
    need("torch")
    assert run("-c", LOADER) == ["2"]


SHARED = """
import sys
for name in sys.argv[1].split(","):
    __import__(name)
import fastconv, torch
from fastconv.ops import relu
from threadpoolctl import threadpool_limits
relu([1.0])
fastconv.set_num_threads(2)
print(fastconv.get_num_threads(), torch.get_num_threads())
with threadpool_limits(1):
    print(fastconv.get_num_threads(), torch.get_num_threads())
torch.set_num_threads(1)
print(fastconv.get_num_threads(), torch.get_num_threads())
"""


@pytest.mark.peers
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the libraries differ")
@pytest.mark.parametrize("order", ["fastconv,torch", "torch,fastconv"])
def test_pytorch_shares_the_number_of_threads(order):
    """As docs/threads.md says: PyTorch's library has the name of GCC's, so only one is loaded."""
    need("torch")
    assert run("-c", SHARED, order) == ["2", "2", "1", "1", "1", "1"]
