"""The primitive steps: what a layer can say of itself, one small record each.

Shapes leave out the batch axis; a `Conv2DShape` or `Pool2DShape` in here has `mb` 1.
"""

from fastconv.plan.primitives.adjusting import Brightness, Contrast, Erase, Standardize
from fastconv.plan.primitives.base import Primitive
from fastconv.plan.primitives.elementwise import (
    Activation,
    ActivityPenalty,
    Add,
    Affine,
    Dropout,
    PReLU,
    SpatialDropout,
)
from fastconv.plan.primitives.forms import Crop, Pad, Reshape, Transpose, Upsample
from fastconv.plan.primitives.merging import Concat, Merge, Multiply
from fastconv.plan.primitives.normalization import BatchNorm, GroupNorm, LayerNorm
from fastconv.plan.primitives.opaque import Opaque
from fastconv.plan.primitives.pooling import Pool2D
from fastconv.plan.primitives.products import Conv2D, Conv2DTranspose, Dense
from fastconv.plan.primitives.sampling import Resample, Resize

__all__ = [
    "Activation",
    "ActivityPenalty",
    "Add",
    "Affine",
    "BatchNorm",
    "Brightness",
    "Concat",
    "Contrast",
    "Conv2D",
    "Conv2DTranspose",
    "Crop",
    "Dense",
    "Dropout",
    "Erase",
    "GroupNorm",
    "LayerNorm",
    "Merge",
    "Multiply",
    "Opaque",
    "PReLU",
    "Pad",
    "Pool2D",
    "Primitive",
    "Resample",
    "Reshape",
    "Resize",
    "SpatialDropout",
    "Standardize",
    "Transpose",
    "Upsample",
]
