"""Folders and archives to arrays, through the cache and without it."""

import errno
import json
import os
import shutil
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from data_files import encoded, pixels, two_classes, write_tree, write_zip

from fastconv.datasets import _decode, load_images
from fastconv.utils.files import folder_beside


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCONV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch):
    """The names of the files that are decoded or looked at."""
    names = []
    plain = _decode.read
    for module in ("_decode", "_decode_tree"):
        monkeypatch.setattr(
            f"fastconv.datasets.{module}.read",
            lambda source, name: names.append(name) or plain(source, name),
        )
    return names


EXPECTED = np.stack([pixels(6, 5, start=10 * label + i) for label in (0, 1) for i in range(3)])


def make(kind, root):
    if kind == "folder":
        return write_tree(root / "pets", two_classes())
    method = zipfile.ZIP_STORED if kind == "stored" else getattr(zipfile, kind)
    return write_zip(root / "pets.zip", two_classes(), method)


KINDS = ["folder", "stored", "ZIP_DEFLATED", "ZIP_BZIP2", "ZIP_LZMA"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cached", [True, False])
def test_class_folders(kind, cached, tmp_path, reads):
    path = make(kind, tmp_path)
    for attempt in range(2):
        result = load_images(path, cache=cached)
        np.testing.assert_array_equal(result.x_train, EXPECTED)
        assert result.x_train.dtype == np.uint8
        assert result.x_train.flags.writeable
        assert result.y_train.tolist() == [0, 0, 0, 1, 1, 1]
        assert result.x_test is None
        assert result.y_test is None
        assert result.class_names == ("cat", "dog")
        assert result.skipped == ()
        if attempt == 1:
            assert bool(reads) is not cached
        reads.clear()


def test_train_and_test_parts(tmp_path):
    tree = {f"top/train/{name}": content for name, content in two_classes().items()}
    tree["top/test/dog/9.png"] = encoded(pixels(6, 5, start=99))
    result = load_images(write_zip(tmp_path / "pets.zip", tree))
    np.testing.assert_array_equal(result.x_train, EXPECTED)
    np.testing.assert_array_equal(result.x_test, pixels(6, 5, start=99)[None])
    assert result.y_test.tolist() == [1]


def test_many_images_keep_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(_decode, "_CHUNK_IMAGES", 4)
    monkeypatch.setattr(_decode, "default_threads", lambda: 3)
    tree = {
        f"{name}/{i:03}.png": encoded(pixels(4, 4, start=i + 50 * label))
        for label, name in enumerate("ab")
        for i in range(50)
    }
    result = load_images(write_tree(tmp_path / "many", tree))
    expected = np.stack([pixels(4, 4, start=i) for i in range(100)])
    np.testing.assert_array_equal(result.x_train, expected)


@pytest.mark.parametrize("cached", [True, False])
def test_different_sizes_take_the_median(tmp_path, cached):
    tree = {
        "a/1.png": encoded(pixels(10, 20)),
        "a/2.png": encoded(pixels(12, 20)),
        "b/1.png": encoded(pixels(30, 26)),
    }
    result = load_images(write_tree(tmp_path / "mixed", tree), cache=cached)
    assert result.x_train.shape == (3, 12, 20, 3)
    np.testing.assert_array_equal(result.x_train[1], pixels(12, 20))


def test_different_large_sizes_are_limited(tmp_path):
    tree = {"a/1.png": encoded(pixels(400, 800, 1)), "b/1.png": encoded(pixels(402, 802, 1))}
    assert load_images(write_tree(tmp_path / "large", tree)).x_train.shape == (2, 128, 256, 1)


def test_equal_large_sizes_are_kept(tmp_path):
    tree = {"a/1.png": encoded(pixels(300, 2, 1)), "b/1.png": encoded(pixels(300, 2, 1))}
    assert load_images(write_tree(tmp_path / "large", tree)).x_train.shape == (2, 300, 2, 1)


@pytest.mark.parametrize(("image_size", "shape"), [((3, 4), (3, 4)), (8, (8, 8)), ([2, 1], (2, 1))])
def test_image_size(tmp_path, image_size, shape):
    path = make("folder", tmp_path)
    assert load_images(path, image_size=image_size).x_train.shape == (6, *shape, 3)
    assert load_images(path).x_train.shape == (6, 6, 5, 3)  # another cache entry


def test_gray_and_color(tmp_path):
    path = write_tree(tmp_path / "grey", two_classes(channels=1))
    grey = load_images(path)
    assert grey.x_train.shape == (6, 6, 5, 1)
    assert load_images(path, color_mode="rgb").x_train.shape == (6, 6, 5, 3)
    write_tree(path, {"dog/colour.png": encoded(pixels(6, 5))})
    mixed = load_images(path)
    assert mixed.x_train.shape == (7, 6, 5, 3)
    np.testing.assert_array_equal(mixed.x_train[:3], np.repeat(grey.x_train[:3], 3, axis=3))
    assert load_images(path, color_mode="grayscale").x_train.shape == (7, 6, 5, 1)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("archived", [True, False])
def test_unreadable_images_are_skipped_and_counted(tmp_path, cached, archived):
    tree = two_classes()
    tree["cat/1.png"] = b"no image"
    tree["dog/0.png"] = tree["dog/0.png"][:40]
    path = (write_zip if archived else write_tree)(tmp_path / "pets.zip", tree)
    for _ in range(2):  # the cache remembers them
        with pytest.warns(UserWarning, match=r"skipped 2 unreadable of 6 images: cat/1\.png \(is"):
            result = load_images(path, cache=cached)
        np.testing.assert_array_equal(result.x_train, EXPECTED[[0, 2, 4, 5]])
        assert result.y_train.tolist() == [0, 0, 1, 1]
        assert [name for name, _ in result.skipped] == ["cat/1.png", "dog/0.png"]
        with pytest.raises(ValueError, match=r"pets\.zip/cat/1\.png: is an unreadable image"):
            load_images(path, cache=cached, strict=True)
    assert_no_debris(tmp_path / "cache")


def assert_no_debris(cache: Path):
    assert [p for p in cache.glob("**/*") if p.name.startswith(".")] == []


def test_the_first_image_may_be_unreadable_too(tmp_path):
    tree = two_classes()
    tree["cat/0.png"] = b""
    with pytest.warns(UserWarning, match="skipped 1 unreadable"):
        assert load_images(write_tree(tmp_path / "pets", tree)).x_train.shape == (5, 6, 5, 3)


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (["cat/0.png", "cat/1.png", "cat/2.png"], "all images of class cat are unreadable"),
        (list(two_classes()), r"all 6 images are unreadable \(cat/0\.png: is no image"),
    ],
)
def test_nothing_left(tmp_path, broken, rule):
    path = write_tree(tmp_path / "pets", two_classes() | dict.fromkeys(broken, b"broken"))
    with pytest.raises(ValueError, match=rule):
        load_images(path)
    assert_no_debris(tmp_path / "cache")


