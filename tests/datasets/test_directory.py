"""`image_dataset_from_directory`: Keras's arguments."""

import numpy as np
import pytest
from data_files import encoded, pixels, two_classes, write_tree, write_zip

from fastconv import Input, Sequential
from fastconv.datasets import image_dataset_from_directory, load_images
from fastconv.datasets.labelled import stratified_split
from fastconv.layers import Dense, Flatten, Rescaling


@pytest.fixture
def pets(tmp_path):
    return write_tree(tmp_path / "pets", two_classes(each=10))


def starts(images):
    """Which images these are: `two_classes` gives image `i` of class `k` the start 10 k + i."""
    known = {pixels(6, 5, start=s).tobytes(): s for s in range(20)}
    return [known[image.tobytes()] for image in images]


def test_default_mixes_the_classes(pets):
    images, labels, class_names = image_dataset_from_directory(pets, batch_size=None)
    assert class_names == ("cat", "dog")
    assert labels.tolist() == [s // 10 for s in starts(images)]
    assert sorted(starts(images)) == list(range(20))
    assert starts(images) != list(range(20))
    again = image_dataset_from_directory(pets)
    np.testing.assert_array_equal(images, again.images)
    other = image_dataset_from_directory(pets, seed=1)
    assert starts(other.images) != starts(images)


def test_in_order(pets):
    images, labels, _ = image_dataset_from_directory(pets, shuffle=False, batch_size=None)
    assert starts(images) == list(range(20))
    assert labels.tolist() == [0] * 10 + [1] * 10


def test_label_modes(pets):
    hot = image_dataset_from_directory(pets, label_mode="categorical", shuffle=False).labels
    assert hot.dtype == np.float32
    np.testing.assert_array_equal(hot, np.eye(2)[[0] * 10 + [1] * 10])
    for none in ({"label_mode": None}, {"labels": None}):
        assert image_dataset_from_directory(pets, **none).labels is None
    binary = image_dataset_from_directory(pets, label_mode="binary", shuffle=False).labels
    assert binary.dtype == np.float32
    np.testing.assert_array_equal(binary, np.repeat([[0], [1]], 10, axis=0))


def test_own_labels(pets):
    numbers = [k % 3 for k in range(20)]
    data = image_dataset_from_directory(pets, numbers, seed=3)
    assert data.labels.tolist() == [s % 3 for s in starts(data.images)]
    assert data.class_names == ("0", "1", "2")
    _, held = image_dataset_from_directory(pets, numbers, validation_split=0.3, subset="both")
    assert np.bincount(held.labels).tolist() == [2, 2, 2]


@pytest.fixture
def flat(tmp_path):
    """Images of the starts 0 to 4 in Keras's order, and one that cannot be read after the first."""
    names = ("b.png", "c.png", "a/0.png", "a-b/1.png", "a/z/9.png")
    tree = {name: encoded(pixels(6, 5, start=s)) for s, name in enumerate(names)}
    return write_tree(tmp_path / "flat", tree | {"bad.png": b"no image", "notes.txt": b""})


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("cache", [False, True])
def test_labels_of_a_flat_folder(flat, tmp_path, archived, cache):
    if archived:
        files = (path for path in flat.rglob("*") if path.is_file())
        tree = {path.relative_to(flat).as_posix(): path.read_bytes() for path in files}
        flat = write_zip(tmp_path / "flat.zip", tree)
    numbers = [0, 9, 1, 2, 3, 4]  # b.png, then bad.png
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"skipped 1 unreadable of 6 images: bad\.png"):
            data = image_dataset_from_directory(flat, numbers, shuffle=False, cache=cache)
        assert starts(data.images) == [0, 1, 2, 3, 4]
        assert data.labels.tolist() == [0, 1, 2, 3, 4]
        assert data.class_names == tuple("0123456789")
    with pytest.warns(UserWarning, match="skipped 1"):
        hot = image_dataset_from_directory(
            flat, [0, 0, 1, 1, 0, 1], "categorical", seed=2, cache=cache
        )
    numbers = np.array([0, 1, 1, 0, 1])[starts(hot.images)]
    np.testing.assert_array_equal(hot.labels, np.eye(2)[numbers])


