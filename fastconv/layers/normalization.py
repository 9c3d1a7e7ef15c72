"""Where older Keras programs look for the normalisations; it has them all."""

from fastconv.layers import *  # noqa: F403
