"""Drawn shapes in ten classes, generated from a seed: real training without any download."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from fastconv.datasets import _shape_outlines

CLASSES = (
    "arrow",
    "circle",
    "crescent",
    "cross",
    "heart",
    "hourglass",
    "ring",
    "square",
    "star",
    "triangle",
)

SIZE = 32  # pixels, width and height
_CHUNK = 500  # images drawn at once; also the unit in which random numbers are spent
_NEAR = 120.0  # least distance of a shape's colour from its background's, of 441 possible

Arrays = tuple[np.ndarray, np.ndarray]


def load_data(n_train: int = 10_000, n_test: int = 2_000, seed: int = 0) -> tuple[Arrays, Arrays]:
    """Return ``(x_train, y_train), (x_test, y_test)``: shapes in random colour, place and noise.

    Image `i` of a part depends on `seed`, the part and `i` alone: a larger set begins with the
    smaller one. The classes are equally frequent.

    Parameters
    ----------
    n_train, n_test
        Number of images, 0 or more.
    seed
        0 or more; another seed draws other images.

    Returns
    -------
    x_train, x_test
        uint8, ``(n_train, 32, 32, 3)`` and ``(n_test, 32, 32, 3)``, RGB.
    y_train, y_test
        uint8, ``(n_train,)`` and ``(n_test,)``: indices into `CLASSES`.

    Raises
    ------
    TypeError, ValueError
        When an argument is not an integer, or is negative.

    Examples
    --------
    >>> from fastconv.datasets import shapes
    >>> (x_train, y_train), (x_test, y_test) = shapes.load_data(n_train=100, n_test=20)
    >>> x_train.shape, x_test.shape, shapes.CLASSES[1]
    ((100, 32, 32, 3), (20, 32, 32, 3), 'circle')
    """
    n_train = _count("n_train", n_train)
    n_test = _count("n_test", n_test)
    seed = _count("seed", seed)
    return _part(n_train, (seed, 0)), _part(n_test, (seed, 1))


def _count(name: str, value: Any) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"shapes.load_data: {name} must be an integer; received {value!r}"
        ) from None
    if number < 0:
        raise ValueError(f"shapes.load_data: {name} must be 0 or more; received {number}")
    return number


def _part(count: int, stream: tuple[int, int]) -> Arrays:
    images = np.empty((count, SIZE, SIZE, 3), np.uint8)
    labels = np.empty(count, np.uint8)
    for chunk, start in enumerate(range(0, count, _CHUNK)):
        x, y = _draw(np.random.default_rng((*stream, chunk)))
        stop = min(start + _CHUNK, count)
        images[start:stop], labels[start:stop] = x[: stop - start], y[: stop - start]
    return images, labels


def _draw(rng: np.random.Generator) -> Arrays:
    """Draw one chunk of images."""
    n = _CHUNK
    labels = rng.permutation(n) % len(CLASSES)
    radius = rng.uniform(7.0, 14.0, n)
    u, v = _shape_coordinates(rng, radius)
    cover = np.empty((n, SIZE, SIZE), np.float32)
    for label, name in enumerate(CLASSES):
        rows = labels == label
        outline = getattr(_shape_outlines, name)(u[rows], v[rows])
        # A pixel whose centre is half a pixel inside is covered, one half outside is not.
        cover[rows] = np.clip(0.5 - outline * _per_image(radius[rows]), 0, 1)
    # Colour planes first: NumPy is several times slower along an innermost axis of three.
    image, front = _colours(rng)
    image += (front - image) * cover[:, None]
    image += _noise(rng)
    pixels = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    return pixels.transpose(0, 2, 3, 1), labels.astype(np.uint8)


def _per_image(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)[:, None, None]


def _shape_coordinates(
    rng: np.random.Generator, radius: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return every pixel's coordinates in its shape's own frame: moved, turned, stretched."""
    n = len(radius)
    room = (SIZE - 1) / 2 - 0.85 * radius  # a tip may just touch the border
    x0 = (SIZE - 1) / 2 + room * rng.uniform(-1, 1, n)
    y0 = (SIZE - 1) / 2 + room * rng.uniform(-1, 1, n)
    angle = rng.uniform(0, math.tau, n)
    stretch = rng.uniform(0.85, 1.18, n)
    cos, sin = np.cos(angle) / radius, np.sin(angle) / radius
    pixel = np.arange(SIZE, dtype=np.float32)
    x = pixel[None, None, :] - _per_image(x0)
    y = pixel[None, :, None] - _per_image(y0)
    u = _per_image(cos * stretch) * x + _per_image(sin * stretch) * y
    v = _per_image(cos / stretch) * y - _per_image(sin / stretch) * x
    return u, v


def _colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the background, shaded across the image, and the colour of the shape."""
    n = _CHUNK
    ground = rng.uniform(0, 130, (n, 3))
    shape = ground + rng.uniform(0, 1, (n, 3)) * (255 - ground)
    near = np.sqrt(((ground - shape) ** 2).sum(axis=1)) < _NEAR
    shape[near] = ground[near] + 125
    slope = rng.uniform(-1.5, 1.5, (2, n, 3, 1, 1)).astype(np.float32)
    middle = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    across = slope[0] * middle + ground.astype(np.float32)[:, :, None, None]
    down = slope[1] * middle[:, None]
    return across + down, shape.astype(np.float32)[:, :, None, None]


def _noise(rng: np.random.Generator) -> np.ndarray:
    """Return noise of another strength in each image: the sum of two random bytes, centred."""
    n = _CHUNK
    deviation = rng.uniform(2.0, 16.0, n)
    drawn = np.frombuffer(rng.bytes(2 * n * 3 * SIZE * SIZE), np.uint8)
    first, second = drawn.reshape(2, n, 3, SIZE, SIZE)
    total = np.add(first, second, dtype=np.float32) - 255
    scale = deviation / math.sqrt((256**2 - 1) / 6)  # two uniform bytes: twice (256² − 1) / 12
    return total * scale.astype(np.float32)[:, None, None, None]
