"""A layer's docstring says what its arguments are, or which other layer's docstring does."""

import inspect
import re

import pytest
from public_classes import public_classes

from fastconv import layers

CLASSES = {n: c for n, c in public_classes().items() if n.startswith("layers.")}
REFERRED = re.compile(r"As (?:for|in) (?:every )?`(\w+)`|arguments are those of `(\w+)`")


def explained(cls):
    """The parameters that a docstring names, with those of a layer it leaves everything to."""
    doc = inspect.getdoc(cls)
    names = set()
    if "Parameters\n---" in doc:
        section = doc.partition("Parameters\n---")[2].partition("\n\n")[0]
        for line in section.splitlines()[1:]:
            if not line.startswith(" "):
                names |= set(line.partition(" : ")[0].split(", "))
    if found := re.search(r"The arguments are those of `(\w+)`", doc):
        names |= explained(getattr(layers, found[1]))
    return names


@pytest.mark.parametrize("name", CLASSES)
def test_every_argument_is_explained(name):
    parameters = inspect.signature(CLASSES[name]).parameters.values()
    own = {p.name for p in parameters if p.kind != p.VAR_KEYWORD}
    every = set(inspect.signature(layers.Layer).parameters)
    assert own - every <= explained(CLASSES[name])


@pytest.mark.parametrize("name", CLASSES)
def test_what_a_docstring_refers_to_is_public_and_explains(name):
    doc = inspect.getdoc(CLASSES[name])
    for names in REFERRED.findall(doc):
        other = getattr(layers, "".join(names))
        assert other is not CLASSES[name]
        assert isinstance(other, type) is (other is not layers.whitening_filters)
    referring = re.findall(r"^([\w, ]+)\n    As for `(\w+)`\.$", doc, re.MULTILINE)
    for arguments, other in referring:
        words = set(arguments.split(", ")) - {"name", "trainable", "input_shape"}
        assert words <= explained(getattr(layers, other)), other
