"""The executors: one file per fused step. Each knows its buffers and which kernels to call."""

from __future__ import annotations

from collections.abc import Callable

from fastconv.plan.fuse import FusedStep
from fastconv.plan.steps.activation import make_activation
from fastconv.plan.steps.activity_penalty import ActivityPenaltyStep
from fastconv.plan.steps.add import AddStep
from fastconv.plan.steps.adjust import BrightnessStep, ContrastStep
from fastconv.plan.steps.affine import AffineStep
from fastconv.plan.steps.base import Executor, Setting
from fastconv.plan.steps.channel_norm import BatchNormStep, GroupNormStep
from fastconv.plan.steps.concat import ConcatStep
from fastconv.plan.steps.conv_block import ConvBlock
from fastconv.plan.steps.conv_transpose import ConvTranspose
from fastconv.plan.steps.dense_block import DenseBlock
from fastconv.plan.steps.dropout import DropoutStep
from fastconv.plan.steps.erase import EraseStep
from fastconv.plan.steps.forms import CropStep, PadStep, TransposeStep, UpsampleStep
from fastconv.plan.steps.layer_norm import LayerNormStep
from fastconv.plan.steps.merge import MultiplyStep, make_merge
from fastconv.plan.steps.opaque import OpaqueStep
from fastconv.plan.steps.pool import make_pool
from fastconv.plan.steps.prelu import PReLUStep
from fastconv.plan.steps.resample import ResampleStep
from fastconv.plan.steps.resize import ResizeStep
from fastconv.plan.steps.spatial_dropout import SpatialDropoutStep
from fastconv.plan.steps.standardize import StandardizeStep

_MAKERS: dict[str, Callable[[FusedStep, Setting], Executor]] = {
    "conv_block": ConvBlock,
    "dense_block": DenseBlock,
    "pool": make_pool,
    "batch_norm": BatchNormStep,
    "group_norm": GroupNormStep,
    "layer_norm": LayerNormStep,
    "activation": make_activation,
    "prelu": PReLUStep,
    "dropout": DropoutStep,
    "spatial_dropout": SpatialDropoutStep,
    "affine": AffineStep,
    "activity_penalty": ActivityPenaltyStep,
    "add": AddStep,
    "multiply": MultiplyStep,
    "merge": make_merge,
    "concat": ConcatStep,
    "conv_transpose": ConvTranspose,
    "pad": PadStep,
    "crop": CropStep,
    "transpose": TransposeStep,
    "upsample": UpsampleStep,
    "resample": ResampleStep,
    "resize": ResizeStep,
    "contrast": ContrastStep,
    "brightness": BrightnessStep,
    "erase": EraseStep,
    "standardize": StandardizeStep,
    "opaque": OpaqueStep,
}


def make_executor(step: FusedStep, setting: Setting) -> Executor:
    """The executor of a fused step, not yet tied to any memory."""
    return _MAKERS[step.kind](step, setting)
