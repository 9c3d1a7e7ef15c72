"""Commands, help, and mistakes on purpose."""

import subprocess
import sys
import zipfile

import pytest
from command_checks import environment, one_line

import fastconv
from fastconv.utils.text import clock, duration, percent


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "bench", "info"])
def test_help(run, command):
    result = run(command, "--help")
    assert result.code == 0
    assert f"usage: fastconv {command}" in result.out
    assert result.err == ""


def test_help_for_nothing(run):
    for words in ("", "--help"):
        result = run(words)
        assert result.code == 0
        assert "usage: fastconv" in result.out
        assert all(name in result.out for name in ("train", "evaluate", "predict", "bench", "info"))


def test_version(run):
    assert run("--version").out == f"fastconv {fastconv.__version__}\n"


def test_as_a_module(tmp_path):
    # From another folder: inside a checkout `-m` would find the sources before what is installed.
    result = subprocess.run(
        [sys.executable, "-m", "fastconv", "trian"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        check=False,
    )
    assert result.returncode == 2
    assert "received 'trian' (did you mean 'train'?)" in one_line(result.stderr)


def test_info(run):
    result = run("info")
    assert result.code == 0
    lines = dict(line.split(":", 1) for line in result.out.splitlines())
    assert lines["fastconv"].strip() == fastconv.__version__
    from fastconv.kernels import _isa

    assert lines["instructions"].strip().startswith(_isa.active())
    assert lines["threads"].strip() == str(fastconv.get_num_threads())
    assert float(lines["peak, 1 thread"].split()[0]) > 1
    assert {"processor", "OpenMP", "cache", "Python"} < lines.keys()


def test_info_with_threads(run):
    result = run("info --threads 1")
    assert "peak, 1 thread:" in result.out
    assert "threads: " in result.out
    assert "peak, 2" not in result.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("trian", "the commands are train, evaluate, predict, bench, info; received 'trian'"),
        ("train --epochs 0", "argument --epochs: must be a whole number, 1 or more; received '0'"),
        ("train --epochs many", "argument --epochs: must be a whole number"),
        ("train --epochs 1.5", "argument --epochs: must be a whole number"),
        ("train --batch-size -1", "argument --batch-size: must be a whole number, 1 or more"),
        ("train --limit 0", "argument --limit: must be"),
        ("train --seed -1", "argument --seed: must be a whole number, 0 or more; received '-1'"),
        ("train --threads 0", "argument --threads: must be"),
        ("train --threads 5000", "argument --threads: must be a whole number, at most 1024"),
        ("train --learning-rate 0", "argument --learning-rate: must be a number above 0"),
        ("train --learning-rate nan", "argument --learning-rate: must be a number above 0"),
        ("train --learning-rate fast", "argument --learning-rate: must be a number above 0"),
        ("train --image-size 0", "argument --image-size: must be a number of pixels or"),
        ("train --image-size 3x4x5", "argument --image-size: must be"),
        ("train --image-size 40", "--image-size is for folders and archives; shapes has its own"),
        ("train --model cifar", "; received 'cifar' (did you mean 'cifar10'"),
        ("train --model", "argument --model: expected one argument"),
        ("train --epoch 3", "there is no argument '--epoch' (did you mean '--epochs'?)"),
        ("train cifr10", "received 'cifr10' (did you mean 'cifar10'?)"),
        ("train MNIST", "received 'MNIST' (did you mean 'mnist'?)"),
        ("train some/where", "there is no folder or archive 'some/where'"),
        ("train images.zip", "there is no folder or archive 'images.zip'"),
        ("train shapes mnist", "there is no argument 'mnist'"),
        ("train empty", "empty: must hold images"),
        ("train text.txt", "text.txt: must be a folder or a .zip archive"),
        ("train damaged.zip", "damaged.zip: is not a readable zip archive"),
        ("train pets/train/cat", "must hold one folder of images per class"),
        ("train tiny --model cifar10", "tiny"),
        ("train pets --out text.txt", "text.txt"),
        ("train pets --strict", "broken.png: is an unreadable image"),
    ],
)
def test_mistakes(folder, run, words, said):
    (folder / "empty").mkdir()
    (folder / "text.txt").write_text("hello")
    (folder / "damaged.zip").write_bytes(b"PK\x03\x04 and no more")
    (folder / "pets" / "train" / "cat" / "broken.png").write_bytes(b"")
    with zipfile.ZipFile(folder / "tiny", "w") as archive:
        archive.writestr("nothing", "")
    result = run(words)
    assert result.code == 2
    lines = [line for line in result.err.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert lines[0].startswith(("fastconv train: ", "fastconv: the commands are"))
    assert "Traceback" not in result.err
    assert not (folder / "runs").exists()


def test_unreadable_images_are_counted(folder, run):
    (folder / "pets" / "test" / "dog" / "broken.png").write_bytes(b"")
    result = run("train pets --model mnist --epochs 1")
    assert result.code == 0
    assert one_line(result.err).startswith("warning: ")
    assert "skipped 1 unreadable of 69 images: test/dog/broken.png" in result.err


def test_a_loss_that_is_not_finite(folder, train):
    result = train("--learning-rate 1e30")
    assert result.code == 1
    message = one_line(result.err)
    assert "the loss must stay finite; received" in message
    assert "in epoch 1, step 2 of 5" in message


def test_too_small_for_the_network(folder, run):
    result = run("train pets --image-size 2")
    assert result.code == 2
    one_line(result.err)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (7384, "2 h 03 min"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (642, "10:42"), (3723, "1:02:03")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_percent():
    assert percent(1947.0000001, 2000) == "97.35 % (1947/2000)"
    assert percent(0, 0) == "0.00 % (0/0)"
