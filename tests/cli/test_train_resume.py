"""Runs that stop and go on: the same bits as in one piece, and nothing lost."""

import errno
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from command_checks import environment, one_line
from PIL import Image

from fastconv.cli.console import Console
from fastconv.cli.errors import Stopped, stopping_signals
from fastconv.cli.history import HistoryFile, read_seconds
from fastconv.models import load_model

WHOLE, PIECES = "--epochs 4 --out whole", "--out pieces"


def files(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix == ".safetensors"}


def test_a_resumed_run_ends_in_the_same_bits(folder, train):
    assert train(WHOLE).code == 0
    assert train(PIECES, "--epochs 1").code == 0
    for epochs in (3, 4):
        result = train(PIECES, f"--epochs {epochs}")
        assert result.code == 0
        before = 1 if epochs == 3 else 3
        assert f"last.safetensors: resuming after epoch {before} (--fresh starts" in result.out
        assert f"Epoch {before}/" not in result.out
    assert files(folder / "whole") == files(folder / "pieces")
    whole, pieces = ((folder / n / "history.csv").read_text() for n in ("whole", "pieces"))
    without_seconds = [
        re.sub(r",[\d.]+$", "", text, flags=re.MULTILINE) for text in (whole, pieces)
    ]
    assert without_seconds[0] == without_seconds[1]
    assert len(re.findall(r",\d+\.\d{3}$", pieces, flags=re.MULTILINE)) == 4


def test_any_number_of_threads_gives_the_same_bits(folder, train):
    for threads in (1, 2, 3):
        assert train(f"--epochs 2 --threads {threads} --out t{threads}").code == 0
    assert files(folder / "t1") == files(folder / "t2") == files(folder / "t3")


def interrupt_in(epoch, monkeypatch):
    """Press Ctrl-C after the second step of `epoch`, counted from 1."""
    plain = Console.on_train_batch_end

    def hook(self, batch, logs=None):
        plain(self, batch, logs)
        if batch == 1 and self.title.startswith(f"Epoch {epoch}/"):
            raise KeyboardInterrupt

    monkeypatch.setattr(Console, "on_train_batch_end", hook)
    return lambda: monkeypatch.setattr(Console, "on_train_batch_end", plain)


def test_interrupted_run(folder, train, monkeypatch):
    assert train(WHOLE).code == 0
    release = interrupt_in(3, monkeypatch)
    result = train(PIECES, "--epochs 4 --fresh")
    assert result.code == 130
    command = "fastconv train pets --model mnist --batch-size 10 --out pieces --epochs 4"
    assert one_line(result.err) == f"Interrupted. Epoch 2 is saved; go on with: {command}"
    assert load_model(folder / "pieces" / "last.safetensors").epoch == 2
    release()
    assert train(PIECES, "--epochs 4").code == 0
    assert files(folder / "whole") == files(folder / "pieces")


def test_interrupted_before_anything_is_saved(folder, train, monkeypatch):
    interrupt_in(1, monkeypatch)
    result = train()
    assert result.code == 130
    assert one_line(result.err).startswith("Interrupted. No epoch is done yet; go on with: ")
    assert not (folder / "runs" / "pets-mnist" / "last.safetensors").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SIGINT", "Interrupted"),
        ("SIGTERM", "Stopped by SIGTERM"),
        pytest.param("SIGHUP", "Stopped by SIGHUP", marks=pytest.mark.slow),
    ],
)
def test_a_signal(folder, name, said):
    words = ["train", "pets", "--model", "mnist", "--epochs", "100000", "--batch-size", "4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "fastconv", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        # whoever started the tests in the background has it ignored, and children inherit that
        preexec_fn=lambda: signal.signal(getattr(signal, name), signal.SIG_DFL),
    )
    try:
        for line in process.stdout:
            if line.startswith("Epoch 2/"):
                break
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + getattr(signal, name)
    place = folder / "runs" / "pets-mnist"
    saved = load_model(place / "last.safetensors").epoch
    found = re.fullmatch(rf"{said}\. Epoch (\d+) is saved; go on with: .*", one_line(err))
    # the signal may come between saving and saying
    assert int(found[1]) <= saved <= int(found[1]) + 1
    assert not [path.name for path in place.iterdir() if path.suffix == ".tmp"]


def test_signals_are_handled_only_where_nobody_does():
    def own(signum, frame):
        """A program's own handler."""

    def stopped():
        with stopping_signals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) == own
            signal.raise_signal(signal.SIGINT)

    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
        signal.signal(signal.SIGTERM, own)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with pytest.raises(Stopped):
            stopped()
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
        with ThreadPoolExecutor(1) as pool:  # where signals cannot be handled
            pool.submit(stopping_signals().__enter__).result()
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def test_a_finished_run(folder, train):
    first = train("--epochs 2")
    before = files(folder / "runs" / "pets-mnist")
    again = train("--epochs 2")
    assert again.code == 0
    assert "last.safetensors: trained for 2 epochs already (a larger --epochs goes" in again.out
    assert "Epoch " not in again.out
    best = r"Best test accuracy .* after epoch \d"
    assert re.search(best, first.out)[0] == re.search(best, again.out)[0]
    assert files(folder / "runs" / "pets-mnist") == before


