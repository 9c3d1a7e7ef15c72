"""A clock that jumps, and too little memory: no loss, and the same bits in the end."""

import resource
import subprocess

import pytest
from fault_runs import Training, difference
from random_kills import without_matplotlib

# In place of Python's own module of this name, which it imports when it starts.
CLOCKS = """
import random, time

def jumping(clock, scale):
    draw = random.Random(0)
    return lambda: clock() + scale * draw.choice([-1e6, -10, -0.01, 0, 0, 0.01, 10, 1e6])

for name in {names}:
    setattr(time, name, jumping(getattr(time, name), 1))
    if hasattr(time, name + "_ns"):
        setattr(time, name + "_ns", lambda f=getattr(time, name): int(1e9 * f()))
"""


@pytest.mark.parametrize("names", [["time"], ["perf_counter", "time", "monotonic"]])
def test_clocks_that_jump(images, tmp_path, names):
    stub = without_matplotlib(tmp_path / "stub")
    whole = Training("command", images, tmp_path / "whole")
    assert whole.finish(stub).status == 0
    (stub / "sitecustomize.py").write_text(CLOCKS.format(names=names))
    short = Training("command", images, tmp_path / "jumping", 1)
    assert short.finish(stub).status == 0
    training = Training("command", images, tmp_path / "jumping")
    outcome = training.finish(stub)
    assert outcome.status == 0, outcome
    assert outcome.err == ""
    assert difference(training.end(), whole.end()) == ""
    lines = (training.run / "history.csv").read_text().splitlines()[1:]
    seconds = [line.rpartition(",")[2] for line in lines]
    usual = all(0 < float(text or 0) < 9 for text in seconds)
    assert usual == ("perf_counter" not in names), seconds  # else no clock has jumped


def test_too_little_memory(images, tmp_path):
    """By steps, from hardly enough for Python to enough for everything."""
    stub = without_matplotlib(tmp_path / "stub")
    whole = Training("command", images, tmp_path / "whole")
    assert whole.finish(stub).status == 0
    training = Training("command", images, tmp_path / "stopped")
    environment = training.whole_environment(stub) | {"OPENBLAS_NUM_THREADS": "1"}
    codes = []
    for megabytes in (60, 100, 120, 130, 140, 150, 155, 160, 170, 1000):
        limit = megabytes << 20
        done = subprocess.run(
            training.command,
            env=environment,
            capture_output=True,
            text=True,
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        )
        codes.append(done.returncode)
        assert done.returncode in (0, 1, 2), done
        training.check_what_is_left()
    assert codes[0]
    assert not codes[-1]
    assert difference(training.end(), whole.end()) == ""
