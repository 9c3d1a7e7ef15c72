"""From recorded steps to fused ones, by a table of patterns.

A pattern is a chain: every step in it reads what the one before wrote, and nobody else does. Fusing
never changes what is computed, only how often the data passes through memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from fastconv.plan.primitives import (
    Activation,
    ActivityPenalty,
    Add,
    Affine,
    BatchNorm,
    Brightness,
    Concat,
    Contrast,
    Conv2D,
    Conv2DTranspose,
    Crop,
    Dense,
    Dropout,
    Erase,
    GroupNorm,
    LayerNorm,
    Merge,
    Multiply,
    Opaque,
    Pad,
    Pool2D,
    PReLU,
    Primitive,
    Resample,
    Reshape,
    Resize,
    SpatialDropout,
    Standardize,
    Transpose,
    Upsample,
)
from fastconv.plan.recorder import Node, Recorder, Value

P = TypeVar("P", bound=Primitive)


@dataclass(frozen=True, slots=True)
class Part:
    """One place in a pattern: which steps fit, and whether the pattern can do without."""

    fits: Callable[[Node], bool]
    optional: bool = False


def _is(kind: type[Primitive]) -> Part:
    return Part(lambda node: isinstance(node.primitive, kind))


def _maybe(kind: type[P], fits: Callable[[Node, P], bool] = lambda node, step: True) -> Part:
    def test(node: Node) -> bool:
        return isinstance(node.primitive, kind) and fits(node, node.primitive)

    return Part(test, optional=True)


from_uint8 = _maybe(Affine, lambda node, step: node.inputs[0].dtype == "uint8")
relu = _maybe(Activation, lambda node, step: step.kind == "relu")
elementwise = _maybe(Activation, lambda node, step: step.kind != "softmax")
max_pool_2x2 = _maybe(
    Pool2D,
    lambda node, step: (
        step.kind == "max"
        and (step.shape.kh, step.shape.kw, step.shape.sh, step.shape.sw) == (2, 2, 2, 2)
    ),
)
dropout = _maybe(Dropout)

# The executor of a fused step (`fastconv/plan/steps/<name>.py`) and the chain that it computes.
# The first pattern that fits wins; the bias belongs to the convolution and the dense step. What is
# added is the second input of a normalisation, computed before the fused step runs.
PATTERNS: tuple[tuple[str, tuple[Part, ...]], ...] = (
    ("conv_block", (from_uint8, _is(Conv2D), relu, max_pool_2x2, dropout)),
    ("dense_block", (_is(Dense), relu, dropout)),
    ("pool", (_is(Pool2D),)),
    ("batch_norm", (_is(BatchNorm), _is(Add), relu)),
    ("batch_norm", (_is(BatchNorm), elementwise)),
    ("group_norm", (_is(GroupNorm), _is(Add), relu)),
    ("group_norm", (_is(GroupNorm), elementwise)),
    ("layer_norm", (_is(LayerNorm),)),
    ("activation", (_is(Activation),)),
    ("prelu", (_is(PReLU),)),
    ("dropout", (_is(Dropout),)),
    ("spatial_dropout", (_is(SpatialDropout),)),
    ("affine", (_is(Affine),)),
    ("activity_penalty", (_is(ActivityPenalty),)),
    ("add", (_is(Add),)),
    ("multiply", (_is(Multiply),)),
    ("merge", (_is(Merge),)),
    ("concat", (_is(Concat),)),
    ("conv_transpose", (_is(Conv2DTranspose),)),
    ("pad", (_is(Pad),)),
    ("crop", (_is(Crop),)),
    ("transpose", (_is(Transpose),)),
    ("upsample", (_is(Upsample),)),
    ("resample", (_is(Resample),)),
    ("resize", (_is(Resize),)),
    ("contrast", (_is(Contrast),)),
    ("brightness", (_is(Brightness),)),
    ("erase", (_is(Erase),)),
    ("standardize", (_is(Standardize),)),
    ("opaque", (_is(Opaque),)),
)


@dataclass(frozen=True, eq=False, slots=True)
class FusedStep:
    """Recorded steps that one executor computes together; `kind` names it."""

    kind: str
    nodes: tuple[Node, ...]

    @property
    def inputs(self) -> tuple[Value, ...]:
        """What comes from outside, in the order in which it is read."""
        inside = {node.output for node in self.nodes}
        return tuple(x for node in self.nodes for x in node.inputs if x not in inside)

    @property
    def output(self) -> Value:
        return self.nodes[-1].output

    def find(self, kind: type[P]) -> P | None:
        """The primitive step of one kind, if this fused step has it."""
        found = (node.primitive for node in self.nodes)
        return next((step for step in found if isinstance(step, kind)), None)

    @property
    def primitives(self) -> Iterator[Primitive]:
        return (node.primitive for node in self.nodes)

    @property
    def title(self) -> str:
        return " + ".join(step.title for step in self.primitives)

    @property
    def label(self) -> str:
        """The layer that most of it came from: the first with parameters, or else the first."""
        labels = [node.label for node in self.nodes if node.label]
        learning = [node.label for node in self.nodes if node.label and node.primitive.parameters]
        return next(iter(learning + labels), "")


def fuse(graph: Recorder, enabled: bool = True) -> list[FusedStep]:
    """The steps that reach an output, fused where a pattern fits, in an order that can be run.

    Reshapes disappear: they are another view of the same buffer. With `enabled` false every other
    recorded step stays alone.
    """
    nodes = _live(graph)
    readers: dict[Value, list[Node]] = {}
    for node in nodes:
        for x in node.inputs:
            readers.setdefault(x, []).append(node)
    position = {node: i for i, node in enumerate(nodes)}

    def following(node: Node) -> Node | None:
        """The only reader of what `node` writes, unless the other value that it reads took it."""
        found = readers.get(node.output, [])
        free = len(found) == 1 and node.output not in graph.outputs and found[0] not in taken
        return found[0] if free else None

    steps: list[FusedStep] = []
    taken: set[Node] = set()
    for node in nodes:
        if node in taken or isinstance(node.primitive, Reshape):
            continue
        step = _first_match(node, following, enabled)
        taken.update(step.nodes)
        steps.append(step)
    # A fused step runs where its last part stood: by then everything that it reads is there.
    return sorted(steps, key=lambda step: position[step.nodes[-1]])


def _first_match(node: Node, following: Callable[[Node], Node | None], enabled: bool) -> FusedStep:
    for kind, parts in PATTERNS:
        if not enabled and sum(not part.optional for part in parts) > 1:
            continue
        chain: list[Node] = []
        at: Node | None = node
        for part in parts:
            if part.optional and not enabled:
                continue
            if at is not None and part.fits(at):
                chain.append(at)
                at = following(at)
            elif not part.optional:
                break
        else:
            return FusedStep(kind, tuple(chain))
    raise NotImplementedError(f"no pattern takes a step {node.primitive.title!r}")


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
    """Whether plans fuse unless they are told otherwise: not with ``FASTCONV_FUSE=0``."""
    value = os.environ.get("FASTCONV_FUSE", "1")
    if value not in ("0", "1"):
        raise ValueError(f"FASTCONV_FUSE: must be 0 or 1; received {value!r}")
    return value == "1"
