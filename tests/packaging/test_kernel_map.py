"""The map of the kernels in their package's docstring, against the files and the tables in src/."""

import ast
import re

import pytest
from source_tree import ROOT

KERNELS = ROOT / "fastconv" / "kernels"
TABLES = {file.stem.removeprefix("table_"): file for file in (ROOT / "src").glob("table_*.h")}


def read_map():
    """{module: {family: micro-kernels}} and how many rows there are."""
    text = ast.get_docstring(ast.parse((KERNELS / "__init__.py").read_text(encoding="utf-8")))
    rows = re.findall(r"^    ([\w/]+)  +(\S.*)\n((?: {8}.*\n?)*)", text + "\n", re.M)
    used = {}
    for module, _, micro in rows:
        parts = [part.partition(":") for part in " ".join(micro.split()).split(";") if part.strip()]
        used[module] = {family.strip(): names.strip().split(", ") for family, _, names in parts}
    return used, len(rows)


USED, ROWS = read_map()


def entries(family):
    """What a family's table holds besides plain numbers: micro-kernels and lists of them."""
    text = re.sub(r"/\*.*?\*/", "", TABLES[family].read_text(encoding="utf-8"), flags=re.S)
    (body,) = re.findall(rf"struct fc_{family} \{{(.*?)\}} fc_{family};", text, re.S)
    names = re.findall(r"\(\*(\w+)\)\(", body)
    for declaration in re.findall(r"^    (?:const )?fc_\w+ (\*\w+(?:, \*\w+)*);", body, re.M):
        names += re.findall(r"\w+", declaration)
    return names


def test_every_module_is_on_the_map_once():
    modules = {
        str(path.relative_to(KERNELS).with_suffix("").as_posix()) for path in KERNELS.rglob("*.pyx")
    }
    assert set(USED) == modules
    assert len(USED) == ROWS


@pytest.mark.parametrize("module", USED)
def test_a_module_calls_what_the_map_says(module):
    text = (KERNELS / f"{module}.pyx").read_text(encoding="utf-8")
    for family, names in USED[module].items():
        assert set(names) <= set(entries(family))
        assert re.search(rf"\b_table_{family} cimport", text)


@pytest.mark.parametrize("family", TABLES)
def test_every_micro_kernel_is_filled_in_and_on_the_map(family):
    named = {name for families in USED.values() for name in families.get(family, ())}
    assert named == set(entries(family))
    bodies = [file.read_text(encoding="utf-8") for file in (ROOT / "src").glob("*.h")]
    (filled,) = re.findall(
        rf"^static const fc_{family} {family}_table = \{{(.*?)^\}};", "".join(bodies), re.S | re.M
    )
    assert set(entries(family)) <= set(re.findall(r"\.(\w+) = ", filled))


@pytest.mark.parametrize("family", TABLES)
def test_a_table_has_one_declaration_in_cython(family):
    (declaration,) = KERNELS.rglob(f"_table_{family}.pxd")
    text = declaration.read_text(encoding="utf-8")
    declared = set(re.findall(r"(\w+)\)?\(", text)) | set(re.findall(r"\*(\w+)$", text, re.M))
    assert set(entries(family)) <= declared
    families = (ROOT / "src" / "fastconv.h").read_text(encoding="utf-8")
    assert f"EACH({family})" in families
