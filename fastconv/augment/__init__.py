"""Image augmentation: at random for training, by fixed views at test time."""

from fastconv.augment.augmented import Augmented
from fastconv.augment.views import (
    MIRRORED,
    MIRRORED_AND_SHIFTED,
    View,
    predict_with_views,
    viewed,
)

__all__ = [
    "MIRRORED",
    "MIRRORED_AND_SHIFTED",
    "Augmented",
    "View",
    "predict_with_views",
    "viewed",
]
