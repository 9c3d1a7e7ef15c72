"""From relative paths to classes and parts."""

import warnings

import pytest

from fastconv.datasets._class_folders import label_by_folder


def layout(*files, folders=()):
    """Arrange files and their folders; in the worst order."""
    parents = {"/".join(f.split("/")[:n]) for f in files for n in range(1, f.count("/") + 1)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return label_by_folder("pets", sorted(files, reverse=True), sorted({*parents, *folders}))


def test_class_folders():
    result = layout("dog/a.jpg", "cat/2.png", "cat/10.PNG")
    assert result.class_names == ("cat", "dog")
    assert result.train == [("cat/10.PNG", 0), ("cat/2.png", 0), ("dog/a.jpg", 1)]
    assert result.test is None


def test_train_and_test():
    result = layout("train/a/1.jpg", "train/b/1.jpg", "test/b/2.jpg")
    assert result.class_names == ("a", "b")
    assert result.train == [("train/a/1.jpg", 0), ("train/b/1.jpg", 1)]
    assert result.test == [("test/b/2.jpg", 1)]


@pytest.mark.parametrize("test", ["Test", "val", "validation", "testing"])
def test_other_names_of_the_parts(test):
    result = layout("Training/a/1.jpg", "Training/b/1.jpg", f"{test}/a/2.jpg")
    assert result.test == [(f"{test}/a/2.jpg", 0)]


@pytest.mark.parametrize("wrapper", ["top/", "top/inner/"])
def test_wrappers_are_looked_through(wrapper):
    result = layout(f"{wrapper}a/1.jpg", f"{wrapper}b/1.jpg", f"{wrapper}b/deep/er/2.jpg")
    assert result.class_names == ("a", "b")
    assert [label for _, label in result.train] == [0, 1, 1]
    result = layout(f"{wrapper}train/a/1.jpg", f"{wrapper}train/b/1.jpg", f"{wrapper}test/a/1.jpg")
    assert result.class_names == ("a", "b")
    assert result.test == [(f"{wrapper}test/a/1.jpg", 0)]


def test_a_training_part_alone():
    result = layout("train/a/1.jpg", "train/b/1.jpg")
    assert result.class_names == ("a", "b")
    assert result.test is None


def test_what_is_left_out():
    result = layout(
        "__MACOSX/a/._1.jpg",
        ".cache/x.jpg",
        "a/.hidden.jpg",
        "a/1.jpg",
        "a/notes.txt",
        "b/.thumbs/1.jpg",
        "b/1.jpg",
        "README.md",
    )
    assert result.class_names == ("a", "b")
    assert result.train == [("a/1.jpg", 0), ("b/1.jpg", 1)]


@pytest.mark.parametrize(
    ("files", "folders", "rule"),
    [
        ([], [], "pets: must hold images .*found none"),
        (["a/x.txt", "b/y.txt"], [], "pets: must hold images"),
        (["1.jpg", "2.jpg"], [], "pets: must hold one folder of images per class; found no folder"),
        (["a/1.jpg"], [], "pets: must hold at least two classes; found only 'a'"),
        (["top/a/1.jpg"], [], "pets/top: must hold at least two classes; found only 'a'"),
        (["a/1.jpg", "b/1.jpg"], ["c"], "pets: every class must have images; found none in c"),
        (
            ["train/a/1.jpg", "train/b/1.jpg", "test/c/1.jpg"],
            [],
            "pets: every class in test/ must be in train/ too; found only in test/: c",
        ),
        (
            ["train/a/1.jpg", "train/b/1.jpg", "test/1.jpg"],
            [],
            "pets/test: must hold one folder of images per class",
        ),
    ],
)
def test_errors(files, folders, rule):
    with pytest.raises(ValueError, match=rule):
        layout(*files, folders=folders)


def test_warns_of_loose_images():
    with pytest.warns(UserWarning, match=r"leaves out 2 images that lie in no class's .*0\.jpg"):
        label_by_folder("pets", ["0.jpg", "1.jpg", "a/1.jpg", "b/1.jpg"], ["a", "b"])


def test_warns_of_a_third_part():
    files = ["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "val/a/1.jpg"]
    folders = ["train", "train/a", "train/b", "test", "test/a", "val", "val/a"]
    with pytest.warns(UserWarning, match="takes train/ and test/ and leaves out val"):
        label_by_folder("pets", files, folders)
