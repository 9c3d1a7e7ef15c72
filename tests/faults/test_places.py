"""Disks that are full and folders that cannot be written: an error that names the file, no loss."""

import contextlib
import os
import re
import shutil
import subprocess

import pytest
from fault_runs import Training, difference


@contextlib.contextmanager
def mounted(folder, options):
    """A file system in memory of its own, mounted on `folder`."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a file system")
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this system allows no mounting")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def one_line(outcome):
    assert outcome.err.count("\n") == 1, outcome.err
    return outcome.err.strip()


@pytest.mark.parametrize("kilobytes", [12, 300, 560, 1100])
def test_a_full_disk(server, images, tmp_path, kilobytes):
    """Room for no file, for a part of the first checkpoint, of the second, of the next epoch's."""
    whole = Training("command", images, tmp_path / "whole")
    server.run(whole)
    training = Training("command", images, tmp_path / "stopped")
    (training.folder / "cache").mkdir(parents=True)
    (training.folder / "cache" / "images").symlink_to(whole.folder / "cache" / "images")
    with mounted(training.run, f"size={kilobytes}k"):
        outcome = server.run(training)
        assert outcome.status == 1
        message = r"fastconv train: \[Errno 28\] No space left on device: '{}/.*'"
        assert re.fullmatch(message.format(training.run), one_line(outcome))
        training.check_what_is_left()
        assert not training.half_done()
        assert training.saved_epochs() == outcome.out.count("\nEpoch ") == (kilobytes == 1100)
        remount(training.run, "size=10m")
        assert server.run(training).status == 0
        assert difference(training.end() | {"files": 0}, whole.end() | {"files": 0}) == ""


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_read_only_folder(server, images, tmp_path, epochs):
    """It is refused at the start, whether it holds a run or not."""
    training = Training("command", images, tmp_path / "stopped", epochs)
    longer = Training("command", images, tmp_path / "stopped", 3)
    with mounted(training.run, "size=10m"):
        if epochs:
            assert server.run(training).status == 0
        before = training.files()
        remount(training.run, "ro")
        outcome = server.run(longer)
        assert outcome.status == 2
        assert f"[Errno 30] Read-only file system: '{training.run}'" in one_line(outcome)
        assert "Epoch" not in outcome.out
        assert longer.saved_epochs() == epochs
        remount(training.run, "rw")
        assert training.files() >= before
        assert server.run(longer).status == 0
        assert longer.saved_epochs() == 3


def test_a_folder_that_becomes_read_only(images, tmp_path):
    """As a disk does that has failed: the run ends, what it has saved stays."""
    training = Training("command", images, tmp_path / "stopped", 100_000)
    with mounted(training.run, "size=10m"):
        with subprocess.Popen(
            training.command,
            env=training.whole_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            for line in process.stdout:
                if line.startswith("Epoch 2/"):
                    break
            while subprocess.run(
                ["mount", "-o", "remount,ro", str(training.run)], capture_output=True
            ).returncode:
                pass  # a file is being written
            _, error = process.communicate()
        assert process.returncode == 1
        assert "[Errno 30] Read-only file system" in error
        training.check_what_is_left()
        assert training.saved_epochs() >= 1


def test_a_cache_that_is_full(server, images, tmp_path):
    """It is a convenience: the images are decoded into memory, with a warning."""
    whole = Training("command", images, tmp_path / "whole")
    server.run(whole)
    training = Training("command", images, tmp_path / "stopped")
    with mounted(training.folder / "cache", "size=16k"):
        outcome = server.run(training)
        assert outcome.status == 0
        assert "warning: load_images: cannot write to the cache" in one_line(outcome)
        assert not training.half_done()
        assert training.end()["models"] == whole.end()["models"]
