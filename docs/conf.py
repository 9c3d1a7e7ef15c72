"""Sphinx's configuration: ``python -m sphinx -W -b html docs OUT`` (extra ``[docs]``)."""

from fastconv import __version__

project = "fastconv"
author = "the fastconv developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
templates_path = ["_templates"]
exclude_patterns = ["_templates", "_build"]
html_theme = "furo"
html_title = f"fastconv {version}"

default_role = "py:obj"  # single backquotes in a docstring mark a Python name
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]

autosummary_generate = True
autosummary_ignore_module_all = False  # document what __all__ names, wherever it is defined
autodoc_member_order = "alphabetical"
autodoc_typehints = "none"  # the docstrings give the types
numpydoc_show_class_members = False
