"""Fusion of recorded steps, by a table of patterns.

A pattern is a chain: every step in it is the only reader of the output of the step before. Fusion
never changes what is computed, only how often the data passes through memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from fastconv.plan.executor import Executor, FusedStep
from fastconv.plan.operations import activations as act
from fastconv.plan.operations import (
    adjusting,
    elementwise,
    inference,
    merging,
    movement,
    opaque,
    pooling,
    products,
    sampling,
)
from fastconv.plan.operations import normalization as norm
from fastconv.plan.recorder import Node, Primitive, Recorder, Value

P = TypeVar("P", bound=Primitive)
_BY_CHANNELS = (act.Activation, norm.BatchNorm, merging.Add, elementwise.Dropout)


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a pattern: which steps match, and whether the element is optional.

    `joins` says whether a step that matches may follow the steps that the chain has so far.
    `by_channels` is true of steps that treat all elements, or all of a channel, alike: between them
    and the step before, the other axes may be reshaped.
    """

    fits: Callable[[Node], bool]
    optional: bool = False
    joins: Callable[[Node, Sequence[Node]], bool] = lambda node, chain: True
    by_channels: bool = False


def _any(node: Node, step: Primitive) -> bool:
    return True


def _is(kind: type[P], fits: Callable[[Node, P], bool] = _any) -> Part:
    def test(node: Node) -> bool:
        return isinstance(node.primitive, kind) and fits(node, node.primitive)

    return Part(test, by_channels=kind in _BY_CHANNELS)


def _maybe(kind: type[P], fits: Callable[[Node, P], bool] = _any) -> Part:
    return replace(_is(kind, fits), optional=True)


def _activation(*kinds: str) -> Callable[[Node, act.Activation], bool]:
    return lambda node, step: step.kind in kinds


def _pool(*kinds: str) -> Callable[[Node, pooling.Pool2D], bool]:
    return lambda node, step: step.kind in kinds


def _takes_zeros(node: Node, chain: Sequence[Node]) -> bool:
    conv, pads = node.primitive, [each.primitive for each in chain]
    assert isinstance(conv, products.Conv2D)
    return all(products.takes_zeros(conv, pad) for pad in pads if isinstance(pad, movement.Pad))


from_uint8 = _maybe(elementwise.Affine, lambda node, step: node.inputs[0].dtype == "uint8")
padding = _maybe(movement.Pad)
convolution = replace(_is(products.Conv2D), joins=_takes_zeros)
relu = _maybe(act.Activation, _activation("relu"))
not_softmax = _maybe(act.Activation, lambda node, step: step.kind != "softmax")
max_pool_2x2 = _maybe(
    pooling.Pool2D,
    lambda node, step: (
        step.kind == "max"
        and (step.shape.kh, step.shape.kw, step.shape.sh, step.shape.sw) == (2, 2, 2, 2)
    ),
)
dropout = _maybe(elementwise.Dropout)
batch_norm = _maybe(norm.BatchNorm)

# The executor of a fused step, and the chain of recorded steps that it computes. The first pattern
# that matches is used; the bias is part of the convolution or dense step. The other operand of an
# Add is the second input of the fused normalization, computed before the fused step runs.
#
# Softmax + cross-entropy is not in the table, since a loss is not a step of the graph. It belongs
# to a plan, needs targets, and only some calls compute it; in the others (`forward`, for
# predictions) the softmax must run by itself. So the softmax keeps its own executor, and
# `losses.objective` skips it in the calls that compute the loss and does its work there.
Pattern: TypeAlias = tuple[type[Executor], tuple[Part, ...]]
PATTERNS: tuple[Pattern, ...] = (
    (
        products.ConvBlockExecutor,
        (from_uint8, padding, convolution, relu, max_pool_2x2, dropout),
    ),
    (products.ConvTransposeExecutor, (_is(products.Conv2DTranspose),)),
    (products.DenseBlockExecutor, (_is(products.Dense), relu, dropout)),
    (pooling.ExtremePoolExecutor, (_is(pooling.Pool2D, _pool("max", "min")),)),
    (pooling.AveragePoolExecutor, (_is(pooling.Pool2D, _pool("avg")),)),
    (pooling.LpPoolExecutor, (_is(pooling.Pool2D, _pool("lp")),)),
    (norm.BatchNormExecutor, (_is(norm.BatchNorm), _is(merging.Add), relu)),
    (norm.BatchNormExecutor, (_is(norm.BatchNorm), not_softmax)),
    (norm.GroupNormExecutor, (_is(norm.GroupNorm), _is(merging.Add), relu)),
    (norm.GroupNormExecutor, (_is(norm.GroupNorm), not_softmax)),
    (norm.LayerNormExecutor, (_is(norm.LayerNorm),)),
    (act.ReluExecutor, (_is(act.Activation, _activation("relu")),)),
    (act.SoftmaxExecutor, (_is(act.Activation, _activation("softmax")),)),
    (act.ElementwiseExecutor, (_is(act.Activation),)),
    (act.PReLUExecutor, (_is(act.PReLU),)),
    (elementwise.DropoutExecutor, (_is(elementwise.Dropout),)),
    (elementwise.SpatialDropoutExecutor, (_is(elementwise.SpatialDropout),)),
    (elementwise.AffineExecutor, (_is(elementwise.Affine),)),
    (elementwise.ActivityPenaltyExecutor, (_is(elementwise.ActivityPenalty),)),
    (merging.AddExecutor, (_is(merging.Add),)),
    (merging.MultiplyExecutor, (_is(merging.Multiply),)),
    (merging.SubtractExecutor, (_is(merging.Merge, lambda node, step: step.kind == "subtract"),)),
    (merging.ExtremeExecutor, (_is(merging.Merge),)),
    (merging.ConcatExecutor, (_is(merging.Concat),)),
    (movement.PadExecutor, (_is(movement.Pad),)),
    (movement.CropExecutor, (_is(movement.Crop),)),
    (movement.TransposeExecutor, (_is(movement.Transpose),)),
    (movement.UpsampleExecutor, (_is(movement.Upsample),)),
    (sampling.ResampleExecutor, (_is(sampling.Resample),)),
    (sampling.ResizeExecutor, (_is(sampling.Resize),)),
    (adjusting.ContrastExecutor, (_is(adjusting.Contrast),)),
    (adjusting.BrightnessExecutor, (_is(adjusting.Brightness),)),
    (adjusting.EraseExecutor, (_is(adjusting.Erase),)),
    (adjusting.StandardizeExecutor, (_is(adjusting.Standardize),)),
    (opaque.OpaqueExecutor, (_is(opaque.Opaque),)),
)

