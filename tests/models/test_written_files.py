"""Files are written whole or not at all: what a full disk and a killed writer leave behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import fastconv
from fastconv.layers import Dense, Input
from fastconv.models import Sequential
from fastconv.utils.files import remove_leftovers, write_atomically

# A child imports this very fastconv, and not a folder that it happens to be in.
PYTHON = (sys.executable, "-P", "-c")
WHERE = os.environ | {"PYTHONPATH": str(Path(fastconv.__file__).parents[1])}
WRITER = """
import sys, time
from fastconv.utils.files import write_atomically

def parts():
    yield bytes(100_000)
    print("writing", flush=True)
    time.sleep(60)

write_atomically(sys.argv[1], parts())
"""
FULL = """
import resource, sys
from fastconv.layers import Dense, Input
from fastconv.models import Sequential

model = Sequential([Input((100,)), Dense(100)])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    model.save(sys.argv[1])
except OSError as error:
    print(error.filename, error)
"""
pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks of files, limits of a process")


@pytest.fixture
def writer(tmp_path):
    """A process in the midst of writing the file "x", and what it has written."""
    command = [*PYTHON, WRITER, tmp_path / "x"]
    with subprocess.Popen(command, env=WHERE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "writing\n"
        (beside,) = tmp_path.glob(".x.*.tmp")
        try:
            yield process, beside
        finally:
            process.kill()


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_the_next_write_removes_what_a_killed_one_left(writer, tmp_path):
    process, beside = writer
    write_atomically(tmp_path / "x", [b"one"])
    assert beside.exists()  # its writer lives
    killed(process)
    assert beside.exists()
    write_atomically(tmp_path / "x", [b"two"])
    assert os.listdir(tmp_path) == ["x"]
    assert (tmp_path / "x").read_bytes() == b"two"


def test_only_leftovers_of_the_file_itself_are_removed(writer, tmp_path):
    process, _ = writer
    killed(process)
    others = [".y.abcdefgh.tmp", ".x.abcdefghi.tmp", ".x.ABCDEFGH.tmp", "x.abcdefgh.tmp", ".x.tmp"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".x.abcdefgh.tmp").mkdir()
    (tmp_path / ".x.bcdefghi.tmp").symlink_to(tmp_path / "target")
    remove_leftovers(tmp_path / "x")
    assert set(os.listdir(tmp_path)) == {*others, ".x.abcdefgh.tmp", ".x.bcdefghi.tmp"}
    remove_leftovers(tmp_path / "nowhere" / "x")


def test_a_full_disk_is_reported_with_the_files_name_and_leaves_nothing(tmp_path):
    path = tmp_path / "model.safetensors"
    Sequential([Input((2,)), Dense(2)]).save(path)
    before = path.read_bytes()
    done = subprocess.run(
        [*PYTHON, FULL, path], env=WHERE, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(rf"{path} \[Errno \d+\] .*: '{path}'\n", done.stdout)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "nowhere" / "x"
    with pytest.raises(FileNotFoundError, match=re.escape(str(path))) as caught:
        write_atomically(path, [b""])
    assert caught.value.filename == str(path)