def test_a_flat_folder_without_labels(flat):
    (flat / "bad.png").unlink()
    for none in ({"label_mode": None}, {"labels": None}):
        data = image_dataset_from_directory(flat, **none, shuffle=False)
        assert (starts(data.images), data.labels, data.class_names) == ([0, 1, 2, 3, 4], None, ())
    assert repr(data) == "<ImageDataset: 5 images (6, 5, 3) without labels in batches of 32>"
    (batch,) = data
    assert batch.shape == (5, 6, 5, 3)
    training, held = image_dataset_from_directory(
        flat, None, validation_split=0.4, subset="both", seed=1
    )
    assert sorted(starts(training.images) + starts(held.images)) == [0, 1, 2, 3, 4]
    assert len(held.images) == 2


def test_a_folder_without_images_and_one_whose_images_are_damaged(tmp_path):
    empty = write_tree(tmp_path / "empty", {"notes.txt": b""})
    with pytest.raises(ValueError, match="empty: must hold images"):
        image_dataset_from_directory(empty, None)
    whole = encoded(pixels(6, 5))
    damaged = write_tree(tmp_path / "damaged", {"a.png": whole[:60], "b.png": whole[:60]})
    with pytest.raises(ValueError, match="damaged: all 2 images are unreadable"):
        image_dataset_from_directory(damaged, [0, 1], image_size=4)


def test_proportions(tmp_path):
    """Of 8 x 4 pixels, brighter downwards, and 4 x 8, brighter to the right."""
    tall = np.repeat(np.arange(10, 250, 30, dtype=np.uint8)[:, None], 4, axis=1)
    tree = {"a/tall.png": encoded(tall), "b/wide.png": encoded(np.ascontiguousarray(tall.T))}
    path = write_tree(tmp_path / "shapes", tree)
    how = {"image_size": (2, 2), "shuffle": False, "color_mode": "grayscale"}
    cut = image_dataset_from_directory(path, **how, interpolation="box", crop_to_aspect_ratio=True)
    assert cut.images[..., 0].tolist() == [[[85, 85], [145, 145]], [[85, 145], [85, 145]]]
    how |= {"image_size": 8, "interpolation": "nearest"}
    padded = image_dataset_from_directory(path, **how, pad_to_aspect_ratio=True)
    black = np.zeros((8, 2), np.uint8)
    np.testing.assert_array_equal(padded.images[0, ..., 0], np.hstack([black, tall, black]))
    np.testing.assert_array_equal(padded.images[1, ..., 0], np.hstack([black, tall, black]).T)
    with pytest.raises(ValueError, match="at most one of crop_to_aspect_ratio and pad"):
        image_dataset_from_directory(path, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)


def test_a_misspelt_argument(pets):
    with pytest.raises(TypeError, match=r"received 'batchsize' .did you mean 'batch_size'"):
        image_dataset_from_directory(pets, batchsize=3)
    with pytest.raises(TypeError, match=r"received 'img_size' .did you mean 'image_size'"):
        load_images(pets, img_size=3)


def test_own_order_of_classes(pets):
    data = image_dataset_from_directory(pets, class_names=["dog", "cat"], shuffle=False)
    assert data.class_names == ("dog", "cat")
    assert data.labels.tolist() == [1] * 10 + [0] * 10


def test_split(pets):
    training, validation = image_dataset_from_directory(pets, validation_split=0.3, subset="both")
    assert np.bincount(training.labels).tolist() == [7, 7]
    assert np.bincount(validation.labels).tolist() == [3, 3]
    assert sorted(starts(training.images) + starts(validation.images)) == list(range(20))
    alone = image_dataset_from_directory(pets, validation_split=0.3, subset="validation")
    np.testing.assert_array_equal(alone.images, validation.images)
    alone = image_dataset_from_directory(pets, validation_split=0.3, subset="training")
    np.testing.assert_array_equal(alone.images, training.images)


