"""`fastconv bench --table` and `--recipe`: rows for this machine, kept from run to run."""

import json

import pytest
from command_checks import one_line


@pytest.fixture
def bench(folder, run):
    """The command on a few drawn shapes."""
    return lambda *words: run("bench shapes --limit 12 --batch-size 6 --threads 1", *words)


@pytest.fixture
def table(bench):
    """The table on them."""
    return lambda *words: bench("--table", *words)


def test_a_table(folder, table):
    result = table("--epochs 2")
    assert result.code == 0, result.err
    assert "fastconv, epoch 2/2: test accuracy" in result.out
    assert "| NVidia GTX 1070 |" in result.out
    assert "table.png needs matplotlib: pip install 'fastconv[plot]'" in result.out
    place = folder / "runs" / "table-shapes"
    assert (place / "table.md").read_text() in result.out
    rows = json.loads((place / "table.json").read_text())["rows"]
    assert [row["threads"] for row in rows] == [None, None, 1]
    assert rows[2]["measured"] == rows[2]["epochs"] == 2

    again = table("--epochs 2", "--as-published", "--measure-epochs 1")
    assert again.code == 0, again.err
    assert "extrapolated from 1 of 2 epochs" in again.out
    rows = json.loads((place / "table.json").read_text())["rows"]
    assert len(rows) == 4
    assert sum("as published" in row["program"] for row in rows) == 1


def test_measured_epochs_count_when_the_run_goes_on(table):
    assert "epoch 1/2" in table("--epochs 2", "--measure-epochs 1").out
    rest = table("--epochs 2").out
    assert "going on after epoch 1" in rest
    assert "epoch 1/2" not in rest
    assert "extrapolated" not in rest


def test_other_images_are_refused(run, table):
    assert table("--epochs 1").code == 0
    result = run(
        "bench --table shapes --limit 13 --batch-size 6 --threads 1 --epochs 1",
        "--out runs/table-shapes",
    )
    assert result.code == 1
    assert "holds a run on other images" in one_line(result.err)


def test_a_recipe(folder, bench):
    part = bench("--recipe fast93 --epochs 2 --measure-epochs 1")
    assert part.code == 0, part.err
    assert "(from 1 of 2 epochs)" in part.out
    result = bench("--recipe fast93 --epochs 2")
    assert result.code == 0, result.err
    assert "going on after epoch 1" in result.out
    assert "fastconv, fast93: test accuracy" in result.out
    assert "by 6 views of each image" in result.out
    place = folder / "runs" / "table-shapes"
    assert (place / "table.md").read_text() in result.out
    found = json.loads((place / "table.json").read_text())
    assert found["rows"][2]["program"].endswith("fast93, seed 21")
    (only,) = found["recipes"]
    assert only["recipe"] == "fast93"
    assert only["measured"] == only["epochs"] == 2
    assert only["gflops"] > 0
    assert 0 <= only["views_accuracy"] <= 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bench shapes", "DATA is for the table: fastconv bench --table"),
        ("bench --table --peers", "there is no argument '--peers'"),
        ("bench --seed 0", "--seed is for the table"),
        ("bench --measure-epochs 2", "--measure-epochs is for the table"),
        ("bench --table --model mnist", "--model cannot be used with --table"),
        ("bench --table --rounds 2", "--rounds cannot be used with --table"),
        ("bench --table shaps", "received 'shaps' (did you mean 'shapes'?)"),
        ("bench --table shapes --epochs 0", "argument --epochs: must be a whole number"),
        ("bench --recipe fast49", "received 'fast49' (did you mean 'fast94'?)"),
        ("bench --recipe fast94 --table", "--recipe cannot be used with --table"),
        ("bench --recipe fast94 --model mnist", "--model cannot be used with --recipe"),
        ("bench --recipe fast94 --as-published", "--as-published cannot be used with --recipe"),
    ],
)
def test_mistakes(folder, run, words, said):
    result = run(words)
    assert result.code == 2
    assert said in one_line(result.err)
    assert not (folder / "runs").exists()
