"""A folder's docstring is a map: it names every file that is there, and no other."""

import ast
import re

import pytest
from source_tree import ROOT

FOLDERS = ("models", "models/data", "models/training", "models/files")


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_map_names_every_file(folder):
    place = ROOT / "fastconv" / folder
    text = ast.get_docstring(ast.parse((place / "__init__.py").read_text(encoding="utf-8")))
    inside = {file.name for file in place.glob("*.py")} - {"__init__.py"}
    inside |= {f"{file.parent.name}/" for file in place.glob("*/__init__.py")}
    assert set(re.findall(r"^(\w+(?:\.py|/))  ", text, re.MULTILINE)) == inside
