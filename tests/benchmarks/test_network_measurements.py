"""How the networks' times are collected, kept and shown."""

import dataclasses
import json
import os
import subprocess
import sys

import pytest
from benchmark_files import BENCHMARKS


@pytest.fixture
def plan():
    from networks.measure import Plan

    return Plan(["lenet5", "resnet50"], [1, 128], ["fastconv", "keras"], 1, rounds=2, seconds=0.0)


@pytest.fixture
def results(tmp_path):
    """Makes results with the same conditions."""
    from networks.results import Results

    def make(**changes):
        usual = {"machine": "a", "threads": 1, "quick": True, "versions": {"fastconv": "1"}}
        return Results({**usual, **changes}, tmp_path / "found.json")

    return make


@pytest.fixture
def child(monkeypatch):
    """Lets the processes run other code, after `CHILD`; returns the jobs that were started."""
    import networks.measure as measure

    def use(code):
        jobs = []

        def command(job, path):
            jobs.append(job)
            words = json.dumps({"program": job.program, "cases": job.cases})
            return [sys.executable, "-S", "-c", CHILD + code, words, str(path)]

        monkeypatch.setattr(measure, "command", command)
        return jobs

    return use


CHILD = """
import json, os, sys, time
job = json.loads(sys.argv[1])
peer = job["program"] == "keras"
def note(**event):
    with open(sys.argv[2], "a") as file:
        print(json.dumps(event), file=file)
"""
MEASURE = """
note(outputs=[1.0, 2.0])
for case in job["cases"]:
    note(begun=case)
    note(median=0.003 if peer else 0.002, steps=5)
"""
CRASH = """
note(outputs=[1.0, 2.0])
for case in job["cases"]:
    note(begun=case)
    if peer and case == ["inference", 1]:
        print("no memory", file=sys.stderr, flush=True)
        os._exit(3)
    note(median=0.001, steps=5)
"""
DIFFER = MEASURE.replace("2.0]", "2.1 if peer else 2.0]")


def run(plan, results):
    from networks.measure import run

    said = []
    done = list(run(plan, results, said.append))
    assert done == list(plan.networks)
    return said


def test_programs_take_turns_and_a_file_is_continued(plan, results, child):
    jobs = child(MEASURE)
    run(plan, results())
    assert [(job.network, job.program) for job in jobs] == [
        (name, program)
        for name in plan.networks
        for program in ("fastconv", "keras", "keras", "fastconv")
    ]
    assert jobs[-1].cases == [(m, n) for m in ("training", "inference") for n in (1, 16)]
    jobs.clear()
    again = results()
    again.load()
    run(plan, again)
    assert jobs == []
    assert again.ratio(("resnet50", "training", 16)) == pytest.approx(1.5)
    again.forget([("lenet5", "training", 1)], ["keras"])
    run(plan, again)
    assert [(job.program, job.cases) for job in jobs] == [("keras", [("training", 1)])] * 2


def test_other_conditions_are_refused(plan, results, child):
    from networks.results import Mismatch

    results().save()
    for changes in ({"threads": 2}, {"quick": False}, {"versions": {"fastconv": "2"}}):
        with pytest.raises(Mismatch, match="there"):
            results(**changes).load()
    more = results(versions={"fastconv": "1", "torch": "3"})
    more.load()
    assert more.conditions["versions"] == {"fastconv": "1", "torch": "3"}


def test_a_crash_costs_one_case_and_is_reported(plan, results, child):
    from networks.presentation import lines

    jobs = child(CRASH)
    found = results()
    said = run(plan, found)
    assert "keras" in said[1]
    assert "exit status 3: no memory, 1 of 4 cases failed" in said[1]
    assert jobs[2].cases == [("inference", 128)]
    failed = {m.case for m in found.failures()}
    assert failed == {(name, "inference", 1) for name in plan.networks}
    text = "\n".join(lines(plan, found))
    assert "- LeNet-5, inference, batch 1, Keras on TensorFlow: exit status 3: no memory" in text


