"""The measured peaks: plausible numbers, and no more threads than allowed."""

import numpy as np
import pytest

from fastconv.kernels import _threads, peak


def test_peaks_are_positive_and_finite():
    assert 0 < peak.fma_peak() < 1e6
    assert 0 < peak.memory_bandwidth(1, 1 << 18) < 1e6
    assert np.isfinite(peak.fma_peak(_threads.get_num_threads()))


@pytest.mark.parametrize("threads", [0, -1, 2000])
def test_impossible_teams_are_refused(threads):
    with pytest.raises(ValueError, match=f"limit in force, .*received {threads}"):
        peak.fma_peak(threads)
    with pytest.raises(ValueError, match=f"limit in force, .*received {threads}"):
        peak.memory_bandwidth(threads)
    with pytest.raises(ValueError, match="floats must be at least 1; received 0"):
        peak.memory_bandwidth(1, 0)
