"""The fuzz suite: a little of every target in every run, a minute of each with ``-m fuzz``.

What is found is either listed in known.py or fails the test, with the command that repeats it.
"""

from __future__ import annotations

import driver
import numpy as np
import pytest
from driver import Report, generator
from known import KNOWN
from mutations import damaged
from ops_calls import DRAWS
from target_files import LOADERS
from target_layers import Layers
from target_losses import Losses
from target_ops import OpsCase

from fastconv import layers, losses, metrics, ops

# Cases in an ordinary run, and in about a minute of an otherwise idle machine.
COUNTS = {
    "ops": (1500, 20_000), "layers": (600, 15_000), "losses": (400, 20_000),
    "model": (200, 8000), "weights": (200, 15_000), "checkpoint": (40, 3000),
    "backup": (100, 4000), "idx": (300, 20_000), "idx_gz": (60, 1200),
    "cifar_pickle": (300, 15_000), "cifar_archive": (30, 1500), "zip": (40, 1800),
    "image": (150, 8000), "history": (300, 15_000), "cache": (150, 6000),
}  # fmt: skip


def listed(report: Report) -> str:
    """What is new, with the commands."""
    return "\n".join(f"{finding.line}\n    {finding.command}" for finding in report.new)


@pytest.mark.parametrize("target", COUNTS)
def test_nothing_new_is_found(target):
    report = driver.run(target, COUNTS[target][0], seed=0)
    assert not report.new, listed(report)


@pytest.mark.fuzz
@pytest.mark.parametrize("target", COUNTS)
def test_nothing_new_is_found_in_a_minute(target):
    report = driver.run(target, COUNTS[target][1], seed=1)
    assert not report.new, listed(report)


def test_everything_is_a_target():
    assert set(DRAWS) == set(ops.__all__)
    assert set(COUNTS) == set(driver.TARGETS) - {"trial"}
    assert {name for name, module in driver.TARGETS.items() if module == "target_files"} == set(
        LOADERS
    )
    assert set(Layers.names) == set(layers.__all__) - {"Layer"}
    assert len(Losses.names) == len(losses.__all__) + len(metrics.__all__) - 3


def test_every_operation_is_drawn():
    report = driver.run("ops", COUNTS["ops"][0], seed=0)
    assert set(report.names) == set(ops.__all__)


def test_a_case_follows_from_its_number():
    content = bytes(range(256))
    assert damaged(generator("idx", 3, 7), content, []) == damaged(
        generator("idx", 3, 7), content, []
    )
    drawn = [
        DRAWS["conv2d"]("conv2d", generator("ops", 0, 5), "normal").arguments for _ in range(2)
    ]
    assert drawn[0]["x"].tobytes() == drawn[1]["x"].tobytes()


def test_crashes_hangs_and_memory_are_findings():
    report = driver.run("trial", 60, seed=0, batch=25, seconds=1)
    kinds = {finding.name: finding.kind for finding in report.new}
    assert kinds == {
        "crash": "crash SIGSEGV", "abort": "crash SIGABRT", "hang": "hang", "memory": "memory",
        "wrong": "wrong result", "failure": "the suite itself failed",
    }  # fmt: skip
    assert report.calls == 60
    for finding in report.new:  # the number leads to the case again
        again = driver.target_of("trial", driver.HERE).draw(generator("trial", 0, finding.number))
        assert again.name == finding.name


@pytest.mark.parametrize(
    "name",
    ["conv2d", "conv2d_backward", "gemm", "softmax", "batch_norm", "layer_norm_backward", "sigmoid",
     "max_pool2d", "avg_pool2d_backward", "resize", "dropout", "prelu_backward"],
)  # fmt: skip
def test_results_that_are_slightly_wrong_are_noticed(name, monkeypatch):
    right = getattr(ops, name)

    def wrong(**arguments):
        results = right(**arguments)
        for result in results if isinstance(results, tuple) else (results,):
            result *= np.float32(1.001)
        return results

    monkeypatch.setattr(ops, name, wrong)
    noticed = 0
    for number in range(40):
        rng = generator("ops", 0, number)
        case = OpsCase(DRAWS[name](name, rng, "normal"), "right", rng)
        try:
            case.run()
        except driver.WrongOutcome as outcome:
            noticed += outcome.kind == "wrong result"
    assert noticed >= 10


def test_names_of_known_defects_differ():
    assert len({known.name for known in KNOWN}) == len(KNOWN)