@pytest.mark.parametrize(
    ("code", "reason", "timeout"),
    [
        ("sys.exit('no such library')", "exit status 1: no such library", 100),
        ("", "ended without a result", 100),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL", 100),
        ("time.sleep(100)", "not done after 0 s", 0.1),
        (DIFFER, "its outputs differ from fastconv's by 5.0e-02 of the largest", 100),
    ],
)
def test_a_process_that_measures_nothing(plan, results, child, code, reason, timeout):
    child(code)
    found = results()
    run(dataclasses.replace(plan, networks=["lenet5"], timeout=timeout), found)
    failures = [m.failure for m in found.failures() if m.program == "keras"]
    assert len(failures) == 4
    assert all(reason in failure for failure in failures)


def test_the_table(plan, results):
    from networks.presentation import lines

    found = results()
    for name, size, ours, theirs in (("lenet5", 1, 1e-4, 2e-4), ("lenet5", 128, 0.0123, 0.0246),
                                     ("resnet50", 16, 2.0, 1.0)):  # fmt: skip
        for program, seconds in (("fastconv", ours), ("keras", theirs), ("torch-nchw", 9.0)):
            found.measurement((name, "training", size), program).medians += [seconds, 0.0, 10.0]
    found.measurement(("lenet5", "inference", 1), "fastconv").failure = "the loss is nan"
    text = "\n".join(lines(plan, found))
    table = [line for line in text.splitlines() if line.startswith("|")]
    none = "– | – | –"
    assert table[0].startswith(
        "| network | training, 1: ms | best peer, ms | ratio | training, 128: ms"
    )
    assert table[2] == (
        f"| LeNet-5 | 0.1 | 0.2 Keras | 2.00 | 12.3 | 24.6 Keras | 2.00 | failed | – | – | {none} |"
    )
    assert table[3] == (
        f"| ResNet-50, 224 px | {none} | 2000 (16) | 1000 Keras | 0.50 | {none} | – (16) | – | – |"
    )
    assert "| **geometric mean** |  |  | 2.00 |  |  | 1.00 |" in table[4]
    assert "| **worst** |  | LeNet-5 | 2.00 |  | ResNet-50, 224 px | 0.50 |" in table[5]
    assert "- LeNet-5, inference, batch 1, fastconv: the loss is nan" in text


def test_a_process_begins_without_any_library():
    libraries = {"fastconv", "torch", "keras", "tensorflow", "onnx", "onnxruntime"}
    code = f"import sys, networks.child; print(sorted({libraries} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": str(BENCHMARKS)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_the_command(tmp_path, monkeypatch, capsys):
    import bench_networks
    from networks.programs import PROGRAMS

    out = tmp_path / "found.json"
    monkeypatch.setitem(PROGRAMS, "torch-nchw", _not_installed(PROGRAMS["torch-nchw"]))
    words = ["--quick", "--networks", "lenet5", "--out", str(out), "--threads", "1"]
    assert bench_networks.main([*words, "--peers", "torch-nchw"]) == 0
    printed = capsys.readouterr().out
    assert "PyTorch, NCHW is left out: not installed: no_such_package" in printed
    assert out.with_suffix(".md").read_text() in printed
    entries = json.loads(out.read_text())["measurements"]
    assert [(e["mode"], e["batch"], e["program"]) for e in entries] == [
        (mode, size, "fastconv") for mode in ("training", "inference") for size in (1, 2)
    ]
    assert all(e["seconds"] > 0 and e["steps"][0] > 0 for e in entries)
    assert bench_networks.main([*words, "--threads", "2", "--peers"]) == 2
    assert "threads: 1 there, 2 now" in capsys.readouterr().err


def _not_installed(program):
    return dataclasses.replace(program, packages=("no_such_package",))


def test_the_picture(plan, results, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    from networks.presentation import write_picture
    from PIL import Image

    found = results()
    for program, seconds in (("fastconv", 1.0), ("keras", 2.0)):
        found.measurement(("lenet5", "training", 1), program).medians.append(seconds)
    assert write_picture(plan, found, tmp_path / "found.png")
    with Image.open(tmp_path / "found.png") as picture:
        assert picture.size[0] > 500
