"""Small networks that Hypothesis draws, as programs that any library with Keras's words can run."""

from dataclasses import dataclass

from drawn_layers import FAMILIES, NORMALIZATIONS, arguments_of, fits
from hypothesis import strategies as st

import fastconv

MERGES = ["Add", "Multiply", "Concatenate", "Subtract", "Average", "Maximum", "Minimum"]
INPUTS = {3: [(5, 6, 2), (6, 5, 3), (7, 8, 4), (8, 8, 1)], 2: [(9, 2), (12, 4)], 1: [(3,), (6,)]}
# A loss, and the activations whose outputs it takes.
LOSSES = [
    ("CategoricalCrossentropy", ["softmax", None]),
    ("SparseCategoricalCrossentropy", ["softmax", None]),
    ("CategoricalFocalCrossentropy", ["softmax", None]),
    ("BinaryCrossentropy", ["sigmoid", None]),
    ("BinaryFocalCrossentropy", ["sigmoid", None]),
    ("MeanSquaredError", [None, "sigmoid"]),
    ("MeanAbsoluteError", [None, "tanh"]),
    ("Huber", [None]),
    ("LogCosh", [None]),
    ("Hinge", [None, "tanh"]),
    ("SquaredHinge", [None]),
    ("KLDivergence", ["softmax"]),
    ("Poisson", ["softplus"]),
]


@dataclass
class Line:
    """A call of a layer, new or that of line `again`, on tensors given by index."""

    name: str
    arguments: dict
    taken: list
    again: int | None = None


class Network:
    """A program: tensors have indices, the inputs first, then the output of each line."""

    def __init__(self, *shapes):
        self.shapes = shapes
        self.lines, self.ends, self.losses = [], [], []
        self._layers = []
        self.tensors = [fastconv.Input(shape) for shape in shapes]

    def add(self, name, taken, again=None, **arguments):
        """Add a line; returns the index of its output."""
        new = again is None
        layer = getattr(fastconv.layers, name)(**arguments) if new else self._layers[again]
        self.tensors.append(_called(layer, [self.tensors[i] for i in taken]))
        self._layers.append(layer)
        self.lines.append(Line(name, arguments, list(taken), again))
        return len(self.tensors) - 1

    def shape(self, number):
        return tuple(self.tensors[number].shape[1:])

    def build(self, k, make=None):
        """The model in the library `k`, and its layers in the program's order.

        `make` makes a layer of its name and arguments.
        """
        make = make or (lambda name, arguments: getattr(k.layers, name)(**arguments))
        starts = [k.Input(shape) for shape in self.shapes]
        tensors, layers = [*starts], []
        for line in self.lines:
            layers.append(
                make(line.name, line.arguments) if line.again is None else layers[line.again]
            )
            tensors.append(_called(layers[-1], [tensors[i] for i in line.taken]))
        ends = [tensors[i] for i in self.ends]
        return k.Model(one_or_list(starts), one_or_list(ends)), list(dict.fromkeys(layers))

    def __repr__(self):
        lines = [
            f"{i + len(self.shapes)}: {line.name}"
            f"({', '.join(f'{k}={v!r}' for k, v in line.arguments.items())}) of {line.taken}"
            + ("" if line.again is None else f", the layer of {line.again + len(self.shapes)}")
            for i, line in enumerate(self.lines)
        ]
        return "\n".join(["", f"inputs {self.shapes}", *lines, f"{self.ends}: {self.losses}"])


def one_or_list(parts):
    return parts if len(parts) > 1 else parts[0]


def _called(layer, tensors):
    return layer(one_or_list(tensors))


@st.composite
def networks(draw, normalized=True):
    """A network of two to a dozen layers: rows, series or images; branches; one or two outputs."""
    random = draw(st.randoms(use_true_random=True))  # as likely as not: every layer comes up
    pick = lambda *items: random.choice(items)  # noqa: E731
    start = pick(*INPUTS[pick(3, 3, 3, 2, 2, 1)])
    network = Network(start, start) if pick(0, 1, 2, 3) == 0 else Network(start)
    last = 0
    if len(network.shapes) > 1:
        last = network.add(pick(*MERGES), [0, 1])
    for _ in range(pick(1, 2, 3, 4)):
        shape = network.shape(last)
        families = [f for f in FAMILIES[len(shape)] if normalized or f is not NORMALIZATIONS]
        name = pick(*pick(*families, MERGES))
        if name in MERGES:
            last = _branch(pick, network, last, name)
        elif (arguments := arguments_of(pick, name, shape)) is not None:
            last = network.add(name, [last], **arguments)
        while not fits(network.shape(last)):
            rank = len(network.shape(last))
            last = network.add(f"AveragePooling{rank - 1}D", [last], pool_size=2)
    _head(pick, network, last)
    if pick(0, 1, 2, 3) == 0:
        _head(pick, network, pick(*range(len(network.tensors) - 1)))
    network.rows, network.seed = pick(2, 3, 4), random.randrange(1000)
    return network


def _branch(pick, network, start, merge):
    """Two branches from a tensor, merged: layers, the same layer again, or the tensor itself."""
    shape = network.shape(start)
    ends = []
    for _ in range(2):
        way = pick("past", "again", "Dense", "Conv2D", "Conv2D")
        if way == "past":
            ends.append(start)
        elif way == "again" and ends and ends[-1] != start:
            number = ends[-1] - len(network.shapes)
            line = network.lines[number]
            ends.append(network.add(line.name, [ends[-1]], again=number))
        elif way == "Conv2D" and len(shape) == 3:
            arguments = {"kernel_size": pick(1, 2, 3), "padding": "same"}
            ends.append(network.add("Conv2D", [start], filters=shape[-1], **arguments))
        else:
            activation = pick(None, "tanh")
            ends.append(network.add("Dense", [start], units=shape[-1], activation=activation))
    return network.add(merge, ends)


def _head(pick, network, last):
    """A dense layer and a loss, for a row or at every position."""
    name, endings = pick(*LOSSES)
    rank = len(network.shape(last))
    if rank > 1 and pick(0, 1, 2, 3, 4):
        ways = ["Flatten", f"GlobalAveragePooling{rank - 1}D", f"GlobalMaxPooling{rank - 1}D"]
        last = network.add(pick(*ways), [last])
    ending = pick(*endings)
    network.ends.append(network.add("Dense", [last], units=pick(2, 3, 5), activation=ending))
    arguments = {"reduction": pick("sum_over_batch_size", "sum_over_batch_size", "sum")}
    if "Crossentropy" in name:
        arguments["from_logits"] = ending is None
        if not name.startswith("Sparse"):
            arguments["label_smoothing"] = pick(0.0, 0.1)
    if "Focal" in name:
        arguments["gamma"] = pick(2.0, 1.5)
    if name == "Huber":
        arguments["delta"] = pick(1.0, 0.3)
    network.losses.append((name, arguments))
