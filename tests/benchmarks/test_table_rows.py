"""The table itself: rows, ratios, Markdown and picture."""

import json

import pytest

from fastconv.bench.training_times.table import CPU, GPU, lines, row_of, write_picture

SECONDS = (100.0, 50.0, 60.0)


def run_of(measured, epochs=3):
    return {
        "program": "fastconv",
        "version": "fastconv 1, avx2",
        "task": {
            "epochs": epochs, "batch_size": 8, "threads": 2, "seed": 5, "as_published": True,
        },
        "images": "light: 1,000 training and 100 test images",
        "training_images": 1000,
        "epochs": [
            {"training_seconds": s - 10, "test_seconds": 10.0, "loss": 1.0, "test_accuracy": a}
            for s, a in list(zip(SECONDS, (0.5, 0.8, 0.7), strict=True))[:measured]
        ],
    }  # fmt: skip


def test_the_published_rows():
    assert CPU.ratio == 1
    assert GPU.ratio == pytest.approx(26.03, abs=0.01)
    assert CPU.images / CPU.seconds == pytest.approx(238, abs=0.5)


def test_a_whole_run():
    row = row_of(run_of(3))
    assert row.seconds == 210
    assert row.accuracy == 0.8
    assert row.images_per_second == pytest.approx(3000 / 180)
    assert row.ratio == pytest.approx(3000 / 210 / (3e6 / 12600))
    assert row.curve == ((100.0, 0.5), (150.0, 0.8), (210.0, 0.7))
    assert not row.extrapolated
    assert row.program == "fastconv 1, avx2, as published, seed 5"


def test_extrapolation_leaves_the_first_epoch_out():
    assert row_of(run_of(2)).seconds == 100 + 50 + 50
    assert row_of(run_of(1)).seconds == 300
    assert row_of(run_of(2)).accuracy is None
    assert row_of(run_of(2)).extrapolated


def test_markdown():
    text = "\n".join(lines([GPU, CPU, row_of(run_of(2))], "some images"))
    assert (
        "| NVidia GTX 1070 | TensorFlow 1 |  | 128 | 8 min 04 s | 79.12 | 7,100 | 26.03 |" in text
    )
    assert "| 3 h 30 min | 78.91 | 238 | 1.00 |" in text
    assert "| 2 | 8 | 3 min 20 s * | – |" in text
    assert "fastconv 1, avx2, as published, seed 5: extrapolated from 2 of 3 epochs" in text
    assert "This machine's rows: some images." in text


def test_rows_are_json():
    assert json.loads(json.dumps(row_of(run_of(3)).get_config()))["measured"] == 3


def test_the_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    from PIL import Image

    path = tmp_path / "table.png"
    assert write_picture([GPU, CPU, row_of(run_of(3))], path, "a title")
    with Image.open(path) as picture:
        assert picture.size[0] > 500
