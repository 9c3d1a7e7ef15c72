"""Where older Keras programs look for the merging layers: every layer can be imported from here."""

from fastconv.layers import *  # noqa: F403
