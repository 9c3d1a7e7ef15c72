"""Where older Keras programs look for the merging layers; it has them all."""

from fastconv.layers import *  # noqa: F403
