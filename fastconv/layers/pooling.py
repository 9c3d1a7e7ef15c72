"""Where older Keras programs look for the poolings; it has them all."""

from fastconv.layers import *  # noqa: F403
