"""A process that works for long holds as much at its end as in its midst."""

import subprocess

import pytest
from fault_runs import HERE, PYTHON, Training
from growth import SAMPLES, WORK, Sample

SPREAD = 4096
"""Kilobytes by which the peaks of two halves may differ: their shapes are drawn."""
BLOCKS = 500
"""Blocks of Python's memory; one for each repetition would be hundreds more."""


def grown(samples):
    """What of the second half is more than the first half has shown, its beginning left out."""
    first, second = samples[1 : SAMPLES // 2], samples[SAMPLES // 2 :]
    found = {}
    for name, room in {"kilobytes": SPREAD, "blocks": BLOCKS, "files": 0, "threads": 0}.items():
        before, after = (max(getattr(s, name) for s in half) for half in (first, second))
        if after > before + room:
            found[name] = (before, after)
    return found


@pytest.mark.parametrize("name", WORK)
def test_flat(tmp_path, name):
    done = subprocess.run(
        [*PYTHON, str(HERE / "growth.py"), name],
        env=Training("backup", tmp_path, tmp_path).whole_environment() | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    samples = [Sample(*map(int, line.split()[2:])) for line in done.stdout.splitlines()]
    assert len(samples) == SAMPLES
    assert not grown(samples), done.stdout


def test_growth_is_seen():
    flat = [Sample(50_000 + 1000 * (n % 3), 130_000 + n, 6, 1) for n in range(SAMPLES)]
    assert not grown(flat)
    for name, step in (("kilobytes", 1500), ("blocks", 200), ("files", 1), ("threads", 1)):
        more = [
            Sample(**{**vars(s), name: getattr(s, name) + n * step}) for n, s in enumerate(flat)
        ]
        assert grown(more).keys() == {name}
