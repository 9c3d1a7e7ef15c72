"""IDX, tar and zip files that want too much memory, and damaged ones."""

import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from damage import SANITIZED, check_damaged, damaged, megabytes
from data_files import idx, two_classes, write_zip
from test_cifar10 import parts, write  # noqa: F401

from fastconv.datasets import cifar10, load_images
from fastconv.datasets._idx import read_idx

ARRAY = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCONV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def zeros(path, before, megabytes_of_zeros, after=b""):
    """A .gz file that inflates to `before`, many zeros and `after`."""
    with gzip.open(path, "wb", 1) as file:
        file.write(before)
        for _ in range(megabytes_of_zeros):
            file.write(bytes(1 << 20))
        file.write(after)
    return path


# IDX

READ_IDX = "def run(): _idx.read_idx(Path(sys.argv[1]), int(sys.argv[2]))"


def test_idx_bomb(tmp_path):
    path = zeros(tmp_path / "a.gz", idx(ARRAY), 150)
    taken, said = megabytes(READ_IDX, path, 3)
    assert "a.gz: is damaged; its header announces (3, 4, 5)" in said
    assert taken < 50


def test_idx_header_of_anything(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, *[2**32 - 1] * 3)))
    taken, said = megabytes(READ_IDX, path, 3)
    assert "a.gz: is truncated; its header announces (4294967295, 4294967295" in said
    assert taken < 50
    path.write_bytes(gzip.decompress(path.read_bytes()))
    with pytest.raises(ValueError, match="is truncated"):
        read_idx(path, 3)
    path.write_bytes(struct.pack(">BBBB3I", 0, 0, 8, 3, 0, *[2**32 - 1] * 2))
    with pytest.raises(ValueError, match=r"a\.gz: is damaged"):
        read_idx(path, 3)


@pytest.mark.skipif(SANITIZED, reason="AddressSanitizer takes memory of its own")
def test_idx_takes_its_own_size(tmp_path):
    path = zeros(tmp_path / "a.gz", struct.pack(">BBBB2I", 0, 0, 8, 2, 100, 1 << 20), 100)
    taken, said = megabytes(READ_IDX, path, 2)
    assert not said
    assert taken < 1.2 * 100


def test_other_idx_file_in_mnists_place(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCONV_DATA", str(tmp_path))
    header = struct.pack(">BBBB3I", 0, 0, 8, 3, 150, 1 << 10, 1 << 10)
    zeros(tmp_path / "train-images-idx3-ubyte.gz", header, 150)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(60_000, np.uint8)))
    taken, said = megabytes("run = mnist.load_data")
    assert r"ubyte.gz: must hold MNIST's (60000, 28, 28); received (150, 1024, 1024)" in said
    assert taken < 50


def test_gzip_members(tmp_path):
    path = tmp_path / "a.gz"
    content = idx(ARRAY)
    path.write_bytes(gzip.compress(content[:30]) + gzip.compress(content[30:]))
    np.testing.assert_array_equal(read_idx(path, 3), ARRAY)
    path.write_bytes(2 * gzip.compress(content))
    with pytest.raises(ValueError, match="is damaged"):
        read_idx(path, 3)
    for end in (gzip.compress(content)[:-5], gzip.compress(content) + b"tail"):
        path.write_bytes(end)
        with pytest.raises(ValueError, match="truncated or damaged"):
            read_idx(path, 3)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_damaged_idx(tmp_path, compress):
    path = tmp_path / "file.idx"
    for version in damaged(compress(idx(ARRAY)), 300):
        path.write_bytes(version)
        check_damaged(lambda: read_idx(path, 3), "file.idx")


# CIFAR-10's archive

LOAD_CIFAR = "run = cifar10.load_data"


def member(name, size, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCONV_DATA", str(tmp_path))
    return tmp_path / "cifar-10-python.tar.gz"


BATCH = "cifar-10-batches-py/data_batch_1"


def test_batch_bomb(archive):
    zeros(archive, member(BATCH, 200 << 20), 200)
    taken, said = megabytes(LOAD_CIFAR)
    assert "data_batch_1: must take at most 134217728 bytes; received 209715200" in said
    assert taken < 50


def test_archive_bomb(archive):
    zeros(archive, member("other", 8 << 30), 10)
    taken, said = megabytes(LOAD_CIFAR)
    assert "tar.gz: must hold at most 1073741824 bytes; received more" in said
    assert taken < 50


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_header_bomb(archive, kind):
    zeros(archive, member("x", 150 << 20, kind), 150)
    taken, said = megabytes(LOAD_CIFAR)
    assert "tar.gz: must hold at most 4194304 bytes of headers; received more" in said
    assert taken < 50


@pytest.mark.parametrize(
    "content",
    [
        member(BATCH, -512),
        member("x", -512, tarfile.XHDTYPE),
        member("x", 512, tarfile.XHDTYPE) + b"6 a=b\n".ljust(512, b"\0"),
        (member("x", 512, tarfile.XHDTYPE) + b"6 a=b\n".ljust(512, b"\0")) * 2000,
        member("x", 0) * 10_000,
        member(BATCH, 512, tarfile.GNUTYPE_SPARSE) + bytes(512),
    ],
    ids=["negative", "negative header", "no member", "chain", "many", "sparse"],
)
def test_hostile_archives(archive, content):
    archive.write_bytes(gzip.compress(content + bytes(1024)))
    with pytest.raises(ValueError, match=r"cifar-10-python\.tar\.gz"):
        cifar10.load_data()


LINKS = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]


@pytest.mark.parametrize("kind", LINKS)
def test_members_that_are_no_files(archive, kind):
    archive.write_bytes(gzip.compress(member(BATCH, 0, kind, "/etc/passwd") + bytes(1024)))
    with pytest.raises(ValueError, match="must hold data_batch_1, which is missing"):
        cifar10.load_data()


