"""Where older Keras programs look for the convolutions; it has them all."""

from fastconv.layers import *  # noqa: F403
