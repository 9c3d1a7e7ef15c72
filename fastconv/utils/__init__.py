"""Seeds, label encoding and the small helpers that several parts share."""

from fastconv.utils.labels import to_categorical
from fastconv.utils.plot import plot_model
from fastconv.utils.random import set_random_seed

__all__ = ["plot_model", "set_random_seed", "to_categorical"]