def test_absolute_names_write_nothing(parts, tmp_path):  # noqa: F811
    path = write(tmp_path, "py archive", parts)
    content = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=content, mode="w:gz") as new:
        for info in old:
            file = old.extractfile(info)
            info.name = f"{tmp_path}/outside/../{info.name.rpartition('/')[2]}"
            new.addfile(info, file)
    path.write_bytes(content.getvalue())
    (x_train, _), _ = cifar10.load_data()
    assert len(x_train) == 100
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_wrong_checksum_at_the_end(parts, tmp_path):  # noqa: F811
    path = write(tmp_path, "bin archive", parts)
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"binary\.tar\.gz: is truncated or damaged \(CRC"):
        cifar10.load_data()


def test_loading_takes_little_more_than_the_images(archive, tmp_path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name in (*[f"data_batch_{k}.bin" for k in range(1, 6)], "test_batch.bin"):
            info = tarfile.TarInfo(name)
            info.size = 30_730_000
            tar.addfile(info, io.BytesIO(bytes(info.size)))
    taken, said = megabytes(LOAD_CIFAR)
    assert not said
    assert taken < 1.5 * 6 * 30.73


@pytest.mark.parametrize("form", ["py archive", "bin archive"])
@pytest.mark.parametrize("unpack", [bytes, gzip.decompress])
def test_damaged_archives(parts, tmp_path, form, unpack):  # noqa: F811
    path = write(tmp_path, form, [(x[:2], y[:2]) for x, y in parts])
    for version in damaged(unpack(path.read_bytes()), 100):
        path.write_bytes(version)
        check_damaged(cifar10.load_data, path.name)


# Zip archives

LOAD_ZIP = "def run(): directory.load_images(sys.argv[1], cache=False, strict=True, verbose=False)"
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", METHODS[1:])
def test_zip_bomb(tmp_path, method):
    """A member says that it has 100 bytes and inflates to 100 MB."""
    path = write_zip(tmp_path / "pets.zip", two_classes() | {"cat/0.png": bytes(100 << 20)}, method)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 100 << 20), struct.pack("<I", 100)))
    taken, said = megabytes(LOAD_ZIP, path)
    assert (
        "cat/0.png: is an unreadable image (is damaged in the archive (is larger than the 100 "
        in said
    )
    assert taken < 60


@pytest.mark.parametrize("method", METHODS)
def test_a_member_says_that_it_is_huge(tmp_path, method):
    path = write_zip(tmp_path / "pets.zip", two_classes(), method)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\1\2")
    content[entry + 24 : entry + 28] = struct.pack("<I", 2**32 - 2)
    path.write_bytes(content)
    taken, said = megabytes(LOAD_ZIP, path)
    assert "must take at most 1073741824 bytes; received 4294967294" in said
    assert taken < 60


def test_a_dictionary_as_large_as_it_says(tmp_path):
    path = write_zip(tmp_path / "pets.zip", two_classes(), zipfile.ZIP_LZMA)
    content = path.read_bytes()
    properties = lzma._encode_filter_properties({"id": lzma.FILTER_LZMA1})
    path.write_bytes(content.replace(properties, properties[:1] + b"\xff\xff\xff\xff"))
    assert content.count(properties) == 6
    taken, said = megabytes(LOAD_ZIP, path, most=2 << 30)
    assert not said
    assert taken < 60


@pytest.mark.parametrize(
    ("field", "value"), [(42, 0), (20, 5000), (42, 2**31), (20, 2**32 - 2)], ids=str
)
def test_members_that_share_their_bytes(tmp_path, field, value):
    """The second entry's place and the packed size in the central directory."""
    path = write_zip(tmp_path / "pets.zip", two_classes())
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\1\2", content.index(b"PK\1\2") + 1)
    content[entry + field : entry + field + 4] = struct.pack("<I", value)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"pets\.zip: is not a readable zip archive \(the member"):
        load_images(path)


def test_many_members_of_the_same_bytes(tmp_path):
    """Ten thousand entries for one member of 100 kB."""
    with zipfile.ZipFile(tmp_path / "pets.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/0.png", bytes(100_000))
        info = archive.infolist()[0]
        for k in range(10_000):
            copy = zipfile.ZipInfo(f"{'ab'[k % 2]}/{k}.png")
            for name in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
                setattr(copy, name, getattr(info, name))
            archive.filelist.append(copy)
    with pytest.raises(ValueError, match="overlaps what follows it"):
        load_images(tmp_path / "pets.zip")


def test_names_in_archives(tmp_path):
    tree = two_classes()
    with pytest.raises(ValueError, match=r"pets\.zip: must not nest folders deeper than 32"):
        load_images(write_zip(tmp_path / "pets.zip", tree | {"a/" * 30_000 + "0.png": b""}))
    path = write_zip(tmp_path / "pets.zip", tree | {"X" * 9: b""})
    path.write_bytes(path.read_bytes().replace(b"X" * 9, b"\0" * 9))
    assert len(load_images(path).x_train) == 6


def test_an_unknown_method(tmp_path):
    path = write_zip(tmp_path / "pets.zip", two_classes())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 10] = 98
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"cat/0\.png \(is compressed by an unknown method \(98"):
        load_images(path)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore")
def test_damaged_zip_archives(tmp_path, method):
    path = write_zip(tmp_path / "pets.zip", two_classes(each=1), method)
    for version in damaged(path.read_bytes(), 100, method):
        path.write_bytes(version)
        check_damaged(lambda: load_images(path, cache=False, verbose=False), "pets.zip")
