"""The IDX reader: what it returns, and what it says of files that are something else."""

import gzip

import numpy as np
import pytest
from data_files import idx

from fastconv.datasets._idx import read_idx

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_reads_plain_and_compressed(tmp_path, compress):
    path = tmp_path / "a"
    path.write_bytes(compress(idx(ARRAY)))
    result = read_idx(path, 3)
    np.testing.assert_array_equal(result, ARRAY)
    assert result.dtype == np.uint8
    assert result.flags.writeable


def test_reads_a_file_without_elements(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(idx(np.empty((0, 3), np.uint8)))
    assert read_idx(path, 2).shape == (0, 3)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "must be an IDX file"),
        (b"\x00\x00", "must be an IDX file"),
        (b"PNG and so on", "must be an IDX file"),
        (idx(ARRAY, kind=0x0D), "must be an IDX file of unsigned bytes"),
        (idx(ARRAY[0]), "in 3 dimensions"),
        (idx(ARRAY)[:9], "truncated in its header"),
        (idx(ARRAY)[:-1], "truncated"),
        (idx(ARRAY) + b"\0", "damaged"),
        (gzip.compress(idx(ARRAY))[:-9], "truncated or damaged"),
        (gzip.compress(idx(ARRAY))[:12] + b"\xff" * 30, "must be an IDX file"),
        (b"\x1f\x8b", "truncated or damaged"),
    ],
)
def test_names_a_wrong_file(tmp_path, content, rule):
    path = tmp_path / "wrong-file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rule) as caught:
        read_idx(path, 3)
    assert "wrong-file" in str(caught.value)
