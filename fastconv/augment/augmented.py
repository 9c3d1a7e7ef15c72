"""Random augmentation of the training images, by compiled kernels.

`Augmented` is a batch source for `fit`, which reads it in a background thread, ahead of training.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastconv._arguments import as_int, as_pair, check_choice
from fastconv.kernels.images.augment import FILL_MODES, erase, random_words, shift_flip
from fastconv.utils.random import check_seed, derive_seed, generator, next_seed

__all__ = ["Augmented"]


class Augmented:
    """Shuffled batches of images, each image shifted, mirrored and partly erased at random.

    Each iteration over it is the next epoch. The change of an image depends on the seed, the epoch
    and the image's index, never on its batch or the number of threads.

    Parameters
    ----------
    x : (n, h, w, c) array of uint8 or float32
        Batches have the same dtype: scale bytes in the model (`Rescaling`).
    y : array of n rows
    sample_weight : array of n rows, optional
    batch_size : int
    crop : int or (rows, columns)
        Each image is shifted by up to this many pixels each way: a random crop of the image padded
        by so much.
    fill_mode : str
        How the border is padded: "reflect" (c b | a b c | b a), "symmetric" (b a | a b c | c b),
        "nearest", "wrap" or "constant" (`fill_value`).
    flip : None, "random" or "alternating"
        "random" mirrors each image, left to right, with probability 1/2 in each epoch.
        "alternating" draws once, for epoch 0; odd epochs mirror the images that even ones do not,
        so that two epochs in a row show both sides of every image (Jordan, "94% on CIFAR-10 in
        3.29 seconds on a single GPU", 2024).
    cutout : int or (rows, columns)
        Size of a box within the image that is overwritten with `fill_value`.
    fill_value : number or c numbers
    shuffle : bool
    drop_remainder : bool
        Whether an incomplete last batch is left out.
    seed : int, optional

    Attributes
    ----------
    epoch : int
        The next epoch, counted from 0. `fit` sets it when it resumes a run.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or the arrays differ in length.

    Examples
    --------
    >>> images = np.arange(2 * 4 * 4 * 1, dtype=np.uint8).reshape(2, 4, 4, 1)
    >>> batches = Augmented(images, [0, 1], batch_size=2, crop=1, flip="alternating", seed=21)
    >>> x, y = next(iter(batches))
    >>> x.shape, x.dtype, len(batches)
    ((2, 4, 4, 1), dtype('uint8'), 1)
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        batch_size: int = 32,
        crop: int | tuple[int, int] = 0,
        fill_mode: str = "reflect",
        flip: str | None = None,
        cutout: int | tuple[int, int] = 0,
        fill_value: Any = 0,
        shuffle: bool = True,
        drop_remainder: bool = False,
        seed: int | None = None,
    ) -> None:
        where = "Augmented"
        self.x = _images(x, where)
        others = [y] if sample_weight is None else [y, sample_weight]
        self._others = [np.asarray(part) for part in others]
        for name, part in zip(("y", "sample_weight"), self._others, strict=False):
            if part.ndim == 0 or len(part) != len(self.x):
                raise ValueError(
                    f"{where}: {name} must have as many rows as x, {len(self.x)}; "
                    f"received {part.shape}"
                )
        self.batch_size = as_int(batch_size, "batch_size", where=where)
        self.crop = as_pair(crop, "crop", where=where, minimum=0)
        self.fill_mode = check_choice(fill_mode, FILL_MODES, where=where, what="fill_mode")
        if flip is not None:
            check_choice(flip, ("random", "alternating"), where=where, what="flip")
        self.flip = flip
        self.cutout = as_pair(cutout, "cutout", where=where, minimum=0)
        if any(box > size for box, size in zip(self.cutout, self.x.shape[1:3], strict=True)):
            raise ValueError(
                f"{where}: cutout must not be larger than the images, {self.x.shape[1:3]}; "
                f"received {cutout!r}"
            )
        self._fill = _pixel(fill_value, self.x, where)
        self.shuffle, self.drop_remainder = bool(shuffle), bool(drop_remainder)
        if self.drop_remainder and len(self.x) < self.batch_size:
            raise ValueError(
                f"{where}: with drop_remainder, x must fill a batch of {self.batch_size}; "
                f"received {len(self.x)} images"
            )
        given = check_seed(seed, where=where)
        self.seed = next_seed() if given is None else given
        self.epoch = 0

    def __len__(self) -> int:
        """Batches in an epoch."""
        whole, rest = divmod(len(self.x), self.batch_size)
        return whole + (rest > 0 and not self.drop_remainder)

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        """The batches (x, y) or (x, y, sample_weight) of the next epoch."""
        epoch = self.epoch
        self.epoch += 1
        return self._batches(epoch)

    def _batches(self, epoch: int) -> Iterator[tuple[np.ndarray, ...]]:
        order = np.arange(len(self.x))
        if self.shuffle:
            order = generator(self.seed, epoch).permutation(len(self.x))
        for k in range(len(self)):
            rows = order[k * self.batch_size : (k + 1) * self.batch_size]
            yield self.images(rows, epoch), *(part[rows] for part in self._others)

    def images(self, index: Any, epoch: int) -> np.ndarray:
        """The images at these indices, augmented as in `epoch`; a new array.

        Raises
        ------
        ValueError
            If an index is out of range.
        """
        index = np.ascontiguousarray(index, np.int64)
        h, w, c = self.x.shape[1:]
        made = np.empty((len(index), h, w, c), self.x.dtype)
        words = self._words(index, 0, epoch)
        rows, columns = self.crop
        corner = np.stack(
            [_upto(words[:, 0], 2 * rows) - rows, _upto(words[:, 1], 2 * columns) - columns], 1
        )
        shift_flip(
            _bytes(self.x),
            _bytes(made),
            index,
            corner,
            self._mirrored(index, epoch),
            self.fill_mode,
            self._fill,
        )
        if min(self.cutout):
            bh, bw = self.cutout
            top, left = _upto(words[:, 2], h - bh), _upto(words[:, 3], w - bw)
            erase(_bytes(made), np.stack([top, left, top + bh, left + bw], 1), self._fill)
        return made

    def _mirrored(self, index: np.ndarray, epoch: int) -> np.ndarray:
        if self.flip is None:
            return np.zeros(len(index), np.uint8)
        drawn_in = 0 if self.flip == "alternating" else epoch
        drawn = (self._words(index, 1, drawn_in)[:, 0] >> 31).astype(np.uint8)
        odd = self.flip == "alternating" and epoch % 2 == 1
        return drawn ^ np.uint8(odd)

    def _words(self, index: np.ndarray, purpose: int, epoch: int) -> np.ndarray:
        words = np.empty((len(index), 4), np.uint32)
        random_words(index, derive_seed(self.seed, 0, purpose), epoch, words)
        return words


