"""Where older Keras programs look for Dense, Flatten and Dropout; it has them all."""

from fastconv.layers import *  # noqa: F403
