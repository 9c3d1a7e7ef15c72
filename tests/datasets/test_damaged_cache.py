"""Damaged entries of the cache of decoded images: each is noticed and made again."""

import json
import os
import struct
import warnings

import numpy as np
import pytest
from damage import damaged
from data_files import two_classes, write_zip

from fastconv.datasets import load_images
from fastconv.datasets._cache import _digest
from fastconv.utils import json_bounds


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCONV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def entry(tmp_path, cache):
    load_images(write_zip(tmp_path / "pets.zip", two_classes()))
    (entry,) = (cache / "images").iterdir()
    return entry


def signed(change):
    """A change of the manifest whose digest is right."""

    def damage(entry):
        manifest = json.loads((entry / "manifest.json").read_text())
        change(manifest)
        del manifest["digest"]
        manifest["digest"] = _digest(manifest)
        (entry / "manifest.json").write_text(json.dumps(manifest))

    return damage


def header(text):
    """A header of an .npy file in front of the same elements."""

    def damage(entry):
        content = (entry / "x.npy").read_bytes()
        line = text.encode().ljust(117) + b"\n"
        (entry / "x.npy").write_bytes(
            content[:8] + struct.pack("<H", len(line)) + line + content[128:]
        )

    return damage


def flip(name, place):
    def damage(entry):
        content = bytearray((entry / name).read_bytes())
        content[place] ^= 1
        (entry / name).write_bytes(content)

    return damage


def written(name, content):
    return lambda entry: (entry / name).write_bytes(content)


SHAPE = "'fortran_order': False, 'shape': (6, 6, 5, 3), }"
DAMAGES = {
    "a pixel": flip("x.npy", 300),
    "a label": flip("y.npy", 130),
    "a letter": flip("manifest.json", 40),
    "nested JSON": written("manifest.json", b"[" * 200_000),
    "nothing in JSON": written("manifest.json", b"null"),
    "a huge integer": written("manifest.json", b"9" * 10_000),
    "Infinity": written("manifest.json", b'{"fingerprint": Infinity}'),
    "other bytes": written("manifest.json", b"\xff\xfe\x00"),
    "nothing": written("manifest.json", b""),
    "no information": signed(lambda m: m.pop("information")),
    "no arrays": signed(lambda m: m.pop("arrays")),
    "arrays in a list": signed(lambda m: m.update(arrays=[1, 2])),
    "information in a list": signed(lambda m: m.update(information=[])),
    "no class names": signed(lambda m: m["information"].pop("class_names")),
    "class names of numbers": signed(lambda m: m["information"].update(class_names=[1, 2])),
    "one class": signed(lambda m: m["information"].update(class_names=["cat"])),
    "half an image": signed(lambda m: m["information"].update(n_train=2.5)),
    "no image": signed(lambda m: m["information"].update(n_train=0)),
    "more images": signed(lambda m: m["information"].update(n_train=10**30)),
    "skipped ones": signed(lambda m: m["information"].update(skipped=[1])),
    "a shape of texts": signed(lambda m: m["arrays"]["x"].update(shape=["6", 6, 5, 3])),
    "a negative shape": signed(lambda m: m["arrays"]["x"].update(shape=[-6, -6, 5, 3])),
    "a huge shape": signed(lambda m: m["arrays"]["x"].update(shape=[10**300, 6, 5, 3])),
    "another shape": signed(lambda m: m["arrays"]["x"].update(shape=[6, 5, 6, 3])),
    "no shape": signed(lambda m: m["arrays"]["x"].pop("shape")),
    "a field more": signed(lambda m: m["arrays"]["x"].update(dtype="|O")),
    "an open bracket": header("{'descr': '|u1', " + SHAPE[:-4]),
    "nested brackets": header("(" * 117),
    "objects": header("{'descr': '|O', " + SHAPE),
    "fields": header("{'descr': [('a', '|u1')], " + SHAPE),
    "an order": header("{'descr': '|u1', " + SHAPE.replace("False", "True")),
    "a call": header("{'descr': '|u1', 'fortran_order': print(1), 'shape': (6, 6, 5, 3), }"),
    "one byte less": lambda entry: os.truncate(entry / "x.npy", 600),
    "one byte more": lambda entry: os.truncate(entry / "y.npy", 128 + 49),
    "a folder": lambda entry: [(entry / "x.npy").unlink(), (entry / "x.npy").mkdir()],
    "a folder for JSON": lambda entry: [
        (entry / "manifest.json").unlink(),
        (entry / "manifest.json").mkdir(),
    ],
    "a loop": lambda entry: [
        (entry / "x.npy").unlink(),
        (entry / "x.npy").symlink_to(entry / "x.npy"),
    ],
    "a pipe": lambda entry: [(entry / "y.npy").unlink(), os.mkfifo(entry / "y.npy")],
    "a device": lambda entry: [
        (entry / "manifest.json").unlink(),
        (entry / "manifest.json").symlink_to("/dev/zero"),
    ],
}


def assert_made_again(path, expected):
    with pytest.warns(UserWarning, match=r"this cache entry is damaged .*; making it again"):
        result = load_images(path)
    np.testing.assert_array_equal(result.x_train, expected.x_train)
    np.testing.assert_array_equal(result.y_train, expected.y_train)
    assert result.class_names == ("cat", "dog")
    assert result.x_test is None
    assert result.skipped == ()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_made_again(tmp_path, entry, damage):
    expected = load_images(tmp_path / "pets.zip")
    damage(entry)
    assert_made_again(tmp_path / "pets.zip", expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_images(tmp_path / "pets.zip")


@pytest.mark.parametrize("name", ["manifest.json", "x.npy", "y.npy"])
def test_every_damage_of_an_entry_is_seen(tmp_path, entry, name):
    expected = load_images(tmp_path / "pets.zip")
    content = (entry / name).read_bytes()
    for version in damaged(content, 40):
        if version != content:
            (entry / name).write_bytes(version)
            assert_made_again(tmp_path / "pets.zip", expected)
            content = (entry / name).read_bytes()


def test_a_mapped_array_is_checked_too(tmp_path, entry, monkeypatch):
    expected = load_images(tmp_path / "pets.zip")
    monkeypatch.setattr("fastconv.datasets._cache._MAPPED", 100)
    np.testing.assert_array_equal(load_images(tmp_path / "pets.zip").x_train, expected.x_train)
    flip("x.npy", 300)(entry)
    assert_made_again(tmp_path / "pets.zip", expected)


def test_the_files_of_an_entry_are_plain_arrays(entry):
    assert np.load(entry / "x.npy", allow_pickle=False).shape == (6, 6, 5, 3)
    assert np.load(entry / "y.npy", allow_pickle=False).tolist() == [0, 0, 0, 1, 1, 1]


def test_a_manifest_that_would_take_far_more_memory_than_the_entry(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "pets.zip", two_classes())
    load_images(path)
    monkeypatch.setattr(json_bounds, "FEW_BYTES", 0)
    monkeypatch.setattr(json_bounds, "MOST_TIMES", 0)
    with pytest.warns(UserWarning, match=r"entry is damaged \(manifest.json must take at most 0 b"):
        load_images(path)
