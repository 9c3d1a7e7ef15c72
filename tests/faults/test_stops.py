"""A training that is stopped, wherever it is: nothing is lost, and its end is the usual one.

A part of what ``python tests/faults/run.py --kills 300 --instants`` does.
"""

import random
import signal

import pytest
from every_instant import run_instants
from fault_runs import KINDS, Training, difference
from random_kills import run_kills


def some(count, first=0):
    """`count` of a run's instants, and the last ones, at which the backup goes."""

    def chosen(calls):
        rest = range(first, len(calls) - 12)
        drawn = random.Random(len(calls)).sample(rest, count)
        return [*sorted(drawn), *range(len(calls) - 12, len(calls))]

    return chosen


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_an_instant(server, images, tmp_path, kind):
    # Of the command, all instants but those of its later epochs, which are like the second.
    chosen = None if kind == "command" else some(18)
    done, faults = run_instants(server, kind, "killed", images, tmp_path, epochs=2, chosen=chosen)
    assert done >= 30
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("fault", ["killed within a write", "full disk"])
@pytest.mark.parametrize("kind", ["command", "checkpoint"])
def test_files_that_stop_growing(server, images, tmp_path, kind, fault):
    """Of the instants drawn, every fourth begins a write, of which three sizes are tried."""
    done, faults = run_instants(server, kind, fault, images, tmp_path, epochs=2, chosen=some(24))
    assert done >= 12
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals(server, images, tmp_path, name):
    done, faults = run_instants(
        server, "command", name, images, tmp_path, epochs=2, chosen=some(12)
    )
    assert done == 24
    assert not faults, "\n".join(faults)


def test_signals_after_the_first_epoch_name_the_way_to_go_on(server, images, tmp_path):
    """By its call: the third epoch's checkpoint is being written."""
    calls = server.run(Training("command", images, tmp_path / "whole")).instants
    at = len(calls) - 4  # behind the renaming
    training = Training("command", images, tmp_path / "stopped")
    outcome = server.run(training, at=at, signal=int(signal.SIGTERM))
    assert outcome.status == 143
    assert outcome.err == (
        f"Stopped by SIGTERM. Epoch 2 is saved; go on with: fastconv {' '.join(training.words)}\n"
    )


def test_random_kills(server, images, tmp_path):
    tally = run_kills(server, 6, 7, images, tmp_path, ("command", "backup"))
    assert not tally.faults, "\n".join(tally.faults)
    assert (tally.kills, tally.lost, tally.equal) == (6, 0, 6)


def test_the_suite_sees_what_it_is_to_see(server, images, tmp_path):
    """A lost epoch, a file that stays and a checkpoint that is damaged."""
    one, other = (Training("command", images, tmp_path / name) for name in ("one", "other"))
    assert server.run(one).status == server.run(other).status == 0
    assert not difference(one.end(), other.end())
    (other.run / ".last.safetensors.abcdefgh.tmp").touch()
    assert "files: " in difference(one.end(), other.end())
    assert other.half_done()
    lines = (one.run / "history.csv").read_text().splitlines(keepends=True)
    (other.run / "history.csv").write_text("".join(lines[:2] + lines[3:]))
    assert "history: " in difference(one.end(), other.end())
    with pytest.raises(AssertionError):
        other.check_what_is_left()
    content = bytearray((one.run / "last.safetensors").read_bytes())
    content[-1] ^= 1
    (one.run / "last.safetensors").write_bytes(content)
    assert "last.safetensors differs" in difference(one.end(), other.end())
    with pytest.raises(ValueError, match="checksum"):
        one.check_what_is_left()