@pytest.mark.parametrize("place", [4, 40])  # in the first member's header, and in its content
def test_damaged_member(tmp_path, place):
    path = make("stored", tmp_path)
    content = bytearray(path.read_bytes())
    content[place - 4 : place] = b"\xee\xee\xee\xee"
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"1 unreadable of 6 images: cat/0\.png \(is damaged in"):
        load_images(path)


def test_encrypted_member(tmp_path):
    path = make("stored", tmp_path)
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"cat/0\.png \(is encrypted\)"):
        load_images(path)


@pytest.mark.parametrize(
    "damage", [lambda c: c[:-30], lambda c: c[: len(c) // 2], lambda c: b"PK\3\4", lambda c: b""]
)
def test_damaged_archive(tmp_path, damage):
    path = make("stored", tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"pets\.zip: is not a readable zip archive"):
        load_images(path)


def test_nothing_leaves_the_archive(tmp_path):
    tree = two_classes()
    tree["../../outside/evil.png"] = tree["cat/0.png"]
    tree["/absolute/evil.png"] = tree["cat/0.png"]
    folder = tmp_path / "deep" / "deeper"
    folder.mkdir(parents=True)
    result = load_images(write_zip(folder / "pets.zip", tree))
    assert result.class_names == ("cat", "dog")
    assert not (tmp_path / "outside").exists()


def test_missing_and_wrong_paths(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder or zip archive"):
        load_images(tmp_path / "nowhere")
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    with pytest.raises(ValueError, match=r"notes\.txt: must be a folder or a \.zip archive"):
        load_images(text)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"image_size": 0}, "image_size must be .*received 0"),
        ({"image_size": (3, -1)}, "image_size must be"),
        ({"image_size": (3, 4, 5)}, "image_size must be"),
        ({"image_size": 2.5}, "image_size must be"),
        ({"image_size": "big"}, "image_size must be .*received 'big'"),
        ({"color_mode": "RGB"}, "color_mode must be one of auto, .*received 'RGB'"),
        ({"interpolation": "cubic"}, "interpolation must be one of nearest, .*received 'cubic'"),
        ({"image_size": 10**9}, "image_size must have at most 178956970 pixels; received 10000000"),
        ({"image_size": (1, 2**63)}, "image_size must have at most 178956970 pixels; received"),
    ],
)
def test_wrong_arguments(tmp_path, arguments, rule):
    with pytest.raises(ValueError, match=f"load_images: {rule}"):
        load_images(make("folder", tmp_path), **arguments)


