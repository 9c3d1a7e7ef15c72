"""benchmarks/cifar10_table.py is `fastconv bench --table` or `--recipe`, with peers if wanted."""

import json
import runpy
import sys

import pytest
from benchmark_files import BENCHMARKS

from fastconv.bench.training_times.runner import write
from fastconv.bench.training_times.training_run import KEY
from fastconv.models.files.tensors import write_tensors


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Run it on a few drawn shapes; returns the exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        path = str(BENCHMARKS / "cifar10_table.py")
        few = ["shapes", "--limit", "12", "--batch-size", "6", "--threads", "1", "--epochs", "2"]
        monkeypatch.setattr(sys, "argv", [path, *few, *words])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(path, run_name="__main__")
        return ended.value.code

    return run


def rows_of(folder):
    found = json.loads((folder / "runs" / "table-shapes" / "table.json").read_text())
    return [row["program"] for row in found["rows"][2:]]


def test_the_table(tmp_path, script):
    assert script("--measure-epochs", "1") == 0
    assert [name.split()[0] for name in rows_of(tmp_path)] == ["fastconv"]


def test_a_recipe(tmp_path, script):
    assert script("--recipe", "fast79", "--measure-epochs", "1") == 0
    (name,) = rows_of(tmp_path)
    assert "fast79" in name


def test_an_interrupted_run_says_how_to_go_on(script, monkeypatch, capsys):
    from fastconv.bench.training_times.in_fastconv import FastconvTableRun

    def interrupted(self, epoch):
        raise KeyboardInterrupt

    monkeypatch.setattr(FastconvTableRun, "train", interrupted)
    assert script() == 130
    path = BENCHMARKS / "cifar10_table.py"
    assert f"go on with: python {path} shapes --limit 12" in capsys.readouterr().err


def test_what_is_not_installed_is_named(monkeypatch, capsys):
    import _training_runs

    monkeypatch.setattr(_training_runs, "find_spec", lambda module: None)
    assert _training_runs.installed(_training_runs.TABLE) == []
    out = capsys.readouterr().out
    assert "PyTorch is not installed: pip install 'fastconv[peers]'" in out
    assert "Keras is not installed: pip install 'fastconv[tensorflow]'" in out


def test_runs_of_any_program_are_rows_and_ours_come_first(tmp_path):
    for name in ("another", "fastconv"):
        epoch = {"training_seconds": 1.0, "test_seconds": 1.0, "loss": 1.0, "test_accuracy": 0.5}
        run = {
            "program": name, "version": name, "images": "some", "training_images": 10,
            "all_images": 10, "epochs": [epoch],
            "task": {"epochs": 1, "batch_size": 5, "threads": 1, "seed": 2},
        }  # fmt: skip
        write_tensors(tmp_path / f"{name}.safetensors", {}, {"user_metadata": {KEY: run}})
    lines, _ = write(tmp_path)
    ours, other = (next(k for k, line in enumerate(lines) if name in line) for name in
                   ("fastconv, seed 2", "another, seed 2"))  # fmt: skip
    assert ours < other


@pytest.mark.peers
@pytest.mark.parametrize(
    ("words", "programs"), [((), {"fastconv", "PyTorch", "Keras"}),
                            (("--recipe", "fast79"), {"fastconv", "PyTorch"})],
)  # fmt: skip
def test_peers_train_beside_ours(tmp_path, script, words, programs):
    pytest.importorskip("torch", reason="needs the extra [peers]")
    pytest.importorskip("keras", reason="needs the extra [peers]")
    assert script("--measure-epochs", "1", "--peers", *words) == 0
    assert {name.split()[0] for name in rows_of(tmp_path)} == programs
