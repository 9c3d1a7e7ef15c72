"""How much memory a JSON text takes once it is read: a bound, from its punctuation alone.

Three bytes of text, an empty list and a comma, become 64 of memory: what a file says of itself
could take twenty times the file. Punctuation inside strings counts too: the bound is never too
small.
"""

from __future__ import annotations

# Of CPython on 64-bit machines: the object and its place in what holds it.
_OF_BRACE, _OF_BRACKET, _OF_COLON, _OF_COMMA = 240, 96, 100, 34
FEW_BYTES = 1 << 24
"""Any file's description may take as much."""
MOST_TIMES = 3
"""Or so many times the file's bytes."""


def json_memory(text: bytes) -> int:
    """The bytes that a JSON text takes at most, but for its strings: these are as long as there."""
    return (
        _OF_BRACE * text.count(b"{")
        + _OF_BRACKET * text.count(b"[")
        + _OF_COLON * text.count(b":")
        + _OF_COMMA * text.count(b",")
    )


def check_json_memory(text: bytes, size: int, what: str) -> None:
    """ValueError if the JSON `text` would take more than is allowed in a file of `size` bytes."""
    taken = json_memory(text)
    most = max(FEW_BYTES, MOST_TIMES * size)
    if taken > most:
        raise ValueError(
            f"{what} must take at most {most} bytes of memory, three times the file's; its lists, "
            f"dictionaries and numbers take about {taken}"
        )
