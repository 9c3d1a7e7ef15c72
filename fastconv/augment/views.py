"""Test-time augmentation: predictions averaged over views of an image, mirrored and shifted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastconv._arguments import check_choice
from fastconv.kernels.images.augment import FILL_MODES, shift_flip

if TYPE_CHECKING:
    from fastconv.models.model import Model


class View(NamedTuple):
    """A fixed transformation of every image, and the weight of the outputs for it.

    Attributes
    ----------
    rows, columns : int
        Offset of the view's corner from the image's, down and to the right; negative ones are up
        and to the left.
    mirrored : bool
        Whether the view is mirrored left to right.
    weight : float
    """

    rows: int = 0
    columns: int = 0
    mirrored: bool = False
    weight: float = 1.0


MIRRORED = (View(), View(mirrored=True))
"""Every image and its mirror image."""

MIRRORED_AND_SHIFTED = (
    View(0, 0, False, 2.0),
    View(0, 0, True, 2.0),
    View(-1, -1, False, 1.0),
    View(-1, -1, True, 1.0),
    View(1, 1, False, 1.0),
    View(1, 1, True, 1.0),
)
"""`MIRRORED`, and `MIRRORED` shifted by one pixel either way along the diagonal; the shifted views
together weigh as much as the unshifted ones (Jordan, arXiv 2404.00498)."""


def viewed(images: Any, view: View, fill_mode: str = "reflect") -> np.ndarray:
    """The images (n, h, w, c) transformed by `view`, a new array of the same dtype.

    Parameters
    ----------
    images : (n, h, w, c) array of uint8 or float32
    view : View
    fill_mode : str
        How pixels outside of an image are filled, as in `Augmented`; "constant" is 0.

    Raises
    ------
    TypeError, ValueError
        If `images` has another dtype or number of axes, or `fill_mode` is unknown.

    Examples
    --------
    >>> images = np.array([[[[1], [2], [3]]]], np.uint8)
    >>> viewed(images, View(columns=1)).ravel().tolist()
    [2, 3, 2]
    >>> viewed(images, View(mirrored=True)).ravel().tolist()
    [3, 2, 1]
    """
    where = "viewed"
    mode = check_choice(fill_mode, FILL_MODES, where=where, what="fill_mode")
    x = np.asarray(images)
    if x.dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
        raise TypeError(f"{where}: images must be uint8 or float32; received {x.dtype}")
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ValueError(f"{where}: images must be (n, h, w, c); received {x.shape}")
    x = np.ascontiguousarray(x)
    made = np.empty_like(x)
    n, pixel = len(x), x.shape[3] * x.itemsize
    if n:
        shift_flip(
            x.view(np.uint8),
            made.view(np.uint8),
            np.arange(n),
            np.tile(np.array([[view.rows, view.columns]], np.int64), (n, 1)),
            np.full(n, view.mirrored, np.uint8),
            mode,
            np.zeros(pixel, np.uint8),
        )
    return made


def predict_with_views(
    model: Model,
    x: Any,
    views: Iterable[View] = MIRRORED_AND_SHIFTED,
    batch_size: int = 32,
    fill_mode: str = "reflect",
) -> np.ndarray:
    """The weighted mean of a model's outputs over `views` of each image.

    The outputs are averaged as they are, so the model should return logits, without a softmax.

    Parameters
    ----------
    model : Model
        With one input, images (n, h, w, c), and one output.
    x : (n, h, w, c) array of uint8 or float32
    views : list of View
        Their weights must be above 0.
    batch_size : int
    fill_mode : str
        As in `viewed`.

    Returns
    -------
    (n, ...) float32 array

    Raises
    ------
    TypeError, ValueError
        If `x` is not such an array, or there are no views.

    Examples
    --------
    >>> from fastconv import Sequential, layers
    >>> model = Sequential([layers.Flatten(input_shape=(1, 2, 1))])
    >>> images = np.array([[[[1.0], [3.0]]]], np.float32)
    >>> predict_with_views(model, images, MIRRORED).tolist()
    [[2.0, 2.0]]
    """
    where = "predict_with_views"
    chosen = [View(*view) for view in views]
    if not chosen or not all(view.weight > 0 for view in chosen):
        raise ValueError(
            f"{where}: views must be one or more, of weights above 0; received {chosen}"
        )
    images = np.asarray(x)
    total = sum(view.weight for view in chosen)
    mean: Any = np.float32(0)
    for view in chosen:
        outputs = model.predict(viewed(images, view, fill_mode), batch_size=batch_size)
        mean = mean + outputs * np.float32(view.weight / total)
    return np.asarray(mean)
