"""Plots of a model's graph, by Graphviz."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fastconv._arguments import as_int, check_choice
from fastconv.utils.configured import checked_keywords
from fastconv.utils.structures import leaves

if TYPE_CHECKING:
    from fastconv.layers.base import Layer
    from fastconv.models.composite import Composite

_TEXT = ("dot", "gv")
_PICTURES = ("png", "svg", "pdf", "jpg", "gif")


@checked_keywords
def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Path:
    """Draw the graph of a model: its layers and the tensors between them.

    Parameters
    ----------
    model : Model
        It must be built.
    to_file : path
        The suffix selects the format: ``.png``, ``.svg``, ``.pdf``, ... are drawn by Graphviz's
        program `dot`, which must be installed; ``.dot`` is its input text and needs nothing.
    show_shapes : bool
        Whether each layer shows the shape of its output.
    show_dtype : bool
        Whether each layer shows the dtype of its output.
    show_layer_names : bool
        Whether each layer shows its name beside its class.
    rankdir : "TB" or "LR"
        From top to bottom, or from left to right.
    expand_nested : bool
        Whether nested models are drawn with their layers.
    dpi : int
        Dots per inch.
    show_layer_activations : bool
        Whether a layer with an activation shows it.
    show_trainable : bool
        Whether a layer with weights shows if training changes them.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    ValueError
        If the model is not built, or the suffix is unknown.
    RuntimeError
        If a picture is requested and Graphviz is not installed, or `dot` fails.
    """
    where = "plot_model"
    if not getattr(model, "layers_inside", False):
        raise TypeError(f"{where}: takes a model; received {model!r}")
    check_choice(rankdir, ("TB", "LR"), where=where, what="rankdir")
    as_int(dpi, "dpi", where=where)
    path = Path(os.fspath(to_file))
    kind = check_choice(
        path.suffix.lstrip(".").lower(), (*_TEXT, *_PICTURES), where=where, what="to_file's suffix"
    )
    shown = {
        "names": show_layer_names,
        "shapes": show_shapes,
        "types": show_dtype,
        "activations": show_layer_activations,
        "trainable": show_trainable,
    }
    writer = _Writer({name for name, wanted in shown.items() if wanted}, bool(expand_nested))
    text = writer.picture(model, rankdir, dpi)
    if kind in _TEXT:
        path.write_text(text, encoding="utf-8")
        return path
    program = shutil.which("dot")
    if program is None:
        raise RuntimeError(
            f"{where}: a picture needs Graphviz's program 'dot': install it (apt install graphviz, "
            f"brew install graphviz, conda install graphviz), or write its text to "
            f"{path.with_suffix('.dot').name!r}; received to_file={os.fspath(to_file)!r}"
        )
    done = subprocess.run(
        [program, f"-T{kind}", "-o", str(path)], input=text, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{where}: dot has failed: {done.stderr.strip()}")
    return path


class _Writer:
    """Writes the text for `dot`, line by line; every layer is a numbered node."""

    def __init__(self, shown: Set[str], expand: bool) -> None:
        self.shown, self.expand = shown, expand
        self.lines: list[str] = []
        self.count = 0

    def picture(self, model: Composite, rankdir: str, dpi: int) -> str:
        self.lines = [
            "digraph model {",
            f"  graph [rankdir={rankdir}, dpi={dpi}];",
            '  node [shape=box, style=rounded, fontname="sans-serif", fontsize=11];',
        ]
        self._inside(model)
        return "\n".join([*self.lines, "}", ""])

    def _inside(self, model: Composite) -> tuple[list[int], list[int]]:
        """Write a model's layers; return its input nodes and its output nodes."""
        first: dict[Layer, list[int]] = {}
        last: dict[Layer, list[int]] = {}
        for tensor in model.inputs:
            layer = tensor.call.layer
            first[layer] = last[layer] = [self._node(layer, layer.name, tensor)]
        for layer in model.layers:
            if layer in first:
                continue
            name = model.name_of(layer)
            if self.expand and layer.layers_inside:
                self.lines.append(f"  subgraph cluster_{self.count} {{")
                self.lines.append(f"    label={_quoted(name)};")
                first[layer], last[layer] = self._inside(cast("Composite", layer))
                self.lines.append("  }")
            else:
                calls = [call for call in model.calls_inside if call.layer is layer]
                first[layer] = last[layer] = [self._node(layer, name, calls[0].outputs)]
        for call in model.calls_inside:
            sources = [(x, last[x.call.layer]) for x in leaves(call.inputs)]
            targets = first[call.layer]
            for k, (x, nodes) in enumerate(sources):
                source = nodes[x.index] if len(nodes) > 1 else nodes[0]
                target = targets[k] if len(targets) == len(sources) else targets[0]
                self.lines.append(f"  {source} -> {target};")
        begin = [first[tensor.call.layer][0] for tensor in model.inputs]
        return begin, [last[tensor.call.layer][0] for tensor in model.outputs]

    def _node(self, layer: Layer, name: str, outputs: Any) -> int:
        kind, shown = type(layer).__name__, self.shown
        rows = [f"{name} ({kind})" if "names" in shown else kind]
        if "shapes" in shown:
            rows.append(", ".join(str(tensor.shape) for tensor in leaves(outputs)))
        if "types" in shown:
            rows.append(", ".join(tensor.dtype or "any" for tensor in leaves(outputs)))
        activation = getattr(layer, "activation", None)
        if "activations" in shown and activation not in (None, "linear"):
            rows.append(activation if isinstance(activation, str) else activation["class"])
        if "trainable" in shown and layer.parameters:
            rows.append("trainable" if layer.trainable else "not trainable")
        self.count += 1
        self.lines.append(f"  {self.count} [label={_quoted(chr(10).join(rows))}];")
        return self.count


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
