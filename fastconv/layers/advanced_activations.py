"""Where older Keras programs look for LeakyReLU and its kin; it has them all."""

from fastconv.layers import *  # noqa: F403