def _images(x: Any, where: str) -> np.ndarray:
    images = np.asarray(x)
    if images.dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
        raise TypeError(f"{where}: x must be uint8 or float32; received {images.dtype}")
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            f"{where}: x must be images (n, h, w, c) of at least one pixel; received {images.shape}"
        )
    return np.ascontiguousarray(images)


def _pixel(value: Any, x: np.ndarray, where: str) -> np.ndarray:
    """The bytes of a pixel filled with `value`."""
    number = np.asarray(value, np.float64)
    if number.shape not in ((), (x.shape[3],)):
        raise ValueError(
            f"{where}: fill_value must be a number or one for each of the {x.shape[3]} channels; "
            f"received {value!r}"
        )
    if x.dtype == np.uint8 and not ((number >= 0) & (number <= 255)).all():
        raise ValueError(f"{where}: fill_value of bytes must be 0 to 255; received {value!r}")
    whole = np.rint(number) if x.dtype == np.uint8 else number
    pixel = np.empty(x.shape[3], x.dtype)
    pixel[...] = whole
    return pixel.view(np.uint8)


def _bytes(images: np.ndarray) -> np.ndarray:
    return images.view(np.uint8)


def _upto(words: np.ndarray, largest: int) -> np.ndarray:
    """Uniform integers from 0 to `largest`, from 32-bit words; the bias is at most 2**-32."""
    return ((words.astype(np.uint64) * np.uint64(largest + 1)) >> np.uint64(32)).astype(np.int64)