def test_given_parts(tmp_path):
    tree = {f"train/{name}": content for name, content in two_classes(each=2).items()}
    tree |= {f"test/{name}": content for name, content in two_classes(each=1).items()}
    path = write_tree(tmp_path / "pets", tree)
    training, test = image_dataset_from_directory(path, subset="both", shuffle=False)
    assert starts(training.images) == [0, 1, 10, 11]
    assert starts(test.images) == [0, 10]
    with pytest.raises(ValueError, match="has a training and a test part; choose one"):
        image_dataset_from_directory(path)
    with pytest.raises(ValueError, match=r"validation_split=0\.5"):
        image_dataset_from_directory(path, subset="both", validation_split=0.5)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"label_mode": "single"}, "label_mode must be one of .*received 'single'"),
        ({"labels": [0] * 20, "label_mode": "binary"}, "'binary' needs two classes; received 0"),
        ({"labels": [0, 1]}, "for each of the 20 images; received int64 .2,."),
        ({"labels": [-1] * 20}, "of at least 0 for each"),
        ({"labels": "folders"}, "labels must be 'inferred', None or a list"),
        ({"labels": [1] * 20, "class_names": ["a"]}, "class_names belong to labels='inferred'"),
        ({"labels": None, "class_names": ["a"]}, "class_names belong to .*; received .'a'."),
        ({"labels": "folders", "label_mode": None}, "labels must be 'inferred', None or a list"),
        ({"color_mode": "grey"}, "color_mode must be one of .*; received 'grey'"),
        ({"batch_size": 0}, "batch_size must be at least 1; received 0"),
        ({"subset": "test"}, "subset must be one of .*received 'test'"),
        ({"validation_split": 1.0}, r"validation_split must be between 0 and 1; received 1\.0"),
        ({"validation_split": 0}, "validation_split must be between 0 and 1; received 0"),
        ({"validation_split": 0.5}, "must be given together"),
        ({"subset": "training"}, "must be given together"),
        ({"class_names": ["cat"]}, "class_names must be the folders' names cat, dog; received cat"),
        ({"class_names": ["cat", "cat"]}, "class_names must be the folders' names"),
    ],
)
def test_wrong_arguments(pets, arguments, rule):
    with pytest.raises(ValueError, match=f"image_dataset_from_directory: .*{rule}"):
        image_dataset_from_directory(pets, **arguments)


@pytest.mark.parametrize(
    ("counts", "fraction", "held"),
    [([10, 20], 0.1, [1, 2]), ([1, 2, 3], 0.5, [0, 1, 2]), ([100, 4], 0.01, [1, 1])],
)
def test_stratified_split(counts, fraction, held):
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = np.random.default_rng(0).permutation(labels)
    keep, out = stratified_split(labels, fraction, seed=4)
    assert np.bincount(labels[out], minlength=len(counts)).tolist() == held
    assert sorted([*keep, *out]) == list(range(len(labels)))
    again = stratified_split(labels, fraction, seed=4)
    np.testing.assert_array_equal(again[1], out)


def test_batches(pets):
    data = image_dataset_from_directory(pets, batch_size=8)
    assert len(data) == 3
    seen = []
    for walk in range(3):
        batches = list(data)
        assert [len(images) for images, _ in batches] == [8, 8, 4]
        images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        assert labels.tolist() == [s // 10 for s in starts(images)]
        seen.append(starts(images))
        assert sorted(seen[-1]) == list(range(20))
        assert data.epoch == walk + 1
    assert len({tuple(order) for order in seen}) == 3
    assert seen[0] == starts(data.images)
    again = image_dataset_from_directory(pets, batch_size=8)
    again.epoch = 2
    assert starts(np.concatenate([images for images, _ in again])) == seen[2]
    ((first, _),) = again.take(1)
    assert first.shape == (8, 6, 5, 3)


def test_what_is_held_out_keeps_its_order(pets):
    for data in (
        image_dataset_from_directory(pets, validation_split=0.3, subset="validation"),
        image_dataset_from_directory(pets, validation_split=0.3, subset="both")[1],
        image_dataset_from_directory(pets, shuffle=False),
    ):
        for _ in range(2):
            np.testing.assert_array_equal(np.concatenate([y for _, y in data]), data.labels)


def test_a_model_takes_it_as_it_is(pets):
    training, validation = image_dataset_from_directory(
        pets, batch_size=4, validation_split=0.3, subset="both"
    )
    model = Sequential(
        [Input((6, 5, 3)), Rescaling(1 / 255), Flatten(), Dense(2, "softmax")], seed=1
    )
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    history = model.fit(training, validation_data=validation, epochs=2, verbose=0)
    assert model.optimizer.iterations == 2 * len(training)
    assert len(history.history["val_accuracy"]) == 2
    arrays = model.evaluate(validation.images, validation.labels, batch_size=4, verbose=0)
    assert model.evaluate(validation, verbose=0) == arrays
    np.testing.assert_array_equal(model.predict(validation), model.predict(validation.images))
    unlabelled = image_dataset_from_directory(pets, labels=None, shuffle=False)
    assert model.predict(unlabelled).shape == (20, 2)
