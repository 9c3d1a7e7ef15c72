"""The directory of a zip archive: read as `zipfile` reads it, within bounds."""

import io
import random
import struct
import zipfile

import pytest
from damage import damaged, megabytes
from data_files import encoded, pixels, two_classes, write_zip

from fastconv.datasets import _decode_tree, _zip_directory, load_images
from fastconv.datasets._zip_directory import MEMBER, Member, read_directory


def archive(members, *, before=b"", comment=b"", zip64=False):
    buffer = io.BytesIO()
    buffer.write(before)
    with zipfile.ZipFile(buffer, "a") as file:
        file.comment = comment
        for name, content in members.items():
            with file.open(zipfile.ZipInfo(name), "w", force_zip64=zip64) as member:
                member.write(content)
    return buffer.getvalue()


def members_of(path):
    with path.open("rb") as file:
        return {
            name: Member._make(MEMBER.unpack(packed))
            for name, packed in read_directory(file).items()
        }


def as_zipfile_has_it(path):
    with zipfile.ZipFile(path) as file:
        return {
            info.filename.replace("\\", "/"): Member(
                info.header_offset, info.compress_size, info.file_size, info.CRC,
                info.compress_type, bool(info.flag_bits & 1),
            )
            for info in file.infolist()
        }  # fmt: skip


NAMES = {"a.png": b"1", "cat/ä.png": b"22", "dog/": b"", "\u732b.png": b"333", "x\\y.png": b"4"}


@pytest.mark.parametrize(
    "content",
    [
        archive({}),
        archive(NAMES),
        archive(NAMES, comment=b"a comment" * 300),
        archive(NAMES, before=bytes(1000)),
        archive(NAMES, zip64=True),
        archive({f"{i}.png": b"" for i in range(300)}),
    ],
)
def test_as_zipfile_reads_it(content, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert members_of(path) == as_zipfile_has_it(path)


@pytest.mark.slow
def test_more_members_than_two_bytes_count(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(archive({str(i): bytes(200) for i in range(70_000)}))  # a ZIP64 directory
    with path.open("rb") as file:
        found = read_directory(file)
    assert list(found) == [str(i) for i in range(70_000)]
    assert {Member._make(MEMBER.unpack(packed)).size for packed in found.values()} == {200}


def test_numbers_in_the_field_for_zip64(tmp_path):
    """Sizes and places of 2**32 - 1 stand for those in the extra field, in this order."""
    content = bytearray(archive({"a.png": b"123"}))
    at = content.index(b"PK\1\2")
    extra = struct.pack("<HHHHQQQ", 7, 0, 1, 24, 3, 3, 0)
    content[at + 20 : at + 28] = b"\xff" * 8
    content[at + 30 : at + 32] = struct.pack("<H", len(extra))
    content[at + 42 : at + 46] = b"\xff" * 4
    content[at + 51 : at + 51] = extra
    end = content.index(b"PK\5\6")
    content[end + 12 : end + 16] = struct.pack("<L", end - at)
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert members_of(path) == as_zipfile_has_it(path)
    path.write_bytes(bytes(content).replace(struct.pack("<HH", 1, 24), struct.pack("<HH", 1, 16)))
    with pytest.raises(ValueError, match="its directory is damaged"):
        members_of(path)


def test_a_damaged_directory_is_refused_or_read_as_zipfile_reads_it(tmp_path):
    path = tmp_path / "a.zip"
    refused = 0
    for version in damaged(archive(NAMES), 500):
        path.write_bytes(version)
        try:
            found = members_of(path)
        except ValueError:
            refused += 1
            continue
        try:
            expected = as_zipfile_has_it(path)
        except Exception:
            continue  # it refuses some that do not matter here, such as a version
        assert found == expected
    assert 100 < refused < 480


def test_members_that_overlap(tmp_path):
    content = archive({str(i): b"12345" for i in range(9)})
    path = tmp_path / "a.zip"
    for number in random.Random(0).sample(range(1, 9), 3):
        version = bytearray(content)
        at = [i for i in range(len(content)) if content[i : i + 4] == b"PK\1\2"][number]
        start = int.from_bytes(version[at + 42 : at + 46], "little")
        version[at + 42 : at + 46] = struct.pack("<L", start - 2)
        path.write_bytes(version)
        with pytest.raises(ValueError, match=r"the member at byte \d+ overlaps what follows it"):
            members_of(path)


def test_an_archive_of_names(tmp_path, monkeypatch):
    monkeypatch.setattr(_zip_directory, "_SMALL", 1000)
    path = write_zip(tmp_path / "pets.zip", {f"{i % 2}/{i}.png": b"" for i in range(100)})
    with pytest.raises(ValueError, match=r"pets\.zip: .*must take at most a quarter of it; rece"):
        load_images(path, verbose=False)


def test_many_unreadable_images(tmp_path, monkeypatch):
    monkeypatch.setattr(_decode_tree, "_MOST_SKIPPED", 4)
    good = {f"{i % 2}/{i}.png": encoded(pixels(3, 3, start=i)) for i in range(6)}
    bad = {f"{i % 2}/{i}.png": b"no image" for i in range(6, 10)}
    path = write_zip(tmp_path / "pets.zip", good | bad)
    with pytest.warns(UserWarning, match="skipped 4 unreadable of 10"):
        load_images(path, verbose=False)
    path = write_zip(tmp_path / "pets.zip", good | bad | {"1/99.png": b""})
    with pytest.raises(ValueError, match=r"pets\.zip: at most 4 of 11 images may be unreadable"):
        load_images(path, verbose=False)


@pytest.mark.slow
@pytest.mark.parametrize("length", [0, 150])
@pytest.mark.parametrize("suffix", ["png", "txt"])
def test_memory(tmp_path, length, suffix):
    """At most three times the archive, whatever its members are."""
    readable = two_classes()
    many = {f"cat/{i}.{suffix}": bytes(length) for i in range(60_000)}
    path = write_zip(tmp_path / "pets.zip", readable | many)
    taken, _ = megabytes(
        "def run(): directory.load_images(sys.argv[1], image_size=5, verbose=False)", path
    )
    assert taken <= 3 * path.stat().st_size / 2**20 + 8