def test_what_a_killed_run_left_goes_when_a_run_begins(folder, train):
    train("--epochs 1")
    place = folder / "runs" / "pets-mnist"
    before = set(place.iterdir())
    for name in ("best.safetensors", "last.safetensors", "history.csv", "curves.png"):
        (place / f".{name}.abcd_123.tmp").write_bytes(b"half")
    (place / ".mine.abcd_123.tmp").touch()
    assert train("--epochs 1").code == 0  # which writes none of them
    assert set(place.iterdir()) == before | {place / ".mine.abcd_123.tmp"}


def test_damaged_lines_of_a_history_are_left_out(tmp_path):
    path = tmp_path / "history.csv"
    long = "x" * 140_000
    seconds = ["1.5", "nan", "inf", "-1", long, f'"{long}"', "2.5", "9" * 5000, "", "1e400", "3"]
    rows = [f"{number},{text}" for number, text in enumerate(seconds, 1)]
    path.write_text("\n".join(["epoch,seconds", *rows, "0,4", "x,4"]))
    assert read_seconds(path) == {0: 1.5, 6: 2.5, 10: 3.0}
    path.write_text(f"{long},seconds\n1,2")
    assert read_seconds(path) == {}


def test_a_fresh_run_replaces_the_other_as_a_whole(folder, train, monkeypatch):
    """Until its first epoch is saved the old run is there, then nothing resumes from it."""
    train("--epochs 2")
    place = folder / "runs" / "pets-mnist"
    before = files(place)
    release = interrupt_in(1, monkeypatch)
    result = train("--epochs 2 --seed 4 --fresh")
    assert one_line(result.err).endswith("--epochs 2 --seed 4 --fresh")
    assert files(place) == before
    release()

    plain = HistoryFile.on_epoch_end

    def stop(self, epoch, logs=None):  # the best checkpoint is written, the last is not
        raise KeyboardInterrupt

    monkeypatch.setattr(HistoryFile, "on_epoch_end", stop)
    train("--epochs 2 --seed 4 --fresh")
    assert files(place).keys() == {"best.safetensors"}
    assert load_model(place / "best.safetensors").seed == 4
    monkeypatch.setattr(HistoryFile, "on_epoch_end", plain)
    assert "resuming" not in train("--epochs 2 --seed 4").out


def test_a_folder_that_cannot_be_written_is_refused_before_training(folder, train, monkeypatch):
    def full(dir):
        raise OSError(errno.EROFS, "Read-only file system", f"{dir}/tmp123")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    result = train("--epochs 1 --out here")
    assert result.code == 2
    assert one_line(result.err) == "fastconv train: [Errno 30] Read-only file system: 'here'"
    assert "Epoch" not in result.out


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("words", ["info", "--version"])
def test_output_that_cannot_be_written(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "fastconv", words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
    assert done.returncode == 1
    assert "standard output: No space left on device" in one_line(done.stderr)


def test_fresh(folder, train):
    train("--epochs 2")
    result = train("--epochs 1 --seed 4 --fresh")
    assert "resuming" not in result.out
    model = load_model(folder / "runs" / "pets-mnist" / "last.safetensors")
    assert (model.epoch, model.seed) == (1, 4)
    assert len((folder / "runs" / "pets-mnist" / "history.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--seed 22", "began with --seed 21; received 22"),
        ("--learning-rate 0.02", "began with --learning-rate 0.01; received 0.02"),
        ("--batch-size 7", "began with --batch-size 10; received 7"),
        ("--limit 30", "began with --limit none; received 30"),
        ("--model cifar10", "began with --model mnist; received cifar10"),
    ],
)
def test_other_settings_are_refused(folder, train, words, said):
    train("--epochs 1 --out run")
    before = files(folder / "run")
    result = train("--epochs 2 --out run", words)
    assert result.code == 2
    message = one_line(result.err)
    assert said in message
    assert "--fresh starts anew" in message
    assert files(folder / "run") == before


def test_other_images_are_refused(folder, train):
    train("--epochs 1")
    Image.new("RGB", (12, 12)).save(folder / "pets" / "train" / "cat" / "new.png")
    result = train("--epochs 2")
    assert result.code == 2
    assert "the images have changed since this run began: it had 48 + 20 images" in result.err


@pytest.mark.parametrize(
    "damage", [lambda c: c[:-5], lambda c: c[:100] + b"?" + c[101:], lambda c: b""]
)
def test_a_damaged_checkpoint_is_named(folder, train, run, damage):
    train("--epochs 1")
    last = folder / "runs" / "pets-mnist" / "last.safetensors"
    best = (last.parent / "best.safetensors").read_bytes()
    last.write_bytes(damage(last.read_bytes()))
    damaged = last.read_bytes()
    result = train("--epochs 2")
    assert result.code == 2
    assert "runs/pets-mnist/last.safetensors" in one_line(result.err)
    assert last.read_bytes() == damaged
    assert (last.parent / "best.safetensors").read_bytes() == best
    assert run("evaluate runs/pets-mnist").code == 0
    assert train("--epochs 1 --fresh").code == 0


def test_of_a_huge_history_only_the_beginning_is_read(tmp_path):
    path = tmp_path / "history.csv"
    line = "{},0.5,0.25,0.75,0.5,0.001,1.500\n"
    path.write_text("epoch,a,b,c,d,e,seconds\n" + "".join(map(line.format, range(1, 100_000))))
    found = read_seconds(path)
    assert 50_000 < len(found) < 70_000
    assert list(found.items())[:2] == [(0, 1.5), (1, 1.5)]
