"""The report is one Markdown file, with a table of figures on top."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmark_files import BENCHMARKS

import fastconv


def run_report(folder, *words):
    root = str(Path(fastconv.__file__).resolve().parents[1])
    command = [sys.executable, str(BENCHMARKS / "report.py"), "--quick", *words]
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": ""},
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_sections_end_in_figures(tmp_path):
    done = run_report(tmp_path, "--only", "memory", "--out", "found.md")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "found.md").read_text()
    titles = re.findall(r"^## (.*)", text, re.MULTILINE)
    assert titles == ["Figures", "Memory"]
    peak = re.search(r"\| peak memory .* \| (\d+) MB \|", text)
    growth = re.search(r"\| memory growth over 8 steps .* \| (-?[\d.]+) MB \|", text)
    assert 30 < float(peak[1]) < 2000
    assert abs(float(growth[1])) < 20


def test_an_unknown_section_is_refused(tmp_path, monkeypatch, capsys):
    import report

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        report.main(["--only", "convolution"])
    assert "invalid choice: 'convolution'" in capsys.readouterr().err
    assert not (tmp_path / "report.md").exists()


def test_the_machine_is_described(monkeypatch):
    import _machine_sections
    from _report import Report

    monkeypatch.setattr(_machine_sections, "fma_peak", lambda threads: 50.0 * threads)
    monkeypatch.setattr(_machine_sections, "memory_bandwidth", lambda threads: 5.0)
    text = "\n".join(_machine_sections.machine(Report(threads=2)))
    assert f"fastconv {fastconv.__version__}" in text
    assert "2 threads: 100 GFLOP/s" in text
