"""Arguments of layers, drawn so that they fit a shape."""

import math
from functools import partial

ACTIVATIONS = [
    "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hard_silu", "sigmoid",
    "hard_sigmoid", "tanh", "softplus", "softsign", "exponential", "softmax",
]  # fmt: skip
POINTWISE = [
    "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax", "Rescaling", "Dropout",
    "ActivityRegularization",
]  # fmt: skip
NORMALIZATIONS = ["BatchNormalization", "LayerNormalization", "GroupNormalization"]
CONVOLUTIONS = ["Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"]
POOLINGS = ["MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D"]
SHAPES = ["ZeroPadding2D", "Cropping2D", "UpSampling2D", "Reshape", "Permute", "SpatialDropout2D"]


def _short(names):
    return [name.replace("2D", "1D") for name in names]


# The families of layers by the number of axes; a family is drawn first, then one of its layers.
FAMILIES = {
    1: [["Dense"]] * 3 + [POINTWISE, NORMALIZATIONS, ["RepeatVector"]],
    2: [["Conv1D", "Conv1DTranspose"]] * 3
    + [["Dense"], POINTWISE, NORMALIZATIONS, _short(POOLINGS), _short(SHAPES)],
    3: [CONVOLUTIONS] * 3 + [["Dense"], POINTWISE, NORMALIZATIONS, POOLINGS, SHAPES],
}


def arguments_of(pick, name, shape):
    """Arguments of the layer `name` for an input of `shape`, without the batch axis.

    ``pick(a, b, ...)`` returns one of what it is given. None if the layer has no output for it.
    """
    sides, channels = shape[:-1], shape[-1]
    makers = {
        "Activation": _activation,
        "ActivityRegularization": lambda pick, *_: {"l1": pick(0.0, 0.05), "l2": pick(0.0, 0.1)},
        "BatchNormalization": _normalization,
        "Cropping1D": _cropping,
        "Cropping2D": _cropping,
        "Dense": _dense,
        "Dropout": _dropout,
        "ELU": _elu,
        "GroupNormalization": partial(_normalization, groups=True),
        "LayerNormalization": partial(_normalization, axes=True),
        "LeakyReLU": _leaky,
        "PReLU": _prelu,
        "Permute": _permute,
        "ReLU": _relu,
        "RepeatVector": lambda pick, *_: {"n": pick(2, 3)},
        "Rescaling": lambda pick, *_: {"scale": pick(0.5, -2.0), "offset": pick(0.0, 0.25)},
        "Reshape": _reshape,
        "SpatialDropout1D": _dropout,
        "SpatialDropout2D": _dropout,
        "UpSampling1D": lambda pick, *_: {"size": pick(2, 3)},
        "UpSampling2D": lambda pick, *_: {"size": pick(2, (1, 2), (3, 1))},
        "ZeroPadding1D": lambda pick, *_: {"padding": pick(1, (0, 2))},
        "ZeroPadding2D": lambda pick, *_: {"padding": pick(1, (1, 2), ((0, 1), (2, 0)))},
    }
    if "Conv" in name:
        return _convolution(pick, name, sides, channels)
    if name.startswith("Global"):
        return {"keepdims": pick(False, True)}
    if "Pooling" in name:
        return _pooling(pick, sides)
    return makers[name](pick, sides, channels) if name in makers else {}


def _activation(pick, *_):
    return {"activation": pick(*ACTIVATIONS)}


def _relu(pick, *_):
    return {"max_value": pick(None, 1.0), "negative_slope": pick(0.0, 0.2)}


def _leaky(pick, *_):
    return {"negative_slope": pick(0.3, 0.1)}


def _elu(pick, *_):
    return {"alpha": pick(1.0, 0.5)}


def _prelu(pick, sides, channels):
    return {"shared_axes": pick(None, [*range(1, 1 + len(sides))]) if sides else None}


def _dropout(*_):
    return {"rate": 0.0}  # what is dropped differs from library to library


def _dense(pick, sides, channels):
    return {"units": pick(2, 5, 9), **_common(pick)}


def _common(pick, regularized=("kernel_regularizer",)):
    found = {"use_bias": pick(True, False), "activation": pick(None, *ACTIVATIONS)}
    for argument in (*regularized, "bias_regularizer", "activity_regularizer"):
        if penalty := pick(None, None, None, "l2", "l1"):
            found[argument] = penalty
    return found


# Those of other layers are Conv2D's.
REGULARIZED = {
    "DepthwiseConv2D": ["depthwise_regularizer"],
    "SeparableConv2D": ["depthwise_regularizer", "pointwise_regularizer"],
}


def _convolution(pick, name, sides, channels):
    kernel = tuple(min(pick(1, 2, 3, 5), side) for side in sides)
    common = _common(pick, REGULARIZED.get(name, ["kernel_regularizer"]))
    found = {"kernel_size": kernel, "padding": pick("valid", "same"), **common}
    if name == "Conv1D" and pick(False, True):
        found["padding"] = "causal"
    if name in ("DepthwiseConv2D", "SeparableConv2D"):
        found["depth_multiplier"] = pick(1, 2)
    groups = 1
    if name in ("Conv1D", "Conv2D"):
        groups = pick(1, 1, *(g for g in (2, 3, 4) if channels % g == 0))
        found["groups"] = groups
    if name != "DepthwiseConv2D":
        found["filters"] = groups * pick(1, 2, 4, 7)
    room = all(2 * (k - 1) < side for k, side in zip(kernel, sides, strict=True))
    if room and not name.endswith("Transpose") and pick(False, True):
        found["dilation_rate"] = 2
    elif pick(False, True):
        found["strides"] = 2
    return found


def _pooling(pick, sides):
    pool = tuple(min(pick(1, 2, 3), side) for side in sides)
    return {"pool_size": pool, "strides": pick(None, 1, 2), "padding": pick("valid", "same")}


def _normalization(pick, sides, channels, groups=False, axes=False):
    found = {"epsilon": pick(1e-3, 1e-2), "center": pick(True, False), "scale": pick(True, False)}
    alone = False  # whether single numbers are normalized, which leaves nothing but rounding errors
    if groups:
        found["groups"] = pick(*(g for g in (1, 2, 3, 4) if channels % g == 0))
        alone = math.prod(sides) * channels == found["groups"]
    elif axes:
        found["axis"] = pick(-1, [*range(1, 2 + len(sides))])
        alone = channels == 1
    else:
        found["momentum"] = pick(0.9, 0.5)
    return None if alone else found


def _cropping(pick, sides, channels):
    if min(sides) < 3:
        return {"cropping": 0}
    return {"cropping": pick(1, (1, 0)) if len(sides) == 1 else pick((1, 0), ((0, 1), (1, 1)))}


def _reshape(pick, sides, channels):
    if len(sides) == 1:
        return {"target_shape": pick((channels, sides[0]), (-1, 1))}
    return {"target_shape": pick((sides[1], sides[0], channels), (-1, channels))}


def _permute(pick, sides, channels):
    return {"dims": pick(*([(2, 1)] if len(sides) == 1 else [(2, 1, 3), (3, 1, 2), (1, 3, 2)]))}


def fits(shape):
    """Whether the next layer is quickly computed on `shape`."""
    return math.prod(shape) <= 600
