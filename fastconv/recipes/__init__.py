"""Recipes that train networks to a given accuracy on CIFAR-10 in a short time."""

from __future__ import annotations

from fastconv._arguments import check_choice
from fastconv.recipes.airbench import FAST79, FAST93, FAST94, AirBench
from fastconv.recipes.recipe import Recipe

__all__ = ["NAMES", "AirBench", "Recipe", "get"]

_RECIPES: dict[str, Recipe] = {"fast94": FAST94, "fast93": FAST93, "fast79": FAST79}

NAMES = tuple(_RECIPES)
"""The recipes that `get` knows; the numbers are accuracies in percent."""


def get(name: str) -> Recipe:
    """The recipe called `name`.

    Raises
    ------
    ValueError
        If there is none; the error proposes the nearest name.

    Examples
    --------
    >>> recipe = get("fast94")
    >>> recipe.steps(50_000)
    [48, 48, 48, 48, 48, 48, 48, 48, 48, 44]
    """
    return _RECIPES[check_choice(name, NAMES, where="recipes.get", what="name")]
