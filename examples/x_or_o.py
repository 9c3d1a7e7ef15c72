"""X or O: a convolutional network worked out by hand, with a picture of every step.

    python examples/x_or_o.py [FOLDER]

Pictures have pixels of -1 and +1. Three features of 3x3 pixels are laid over every position of a
picture; where a feature fits, the mean of the products is 1. Filtering, ReLU and pooling, three
times over (later with the features' strokes only, since a ReLU leaves nothing below 0), give 2x2
numbers for each feature: twelve in all. A picture is classified as X or O by which letter's mean
vector of twelve numbers it is closer to. Nothing is trained. Two pictures are saved in FOLDER (the
current one by default), if matplotlib is installed.
"""

import sys
from pathlib import Path

import numpy as np

from fastconv import Input, Model
from fastconv.layers import Conv2D, MaxPooling2D, ReLU

FEATURES = {
    "falling stroke": ("#..", ".#.", "..#"),
    "crossing": ("#.#", ".#.", "#.#"),
    "rising stroke": ("..#", ".#.", "#.."),
}
LETTERS = {
    "X": ("#.....#", ".#...#.", "..#.#..", "...#...", "..#.#..", ".#...#.", "#.....#"),
    "O": ("..###..", ".#...#.", "#.....#", "#.....#", "#.....#", ".#...#.", "..###.."),
}
SIZE = 9


def pixels(rows):
    """Rows of ``#`` and ``.`` as +1 and -1."""
    return np.array([[1.0 if c == "#" else -1.0 for c in row] for row in rows], np.float32)


def draw(letter, rng, flips=3):
    """A letter, shifted by up to a pixel each way, with some pixels inverted."""
    image = np.full((SIZE, SIZE), -1.0, np.float32)
    top, left = rng.integers(0, 3, 2)
    image[top : top + 7, left : left + 7] = pixels(LETTERS[letter])
    image.flat[rng.choice(image.size, flips, replace=False)] *= -1
    return image[..., np.newaxis]


def network():
    """Filter, ReLU, pool, three times: 9x9 becomes 5x5, 3x3, 2x2. The outputs are all the maps."""
    features = np.stack([pixels(rows) for rows in FEATURES.values()], axis=-1)[:, :, np.newaxis]
    strokes = np.maximum(features, 0)  # for maps after a ReLU, which hold nothing below 0
    features /= features[..., 0].size  # so that a perfect fit gives 1
    strokes /= strokes.sum(axis=(0, 1, 2))
    x = image = Input((SIZE, SIZE, 1))
    maps = []
    for groups in (1, 3, 3):  # from the second time on, each map meets only its feature
        filters = Conv2D(3, 3, padding="same", groups=groups, use_bias=False)
        filtered = filters(x)
        filters.set_weights([features if groups == 1 else strokes])
        positive = ReLU()(filtered)
        x = MaxPooling2D(2, padding="same")(positive)
        maps += [filtered, positive, x]
    return Model(image, maps)


def vectors(model, images):
    """The twelve numbers of each picture."""
    return model.predict(images)[-1].reshape(len(images), -1)


def plot_steps(image, maps, path):
    """The picture, the features, and every map on the way to the twelve numbers."""
    import matplotlib.pyplot as plt

    titles = [f"{step} {k}" for k in (1, 2, 3) for step in ("filter", "ReLU", "pool")]
    figure, axes = plt.subplots(3, 11, figsize=(15, 4.6))
    for axis in axes.flat:
        axis.set_axis_off()
    axes[1, 0].imshow(image[..., 0], cmap="gray", vmin=-1, vmax=1)
    axes[1, 0].set_title("picture")
    for row, (name, feature) in enumerate(FEATURES.items()):
        axes[row, 1].imshow(pixels(feature), cmap="gray", vmin=-1, vmax=1)
        axes[row, 1].set_title(name, fontsize=9)
        for column, (title, stack) in enumerate(zip(titles, maps, strict=True), start=2):
            axes[row, column].imshow(stack[0, ..., row], cmap="coolwarm", vmin=-1, vmax=1)
            if row == 0:
                axes[row, column].set_title(title)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def plot_vectors(means, examples, path):
    """The means of X and O, and some pictures' numbers beside them."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(means), figsize=(11, 3.2), sharey=True)
    for axis, (letter, mean) in zip(axes, means.items(), strict=True):
        axis.plot(examples[letter].T, color="0.75", linewidth=0.8)
        axis.bar(np.arange(mean.size), mean, color="tab:blue" if letter == "X" else "tab:orange")
        axis.set_title(f"twelve numbers of {letter}: mean, and {len(examples[letter])} pictures")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


rng = np.random.default_rng(21)
model = network()
known = {letter: np.stack([draw(letter, rng) for _ in range(100)]) for letter in LETTERS}
means = {letter: vectors(model, images).mean(axis=0) for letter, images in known.items()}

clean = np.full((1, SIZE, SIZE, 1), -1.0, np.float32)
clean[0, 1:8, 1:8, 0] = pixels(LETTERS["X"])
maps = model.predict(clean)
print("The first feature over an X (1: it fits):")
print(np.array2string(maps[0][0, 1:-1, 1:-1, 0], precision=2, suppress_small=True))

right = {}
for letter in LETTERS:
    found = vectors(model, np.stack([draw(letter, rng) for _ in range(200)]))
    off = {name: np.linalg.norm(found - mean, axis=1) for name, mean in means.items()}
    other = "O" if letter == "X" else "X"
    right[letter] = float((off[letter] < off[other]).mean())
    print(f"{right[letter]:6.1%} of 200 new pictures of {letter} are taken for {letter}")

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
try:
    import matplotlib
except ImportError:
    print("No pictures: pip install matplotlib")
else:
    matplotlib.use("Agg")
    plot_steps(clean[0], maps, folder / "x_or_o_steps.png")
    few = {letter: vectors(model, images[:30]) for letter, images in known.items()}
    plot_vectors(means, few, folder / "x_or_o_vectors.png")
    print(f"Pictures: {folder / 'x_or_o_steps.png'}, {folder / 'x_or_o_vectors.png'}")
