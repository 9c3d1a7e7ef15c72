"""No module imports itself by way of others: not even by imports inside of functions.

Imports under TYPE_CHECKING do not count; nothing runs them.
"""

import ast

from source_tree import ROOT


def modules_in(folder):
    """Every Python module below a package's folder: its name, and its file."""
    found = {}
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(nodes, modules):
    """What the statements import, on whatever level: `from a import b` is a.b where that is one."""
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from imported(node.orelse, modules)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute here"
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield inside if inside in modules else node.module
        else:
            yield from imported(ast.iter_child_nodes(node), modules)


def import_graph(folder):
    """The modules that each module of a package imports."""
    modules = modules_in(folder)
    graph = {}
    for name, file in modules.items():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        graph[name] = {other for other in imported(tree.body, modules) if other in modules} - {name}
    return graph


def circles(graph):
    """What is left of the graph once every module that imports nothing else there was taken out:
    the circles, and what lies between two of them."""
    left = {name: set(others) for name, others in graph.items()}

    def without_ends(edges):
        while ends := {name for name, others in edges.items() if not others & edges.keys()}:
            edges = {name: others for name, others in edges.items() if name not in ends}
        return {name: others & edges.keys() for name, others in edges.items()}

    def turned(edges):
        return {name: {n for n, others in edges.items() if name in others} for name in edges}

    return turned(without_ends(turned(without_ends(left))))


def test_no_module_imports_itself_by_way_of_others():
    graph = import_graph(ROOT / "fastconv")
    assert len(graph) > 200
    assert "fastconv.models.training.fit" in graph["fastconv.models.model"]  # in a function
    assert not circles(graph)


def test_the_finder_finds_a_circle(tmp_path):
    package = tmp_path / "made_up"
    (package / "inside").mkdir(parents=True)
    for name, text in {
        "__init__": "from made_up import top",
        "top": "import made_up.one\nimport os",
        "one": "from made_up.inside import two",
        "inside/__init__": "",
        "inside/two": "def late():\n    if late:\n        from made_up.three import x",
        "three": "from made_up.one import y\nfrom made_up import four",
        "four": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import made_up.three",
    }.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    graph = import_graph(package)
    assert graph["made_up.four"] == set()
    assert circles(graph) == {
        "made_up.one": {"made_up.inside.two"},
        "made_up.inside.two": {"made_up.three"},
        "made_up.three": {"made_up.one"},
    }
    (package / "inside" / "two.py").write_text("", encoding="utf-8")
    assert not circles(import_graph(package))
