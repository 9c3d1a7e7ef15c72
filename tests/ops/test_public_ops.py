"""What a user sees of an operation: its module, its signature, its docstring."""

import inspect
import pickle
import re

import pytest

from fastconv import ops
from fastconv.ops._docs import RAISES, documented


def sections(function):
    """The docstring's sections by title, and the names that its parameters have."""
    head, *parts = re.split(r"^(\w+)\n-+\n", inspect.getdoc(function), flags=re.MULTILINE)
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    names = re.findall(r"^(\w.*?)(?: : .*)?$", found["Parameters"], re.MULTILINE)
    return head, found, [name for line in names for name in line.split(", ")]


@pytest.mark.parametrize("name", ops.__all__)
def test_the_docstring_describes_the_signature(name):
    function = getattr(ops, name)
    head, found, names = sections(function)
    assert re.match(r".*[^ .]\.\n", head), "one line, then an empty one"
    assert sorted(names) == sorted(inspect.signature(function).parameters)
    order = ["Parameters", "Returns", "Raises"]
    assert [title for title in found if title in order] == [t for t in order if t in found]
    assert "TypeError, ValueError" in found["Raises"]
    assert f">>> {name}(" in found["Examples"] or f"{name}(" in found["Examples"]


@pytest.mark.parametrize("name", ops.__all__)
def test_an_operation_is_found_under_its_name(name):
    function = getattr(ops, name)
    assert function.__name__ == function.__qualname__ == name
    assert pickle.loads(pickle.dumps(function)) is function
    assert name in inspect.getmodule(function).__dict__
    assert not any(part.startswith("_") for part in function.__module__.split("."))
    kinds = {p.kind for p in inspect.signature(function).parameters.values()}
    assert kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


def test_all_is_sorted_and_each_name_is_there_once():
    assert ops.__all__ == sorted(set(ops.__all__))


SHARED = """
Parameters
----------
x, y : array_like
rate : float
    Shared.
size : int

Returns
-------
float
"""


def test_shared_sections_are_put_beside_the_function_s_own():
    @documented("Parameters\n----------\ny : int\n", SHARED)
    def scale(x, y, factor, rate):
        """Scale.

        More of it.

        Parameters
        ----------
        factor : float
            Its own,
            in two lines.

        Examples
        --------
        >>> scale(1)
        """

    assert scale.__doc__ == (
        "Scale.\n\nMore of it.\n\nParameters\n----------\nx, y : array_like\nfactor : float\n"
        "    Its own,\n    in two lines.\nrate : float\n    Shared.\n\nReturns\n-------\nfloat\n\n"
        f"Raises\n------\n{RAISES}\n\n"
        "Examples\n--------\n>>> scale(1)\n"
    )


def test_a_function_s_own_words_come_before_the_family_s():
    @documented(SHARED)
    def turn(rate):
        """Turn.

        Parameters
        ----------
        rate : float
            Its own.

        Returns
        -------
        int

        Raises
        ------
        OSError
        """

    assert turn.__doc__ == (
        "Turn.\n\nParameters\n----------\nrate : float\n    Its own.\n\nReturns\n-------\nint\n\n"
        "Raises\n------\nOSError\n"
    )
