"""`fastconv bench --recipe`: a recipe's run, its table, and how it goes on."""

import json

import pytest
from command_checks import one_line


@pytest.fixture
def recipe(folder, run):
    """The command on a few drawn shapes."""
    return lambda *words: run("bench shapes --limit 12 --batch-size 6 --threads 1", *words)


def test_a_recipe(folder, recipe):
    part = recipe("--recipe fast93 --epochs 2 --measure-epochs 1")
    assert part.code == 0, part.err
    assert "(from 1 of 2 epochs)" in part.out
    result = recipe("--recipe fast93 --epochs 2")
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
