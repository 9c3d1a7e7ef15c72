"""Contestants take turns, after they were checked; figures are medians over the rounds."""

import pytest


def times(**seconds):
    from _interleave import Times

    return Times(seconds, [10.0, 20.0, 40.0], work=6e9)


def test_figures_are_medians_within_a_round():
    found = times(fastconv=[1.0, 0.5, 2.0], slow=[3.0, 2.0, 4.0], quick=[0.9, 0.6, 1.0])
    assert found.of() == 1.0
    assert found.rate() == pytest.approx(6.0)
    assert found.share() == pytest.approx(0.6)  # of 0.6, 0.6 and 0.075
    assert found.ratio("slow") == 3.0  # of 3, 4 and 2
    assert found.best_peer() == "quick"
    assert found.best_peer("sl") == "slow"
    assert found.best_peer("other") is None


def test_every_contestant_has_a_turn_in_every_round(monkeypatch):
    import _interleave

    monkeypatch.setattr(_interleave, "REST", 0.0)
    monkeypatch.setattr(_interleave, "TURN", 0.0)
    calls = []

    def note(name):
        return lambda: calls.append(name)

    contest = _interleave.Contest("case", note("ours"), note("check"), 1.0, {"peer": note("peer")})
    found = _interleave.interleave(contest, rounds=3, peak=lambda: 5.0)
    turn = ["ours", "ours", "peer", "peer"]  # once to warm up, once timed
    assert calls == ["check", *turn * 3]
    assert {name: len(seconds) for name, seconds in found.seconds.items()} == {
        "fastconv": 3,
        "peer": 3,
    }
    assert found.peaks == [5.0] * 3


def test_nothing_is_timed_that_is_wrong():
    import _interleave

    def wrong():
        raise AssertionError("wrong")

    def never():
        raise RuntimeError("timed")

    contest = _interleave.Contest("case", never, wrong)
    with pytest.raises(AssertionError, match="wrong"):
        _interleave.interleave(contest)