@pytest.mark.parametrize("kind", ["folder", "stored"])
def test_a_changed_source_replaces_its_entry(kind, tmp_path, cache):
    path = make(kind, tmp_path)
    load_images(path)
    tree = two_classes() | {"dog/7.png": encoded(pixels(6, 5, start=70))}
    (write_tree if kind == "folder" else write_zip)(path, tree)
    os.utime(path, ns=(1, 1))
    result = load_images(path)
    assert len(result.x_train) == 7
    assert len(list((cache / "images").iterdir())) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "manifest.json").write_text("{"),
        lambda entry: (entry / "manifest.json").write_text("[]"),
        lambda entry: (entry / "x.npy").write_bytes((entry / "x.npy").read_bytes()[:-1]),
        lambda entry: (entry / "x.npy").write_bytes(b""),
        lambda entry: np.save(entry / "x.npy", np.zeros((6, 2, 2, 3), np.uint8)),
        lambda entry: np.save(entry / "y.npy", np.array([{}] * 6, dtype=object)),
        lambda entry: (entry / "y.npy").unlink(),
    ],
)
def test_a_damaged_entry_is_made_again(damage, tmp_path, cache):
    path = make("stored", tmp_path)
    load_images(path)
    (entry,) = (cache / "images").iterdir()
    damage(entry)
    with pytest.warns(UserWarning, match="this cache entry is damaged .*; making it again"):
        result = load_images(path)
    np.testing.assert_array_equal(result.x_train, EXPECTED)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(load_images(path).x_train, EXPECTED)
    assert len(list((cache / "images").iterdir())) == 1


def test_a_cache_that_cannot_be_written(tmp_path, cache):
    cache.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="cannot write to the cache .*; decoding into memory"):
        result = load_images(make("stored", tmp_path))
    np.testing.assert_array_equal(result.x_train, EXPECTED)


def test_an_interrupted_run_leaves_nothing(tmp_path, cache, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_decode, "decode", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_images(make("stored", tmp_path))
    assert list((cache / "images").iterdir()) == []


@pytest.mark.filterwarnings("ignore:.*cannot write to the cache")
@pytest.mark.parametrize("place", ["PIL.Image.open", "fastconv.datasets._file_tree._check_size"])
@pytest.mark.parametrize("lack", [MemoryError(), OSError(errno.EMFILE, "Too many open files")])
def test_an_image_is_not_left_out_because_the_process_lacks_something(
    tmp_path, cache, monkeypatch, place, lack
):
    """Else the set would stay small: it is cached."""
    path = make("folder", tmp_path)

    def fail(*_, **__):
        raise lack

    with monkeypatch.context() as patch:
        patch.setattr(place, fail)
        patch.setattr(_decode, "decode_plain", lambda *_: None)
        with pytest.raises(type(lack)):
            load_images(path)
    np.testing.assert_array_equal(load_images(path).x_train, EXPECTED)


def test_a_cache_entry_is_not_damaged_because_memory_lacks(tmp_path, cache, monkeypatch):
    path = make("folder", tmp_path)
    load_images(path)

    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("fastconv.datasets._cache._read", fail)
    with pytest.raises(MemoryError):
        load_images(path)


@pytest.mark.skipif(os.name != "posix", reason="locks of files")
def test_what_a_killed_run_left_in_the_cache_goes(tmp_path, cache):
    path = make("stored", tmp_path)
    left = cache / "images" / ".new-abcdefgh"
    for wanted in (path, path):  # makes the entry, then finds it
        (left / "fresh").mkdir(parents=True)
        (left / "fresh" / "x.npy").touch()
        load_images(wanted)
        assert not left.exists()
    with folder_beside(cache / "images") as in_use:
        load_images(path)
        assert in_use.exists()
    assert len(list((cache / "images").iterdir())) == 1


def test_the_entry_is_data_alone(tmp_path, cache):
    load_images(make("stored", tmp_path))
    (entry,) = (cache / "images").iterdir()
    assert sorted(file.name for file in entry.iterdir()) == ["manifest.json", "x.npy", "y.npy"]
    assert json.loads((entry / "manifest.json").read_text())["arrays"]["x"]["shape"] == [6, 6, 5, 3]


def test_linked_folders(tmp_path):
    path = make("folder", tmp_path)
    shutil.move(path / "dog", tmp_path / "elsewhere")
    (path / "dog").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (path / "dog" / "loop").symlink_to(path, target_is_directory=True)
    np.testing.assert_array_equal(load_images(path).x_train, EXPECTED)


def test_real_archive(shared_data):
    result = load_images(shared_data("cifar10-images.zip"), verbose=False)
    assert result.x_train.shape == (50_000, 32, 32, 3)
    assert result.x_test.shape == (10_000, 32, 32, 3)
    assert np.bincount(result.y_train).tolist() == [5000] * 10
    assert np.bincount(result.y_test).tolist() == [1000] * 10
    assert result.class_names[:3] == ("airplane", "automobile", "bird")
    assert round(float(result.x_train.mean())) == 121