# Before these, in plans without a backward pass.
INFERENCE_PATTERNS: tuple[Pattern, ...] = (
    (
        inference.ConvInferenceExecutor,
        (from_uint8, padding, convolution, batch_norm, _is(merging.Add), not_softmax),
    ),
    (
        inference.ConvInferenceExecutor,
        (from_uint8, padding, convolution, batch_norm, not_softmax, max_pool_2x2, dropout),
    ),
)


def fuse(graph: Recorder, enabled: bool = True, *, training: bool = True) -> list[FusedStep]:
    """The steps that an output depends on, fused where a pattern matches, in execution order.

    Reshapes disappear: they are views of the same buffer. With `enabled` false every other recorded
    step becomes a step by itself; without `training`, patterns may match that a backward pass
    could not use.
    """
    nodes = _live(graph)
    readers: dict[Value, list[Node]] = {}
    for node in nodes:
        for x in node.inputs:
            readers.setdefault(x, []).append(node)
    position = {node: i for i, node in enumerate(nodes)}

    def following(node: Node) -> list[Node]:
        """The only reader of `node`'s output, unless it is already part of another fused step.

        Before it, those reshapes on the way that keep the last axis; nothing if there is no reader.
        """
        found = readers.get(node.output, [])
        if len(found) != 1 or node.output in graph.outputs or found[0] in taken:
            return []
        if not isinstance(found[0].primitive, movement.Reshape):
            return found
        rest = following(found[0])
        keeps = found[0].output.shape[-1:] == node.output.shape[-1:]
        return [found[0], *rest] if keeps and rest else []

    patterns = PATTERNS if training or not enabled else INFERENCE_PATTERNS + PATTERNS
    steps: list[FusedStep] = []
    taken: set[Node] = set()
    for node in nodes:
        if node in taken or isinstance(node.primitive, movement.Reshape):
            continue
        step = _first_match(node, following, enabled, patterns)
        taken.update(step.nodes)
        steps.append(step)
    # A fused step runs at the position of its last node, when all of its inputs are available.
    return sorted(steps, key=lambda step: position[step.nodes[-1]])


def _first_match(
    node: Node,
    following: Callable[[Node], list[Node]],
    enabled: bool,
    patterns: tuple[Pattern, ...],
) -> FusedStep:
    for executor, parts in patterns:
        if not enabled and sum(not part.optional for part in parts) > 1:
            continue
        chain: list[Node] = []
        ahead = [node]
        for part in parts:
            if part.optional and not enabled:
                continue
            if ahead and _takes(part, ahead, chain):
                chain += ahead
                ahead = following(ahead[-1])
            elif not part.optional:
                break
        else:
            return FusedStep(executor, tuple(chain))
    raise NotImplementedError(f"no pattern takes a step {node.primitive.title!r}")


def _takes(part: Part, ahead: Sequence[Node], chain: Sequence[Node]) -> bool:
    *reshapes, node = ahead
    return part.fits(node) and part.joins(node, chain) and (part.by_channels or not reshapes)


def _live(graph: Recorder) -> list[Node]:
    """The steps that some output depends on."""
    wanted = set(graph.outputs)
    live = []
    for node in reversed(graph.nodes):
        if node.output in wanted:
            live.append(node)
            wanted.update(node.inputs)
    return live[::-1]


def fusion_wanted() -> bool:
    """Whether plans fuse by default: unless ``FASTCONV_FUSE=0``."""
    value = os.environ.get("FASTCONV_FUSE", "1")
    if value not in ("0", "1"):
        raise ValueError(f"FASTCONV_FUSE: must be 0 or 1; received {value!r}")
    return value == "1"
